"""Balls (Arb through python-flint): every result encloses the true value, so a sign read off is a proof."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any, TypeAlias

import flint

from lossmatters.theory.backends.base import ObjectOps
from lossmatters.theory.backends.number import Plain

Ball: TypeAlias = Plain | flint.arb
"""A ball, or a number that is one of radius 0."""


def const(value: Ball) -> flint.arb:
    """Return a Fraction, int, float or ball as a ball."""
    if isinstance(value, Fraction):
        return flint.arb(flint.fmpq(value.numerator, value.denominator))
    return value if isinstance(value, flint.arb) else flint.arb(value)


def power(x: Ball, p: Ball) -> flint.arb:
    """Return x ** p for x >= 0."""
    x, p = const(x), const(p)
    if x == 0 and p >= 0:  # Arb's power goes through the logarithm, which has no value at 0
        return const(int(p == 0))
    return x**p


def where(condition: bool | None, x: Ball, y: Ball) -> flint.arb:
    """Return `x` or `y` as a ball; no number where the condition is open."""
    if condition is None:
        x, y = const(x), const(y)
        return x if bool(x == y) else flint.arb("nan")
    return const(x) if condition else const(y)


def less(x: Ball, y: Ball) -> bool | None:
    """Return whether x < y; None where the balls overlap."""
    x, y = const(x), const(y)
    return True if x < y else False if x >= y else None


def less_equal(x: Ball, y: Ball) -> bool | None:
    """Return whether x <= y; None where the balls overlap."""
    x, y = const(x), const(y)
    return True if x <= y else False if x > y else None


def equal(x: Ball, y: Ball) -> bool | None:
    """Return whether x = y; None where the balls overlap without being exact."""
    x, y = const(x), const(y)
    return True if x == y else None if x.overlaps(y) else False


def logical_and(x: bool | None, y: bool | None) -> bool | None:
    """Return whether both hold, where that is known."""
    return False if x is False or y is False else True if x and y else None


def logical_not(x: bool | None) -> bool | None:
    """Return the opposite, where it is known."""
    return None if x is None else not x


class BallOps(ObjectOps[Any]):
    """Midpoint and radius at the precision of `precision`; infinite or unknown results are NaN balls.

    A comparison of overlapping balls is open, and a case that it decides is then no number: a formula with a
    case distinction is enclosed only where the case is clear; exact rationals given as exact balls are.
    """

    name = "balls"


@contextmanager
def precision(bits: int) -> Iterator[None]:
    """Work at `bits` bits inside the block; python-flint's precision is global, so it is put back."""
    before = flint.ctx.prec
    flint.ctx.prec = bits
    try:
        yield
    finally:
        flint.ctx.prec = before


OPS = BallOps(
    const=lambda value: const(value),
    log=lambda x: const(x).log(),
    exp=lambda x: const(x).exp(),
    sqrt=lambda x: const(x).sqrt(),
    abs=lambda x: abs(const(x)),
    power=power,
    minimum=lambda x, y: const(x).min(const(y)),
    maximum=lambda x, y: const(x).max(const(y)),
    where=where,
    equal=equal,
    less=less,
    less_equal=less_equal,
    logical_and=logical_and,
    logical_or=lambda x, y: logical_not(logical_and(logical_not(x), logical_not(y))),
    logical_not=logical_not,
)
