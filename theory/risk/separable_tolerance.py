"""A1 to A3 for a separable loss: the shapes, slopes and ends of its two functions decide.

The derivation is in `lossmatters.theory.risk.tolerance`.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy

from lossmatters.theory.backends.sympy_ops import OPS, exactly
from lossmatters.theory.enclosure import NotTracedError, trace
from lossmatters.theory.enclosure.settle import T
from lossmatters.theory.losses import Loss
from lossmatters.theory.losses.structure import is_separable
from lossmatters.theory.minimisers.exchange import gives_up_below_half
from lossmatters.theory.risk.tolerance_verdict import NoiseTolerance, threshold_at, undecided
from lossmatters.theory.symbolic.algebra import Generator, K, is_zero, limit_at_zero, tidy
from lossmatters.theory.symbolic.piecewise import CASES, curvature, keeps_to, pieces
from lossmatters.theory.verdict import Method, Scope, Status

CONVEX, CONCAVE = ("convex", "affine"), ("concave", "affine")


def separable_parts(loss: Loss, k: int | None) -> tuple[sympy.Expr, sympy.Expr] | None:
    """Return (f, g) in `T` where L is f(u_y) + sum over i != y of g(u_i), as written or in disguise."""
    number = K if k is None else sympy.Integer(k)
    if is_separable(loss):
        view = loss.bound_to(OPS)
        on = exactly(view.on_label(T, number, OPS))
        return on, exactly(view.off_label(T, number, OPS)) if loss.has_off_label else sympy.Integer(0)
    try:
        return trace(loss, k).parts()
    except NotTracedError:
        return None


def shape_of(function: sympy.Expr, k: int | None) -> str:
    """Return what a function of `T` is on (0, 1): affine, convex, concave, or neither."""
    return "affine" if not function.has(T) else curvature(Generator(function, T, K if k is None else k))


@dataclass(frozen=True)
class _Slopes:
    """One-sided slopes of f and g at 0 and 1."""

    f0: sympy.Expr
    f1: sympy.Expr
    g0: sympy.Expr
    g1: sympy.Expr

    @property
    def known(self) -> bool:
        return not any(
            s is sympy.nan or s.has(sympy.nan, sympy.zoo) for s in (self.f0, self.f1, self.g0, self.g1)
        )


def end_slopes(on: sympy.Expr, off: sympy.Expr) -> _Slopes:
    """Return the slopes of f and g at both ends of (0, 1)."""
    return _Slopes(*(end(f) for f in (on, off) for end in (slope_at_zero, slope_at_one)))


def slope_at_zero(function: sympy.Expr) -> sympy.Expr:
    """Return the limit of f'(t) as t -> 0 from above, along its first piece."""
    return _limit(sympy.diff(_piece(function, 0), T), T)


def slope_at_one(function: sympy.Expr) -> sympy.Expr:
    """Return the limit of f'(t) as t -> 1 from below, along its last piece."""
    gap = sympy.Symbol("s", positive=True)
    return _limit(sympy.diff(_piece(function, -1), T).subs(T, 1 - gap), gap)


def _piece(function: sympy.Expr, which: int) -> sympy.Expr:
    if not function.has(*CASES):
        return function
    parts = pieces(function, T)
    return sympy.nan if parts is None else parts[which].expression


def _limit(slope: sympy.Expr, t: sympy.Symbol) -> sympy.Expr:
    if slope is sympy.nan:
        return slope
    return limit_at_zero(sympy.powsimp(sympy.expand(slope)), t)


def tolerance_of_separable(
    loss: Loss, on: sympy.Expr, off: sympy.Expr, k: int | None, scope: Scope
) -> NoiseTolerance:
    """Decide the noise tolerance of f(u_y) + sum over i != y of g(u_i), given f (`on`) and g (`off`)."""
    shapes = shape_of(on, k), shape_of(off, k)
    alone = not off.has(T)
    if all(s in CONVEX for s in shapes):
        return _convex(on, off, alone, k, scope)
    if all(s in CONCAVE or above_chord(f) for s, f in zip(shapes, (on, off), strict=True)):
        return _above(on, off, k, scope)
    if gives_up_below_half(loss):
        detail = (
            "L is constant up to u_y = 1/2 and falls from there: R is least where the likeliest class has all"
        )
        return NoiseTolerance(
            threshold_at(k), Status.CERTIFIED, scope, Method.FLAT, True, sympy.Integer(1), detail
        )
    return undecided(scope, f"f is {shapes[0]}, g is {shapes[1]}: the slopes at the vertex do not decide")


