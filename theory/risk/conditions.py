"""Conditions under which a hypothesis of zero risk minimises noisy risks (R4): boundedness, concavity."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

import sympy

from lossmatters.theory.backends.sympy_ops import OPS, exactly
from lossmatters.theory.exact import check_num_classes
from lossmatters.theory.losses.base import Loss, SeparableLoss
from lossmatters.theory.losses.structure import by_structure, is_separable
from lossmatters.theory.minimisers.least_at_vertex import least_at_vertex
from lossmatters.theory.symbolic.algebra import Generator, exact_losses, is_nonnegative, is_zero
from lossmatters.theory.symbolic.piecewise import curvature
from lossmatters.theory.symbolic.points import sign_of
from lossmatters.theory.symmetry.audit import values
from lossmatters.theory.symmetry.decide import decide
from lossmatters.theory.symmetry.loss_maximum import loss_maximum
from lossmatters.theory.symmetry.regular import is_share
from lossmatters.theory.verdict import Method, Status


def meets_bound(loss: Loss, num_classes: int) -> bool | None:
    """Decide whether L <= C/(K - 1), the condition of R4 on a symmetric loss; None where that is not known.

    "No" is shown by an output whose loss exceeds C/(K - 1); "yes" by the form 1 - share <= 1, for two classes
    by L >= 0, by the maximum where curvature gives it in closed form, or by a certified upper bound below
    C/(K - 1).
    """
    k = check_num_classes(num_classes)
    verdict = decide(loss, k)
    constant = verdict.constant_at(k)
    if verdict.status is not Status.PROVED or constant is None:
        return None
    if is_share(loss, k):
        return True  # 1 - w_y/sum w <= 1 = C/(K - 1)
    if k == 2 and (sign := never_negative(loss, k)) is not None:
        return sign  # L(u, 1) = C - L(u, 2), at most C if and only if L(u, 2) >= 0
    allowed = constant / (k - 1)
    # the label has nothing, or next to nothing where that has no value; the others are even
    for edge in (Fraction(0), Fraction(1, 1000)):
        value = exact_losses(loss, (edge, *[(1 - edge) / (k - 1)] * (k - 1)))[0]
        if value.is_finite and sign_of(value - allowed)[0] == 1:
            return False
    largest = loss_maximum(loss, k)
    if largest.value is None or largest.is_declared:
        return None
    excess = largest.value - allowed
    if is_zero(excess) or sign_of(excess)[0] == -1:
        return True
    return False if largest.method is Method.CURVATURE and sign_of(excess)[0] == 1 else None


@lru_cache(maxsize=256)  # asked for each kind of noise
def never_negative(loss: Loss, num_classes: int) -> bool | None:
    """Decide whether L >= 0 wherever it has a value; None where that is not known.

    "No" is shown by a value; "yes" by the parts (f and g visibly >= 0, base >= 0 over a positive sum, a
    share), by the least of concave risks, or by the least value of a symmetric loss, at the label's vertex.
    """
    k = check_num_classes(num_classes)
    if any(x < 0 for _, row in values(loss, k).rows() for x in row):
        return False
    parts = by_structure(
        loss,
        separable=lambda loss: _functions_nonnegative(loss, k),
        total=lambda loss: all(never_negative(term, k) for _, term in loss.terms),
        normalised=lambda loss: bool(never_negative(loss.base, k)) or least_at_vertex(loss, k) is not None,
        share=lambda loss: is_share(loss, k),
        mixture=lambda loss: False,
        unbounded=lambda loss: False,
        formula=lambda loss: False,
        opaque=lambda loss: False,
    )
    if parts:
        return True
    symmetric = decide(loss, k).status is Status.PROVED
    if not concave(loss, k) and not (symmetric and least_at_vertex(loss, k) is not None):
        return None
    vertex = (Fraction(1), *[Fraction(0)] * (k - 1))
    least = exact_losses(loss, vertex)[0]
    return True if least.is_finite and (is_zero(least) or sign_of(least)[0] == 1) else None


def _functions_nonnegative(loss: SeparableLoss, k: int) -> bool:
    t, number, view = sympy.Symbol("t", positive=True), sympy.Integer(k), loss.bound_to(OPS)
    functions = [view.on_label(t, number, OPS)]
    if loss.has_off_label:
        functions.append(view.off_label(t, number, OPS))
    return all(is_nonnegative(exactly(f), t) for f in functions)


def concave(loss: Loss, num_classes: int) -> bool:
    """Decide whether every conditional risk is concave in u, and so least at a vertex, the likeliest label's.

    For L = f(u_y) + sum_{i != y} g(u_i) it is sum_i [p_i f(u_i) + (1 - p_i) g(u_i)]: concave if f and g
    are, so least at some vertex e_i, where it is a constant less p_i [(f(0) - f(1)) - (g(0) - g(1))].
    That bracket must be > 0. True only where SymPy derives it.
    """
    if not is_separable(loss):
        return False
    t, number, view = sympy.Symbol("t", positive=True), sympy.Integer(num_classes), loss.bound_to(OPS)
    on = Generator(exactly(view.on_label(t, number, OPS)), t, number)
    off = Generator(exactly(view.off_label(t, number, OPS) if loss.has_off_label else 0), t, number)
    if any(curvature(g) not in ("concave", "affine") for g in (on, off)):
        return False
    return sign_of(on.at(0) - on.at(1) - off.at(0) + off.at(1))[0] == 1
