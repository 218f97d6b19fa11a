"""The experiment `own`: whatever a user brings, in place of what is declared.  No torch here.

As declared it is CCE and RLL on digits at eta = 0.4; `with_own` puts other data, another network, other noise
or other losses into this or any other experiment.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from lossmatters.empirics.experiments.experiment import Experiment, Study, canonical
from lossmatters.empirics.noise_text import noise_kind
from lossmatters.theory.exact import fail

RATE = Fraction(2, 5)
OWN = Experiment("own", "digits", grid=(("cce", RATE), ("rll", RATE)))


def with_own(
    experiment: Experiment | Study,
    *,
    dataset: Any = None,
    model: Any = None,
    noise: Any = None,
    losses: Sequence[str] = (),
    optimiser: Any = None,
    schedule: Any = None,
) -> Experiment | Study:
    """Return an experiment with a user's own parts in place of what it declares.

    Parameters
    ----------
    dataset, model : what `Experiment` takes; only where the experiment has one set-up.
    noise : what `lossmatters.empirics.noise_text.noise_kind` takes. A bare "pair" keeps the rates of the
        grid; a rate, or noise that has its own, takes the place of all of them.
    losses : in place of those of the grid, each at every rate of it. Warm starts are then left out.
    optimiser, schedule : what `Training` takes, in every set-up; a factory, or "adam" or "sgd".

    Raises
    ------
    TypeError, ValueError
        What `Experiment` refuses; other data or another model for a study of several set-ups, which would no
        longer differ; a kind of noise without a rate where the grid has none either.
    """
    if isinstance(experiment, Study):
        for name, value in (("dataset", dataset), ("model", model)):
            if value is not None and len(experiment.parts) > 1:
                fail(name, f"left as it is in {experiment.name}, which has several set-ups (try own)", value)
        parts = (
            with_own(
                part,
                dataset=dataset,
                model=model,
                noise=noise,
                losses=losses,
                optimiser=optimiser,
                schedule=schedule,
            )
            for part in experiment.parts
        )
        return replace(experiment, parts=tuple(parts))  # type: ignore[arg-type]  # of parts that are none
    changes: dict[str, Any] = {}
    if dataset is not None:
        changes["dataset"] = dataset
    if model is not None:
        changes["model"] = model
    if optimiser is not None or schedule is not None:
        changes["training"] = experiment.training.with_own(optimiser, schedule)
    grid, warm, more = experiment.grid, experiment.warm, experiment.first_seed_grid
    if losses:
        rates = dict.fromkeys(rate for _, rate in grid)
        grid = _unique((canonical(loss), rate) for loss in losses for rate in rates)
        warm, more = (), ()
    kind = experiment.noise
    if noise is not None:
        kind, own = noise_kind(noise)
        keep = kind.rated and own is None
        if keep and any(rate is None for _, rate in grid):
            fail("noise", f"given with its rate here, such as {noise}:0.4", noise)
        grid = _unique((loss, rate if keep else own) for loss, rate in grid)
        warm = _unique((start, loss, rate if keep else own) for start, loss, rate in warm)
        more = _unique((loss, rate if keep else own) for loss, rate in more)
    more = tuple(pair for pair in more if pair not in grid)
    return replace(experiment, grid=grid, warm=warm, first_seed_grid=more, noise=kind, **changes)


def _unique(pairs: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(pairs))
