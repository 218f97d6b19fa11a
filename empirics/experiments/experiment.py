"""What an experiment is: a grid of runs, as plain data.  No torch here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import combinations
from typing import Any

from lossmatters.empirics.data import as_dataset, part
from lossmatters.empirics.engine.training import Training, check_count
from lossmatters.empirics.models import MLP, as_model
from lossmatters.empirics.noise_kinds import UNIFORM, NoiseKind
from lossmatters.empirics.noise_text import noise_kind
from lossmatters.theory.exact import check_rate, fail
from lossmatters.theory.losses import get


@dataclass(frozen=True)
class Run:
    """One network: a loss by its text, a nominal noise rate, a seed.

    Attributes
    ----------
    rate : nominal; None where the experiment's noise has a rate of its own.
    start : for a warm start, the loss of the run (at the same rate and seed) that it goes on from.
    part : its place among the parts of a study; 0 in an experiment by itself.
    """

    loss: str
    rate: Fraction | None
    seed: int
    start: str | None = None
    part: int = 0


def canonical(loss: str) -> str:
    """Return the one text of a loss: ``rll(alpha=1/10)`` for ``RLL(alpha=0.1)``; a file's keeps its text."""
    spec = get(loss).spec
    return loss if ".py:" in loss else spec


def _rate(kind: NoiseKind, rate: Any) -> Fraction | None:
    """Return the rate of a run, which the noise has or the grid gives, and not both."""
    if kind.rated:
        if rate is None:
            fail("grid", f"(loss, rate) pairs where the noise is {kind.kind} without a rate", None)
        return check_rate(rate)
    if rate is not None:
        fail("grid", f"losses alone where the noise is {kind.kind}, which has its own rate", str(rate))
    return None


