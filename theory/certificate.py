"""Everything known about one loss at one K and noise rate, as plain data."""

from __future__ import annotations

import itertools
import re
from fractions import Fraction
from typing import Any

import sympy

from lossmatters.theory.dynamics.memorization_time import memorization_time
from lossmatters.theory.exact import check_num_classes, check_rate
from lossmatters.theory.losses.base import Loss
from lossmatters.theory.losses.callable_loss import CallableLoss
from lossmatters.theory.minimisers.calibration import calibration
from lossmatters.theory.minimisers.noisy_optimum import noisy_optimum
from lossmatters.theory.noise import threshold
from lossmatters.theory.risk.excess import excess_risk_bound
from lossmatters.theory.risk.reversal_search import search_reversal
from lossmatters.theory.risk.tolerance import noise_tolerance
from lossmatters.theory.symmetry.decide import SymmetryVerdict, decide
from lossmatters.theory.symmetry.label_sum_range import label_sum_range
from lossmatters.theory.symmetry.loss_maximum import loss_maximum

LONGEST_SHOWN = 40  # characters of a closed form beside its float


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
        "calibrated": calibration(loss, k).to_dict(),
        "noise_tolerance": noise_tolerance(loss, k).to_dict(),
        **_dynamics(loss, k, eta),
    }


def _undecided(reason: str) -> dict[str, str]:
    return {"status": "undecided", "reason": reason}


def _dynamics(loss: Loss, k: int, eta: Fraction) -> dict[str, Any]:
    """D1's optimum and D2's time, the latter as a number (None where infinite) and with how it is known."""
    if not 0 < eta < threshold(k):
        nothing = _undecided(f"D1 and D2 are about rates in (0, {threshold(k)})")
        return dict.fromkeys(("noisy_optimum", "memorization_time", "memorization"), nothing)
    try:
        optimum, time = noisy_optimum(loss, k, eta), memorization_time(loss, k, eta)
    except ValueError as error:  # the loss tells classes apart
        return dict.fromkeys(("noisy_optimum", "memorization_time", "memorization"), _undecided(str(error)))
    return {
        "noisy_optimum": optimum.to_dict(),
        "memorization_time": time.to_json(),
        "memorization": {key: getattr(time, key) for key in ("status", "method", "start", "error", "detail")},
    }


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
    if not 0 < eta < threshold(k):
        return _undecided(f"R2 is about rates in (0, {threshold(k)})")
    search = search_reversal(loss, k, eta)
    if search.found is not None:
        return search.found.to_dict()
    return None if decide(loss, k).status == "proved" else _undecided(search.reason)


def describe(certificate: dict[str, Any]) -> list[tuple[str, str]]:
    """A certificate as pairs of a question and its answer in words, for reading."""
    c = certificate
    rows = [
        ("symmetric?", _say_symmetry(c["symmetry"])),
        ("for every K?", _say_symmetry(c["symmetry_all_classes"])),
    ]
    span = c["label_sum"]
    how = span["method"] if span["rigorous"] else f"{span['method']}, not rigorous"
    low, high = (
        f"{_amount(span[f'{end}_exact'], span[end])} ({' '.join(span[f'{end}_at'].split())})"
        for end in ("low", "high")
    )
    constant = span["low_exact"] == span["high_exact"]
    rows.append(("label sum S", f"{low}; {how}" if constant else f"from {low} to {high}; {how}"))
    bounds = c["bounds"]
    if "status" in bounds:
        rows.append(("largest loss", _say_undecided(bounds)))
    else:
        largest = _amount(bounds["loss_max_exact"], bounds["loss_max"])
        rows.append(("largest loss", f"{largest} at {bounds['at']} ({bounds['method']})"))
        meets = {True: "yes", False: "no", None: "not a symmetric loss"}[
            bounds["meets_class_conditional_bound"]
        ]
        rows.append(("L <= C/(K-1), as R4 needs?", meets))
    excess = c["excess_risk_bound"]
    rows.append(
        (
            "excess risk under noise (R3)",
            _say_undecided(excess) if isinstance(excess, dict) else _say_bound(excess),
        )
    )
    rows.append(("order reversal (R2)", _say_reversal(c["order_reversal"])))
    rows.append(("calibrated (N3)", _say_calibrated(c["calibrated"])))
    rows.append(("noise tolerance (A2)", _say_tolerance(c["noise_tolerance"])))
    rows.append(("noisy optimum (D1)", _say_optimum(c["noisy_optimum"])))
    rows.append(("memorization time (D2)", _say_time(c["memorization_time"], c["memorization"])))
    return rows


