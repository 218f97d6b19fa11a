"""Everything known about one loss at one K and noise rate, as plain data."""

from __future__ import annotations

from typing import Any

import sympy

from theory.bounds import excess_risk_bound, label_sum_range, loss_maximum
from theory.exact import check_num_classes, check_rate
from theory.losses.base import CallableLoss, Loss
from theory.noise import threshold
from theory.risk import order_reversal
from theory.symmetry import SymmetryVerdict, decide


def certify(loss: Loss, num_classes: int = 10, noise_rate: Any = "2/5") -> dict[str, Any]:
    """The JSON object of ``lossmatters certify LOSS -K num_classes --noise noise_rate --json``.

    Exact numbers are strings beside their floats. What is not settled is
    ``{"status": "undecided", "reason": ...}``, never left out.

    Raises
    ------
    ValueError, TypeError : K < 2, a rate outside [0, 1].
    """
    k, eta = check_num_classes(num_classes), check_rate(noise_rate)
    verdict = decide(loss, k)
    everywhere = decide(loss) if not isinstance(loss, CallableLoss) else None
    return {
        "loss": loss.name or loss.spec,
        "spec": loss.spec,
        "parameters": {key: str(value) for key, value in loss.parameters.items()},
        "source": loss.source,
        "num_classes": k,
        "noise_rate": str(eta),
        "symmetry": verdict.to_dict(),
        "symmetry_all_classes": everywhere.to_dict() if everywhere else _undecided("no formula"),
        "label_sum": label_sum_range(loss, k).to_dict(),
        "bounds": _bounds(loss, k, verdict),
        "excess_risk_bound": _excess(loss, k, eta),
        "order_reversal": _reversal(loss, k, eta),
        "calibrated": _undecided("N3 is not part of this version"),
        "memorization_time": _undecided("D2 is not part of this version"),
    }


def _undecided(reason: str) -> dict[str, str]:
    return {"status": "undecided", "reason": reason}


def _bounds(loss: Loss, k: int, verdict: SymmetryVerdict) -> dict[str, Any]:
    if isinstance(loss, CallableLoss):
        return _undecided("no formula")
    largest = loss_maximum(loss, k)
    if largest.value is None:
        return _undecided("the maximum of the loss is neither derived nor declared")
    finite = largest.value.is_finite
    meets: bool | None = None  # the bound of R4, L <= C/(K - 1), is about symmetric losses
    if verdict.status == "proved":
        constant = sympy.sympify(verdict.constant)
        meets = bool(finite) and bool(sympy.N(largest.value - constant / (k - 1), 30) <= 0)
    return {
        "loss_max": float(largest.value) if finite else None,
        "loss_max_exact": str(largest.value),
        "at": largest.at,
        "method": largest.method,
        "meets_class_conditional_bound": meets,
    }


def _excess(loss: Loss, k: int, eta: Any) -> Any:
    if eta >= threshold(k):
        return _undecided(f"R3 needs eta below the threshold {threshold(k)}")
    if not label_sum_range(loss, k).rigorous:
        return _undecided("the range of the label sum is only sampled")
    bound = excess_risk_bound(loss, k, eta)
    return float(bound) if bound.is_finite else None


def _reversal(loss: Loss, k: int, eta: Any) -> Any:
    if isinstance(loss, CallableLoss):
        return _undecided("no formula")
    if not 0 < eta < threshold(k):
        return _undecided(f"R2 is about rates in (0, {threshold(k)})")
    if decide(loss, k).status != "refuted":
        return None
    found = order_reversal(loss, k, eta)
    return found.to_dict() if found else _undecided("none among the simplest points")
