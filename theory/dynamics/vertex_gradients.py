"""Does the logit gradient of a loss vanish at the vertices of the simplex, or stay bounded there?

Softmax reaches a vertex e_c only as logits go to infinity, so this is about limits, from any direction. For
L = F(x; A) with x = u_y and sums A = sum_i psi(u_i),

    dL/dz_k = u_k (d_k - sum_i u_i d_i),   d_i = [i = y] F_x + sum over A of F_A psi'(u_i).

At e_c, c != y, it vanishes where x F_x -> 0 and F_A t psi'(t) -> 0 as x, t -> 0, and F_A psi'(1) is finite.
"""

from __future__ import annotations

from functools import lru_cache

import sympy

from lossmatters.theory.backends.sympy_ops import OPS, exactly
from lossmatters.theory.enclosure import NotTracedError, trace
from lossmatters.theory.enclosure.settle import T, X
from lossmatters.theory.losses import Loss, Normalized, SeparableLoss, ShareLoss
from lossmatters.theory.losses.structure import by_structure, separable_base
from lossmatters.theory.minimisers.exchange import limits_at_zero, weight_of
from lossmatters.theory.symbolic.algebra import exact_generator, limit_at_zero
from lossmatters.theory.symbolic.piecewise import CASES, pieces


@lru_cache(maxsize=256)
def gradient_vanishes(loss: Loss, num_classes: int) -> bool:
    """Return True only where it is derived that dL(u, y)/dz -> 0 as u -> e_c, c != y.

    >>> from lossmatters.theory.losses import CCE, RLL
    >>> gradient_vanishes(RLL(), 10), gradient_vanishes(CCE(), 10)
    (True, False)
    """

    def separable(loss: SeparableLoss) -> bool:
        on, off = _parts(loss, num_classes)
        return _slope_at_zero(on) == 0 and _slope_at_zero(off) == 0 and _finite_slope_at_one(off)

    return by_structure(
        loss,
        separable=separable,
        total=lambda loss: all(gradient_vanishes(term, num_classes) for _, term in loss.terms),
        normalised=lambda loss: _normalised(loss, num_classes),
        share=lambda loss: _share(loss, num_classes),
        mixture=lambda loss: _by_trace(loss, num_classes),
        unbounded=lambda loss: _by_trace(loss, num_classes),
        formula=lambda loss: _by_trace(loss, num_classes),
        opaque=lambda loss: False,
    )


@lru_cache(maxsize=256)
def gradient_bounded(loss: Loss, num_classes: int) -> bool:
    """Return True only where it is derived that dL(u, y)/dz stays bounded as u -> e_c, c != y.

    The terms of a separable loss are u_k (psi'(u_k) - sum_i u_i psi'(u_i)): bounded where t psi'(t) has a
    finite limit as t -> 0 and psi' has one as t -> 1.

    >>> from lossmatters.theory.losses import CCE
    >>> gradient_bounded(CCE(), 10)
    True
    """

    def separable(loss: SeparableLoss) -> bool:
        on, off = _parts(loss, num_classes)
        finite = _slope_at_zero(on).is_finite and _slope_at_zero(off).is_finite
        return bool(finite and _finite_slope_at_one(off))

    def vanishes(loss: Loss) -> bool:
        return gradient_vanishes(loss, num_classes)

    return by_structure(
        loss,
        separable=separable,
        total=lambda loss: all(gradient_bounded(term, num_classes) for _, term in loss.terms),
        normalised=vanishes,
        share=vanishes,
        mixture=vanishes,
        unbounded=vanishes,
        formula=vanishes,
        opaque=lambda loss: False,
    )


def _normalised(loss: Normalized, num_classes: int) -> bool:
    """Do as `gradient_vanishes` for (grad l - L grad S)/S, 0 <= L <= 1: bounded, over an S without bound."""
    base = separable_base(loss)
    if base is None or not _unbounded(base, num_classes):
        return _by_trace(loss, num_classes)
    on, off = _parts(base, num_classes)
    g = exact_generator(base, num_classes)
    total = g.expression.subs(g.t, T)
    slopes = [_slope_at_zero(on), _slope_at_zero(off), _slope_at_zero(total)]
    return all(p.is_finite for p in slopes) and _finite_slope_at_one(off) and _finite_slope_at_one(total)


def _parts(loss: SeparableLoss, num_classes: int) -> tuple[sympy.Expr, sympy.Expr]:
    """Return on_label and off_label in T."""
    number, view = sympy.Integer(num_classes), loss.bound_to(OPS)
    on = exactly(view.on_label(T, number, OPS))
    return on, exactly(view.off_label(T, number, OPS)) if loss.has_off_label else sympy.Integer(0)


def _slope_at_zero(function: sympy.Expr) -> sympy.Expr:
    """Return the limit of t f'(t) as t -> 0."""
    return limit_at_zero(sympy.powsimp(sympy.expand(T * sympy.diff(function, T))), T)


def _finite_slope_at_one(function: sympy.Expr) -> bool:
    gap = sympy.Symbol("s", positive=True)
    return bool(limit_at_zero(sympy.diff(function, T).subs(T, 1 - gap), gap).is_finite)


def _unbounded(base: SeparableLoss, num_classes: int) -> bool:
    on, off = limits_at_zero(base, num_classes)
    return bool(on == sympy.oo and off.is_finite)


def _share(loss: ShareLoss, num_classes: int) -> bool:
    """Decide L = 1 - h(u_y)/W, W > 0, by -(grad h(u_y) - h(u_y)/W grad W)/W, made of terms t h'(t)."""
    weight = weight_of(loss, num_classes)
    if weight is None:
        return False
    found = pieces(weight.subs(X, T), T) if weight.has(*CASES) else ()
    if found is None:
        return False
    first, last = (found[0].expression, found[-1].expression) if found else (weight.subs(X, T),) * 2
    return _slope_at_zero(first) == 0 and _finite_slope_at_one(last)


def _by_trace(loss: Loss, num_classes: int) -> bool:
    try:
        found = trace(loss, num_classes)
    except NotTracedError:
        return False
    if any(a.kind != "sum" or a.psi.free_symbols & found.symbols for a in found.aggregates):
        return False
    at = {
        a.symbol: a.psi.subs(T, 1) + (found.classes - 1) * limit_at_zero(a.psi, T) for a in found.aggregates
    }
    if not all(value.is_finite for value in at.values()):
        return False
    value = sympy.sympify(found.loss)
    slope = X * sympy.diff(value, X)
    # A joint limit in x and A: taken apart only where x F_x is a function of x times one of A.
    factor, rest = sympy.factor_terms(slope).as_independent(X, as_Add=False)
    if found.symbols & rest.free_symbols or not factor.subs(at).is_finite or limit_at_zero(rest, X) != 0:
        return False
    for a in found.aggregates:
        weight = limit_at_zero(sympy.diff(value, a.symbol).subs(at), X)
        if not (weight.is_finite and _slope_at_zero(a.psi) == 0 and _finite_slope_at_one(a.psi)):
            return False
    return True