def _say_calibrated(found: dict[str, Any]) -> str:
    text = f"{found['status']} for {found['scope']} ({found['method']}): {found['detail']}"
    if found["witness"]:
        text += "; " + "; ".join(f"{key}: {_shown(value)}" for key, value in found["witness"].items())
    return text


def _say_tolerance(found: dict[str, Any]) -> str:
    if found["status"] == "undecided":
        return f"undecided: {found['detail']}"
    if found["rate_exact"] is None:
        return f"none, {found['status']}: {found['detail']}"
    rate = _amount(found["rate_exact"], found["rate"])
    return f"a certain label's vertex is best up to eta = {rate}; {found['status']}: {found['detail']}"


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}: {v:.6g}" for key, v in value.items())
    return _point(value) if isinstance(value, list) else str(value)


def _say_optimum(found: dict[str, Any]) -> str:
    if "reason" in found:
        return _say_undecided(found)
    exact = found["clean_exact"]
    shown = f"{found['clean']:.6g}"
    where = "the vertex of the clean class" if found["vertex"] else f"clean class at {shown}"
    if exact and not found["vertex"] and exact != shown and len(exact) <= LONGEST_SHOWN:
        where += f" = {exact}"
    return f"{where}; {found['status']}: {found['method']}"


def _say_time(time: Any, how: dict[str, Any]) -> str:
    if isinstance(time, dict):
        return _say_undecided(time)
    value = "infinite" if time is None else f"{time:.6g}"
    return f"{value}; {how['status']} ({how['method']}): {how['detail']}"


def _say_undecided(value: dict[str, str]) -> str:
    return f"undecided: {value['reason']}"


def _say_bound(value: float | None) -> str:
    return "unbounded" if value is None else f"at most {value:.6g}"


def _say_symmetry(found: dict[str, Any]) -> str:
    if "reason" in found:
        return _say_undecided(found)
    text = f"{found['status']} for {found['scope']} ({found['method']}): {found['detail']}"
    if found["constant"]:
        text += f"; C = {_amount(found['constant'], found['constant_value'])}"
    if found["witness"]:
        w = found["witness"]
        first, second = (_amount(w[f"S_{x}"], w[f"S_{x}_value"]) for x in "uv")
        text += f"; S = {first} at {_point(w['u'])} but {second} at {_point(w['v'])}"
    return text


def _amount(text: str, value: float | None) -> str:
    """An exact number with its decimals beside it, unless it is a short fraction; decimals alone, to six."""
    if value is None or re.fullmatch(r"-?\d{1,9}(/\d{1,3})?", text):
        return text
    return f"{value:.6g}" if re.fullmatch(r"-?\d+\.\d+(e[+-]?\d+)?", text) else f"{text} = {value:.6g}"


def _point(values: list[str]) -> str:
    """A point in brackets, four or more equal entries in a row as "0, ..., 0".

    >>> _point(["1", *["0"] * 9])
    '(1, 0, ..., 0)'
    """
    parts: list[str] = []
    for entry, run in itertools.groupby(values):
        times = len(list(run))
        parts += [entry] * times if times < 4 else [entry, "...", entry]
    return f"({', '.join(parts)})"


def _say_reversal(found: Any) -> str:
    if found is None:
        return "none: R1 keeps the order of all risks"
    if "status" in found:
        return _say_undecided(found)
    better = f"u = {_point(found['u'])} beats v = {_point(found['v'])} by {-found['clean_gap']:.4g}"
    worse = f"loses by {found['noisy_gap']:.4g} on noisy ones ({found['how']})"
    where = f"at posterior {_point(found['posterior'])}"
    second = found["second_input"]
    if second:
        where += f" and, at a second input of probability {second['weight']}, {_point(second['posterior'])}"
        better = better.replace(" by ", f" (there {_point(second['u'])} and {_point(second['v'])}) by ")
    return f"{where}, {better} on clean labels and {worse}"
