"""The sum of the loss over all labels: constant, and equal to what is declared."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations, islice
from typing import Any

import numpy as np

from lossmatters.proofs_checks.conformance.asking import Ask, Steps
from lossmatters.proofs_checks.conformance.report import Broken, NotApplicable, plain, told_apart
from lossmatters.proofs_checks.conformance.scan import worst
from lossmatters.proofs_checks.conformance.trial import LossCheck, Trial, logits_of
from lossmatters.theory.symmetry.one_size import SAMPLING_TOLERANCE
from lossmatters.theory.symmetry.witness import Point, simple_points

SIMPLE = 7  # of the outputs that theory tries for a witness: uniform, vertex, small ratios

# How far the sums of K rounded losses may be apart, relative to the sum of their sizes.
UNITS = SAMPLING_TOLERANCE["float32"] / 2.0**-23


def tolerance(trial: Trial) -> float:
    """Return the relative error allowed to a label sum, for how exact the values are."""
    allowed = UNITS * trial.subject.eps
    return min(max(allowed, SAMPLING_TOLERANCE["float64"]), SAMPLING_TOLERANCE["float16"])


def sums(trial: Trial, *points: Point) -> tuple[list[float], float]:
    """Return S at each point, and the largest sum of absolute values: the scale of their rounding."""
    return _sums_of(trial, trial.subject.matrix(logits_of(points)))


def _sums_of(trial: Trial, losses: Any) -> tuple[list[float], float]:
    matrix = losses.double()
    return matrix.sum(dim=1).tolist(), max(float(matrix.abs().sum(dim=1).max()), trial.subject.typical)


def simple_outputs(k: int) -> list[Point]:
    """Return a few outputs that tell most label sums apart, those without zeros first."""
    return sorted(islice(simple_points(k), SIMPLE), key=lambda u: 0 in u)


def scanned_pairs(trial: Trial) -> Iterator[tuple[Point, Point]]:
    """Return the uniform output and that of a scan whose label sum is furthest from its own, if too far."""
    even = simple_outputs(trial.num_classes)[0]
    (constant,), least = sums(trial, even)

    def apart(losses: Any) -> Any:
        return (losses.sum(dim=1) - constant).abs() / losses.abs().sum(dim=1).clamp(min=least)

    def differs(v: Point) -> bool:
        (first, second), scale = sums(trial, even, v)
        return not abs(first - second) <= tolerance(trial) * scale

    for v in worst(trial, trial.num_classes, apart, differs):
        yield even, v


def _constant(trial: Trial) -> str | None:
    from hypothesis import strategies as st

    from lossmatters.proofs_checks.strategies import simplex_points

    seen: dict[int, float] = {}

    def test(points: tuple[Point, Point]) -> Steps:
        (first, second), scale = _sums_of(trial, (yield Ask("matrix", logits_of(points))))
        seen[len(points[0])] = second
        if not abs(first - second) <= tolerance(trial) * scale:
            u, v = points
            raise Broken("the label sum differs at two outputs", u=u, v=v, S_u=first, S_v=second)

    pairs = trial.of_any_size(lambda k: st.tuples(*[simplex_points(k, exact=True)] * 2))
    said = trial.subject.declared.symmetric
    try:
        plain_pairs = combinations(simple_outputs(trial.num_classes), 2)
        trial.for_all(pairs, test, plain_pairs, scanned_pairs(trial), simplest=bool(said))
    except Broken as broken:
        if said:
            raise
        told = _told(broken)
        if said is False:
            return f"not constant: {told}"
        raise NotApplicable(f"`symmetric` is not declared; found: not constant, {told}") from None
    found = ", ".join(f"{value:.12g} at K = {k}" for k, value in sorted(seen.items()))
    if said is False:
        raise Broken(f"declared not symmetric, yet the label sum is constant in all draws: {found}")
    if said is None:
        raise NotApplicable(f"`symmetric` is not declared; found: constant in all draws, {found}")
    return f"constant in all draws: {found}"


def _told(broken: Broken) -> str:
    """Return two outputs and their label sums in a line, with the digits that differ."""
    given = broken.counterexample
    if "S_u" not in given:
        return broken.what
    sums_shown = told_apart(given["S_u"], given["S_v"])
    u, v = (f"({', '.join(map(str, given[name]))})" for name in "uv")
    return f"u = {u}, v = {v}, S_u = {sums_shown[0]}, S_v = {sums_shown[1]}"


def _value(trial: Trial) -> str | None:
    declared, formula = trial.subject.declared.constant, trial.subject.formula
    if declared is None and not (formula is not None and trial.subject.declared.symmetric):
        raise NotApplicable("no `constant` is declared")

    def constant(k: int) -> float | None:
        if declared is not None:
            return float(declared(k)) if callable(declared) else float(declared)
        # of a symmetric formula it is the sum anywhere: no proof is needed to know it, which may take seconds
        from lossmatters.theory.criteria import reference

        even = np.array([reference.CONTEXT.mpf(1) / k] * k, dtype=object)
        assert formula is not None
        value = float(reference.CONTEXT.fsum(reference.value(formula, even, j) for j in range(k)))
        return value if np.isfinite(value) else None

    return _is(trial, constant, "the declared constant" if declared is not None else "that of its formula")


def _normalised(trial: Trial) -> str | None:
    if not trial.subject.declared.normalised:
        raise NotApplicable("`normalised` is not declared")
    return _is(trial, lambda k: 1.0, "1, as declared")


def _is(trial: Trial, constant: Any, what: str) -> str:
    """Return the label sum at the uniform output is `constant(K)`, for every K to draw from."""
    checked = []
    # Two sizes at least: (K - 1)^2/4 is 1 at K = 3.
    for k in trial.subject.classes:
        wanted = constant(k)
        if wanted is None:
            continue
        even = (Fraction(1, k),) * k
        (found,), scale = sums(trial, even)
        checked.append(f"{found:.12g} at K = {k}")
        # the constant itself may have been given as a float, of some 16 digits
        if not abs(found - wanted) <= tolerance(trial) * max(scale, abs(wanted)):
            ratio = found / wanted if wanted else float("nan")
            raise Broken(
                f"the label sum is {found:.12g} at K = {k}, not {wanted:.12g} ({what})",
                f"a factor: the ratio is {ratio:.6g}" + _familiar(ratio, k),
                K=k,
                u=plain(even),
                S_u=found,
            )
    if not checked:
        raise NotApplicable("no constant is known at these K")
    return ", ".join(checked)


def _familiar(ratio: float, k: int) -> str:
    names = {
        "(K - 1)^2/4": (k - 1) ** 2 / 4,
        "(K - 1)^2": (k - 1) ** 2,
        "K - 1": k - 1,
        "1/(K - 1)": 1 / (k - 1),
        "K": k,
        "1/K": 1 / k,
    }
    near = [name for name, value in names.items() if abs(ratio - value) <= 1e-9 * value]
    return f", which is {' or '.join(near)} at K = {k}" if near else ""


CHECKS = (
    LossCheck(
        "label_sum",
        "The sum of the loss over all labels is the same at every output (a symmetric loss).",
        ("symmetry", "declared"),
        _constant,
    ),
    LossCheck(
        "label_sum_value",
        "The sum of a symmetric loss over all labels is the constant C that it should be.",
        ("symmetry", "declared"),
        _value,
    ),
    LossCheck(
        "normalised",
        "The sum of a normalised loss over all labels is 1.",
        ("symmetry", "declared"),
        _normalised,
    ),
)
