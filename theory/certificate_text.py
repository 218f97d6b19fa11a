"""A certificate in words: what ``lossmatters certify`` prints."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from lossmatters.theory.certificate import Certificate, Undecided
from lossmatters.theory.dynamics.memorization_time import MemorizationTime
from lossmatters.theory.minimisers.calibration_verdict import Calibration
from lossmatters.theory.minimisers.optimum import NoisyOptimum
from lossmatters.theory.risk.reversal import OrderReversal
from lossmatters.theory.risk.tolerance import NoiseTolerance
from lossmatters.theory.symmetry.loss_maximum import LossMaximum
from lossmatters.theory.symmetry.sum_range import LabelSumRange, place_text
from lossmatters.theory.symmetry.symmetry_verdict import SymmetryVerdict
from lossmatters.theory.verdict import BySize, How, Known, Status, plain

if TYPE_CHECKING:
    import sympy

LONGEST_SHOWN = 40  # characters of a closed form beside its float
SHORT = 10**9, 1000  # a fraction of smaller terms needs no decimals


def describe(certificate: Certificate) -> list[tuple[str, str]]:
    """Return pairs of a question and its answer in words."""
    c = certificate
    rows = [
        ("symmetric?", _symmetry(c.symmetry, c.constant_in_k)),
        ("for every K?", _symmetry(c.symmetry_all_classes)),
        ("label sum S", _label_sum(c.label_sum)),
    ]
    if isinstance(c.loss_maximum, LossMaximum):
        largest = c.loss_maximum
        meets = {True: "yes", False: "no", None: "not a symmetric loss"}[c.meets_class_conditional_bound]
        rows += [
            ("largest loss", f"{_amount(largest.value)} at {largest.where} ({largest.how})"),
            ("L <= C/(K-1), as R4 needs?", meets),
        ]
    else:
        rows.append(("largest loss", _undecided(c.loss_maximum)))
    return [
        *rows,
        ("excess risk under noise (R3)", _excess(c.excess_risk_bound)),
        ("order reversal (R2)", _reversal(c.order_reversal)),
        ("calibrated (N3)", _calibrated(c.calibrated)),
        ("noise tolerance (A2)", _tolerance(c.noise_tolerance)),
        ("noisy optimum (D1)", _optimum(c.noisy_optimum)),
        ("memorization time (D2)", _time(c.memorization_time)),
    ]


def _undecided(value: Undecided) -> str:
    return f"undecided: {value.reason}"


def _symmetry(found: SymmetryVerdict | Undecided, constant_in_k: sympy.Expr | None = None) -> str:
    if isinstance(found, Undecided):
        return _undecided(found)
    nearly = "" if found.error is None else f", to eps = {found.error:.2g}"
    text = f"{found.status} for {found.scope}{nearly} ({found.method}): {found.detail}"
    if found.constant is not None:
        text += f"; C = {_amount(found.constant)}"
        if constant_in_k is not None and constant_in_k != found.constant:
            text += f", {constant_in_k} in K"
    if found.witness is not None:
        w = found.witness
        shown = w.how is How.FLOAT64
        first, second = (f"{float(s):.6g}" if shown else _amount(s) for s in (w.sum_u, w.sum_v))
        text += f"; S = {first} at {point_text(w.u)} but {second} at {point_text(w.v)}"
    return text


def _label_sum(span: LabelSumRange) -> str:
    how = span.how if span.rigorous else f"{span.how}, not rigorous"
    low, high = (
        f"{_amount(end)} ({place_text(at)})"
        for end, at in ((span.low, span.low_at), (span.high, span.high_at))
    )
    return f"{low}; {how}" if span.low == span.high else f"from {low} to {high}; {how}"


def _excess(bound: sympy.Expr | Undecided) -> str:
    if isinstance(bound, Undecided):
        return _undecided(bound)
    return f"at most {float(bound):.6g}" if bound.is_finite else "unbounded"


def _reversal(found: OrderReversal | Undecided | None) -> str:
    if found is None:
        return "none: R1 keeps the order of all risks"
    if isinstance(found, Undecided):
        return _undecided(found)
    where, there = f"at posterior {point_text(found.posterior)}", ""
    if found.second is not None:
        s = found.second
        where += f" and, at a second input of probability {s.weight}, {point_text(s.posterior)}"
        there = f" (there {point_text(s.u)} and {point_text(s.v)})"
    return (
        f"{where}, u = {point_text(found.u)} beats v = {point_text(found.v)}{there} by "
        f"{-float(found.clean_gap):.4g} on clean labels and loses by {float(found.noisy_gap):.4g} on noisy "
        f"ones ({found.how})"
    )


def _calibrated(found: Calibration) -> str:
    text = f"{found.status} for {found.scope} ({found.method}): {found.detail}"
    if found.witness:
        text += "; " + "; ".join(f"{key}: {_shown(value)}" for key, value in found.witness.items())
    return text


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}: {v:.6g}" for key, v in value.items())
    return point_text(value) if isinstance(value, tuple) else str(plain(value))


def _tolerance(found: NoiseTolerance) -> str:
    if found.status is Status.UNDECIDED:
        return f"undecided: {found.detail}"
    if found.rate is None:
        return f"none, {found.status}: {found.detail}"
    rate = _amount(found.rate)
    return f"a certain label's vertex is best up to eta = {rate}; {found.status}: {found.detail}"


def _optimum(found: NoisyOptimum | Undecided) -> str:
    if isinstance(found, Undecided):
        return _undecided(found)
    if found.status is Known.UNDECIDED:
        return f"undecided: {found.detail}"
    exact, shown = found.clean_exact, f"{found.clean:.6g}"
    where = "the vertex of the clean class" if found.vertex else f"clean class at {shown}"
    if exact is not None and not found.vertex and len(str(exact)) <= LONGEST_SHOWN:
        where += "" if str(exact) == shown else f" = {exact}"
    return f"{where}; {found.status}: {found.detail}"


def _time(found: MemorizationTime | Undecided) -> str:
    if isinstance(found, Undecided):
        return _undecided(found)
    if not found.decided:
        return f"undecided: {found.detail}"
    value = "infinite" if math.isinf(found.value) else f"{found.value:.6g}"
    return f"{value}; {found.status} ({found.method}): {found.detail}"


def _amount(value: sympy.Expr | BySize) -> str:
    """Return a closed form with its decimals beside it, a short fraction alone, a float to six digits."""
    if isinstance(value, BySize) or not value.is_number or not value.is_finite:
        return str(value)
    if value.is_Float:
        return f"{float(value):.6g}"
    if value.is_Rational and abs(value.p) < SHORT[0] and value.q < SHORT[1]:
        return str(value)
    return f"{value} = {float(value):.6g}"


def point_text(values: Sequence[Fraction]) -> str:
    """Write a point in brackets, four or more equal entries in a row as "0, ..., 0".

    >>> point_text([Fraction(1), *[Fraction(0)] * 9])
    '(1, 0, ..., 0)'
    """
    parts: list[str] = []
    for entry, run in itertools.groupby(map(str, values)):
        times = len(list(run))
        parts += [entry] * times if times < 4 else [entry, "...", entry]
    return f"({', '.join(parts)})"