def sign_for_all(value: sympy.Expr) -> int | None:
    """Return the sign of a number, or of an expression in K for every K >= 2; None where not shown."""
    value = sympy.sympify(value)
    if value.free_symbols:
        if is_zero(value):
            return 0
        value = sympy.together(value.subs(K, sympy.Symbol("k", integer=True, nonnegative=True) + 2))
        above, below = (sympy.expand(part) for part in sympy.fraction(value))
        for form in (sympy.factor(value), above / below):
            if form.is_positive or form.is_negative:
                return 1 if form.is_positive else -1
        return None
    if is_zero(value):
        return 0
    if value in (sympy.oo, -sympy.oo):
        return 1 if value == sympy.oo else -1
    number = sympy.N(value, 50)
    if not number.is_comparable or abs(number) < sympy.Float(10) ** -40:
        return None
    return 1 if number > 0 else -1


def _convex(on: sympy.Expr, off: sympy.Expr, alone: bool, k: int | None, scope: Scope) -> NoiseTolerance:
    slopes, number = end_slopes(on, off), K if k is None else sympy.Integer(k)
    if not slopes.known:
        return undecided(scope, "a slope at 0 or 1 was not found")
    f0, f1, g0, g1 = slopes.f0, slopes.f1, slopes.g0, slopes.g1
    clean = None if g0.is_infinite and f1.is_infinite else sign_for_all(g0 - f1)
    if clean is None:
        return undecided(scope, "the sign of g'(0) - f'(1) is not known")
    if clean < 0:
        detail = "f'(1) > g'(0): an output beside the vertex has less loss even for a clean label"
        return NoiseTolerance(None, Status.PROVED, scope, Method.CONVEX, False, None, detail)
    rho = _ratio(f0, f1) if alone else None
    if f0 == -sympy.oo or g1 == sympy.oo:
        detail = "the slope towards a wrong class is infinite: any noise moves the optimum off the vertex"
        return NoiseTolerance(sympy.Integer(0), Status.PROVED, scope, Method.CONVEX, True, rho, detail)
    fall = (g0 - f0) / (number - 1) + g1 - f1
    sign = sign_for_all(fall)
    if sign is None:
        return undecided(scope, "the sign of the slope in eta is not known", True)
    if sign <= 0:
        detail = "the slope of the risk from the vertex never turns negative"
        return NoiseTolerance(threshold_at(k), Status.PROVED, scope, Method.CONVEX, True, rho, detail)
    rate = tidy(sympy.together((g0 - f1) / fall))
    what = (
        f"rho = |f'(0)|/|f'(1)| = {rho}" if alone else f"f'(0), f'(1), g'(0), g'(1) = {f0}, {f1}, {g0}, {g1}"
    )
    detail = f"f and g are convex, so the slopes at the vertex decide; {what}"
    return NoiseTolerance(rate, Status.PROVED, scope, Method.CONVEX, True, rho, detail)


def _ratio(f0: sympy.Expr, f1: sympy.Expr) -> sympy.Expr:
    if f1 == 0 or f0 == -sympy.oo:
        return sympy.oo
    return tidy(f0 / f1)


def above_chord(function: sympy.Expr) -> bool:
    """Return whether a function is nowhere below the line through its ends."""
    parts = pieces(function, T) if not function.has(K) else None
    if parts is None:
        return False
    start, end = limit_at_zero(parts[0].expression, T), parts[-1].expression.subs(T, 1)
    return bool(start.is_finite and end.is_finite and keeps_to(parts, T, start + T * (end - start)) == 1)


def _above(on: sympy.Expr, off: sympy.Expr, k: int | None, scope: Scope) -> NoiseTolerance:
    ends = [limit_at_zero(on, T), value_at_one(on), limit_at_zero(off, T), value_at_one(off)]
    if any(e is sympy.nan or e.has(sympy.nan, sympy.zoo) for e in ends):
        return undecided(scope, "a value at 0 or 1 was not found")
    gain = sign_for_all(ends[0] + ends[3] - ends[1] - ends[2])
    if gain is None:
        return undecided(scope, "the sign of L(e_j, c) - L(e_c, c) is not known")
    if gain < 0:
        detail = "f and g are nowhere below their chords, and a wrong vertex has less loss"
        return NoiseTolerance(None, Status.PROVED, scope, Method.CHORD, False, None, detail)
    detail = "f and g are nowhere below their chords, so the risk is least at a vertex, the likeliest class's"
    return NoiseTolerance(threshold_at(k), Status.PROVED, scope, Method.CHORD, True, sympy.Integer(1), detail)


def value_at_one(function: sympy.Expr) -> sympy.Expr:
    """Return the value at 1 of a function of `T`, along its last piece."""
    return _piece(function, -1).subs(T, 1) if function.has(T) else function