@dataclass(frozen=True)
class Experiment:
    """A data set, a model, a training set-up, and a grid of (loss, noise rate) for each seed.

    Noise is uniform unless `noise` says otherwise, drawn as exact counts
    (`lossmatters.theory.noise.SymmetricNoise`), so that the realised rate is the nominal one up to rounding
    and does not differ between seeds.

    Networks are trained in *stacks*: for each seed first the warm starts, all of them with the runs that
    they go on from, then the rest of the grid in its order, `stack_size` networks at a time. A network's
    last bits depend on its neighbours in the stack (see docs/determinism.md), so the stacks are part of the
    declaration: they depend on the pairs declared, never on the number of seeds, on what is asked for, or
    on what is recorded already.

    Parameters
    ----------
    dataset : a text that `lossmatters.empirics.data.load` takes, or anything that
        `lossmatters.empirics.data.as_dataset` takes: arrays, tensors, a map-style dataset.
    grid : (loss, rate) pairs, each loss any text that `lossmatters.theory.losses.get` takes, each rate in
        [0, 1]; or losses alone, where `noise` has the rate.
    model : a declaration of `lossmatters.empirics.models`, or a factory: a function without arguments that
        makes a ``torch.nn.Module``, or the text ``path/to/file.py:make`` or ``package.module:Class``.
    noise : a `NoiseKind`, or what `lossmatters.empirics.noise_text.noise_kind` makes one of: "pair",
        "pair:0.4", a noise model, an array of labels as annotated.
    warm : (start, loss, rate) triples: where the run (start, rate) of the grid ends, training goes on with
        `loss` for as many epochs again, on the same altered labels, with a fresh state of the optimiser
        and the whole schedule of step sizes.
    first_seed_grid : further (loss, rate) pairs, for the first of the seeds only: no claim rests on them.
    seeds : integers >= 0, without repetition.
    variant : what sets it apart from the main set-up of a study with the same data and kind of model, such
        as "dropout"; empty for the main one.
    stack_size : networks a stack, >= 1. On one CPU thread a network of the quick profile takes 1.9 s alone,
        1.4 s in a stack of 5, 1.3 s of 10, 1.2 s of 25; 10 leaves 25 pieces of work to share and resume.

    Raises
    ------
    TypeError, ValueError : an unknown loss, a rate outside [0, 1], a pair or a seed given twice, no pair or
        no seed, a warm start from a run that is not in the grid.
    """

    name: str
    dataset: Any
    grid: tuple[Any, ...]
    model: Any = field(default_factory=MLP)
    training: Training = field(default_factory=Training)
    warm: tuple[tuple[str, str, Any], ...] = ()
    first_seed_grid: tuple[tuple[str, Any], ...] = ()
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    stack_size: int = 10
    variant: str = ""
    noise: Any = UNIFORM

    def __post_init__(self) -> None:
        if not isinstance(self.dataset, str):
            object.__setattr__(self, "dataset", as_dataset(self.dataset))
        object.__setattr__(self, "model", as_model(self.model))
        kind, own = noise_kind(self.noise)
        object.__setattr__(self, "noise", kind)

        def pair(entry: Any) -> tuple[str, Fraction | None]:
            loss, rate = (entry, own) if isinstance(entry, str) else entry
            return canonical(loss), _rate(kind, rate)

        grid, more = (tuple(map(pair, pairs)) for pairs in (self.grid, self.first_seed_grid))
        warm = tuple((canonical(start), *pair(pair_)) for start, *pair_ in self.warm)
        for name, value in (("grid", grid), ("first_seed_grid", more), ("warm", warm)):
            object.__setattr__(self, name, value)
        check_count("stack_size", self.stack_size)
        for seed in self.seeds:
            if isinstance(seed, bool) or not isinstance(seed, int):
                raise TypeError(f"seeds must be integers >= 0, got seed={seed!r}")
            if seed < 0:
                fail("seeds", "integers >= 0", seed)
        declared: dict[str, tuple[Any, ...]] = {"grid": grid + more, "warm": warm, "seeds": self.seeds}
        for name, values in declared.items():
            if len(set(values)) != len(values) or (name != "warm" and not (grid and values)):
                fail(name, "non-empty and without repetition", list(values))
        for start, _, rate in warm:
            if (start, rate) not in grid:
                fail("warm", "starts from runs of the grid", (start, str(rate)))

    def runs(self) -> list[Run]:
        """Return every network, seed by seed, stack by stack."""
        return [run for stack in self.stacks() for run in stack]

    def stacks(self) -> Iterator[tuple[Run, ...]]:
        """Yield the networks that are trained together."""
        for place in range(len(self.seeds)):
            yield from self.stacks_of(place)

    def stacks_of(self, place: int) -> Iterator[tuple[Run, ...]]:
        """Yield the stacks of the seed at index `place` of `seeds`; none where there are fewer seeds."""
        if place >= len(self.seeds):
            return
        seed = self.seeds[place]
        starts = tuple(dict.fromkeys((start, rate) for start, _, rate in self.warm))
        if starts:
            cold = (Run(loss, rate, seed) for loss, rate in starts)
            warm = (Run(loss, rate, seed, start) for start, loss, rate in self.warm)
            yield (*cold, *warm)
        yield from self._parts(tuple(pair for pair in self.grid if pair not in starts), seed)
        if not place:
            yield from self._parts(self.first_seed_grid, seed)

    def _parts(self, pairs: tuple[tuple[str, Fraction | None], ...], seed: int) -> Iterator[tuple[Run, ...]]:
        for first in range(0, len(pairs), self.stack_size):
            yield tuple(Run(loss, rate, seed) for loss, rate in pairs[first : first + self.stack_size])

    @property
    def parts(self) -> tuple[Experiment, ...]:
        """Return the experiment itself: what is asked of a `Study` can be asked of an experiment too."""
        return (self,)

    def with_changes(
        self, seeds: Any = None, epochs: Any = None, subset: Any = None, precision: str | None = None
    ) -> Experiment:
        """Return the same grid with other seeds (a number N means 0..N-1), another number of epochs, as many
        training and test samples as `subset` says, or another precision.
        """
        changed = self
        if seeds is not None:
            if not isinstance(seeds, Iterable):
                seeds = range(check_count("seeds", seeds))
            changed = replace(changed, seeds=tuple(seeds))
        if epochs is not None:
            changed = replace(changed, training=replace(self.training, epochs=check_count("epochs", epochs)))
        if precision is not None:
            changed = replace(changed, training=replace(changed.training, precision=precision))
        if subset is not None:
            changed = replace(changed, dataset=part(self.dataset, check_count("subset", subset)))
        return changed


@dataclass(frozen=True)
class Study:
    """Several experiments under one name: other data, other models, other ways of training.

    Stacks come seed by seed and, for each seed, part by part: what is finished at any time is as complete
    as can be for the first seeds.

    Raises
    ------
    ValueError : no part, a part of another name, two parts with the same set-up.
    """

    name: str
    parts: tuple[Experiment, ...]

    def __post_init__(self) -> None:
        setups = [(p.dataset, p.model, p.training, p.variant, p.noise) for p in self.parts]
        if not setups or any(a == b for a, b in combinations(setups, 2)):
            fail("parts", "non-empty, each with a set-up of its own", [p.variant for p in self.parts])
        for one in self.parts:
            if one.name != self.name:
                fail("parts", f"of the name {self.name!r}", one.name)

    def runs(self) -> list[Run]:
        """Return every network, seed by seed, stack by stack."""
        return [run for stack in self.stacks() for run in stack]

    def stacks(self) -> Iterator[tuple[Run, ...]]:
        """Yield the networks that are trained together."""
        for place in range(max(len(one.seeds) for one in self.parts)):
            for index, one in enumerate(self.parts):
                for stack in one.stacks_of(place):
                    yield tuple(replace(run, part=index) for run in stack)

    def with_changes(
        self, seeds: Any = None, epochs: Any = None, subset: Any = None, precision: str | None = None
    ) -> Study:
        """See `Experiment.with_changes`; in every part."""
        changed = tuple(one.with_changes(seeds, epochs, subset, precision) for one in self.parts)
        return replace(self, parts=changed)
