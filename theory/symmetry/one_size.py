"""S4: symmetry at one K of any formula, by two points, algebra, intervals or draws."""

from __future__ import annotations

import numpy as np
import sympy

from lossmatters.theory.backends import backend
from lossmatters.theory.enclosure import CONSTANCY, enclose_label_sum
from lossmatters.theory.losses.base import Loss
from lossmatters.theory.losses.callable_loss import precision_of
from lossmatters.theory.symbolic.algebra import is_zero, symbolic_losses, tidy
from lossmatters.theory.symmetry.domain import finite_inside
from lossmatters.theory.symmetry.symmetry_verdict import S4_CLASSES, SymmetryVerdict, proved, refuted
from lossmatters.theory.symmetry.witness import find_witness, witness_at
from lossmatters.theory.verdict import OPEN_SIMPLEX, Method, Scope, Status

SAMPLES = 1000
# A sampled label sum adds K losses, each a few roundings away from its formula: a few hundred units of
# 2^-53 relative, so 1e-12 is not reached by rounding alone; 2^-24 and 2^-8 for the narrower types.
SAMPLING_TOLERANCE = {"float64": 1e-12, "float32": 1e-5, "float16": 0.1}


def one_size(loss: Loss, num_classes: int) -> SymmetryVerdict:
    """Decide at one K, by the first of four ways that settles it."""
    witness = find_witness(loss, num_classes)
    if witness is not None:
        detail = "two exact points have different label sums"
        return refuted(witness, Scope.of(num_classes), Method.S4, detail)
    if num_classes <= S4_CLASSES[-1]:
        constant = _constant_by_algebra(loss, num_classes)
        if constant is not None:
            scope = Scope.of(num_classes, OPEN_SIMPLEX)
            return proved(constant, scope, Method.S4, "S is constant, by algebra")
    return enclosed(loss, num_classes) or sampled(loss, num_classes)


def _constant_by_algebra(loss: Loss, num_classes: int) -> sympy.Expr | None:
    """Return C, if S less its value at the uniform point vanishes identically in K - 1 free coordinates."""
    try:
        symbols, columns = symbolic_losses(loss, num_classes)
    except TypeError:  # the formula compares probabilities: not one expression
        return None
    last = {symbols[-1]: 1 - sum(symbols[:-1])}
    even = dict.fromkeys(symbols, sympy.Rational(1, num_classes))
    total = sympy.Add(*columns)
    if total.has(sympy.Piecewise, sympy.nan) or not is_zero((total - total.subs(even)).subs(last)):
        return None
    return tidy(total.subs(even))


def enclosed(loss: Loss, num_classes: int) -> SymmetryVerdict | None:
    """Refute or certify by an enclosure of the range of S; None where it stays too wide for either."""
    if not finite_inside(loss, num_classes):  # an interval is silent about where there is no value
        return None
    span = enclose_label_sum(loss, num_classes)
    if span.varies:
        witness = witness_at(loss, span.low_at, span.high_at)
        if witness is not None:
            detail = f"S is enclosed apart at two points, found by branch and bound ({span.boxes} boxes)"
            return refuted(witness, Scope.of(num_classes), Method.INTERVALS, detail)
    if span.relative_width >= CONSTANCY:
        return None
    middle, eps = (span.low[0] + span.high[1]) / 2, span.width
    detail = (
        f"S is within eps = {eps:.2g} of {middle:.12g} on the whole simplex ({span.method}, {span.boxes} "
        "boxes): near-constancy, not equality"
    )
    return SymmetryVerdict(
        Status.CERTIFIED, Scope.of(num_classes), Method.INTERVALS, detail, middle=middle, error=eps
    )


def sampled(loss: Loss, num_classes: int) -> SymmetryVerdict:
    """Compare label sums at random points; a clear difference refutes, agreement is only `sampled`."""
    rng = np.random.default_rng(0)
    spread = rng.choice([0.1, 1.0, 10.0], size=SAMPLES)  # near the boundary, anywhere, near the centre
    points = rng.gamma(np.repeat(spread[:, None], num_classes, axis=1)) + 1e-12
    points /= points.sum(axis=1, keepdims=True)
    sums = np.broadcast_to(np.asarray(loss.label_sum(points, backend("numpy")), dtype=float), SAMPLES)
    scope = Scope.of(num_classes)
    if not np.isfinite(sums).all():
        detail = "the label sum is not finite at some sampled points"
        return SymmetryVerdict(Status.UNDECIDED, scope, Method.SAMPLING, detail)
    tolerance = SAMPLING_TOLERANCE.get(precision_of(loss, num_classes), SAMPLING_TOLERANCE["float16"])
    # a sum of losses that cancel is known no better than they are
    size = float(np.nanmax(np.abs(loss.all_labels(points, backend("numpy"))).sum(axis=-1))) or 1.0
    deviation = float(sums.max() - sums.min()) / size
    if deviation > tolerance:
        witness = find_witness(loss, num_classes, margin=tolerance * size)
        if witness is not None:
            detail = "label sums in float64 at two exact points"
            return refuted(witness, scope, Method.SAMPLING, detail)
        detail = f"label sums differ by {deviation:.1e} relative, but at no simple rational points"
        return SymmetryVerdict(Status.UNDECIDED, scope, Method.SAMPLING, detail)
    detail = f"{SAMPLES} draws; largest relative deviation of the label sum {deviation:.1e}"
    return SymmetryVerdict(Status.SAMPLED, scope, Method.SAMPLING, detail, middle=float(sums.mean()))
