"""Which runs of an experiment were asked for.  No torch here."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn

from lossmatters.empirics.data import name_of
from lossmatters.empirics.experiments.experiment import Experiment, Run, Study, canonical
from lossmatters.theory.exact import check_rate

KEYS = ("loss", "eta", "model", "dataset", "variant", "seed", "start")
COLD = "none"
MAIN = "main"


# What tells the parts of a study apart.
PARTS: dict[str, Callable[[Experiment], str]] = {
    "model": lambda part: part.model.name,
    "dataset": lambda part: name_of(part.dataset),
    "variant": lambda part: part.variant or MAIN,
}


def choose(experiment: Experiment | Study, only: Mapping[str, Any]) -> list[Run]:
    """Return the runs that agree with every entry of `only`.

    Parameters
    ----------
    only : "loss" (``rll`` is every RLL, ``rll(alpha=1/10)`` just that one), "eta" (a nominal rate, in any
        notation), "model" and "dataset" (their names), "variant" (of a set-up, "main" for the main one),
        "seed", "start" (the loss that warm starts come from, or "none"). Values may be text.

    Raises
    ------
    ValueError : an unknown key, or a value that no run has; both name what there is.
    """
    runs = experiment.runs()
    for key, value in only.items():
        if key not in KEYS:
            _unknown("only", "a key among", key, KEYS)
        if key == "loss":
            kept = [run for run in runs if _is_loss(run.loss, str(value))]
            if not kept:
                _unknown("loss", "one of the runs chosen:", value, (r.loss for r in runs))
        elif key == "start":
            cold = str(value).strip().lower() == COLD
            kept = [
                r for r in runs if (r.start is None if cold else r.start and _is_loss(r.start, str(value)))
            ]
            if not kept:
                _unknown("start", "one of the runs chosen:", value, (r.start or COLD for r in runs))
        elif key == "eta":
            rate = check_rate(value)
            kept = [run for run in runs if run.rate == rate]
            if not kept:
                _unknown("eta", "a rate of the runs chosen:", value, (str(r.rate) for r in runs))
        elif key in PARTS:
            names = [PARTS[key](part) for part in experiment.parts]
            kept = [run for run in runs if names[run.part] == str(value).strip().lower()]
            if not kept:
                _unknown(key, "one of", value, (names[run.part] for run in runs))
        else:
            kept = [run for run in runs if str(run.seed) == str(value)]
            if not kept:
                _unknown("seed", "one of", value, (str(r.seed) for r in runs))
        runs = kept
    return runs


def _is_loss(loss: str, wanted: str) -> bool:
    """Return whether the text means exactly this loss, or is its bare name."""
    if loss.partition("(")[0] == wanted.strip().lower().replace("_", "-"):
        return True
    try:
        return loss == canonical(wanted)
    except (TypeError, ValueError):
        return False


def _unknown(name: str, condition: str, value: Any, known: Iterable[str]) -> NoReturn:
    known = list(dict.fromkeys(known))
    near = difflib.get_close_matches(str(value), known, n=3, cutoff=0.4)
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    raise ValueError(f"{name} must be {condition} {', '.join(known)}, got {name}={value!r}{hint}")
