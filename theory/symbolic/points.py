"""Simple exact points, and what a loss is worth there: numbers to search with, signs to rely on."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import inf, lcm
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy

from lossmatters.theory.backends import backend
from lossmatters.theory.backends.ball_ops import precision
from lossmatters.theory.losses.base import Loss
from lossmatters.theory.losses.structure import is_separable
from lossmatters.theory.symbolic.algebra import enclose

if TYPE_CHECKING:
    import flint

Point = tuple[Fraction, ...]

BITS = 256  # of the balls that a search works with
SIGN_BITS = (128, 512)  # a sign that 512 bits do not settle is left open
LARGEST_WEIGHT = 3


def small_points(num_classes: int, spread: bool = True) -> list[Point]:
    """Return points with small denominators, the smallest first.

    The first three labels have weights 0 to 3, the others all 0 or (with `spread`) all 1; the uniform
    point is always there. For K = 10 these are about a hundred points.
    """
    head = min(num_classes, 3)
    rest = num_classes - head
    found = {(Fraction(1, num_classes),) * num_classes}
    for weights in itertools.product(range(LARGEST_WEIGHT + 1), repeat=head):
        for tail in (0, 1) if rest and spread else (0,):
            total = sum(weights) + tail * rest
            if total:
                found.add(tuple(Fraction(w, total) for w in (*weights, *(tail,) * rest)))
    return sorted(found, key=lambda p: (cost(p), [-x for x in p]))


def cost(point: Sequence[Fraction]) -> int:
    """Return how much there is to write down: the common denominator, and how many classes have mass."""
    return lcm(*(x.denominator for x in point)) + sum(x > 0 for x in point)


def losses_at(loss: Loss, points: Sequence[Point]) -> list[list[Fraction] | None]:
    """Return L(u, j) for all j at each point, to search with; None where some value is not finite.

    Exact Fractions where the formula stays among the rationals; else Fractions within 2^-200 or so of
    the values (midpoints of balls); for a callable without a formula, its float64 values. What a search
    finds with them is verified from the closed forms, because a float in a formula means the simplest
    rational that rounds to it, and here it is only itself.
    """
    if not loss.has_formula:
        return [_finite(row) for row in _all_labels(loss, points, "numpy")]
    try:
        return [_finite(row) for row in _all_labels(loss, points, "rational")]
    except (TypeError, ZeroDivisionError, OverflowError):  # irrational values, or none at some point
        with precision(BITS):
            return [_finite(row) for row in _all_labels(loss, points, "balls")]


def _all_labels(loss: Loss, points: Sequence[Point], name: str) -> np.ndarray:
    ops = backend(name)
    rows = ops.array(points)
    with np.errstate(invalid="ignore", divide="ignore"):
        if not is_separable(loss):
            return loss.all_labels(rows, ops)
        # K terms a row and not K for each label, which with a thousand classes take half a minute. Not in
        # `all_labels`: here digits may cancel, as what a search finds is verified from the closed forms.
        view, classes = loss.bound_to(ops), ops.const(rows.shape[-1])
        own = view.on_label(rows, classes, ops)
        if not loss.has_off_label:
            return own
        others = view.off_label(rows, classes, ops)
        return own + (ops.sum(others)[..., None] - others)


def _finite(row: Iterable[Fraction | float | flint.arb]) -> list[Fraction] | None:
    values = [_fraction(x) for x in row]
    return None if any(v is None for v in values) else values  # type: ignore[return-value]


def _fraction(value: Any) -> Fraction | None:
    if isinstance(value, Fraction):
        return value
    if hasattr(value, "man_exp"):
        if not value.is_finite():
            return None
        mantissa, exponent = value.mid().man_exp()
        return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)
    number = float(value)
    return Fraction(number) if abs(number) < inf else None


def sign_of(expression: sympy.Expr) -> tuple[int | None, str]:
    """Return the sign of an exact closed form and how it is known: "exact" (a rational) or "balls".

    None where the value is not finite, or too close to 0 for `SIGN_BITS` bits to tell.
    """
    if not expression.is_finite:
        return None, "balls"
    if expression.is_Rational:
        return int(sympy.sign(expression)), "exact"
    for bits in SIGN_BITS:
        with precision(bits):
            try:
                ball = enclose(expression)
            except TypeError:  # no real number, or no elementary one
                return None, "balls"
            if ball > 0:
                return 1, "balls"
            if ball < 0:
                return -1, "balls"
    return None, "balls"


def simplest_between(low: Fraction, high: Fraction) -> Fraction:
    """Return the fraction of smallest denominator strictly inside (low, high), 0 <= low < high.

    >>> simplest_between(Fraction(1, 3), Fraction(1, 2))
    Fraction(2, 5)
    """
    whole = low.numerator // low.denominator
    if whole + 1 < high:
        return Fraction(whole + 1)
    if low == whole:  # (whole, high) with high <= whole + 1: whole + 1/n for the first n that fits
        return whole + Fraction(1, (1 / (high - whole)).__floor__() + 1)
    inner_high = 1 / (low - whole)
    if high == whole + 1:
        return whole + 1 / simplest_between(Fraction(1), inner_high)
    return whole + 1 / simplest_between(1 / (high - whole), inner_high)
