"""Does a function of one entry rise, is it positive where the largest entry may be? By SymPy or intervals."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import sympy

from lossmatters.theory.enclosure import certify_sign
from lossmatters.theory.enclosure.settle import T, X
from lossmatters.theory.symbolic.algebra import K, is_zero
from lossmatters.theory.symbolic.domain import lettered, visibly_defined
from lossmatters.theory.symbolic.piecewise import CASES, Piece, pieces

EDGE = Fraction(1, 10**6)


def rises(function: sympy.Expr, num_classes: int | None) -> str | None:
    """Tell as `positive` does whether the slope of a function of `X` is positive."""
    if function.has(*CASES):
        return rises_in_pieces(function, num_classes)
    return positive(sympy.diff(function, X), num_classes)


def rises_in_pieces(function: sympy.Expr, num_classes: int | None) -> str | None:
    """Decide as `positive` does, of the slope of a function with cases, by intervals.

    Between two borders it must not fall, and strictly rise from 1/K on; at a border it must be continuous,
    and from 1/K to 1/2, where two entries of u may be largest together, without a kink.
    """
    found = pieces(function, X)
    if found is None or num_classes is None:
        return None
    for left, right in pairwise(found):
        gap, border = right.expression - left.expression, left.hi
        tie = Fraction(1, num_classes) <= near(border, 1) and near(border, -1) <= Fraction(1, 2)
        if not is_zero(gap.subs(X, border)) or (tie and not is_zero(sympy.diff(gap, X).subs(X, border))):
            return None
    for piece in found:
        slope, lo, hi = sympy.diff(piece.expression, X), near(piece.lo, -1), near(piece.hi, 1)
        if not not_negative(slope, X, lo, hi):
            return None
        lo, hi = max(lo, Fraction(1, num_classes)), min(hi, 1 - EDGE)
        if lo < hi and certify_sign(slope, {X: (lo, hi)}).sign != "positive":
            return None
    return "interval"


def near(border: sympy.Expr, side: int) -> Fraction:
    """Return a rational border, or a fraction next to an irrational one on the given side."""
    if border.is_Rational:
        return Fraction(int(border.p), int(border.q))
    return Fraction(str(sympy.N(border, 40))) + side * Fraction(1, 10**30)


def more_than_one() -> sympy.Symbol:
    """Return K = k + 2 with k >= 0, by which SymPy sees that K >= 2."""
    return sympy.Symbol("k", integer=True, nonnegative=True) + 2


def not_negative(expression: sympy.Expr, t: sympy.Symbol, lo: Fraction, hi: Fraction) -> bool:
    """Decide whether it is >= 0 on (lo, hi), by intervals; by term where 0/0 at an end leaves it open."""
    half = Fraction(1, 2)
    if lo < half < hi:  # so that an end at 1 stays exact where lo is no float
        return not_negative(expression, t, lo, half) and not_negative(expression, t, half, hi)
    return any(
        all(certify_sign(part, {t: (lo, hi)}).sign in ("positive", "non-negative", "zero") for part in parts)
        for parts in ([expression], sympy.Add.make_args(expression))
    )


def nowhere_negative(psi: sympy.Expr) -> bool:
    """Decide whether a function of `T` is >= 0 on (0, 1), case by case."""
    found = pieces(psi, T) if psi.has(*CASES) else (Piece(sympy.Integer(0), sympy.Integer(1), psi),)
    return found is not None and all(
        not_negative(p.expression, T, near(p.lo, 1), near(p.hi, -1)) for p in found
    )


def positive(expression: sympy.Expr, num_classes: int | None) -> str | None:
    """Tell whether it is >= 0 for X in (0, 1), and > 0 from 1/K on. How that is known, or None.

    By SymPy: > 0 on all of (0, 1), visibly, with X = 1/(1 + x) and K = k + 2. By intervals, for one K or
    where it does not hold K: >= 0 on (0, 1) and > 0 on [1/K, 1 - 10^-6]. Above, a weak sign will do: the
    other entries are then below 10^-6, and F has fallen strictly in between.
    """
    x = sympy.Symbol("x", positive=True)
    moved = lettered(sympy.sympify(expression).subs({X: 1 / (1 + x), K: more_than_one()}))
    numerator, denominator = sympy.fraction(sympy.together(moved))
    if visibly_defined(moved):
        for form in (moved, sympy.factor(moved)):
            if form.is_positive:
                return "symbolic"
        if denominator.is_positive and sympy.expand(numerator).is_positive:
            return "symbolic"
    if sympy.sympify(expression).free_symbols - {X}:
        return None
    if certify_sign(expression, {X: (0, 1)}).sign == "positive":
        return "interval"
    if num_classes is None or certify_sign(expression, {X: (0, 1)}).sign != "non-negative":
        return None
    inner = certify_sign(expression, {X: (Fraction(1, num_classes), 1 - EDGE)}).sign
    return "interval" if inner == "positive" else None
