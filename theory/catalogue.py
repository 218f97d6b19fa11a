"""The whole catalogue as plain data: one row a registered loss."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from lossmatters.theory.cache import cached
from lossmatters.theory.exact import check_num_classes
from lossmatters.theory.losses import LOSSES, Loss, get
from lossmatters.theory.losses.structure import is_normalised, is_total
from lossmatters.theory.processes import each

T = TypeVar("T")

NOISE_RATE = "2/5"  # of the bound on what noise costs, where there is no other to choose


def catalogue(num_classes: int = 10, use_cache: bool = True) -> list[dict[str, Any]]:
    """Return one row a registered loss, at its default parameters.

    Symmetry and the range of the label sum are for every K at once; the largest loss and R3's bound, at eta
    = 2/5, are at `num_classes`; the noise tolerance (A2) is given for both. The rows of this package's own
    losses take ten to twenty seconds, once, and are then kept in the user's cache folder (`theory.cache`).

    Raises
    ------
    ValueError, TypeError : K < 2 or no integer, or eta = 2/5 not below the threshold (K - 1)/K.
    """
    k = check_num_classes(num_classes)
    make = partial(row_of, num_classes=k)
    return of_each(f"catalogue-K{k}", make) if use_cache else [make(name) for name in LOSSES]


def of_each(file: str, make: Callable[[str], T], workers: int = 1, sources: Sequence[Path] = ()) -> list[T]:
    """Return what is made of each registered loss, by its name; of this package's own losses once.

    Parameters
    ----------
    file : str
        In the user's cache folder, without its ending.
    make : function
        From a name to plain JSON data; of a module, where there are several workers.
    workers : int
        Processes, as for `theory.processes.each`.
    sources : sequence of Path
        Folders of code beside `theory` that the result depends on.
    """
    own = _parts_last(own_names())
    known = dict(zip(own, cached(file, lambda: each(make, own, workers), sources), strict=True))
    return [known[name] if name in known else make(name) for name in LOSSES]


def own_names() -> list[str]:
    """Return the names of this package's own losses among those registered."""
    return [name for name in LOSSES if LOSSES[name].__module__.startswith("lossmatters.theory.losses.")]


def _parts_last(names: Sequence[str]) -> list[str]:
    """Return them with sums, normalised losses and what these are made of at the end.

    The process that begins there has them all, and finds out once what is known of a part.
    """
    made = {name: set(_parts(get(name))) for name in names}
    shared = [n for n in names if any(made[n] & made[m] for m in names if m != n)]
    return [*(n for n in names if n not in shared), *shared]


def _parts(loss: Loss) -> Iterator[Loss]:
    """Return a loss and those that it is made of."""
    yield loss
    for part in [t for _, t in loss.terms] if is_total(loss) else [loss.base] if is_normalised(loss) else []:
        yield from _parts(part)


def row_of(name: str, num_classes: int) -> dict[str, Any]:
    """Return the row of a registered loss."""
    return row(get(name), num_classes)


def row(loss: Loss, num_classes: int) -> dict[str, Any]:
    """Return what is known of one loss, as plain JSON data."""
    from lossmatters.theory.risk.excess import excess_risk_bound
    from lossmatters.theory.risk.tolerance import noise_tolerance
    from lossmatters.theory.symmetry.decide import decide
    from lossmatters.theory.symmetry.label_sum_range import label_sum_range
    from lossmatters.theory.symmetry.loss_maximum import loss_maximum

    largest = loss_maximum(loss, num_classes)
    general = noise_tolerance(loss)
    known = general.holds_at(num_classes)
    at_one = general.at(num_classes) if known else noise_tolerance(loss, num_classes)
    excess = excess_risk_bound(loss, num_classes, NOISE_RATE)
    return {
        "name": loss.name,
        "title": loss.title,
        "latex": loss.latex,
        "parameters": {key: str(value) for key, value in loss.parameters.items()},
        "symmetry": decide(loss).to_dict(),
        "label_sum": label_sum_range(loss).to_dict(),
        "loss_max_exact": str(largest.value) if largest.value is not None else None,
        "bounded": bool(largest.value is not None and largest.value.is_finite),
        "excess_risk_bound": float(excess) if excess.is_finite else None,
        "excess_risk_bound_exact": str(excess),
        "noise_tolerance": at_one.to_dict(),
        "noise_tolerance_all_classes": general.to_dict(),
        "differentiable": loss.differentiable,
        "source": loss.source,
    }
