"""The whole catalogue as plain data: one row a registered loss."""

from __future__ import annotations

from typing import Any

from lossmatters.theory.cache import cached
from lossmatters.theory.exact import check_num_classes
from lossmatters.theory.losses import LOSSES, Loss, get

NOISE_RATE = "2/5"  # of the bound on what noise costs, where there is no other to choose


def catalogue(num_classes: int = 10, use_cache: bool = True) -> list[dict[str, Any]]:
    """Return one row a registered loss, at its default parameters.

    Symmetry and the range of the label sum are for every K at once; the largest loss and R3's bound, at eta
    = 2/5, are at `num_classes`; the noise tolerance (A2) is given for both. The rows of this package's own
    losses take some 10 s, once: they are then kept in the user's cache folder (`lossmatters.theory.cache`).

    Raises
    ------
    ValueError, TypeError : K < 2 or no integer, or eta = 2/5 not below the threshold (K - 1)/K.
    """
    k = check_num_classes(num_classes)
    own = [name for name in LOSSES if LOSSES[name].__module__.startswith("lossmatters.theory.losses.")]

    def compute() -> list[dict[str, Any]]:
        return [row(get(name), k) for name in own]

    known = cached(f"catalogue-K{k}", compute) if use_cache else compute()
    rows = {r["name"]: r for r in known}
    return [rows[name] if name in rows else row(get(name), k) for name in LOSSES]


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
