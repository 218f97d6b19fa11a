"""What an exchange argument needs of a loss: L(u, y) decreases in u_y, and has no jump at the boundary.

A formula that treats classes alike is L(u, y) = F(u_y; A), with aggregates A (sums over all classes, or the
largest entry) that exchanging two entries of u does not change.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from itertools import pairwise

import sympy

from lossmatters.theory.backends.sympy_ops import OPS, exactly
from lossmatters.theory.enclosure import NotTracedError, certify_sign, trace
from lossmatters.theory.enclosure.settle import T, X
from lossmatters.theory.losses import LogSumExpLoss, Loss, Normalized, SeparableLoss, ShareLoss
from lossmatters.theory.losses.structure import by_structure, is_separable
from lossmatters.theory.losses.unbounded import UnboundedSumLoss
from lossmatters.theory.minimisers.slopes import (
    more_than_one,
    near,
    not_negative,
    nowhere_negative,
    positive,
    rises,
    rises_in_pieces,
)
from lossmatters.theory.symbolic.algebra import K, exact_generator, is_zero, limit_at_one, limit_at_zero
from lossmatters.theory.symbolic.piecewise import CASES, pieces
from lossmatters.theory.symbolic.points import sign_of


@lru_cache(maxsize=256)
def monotone(loss: Loss, num_classes: int | None = None, sign: int = -1) -> str | None:
    """Tell whether F(u_y; A) strictly falls (sign = -1) or rises (+1) in u_y where it matters, A fixed.

    It never rises, and falls strictly on [1/K, 1]: where the largest of K entries may be. For a separable
    loss F' is on_label' - off_label'; dividing by S > 0 and adding change nothing.

    Returns
    -------
    "symbolic" or "interval": how it is known, for all K where none is given; None where it is not shown.
    """

    def normalised(loss: Normalized) -> str | None:
        return _weakest([monotone(loss.base, num_classes, sign), _sum_positive(loss.base, num_classes)])

    def share(loss: ShareLoss) -> str | None:
        try:
            trace(loss, num_classes)
        except NotTracedError:
            return None
        weight = weight_of(loss, num_classes)
        return None if weight is None else rises(-sign * weight, num_classes)

    def unbounded(loss: UnboundedSumLoss) -> str | None:
        if isinstance(loss, LogSumExpLoss):
            return "symbolic" if sign == -1 else None
        return traced(loss)

    def traced(loss: Loss) -> str | None:
        return _monotone_by_trace(loss, num_classes, sign)

    return by_structure(
        loss,
        separable=traced,
        total=lambda loss: _weakest([monotone(term, num_classes, sign) for _, term in loss.terms]),
        normalised=normalised,
        share=share,
        mixture=traced,
        unbounded=unbounded,
        formula=traced,
        opaque=lambda loss: None,
    )


def _monotone_by_trace(loss: Loss, num_classes: int | None, sign: int) -> str | None:
    """Do as `monotone` does, from the derivative of the traced formula."""
    try:
        found = trace(loss, num_classes)
    except NotTracedError:
        return None
    _, moving = sympy.sympify(found.loss).as_independent(X, as_Add=True)
    if moving.has(*CASES):
        factor, rest = moving.as_independent(X, as_Add=False)
    else:
        factor, rest = sympy.factor_terms(sympy.diff(moving, X)).as_independent(X, as_Add=False)
    if found.symbols & rest.free_symbols:
        return None
    known = {}
    for i, a in enumerate(found.aggregates):  # only those that multiply F' count, and only sums of psi > 0
        if factor.has(a.symbol):
            if a.kind != "sum" or not nowhere_negative(a.psi):
                return None
            known[a.symbol] = sympy.Symbol(f"positive{i}", positive=True)
    factor = factor.subs(known).subs(K, more_than_one())
    if not (factor.is_positive or factor.is_negative):
        return None
    rising = sign * rest if factor.is_positive else -sign * rest
    return rises_in_pieces(rising, num_classes) if moving.has(*CASES) else positive(rising, num_classes)


def weight_of(loss: ShareLoss, num_classes: int | None) -> sympy.Expr | None:
    """Return h(X) >= 0 with L = 1 - h(u_y)/sum_i h(u_i) and h > 0 from 1/K on; None where not seen."""
    found = trace(loss, num_classes)
    factor, weight = (1 - found.loss).as_independent(X, as_Add=False)
    if found.symbols & weight.free_symbols or num_classes is None:
        return None
    if not is_zero(1 / factor - found.sum_over_classes(weight.subs(X, T))):
        return None
    if rises(weight, num_classes) is None:
        return None
    least, even = limit_at_zero(weight, X), weight.subs(X, sympy.Rational(1, num_classes))
    return weight if (is_zero(least) or sign_of(least)[0] == 1) and sign_of(even)[0] == 1 else None


def _weakest(ways: list[str | None]) -> str | None:
    if None in ways:
        return None
    return "interval" if "interval" in ways else "symbolic"


def _sum_positive(base: Loss, num_classes: int | None) -> str | None:
    """Decide whether S > 0 on the open simplex: so for separable losses with G >= 0, and > 0 up to 1/2.

    The smallest entry of u is at most 1/2, and S is the sum of G over the entries.
    """
    if not is_separable(base):
        return None
    g = exact_generator(base, K if num_classes is None else num_classes)
    expression = g.expression.subs(g.t, X)
    if positive(expression, None):
        return positive(expression, None)
    if expression.has(K):
        return None
    everywhere, half = (certify_sign(expression, {X: (0, end)}).sign for end in (1, Fraction(1, 2)))
    return "interval" if everywhere == "non-negative" and half == "positive" else None


def gives_up_below_half(loss: Loss) -> bool:
    """Tell whether L = f(u_y), f constant up to 1/2, never rising from there, f(1) < f(0); for every K.

    At most one entry exceeds 1/2. So where u_j >= u_y, R >= f(0) - pi_j (f(0) - f(1)), which is above
    R(e_y) = f(0) - pi_y (f(0) - f(1)): calibrated, though f does not fall strictly.
    """
    if not is_separable(loss) or loss.has_off_label:
        return False
    value = exactly(loss.bound_to(OPS).on_label(X, K, OPS))
    found = None if value.has(K) else pieces(value, X)
    if not found or sign_of(value.subs(X, 0) - value.subs(X, 1))[0] != 1:
        return False
    for left, right in pairwise(found):
        if not is_zero((right.expression - left.expression).subs(X, left.hi)):
            return False
    for p in found:
        slope, lo, hi = sympy.diff(p.expression, X), near(p.lo, -1), near(p.hi, 1)
        if not is_zero(slope) and (lo < Fraction(1, 2) or not not_negative(-slope, X, lo, hi)):
            return False
    return True


def limits_at_zero(loss: SeparableLoss, num_classes: int | None = None) -> tuple[sympy.Expr, sympy.Expr]:
    """Return on_label(0+) and off_label(0+), in k = K - 2 >= 0 where no K is given."""
    number, view = K if num_classes is None else sympy.Integer(num_classes), loss.bound_to(OPS)
    t = sympy.Symbol("t", positive=True)
    on = exactly(view.on_label(t, number, OPS))
    off = exactly(view.off_label(t, number, OPS)) if loss.has_off_label else sympy.Integer(0)
    return limit_at_zero(on.subs(K, more_than_one()), t), limit_at_zero(off.subs(K, more_than_one()), t)


def limits_at_one(loss: SeparableLoss, num_classes: int | None = None) -> tuple[sympy.Expr, sympy.Expr]:
    """Return on_label(1-) and off_label(1-), in k = K - 2 >= 0 where no K is given."""
    number, view = K if num_classes is None else sympy.Integer(num_classes), loss.bound_to(OPS)
    t = sympy.Symbol("t", positive=True)
    on = exactly(view.on_label(t, number, OPS))
    off = exactly(view.off_label(t, number, OPS)) if loss.has_off_label else sympy.Integer(0)
    return limit_at_one(on.subs(K, more_than_one()), t), limit_at_one(off.subs(K, more_than_one()), t)


def attains(loss: Loss, num_classes: int | None = None) -> bool:
    """Tell whether every conditional risk is lower semicontinuous on the simplex, so attains its least value.

    Separable: on_label and off_label have limits at 0, finite or +infinity. L/S needs S finite and positive
    up to the boundary: where S grows without bound L/S has no limit, as for NCE. Others: aggregates finite at
    the boundary, and none in a denominator but a sum of psi >= 0 that is positive where the largest entry is.
    """

    def separable(loss: SeparableLoss) -> bool:
        ends = (*limits_at_zero(loss, num_classes), *limits_at_one(loss, num_classes))
        return all(e.is_finite or e == sympy.oo for e in ends)

    def normalised(loss: Normalized) -> bool:
        base = loss.base
        if not is_separable(base):
            return False
        if not all(e.is_finite for e in limits_at_zero(base, num_classes)):
            return False
        g = exact_generator(base, K if num_classes is None else num_classes)
        ends = [limit_at_zero(g.expression, g.t), g.at(1)]  # at a vertex S = (K - 1) G(0) + G(1)
        ends = [e.subs(K, more_than_one()) for e in ends]
        return all(e.is_nonnegative for e in ends) and any(e.is_positive for e in ends)

    def share(loss: ShareLoss) -> bool:
        try:
            trace(loss, num_classes)
        except NotTracedError:
            return False
        return weight_of(loss, num_classes) is not None

    return by_structure(
        loss,
        separable=separable,
        total=lambda loss: all(attains(term, num_classes) for _, term in loss.terms),
        normalised=normalised,
        share=share,
        mixture=lambda loss: _attains_by_trace(loss, num_classes),
        # bounded below, continuous where u_y > 0, and infinite where it is 0
        unbounded=lambda loss: isinstance(loss, LogSumExpLoss) or _attains_by_trace(loss, num_classes),
        formula=lambda loss: _attains_by_trace(loss, num_classes),
        opaque=lambda loss: False,
    )


def _attains_by_trace(loss: Loss, num_classes: int | None) -> bool:
    """Do as `attains` does, from the aggregates of the traced formula."""
    try:
        found = trace(loss, num_classes)
    except NotTracedError:
        return False
    if any(a.kind != "sum" for a in found.aggregates):
        return False
    parts = [sympy.sympify(found.loss).subs(X, T), *(a.psi for a in found.aggregates)]
    below = sympy.denom(sympy.together(found.loss))
    under = [a for a in found.aggregates if below.has(a.symbol)]
    if below.has(X) or not all(
        limit(p, T).is_finite for p in parts for limit in (limit_at_zero, limit_at_one)
    ):
        return False
    return below in {1, *(a.symbol for a in under)} and all(
        num_classes is not None
        and nowhere_negative(a.psi)
        and certify_sign(a.psi, {T: (Fraction(1, num_classes), 1)}).sign == "positive"
        for a in under
    )
