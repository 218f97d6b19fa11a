"""Interval arithmetic on NumPy arrays: float64 ends rounded outward, elementary functions by Arb.

IEEE 754 rounds + - * / to nearest, so one step outward encloses the true result; logarithms,
exponentials and powers have no such guarantee in NumPy, and come from Arb. An interval
holds the *finite real* values that a quantity takes: where a function is undefined it adds nothing.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from lossmatters.theory.backends.number import Place, Plain
from lossmatters.theory.enclosure.arb import exp_ends, lift, log_ends, power_ends
from lossmatters.theory.enclosure.truth import Truth
from lossmatters.theory.exact import simplest

LARGEST = math.nextafter(math.inf, 0)


def _down(x: np.ndarray) -> np.ndarray:
    return np.nextafter(x, -np.inf)


def _up(x: np.ndarray) -> np.ndarray:
    return np.nextafter(x, np.inf)


@lru_cache(maxsize=4096)
def _ends(value: Fraction) -> tuple[float, float]:
    """Return the tightest floats around a rational."""
    try:
        nearest = float(value)
    except OverflowError:
        return (LARGEST, math.inf) if value > 0 else (-math.inf, -LARGEST)
    if Fraction(nearest) == value:
        return nearest, nearest
    below = Fraction(nearest) < value
    return (
        (nearest, math.nextafter(nearest, math.inf))
        if below
        else (math.nextafter(nearest, -math.inf), nearest)
    )


class Interval:
    """Arrays `lo` <= `hi` of the same shape: every entry encloses a set of reals."""

    __array_ufunc__ = None  # NumPy's scalars and arrays leave the arithmetic to this class
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, lo: ArrayLike, hi: ArrayLike) -> None:
        lo, hi = np.asarray(lo, dtype=float), np.asarray(hi, dtype=float)
        # A NaN end says nothing: the whole line encloses it.
        self.lo = np.where(np.isnan(lo), -np.inf, lo)
        self.hi = np.where(np.isnan(hi), np.inf, hi)

    def __repr__(self) -> str:
        return f"Interval({self.lo!r}, {self.hi!r})"

    @property
    def shape(self) -> tuple[int, ...]:
        return self.lo.shape

    @property
    def ndim(self) -> int:
        return self.lo.ndim

    def __getitem__(self, key: Place | np.ndarray) -> Interval:
        return Interval(self.lo[key], self.hi[key])

    @property
    def width(self) -> np.ndarray:
        return _up(self.hi - self.lo)

    @property
    def mid(self) -> np.ndarray:
        """Return a float inside each interval."""
        return np.clip(self.lo / 2 + self.hi / 2, self.lo, self.hi)

    def __neg__(self) -> Interval:
        return Interval(-self.hi, -self.lo)

    def __pos__(self) -> Interval:
        return self

    def __add__(self, other: Enclosed) -> Interval:
        other = interval(other)
        with np.errstate(invalid="ignore", over="ignore"):
            lo, hi = self.lo + other.lo, self.hi + other.hi
        # A float sum is 0 only if it is exactly 0; this and adding 0 are exact, and keep signs.
        exact_lo = (lo == 0) | (self.lo == 0) | (other.lo == 0)
        exact_hi = (hi == 0) | (self.hi == 0) | (other.hi == 0)
        return Interval(np.where(exact_lo, lo, _down(lo)), np.where(exact_hi, hi, _up(hi)))

    __radd__ = __add__

    def __sub__(self, other: Enclosed) -> Interval:
        return self + (-interval(other))

    def __rsub__(self, other: Enclosed) -> Interval:
        return interval(other) + (-self)

    def __mul__(self, other: Enclosed) -> Interval:
        other = interval(other)
        for one, number in ((self, other), (other, self)):
            if number.ndim == 0 and number.lo == number.hi and np.isfinite(number.lo):
                return one._times(float(number.lo))
        dimensions = max(self.ndim, other.ndim)
        x = _two_ends(self, dimensions)[[0, 0, 1, 1]]  # the four products of an end of each, at once
        y = _two_ends(other, dimensions)[[0, 1, 0, 1]]
        with np.errstate(invalid="ignore", over="ignore", under="ignore"):
            p = x * y
            # 0 times an unbounded set of finite reals is 0.
            p = np.where((x == 0) | (y == 0), 0.0, p)
            same = np.sign(x) * np.sign(y)  # an underflow to 0 has the sign of the factors
            exact, none = (np.abs(x) == 1) | (np.abs(y) == 1), p == 0
            lows = np.where(exact | (none & (same >= 0)), p, _down(p))
            highs = np.where(exact | (none & (same <= 0)), p, _up(p))
        return Interval(np.minimum.reduce(lows), np.maximum.reduce(highs))

    __rmul__ = __mul__

    def _times(self, factor: float) -> Interval:
        """Multiply by one number: the same ends as in general, with two products in place of four."""
        if factor == 0:  # also times an unbounded set of finite reals
            return Interval(np.zeros(self.shape), np.zeros(self.shape))
        if abs(factor) == 1:
            return self if factor == 1 else -self
        low, high = (self.lo, self.hi) if factor > 0 else (self.hi, self.lo)
        sign = math.copysign(1, factor)
        with np.errstate(over="ignore", under="ignore"):
            lo, hi = low * factor, high * factor
        lo = np.where((np.abs(low) == 1) | ((lo == 0) & (low * sign >= 0)), lo, _down(lo))
        hi = np.where((np.abs(high) == 1) | ((hi == 0) & (high * sign <= 0)), hi, _up(hi))
        return Interval(lo, hi)

    def reciprocal(self) -> Interval:
        """Enclose 1/x for the x != 0 of the interval; one-sided infinite if it touches 0, else the whole
        line.
        """
        with np.errstate(divide="ignore", invalid="ignore", under="ignore", over="ignore"):
            lo, hi = _down(1 / self.hi), _up(1 / self.lo)
        positive, negative = self.lo >= 0, self.hi <= 0
        lo = np.where(positive, np.where(np.isinf(self.hi), 0.0, np.maximum(lo, 0.0)), lo)
        hi = np.where(negative, np.where(np.isinf(self.lo), 0.0, np.minimum(hi, 0.0)), hi)
        lo = np.where(negative & (self.hi == 0), -np.inf, lo)
        hi = np.where(positive & (self.lo == 0), np.inf, hi)
        unknown = ~(positive | negative) | ((self.lo == 0) & (self.hi == 0))
        return Interval(np.where(unknown, -np.inf, lo), np.where(unknown, np.inf, hi))

    def __truediv__(self, other: Enclosed) -> Interval:
        return self * interval(other).reciprocal()

    def __rtruediv__(self, other: Enclosed) -> Interval:
        return interval(other) * self.reciprocal()

    def __abs__(self) -> Interval:
        straddles = (self.lo < 0) & (self.hi > 0)
        low, high = np.abs(self.lo), np.abs(self.hi)
        return Interval(np.where(straddles, 0.0, np.minimum(low, high)), np.maximum(low, high))

    def __pow__(self, exponent: Enclosed) -> Interval:
        p = interval(exponent)
        whole = p.ndim == 0 and p.lo == p.hi and float(p.lo).is_integer() and abs(p.lo) <= 64
        return self._whole_power(int(p.lo)) if whole else _real_power(self, p)

    def __rpow__(self, base: Enclosed) -> Interval:
        return interval(base) ** self

    def _whole_power(self, n: int) -> Interval:
        if n < 0:
            return self._whole_power(-n).reciprocal()
        if n == 0:
            return Interval(np.ones(self.shape), np.ones(self.shape))
        if n == 1:
            return self
        if n % 2 == 0:
            size = abs(self)
            low, high = _repeated(Interval(size.lo, size.lo), n), _repeated(Interval(size.hi, size.hi), n)
        else:
            low, high = _repeated(Interval(self.lo, self.lo), n), _repeated(Interval(self.hi, self.hi), n)
        return Interval(low.lo, high.hi)

    def __gt__(self, other: Any) -> Truth:
        other = interval(other)
        return Truth(self.lo > other.hi, self.hi > other.lo)

    def __ge__(self, other: Any) -> Truth:
        other = interval(other)
        return Truth(self.lo >= other.hi, self.hi >= other.lo)

    def __lt__(self, other: Any) -> Truth:
        return ~(self >= other)

    def __le__(self, other: Any) -> Truth:
        return ~(self > other)

    def __eq__(self, other: Any) -> Truth:  # type: ignore[override]  # one truth an entry
        other = interval(other)
        points = (self.lo == self.hi) & (other.lo == other.hi) & (self.lo == other.lo)
        return Truth(points, (self.lo <= other.hi) & (other.lo <= self.hi))

    def __ne__(self, other: Any) -> Truth:  # type: ignore[override]
        return ~(self == other)


def _two_ends(x: Interval, dimensions: int) -> np.ndarray:
    """Return the ends one above the other, of as many dimensions as what they are computed with."""
    return np.stack((x.lo, x.hi)).reshape(2, *[1] * (dimensions - x.ndim), *x.shape)


Enclosed: TypeAlias = Interval | np.ndarray | Plain
"""What an interval is computed with: it is enclosed first."""


def _repeated(x: Interval, n: int) -> Interval:
    out = x
    for _ in range(n - 1):
        out = out * x
    return out


def interval(value: Enclosed) -> Interval:
    """Return a number, array or interval as an interval; a float literal means its simplest rational."""
    if isinstance(value, Interval):
        return value
    if isinstance(value, int | float | Fraction):
        fraction = value if isinstance(value, Fraction) else None
        if fraction is None:
            fraction = simplest(float(value)) if math.isfinite(value) else None
        return Interval(*_ends(fraction)) if fraction is not None else Interval(float(value), float(value))
    array = np.asarray(value)
    if array.dtype == object:
        ends = np.array([_ends(Fraction(x)) for x in array.reshape(-1)], dtype=float)
        return Interval(ends[:, 0].reshape(array.shape), ends[:, 1].reshape(array.shape))
    return Interval(array, array)


def _real_power(x: Interval, p: Interval) -> Interval:
    """Enclose x ** p for x >= 0: monotone in each of the two, so the extremes are at corners."""
    if p.ndim:
        exponent = p * Interval(lift(log_ends, x.lo)[0], lift(log_ends, x.hi)[1])
        return Interval(lift(exp_ends, exponent.lo)[0], lift(exp_ends, exponent.hi)[1])
    corners = [lift(power_ends, np.maximum(end, 0.0), float(y)) for end in (x.lo, x.hi) for y in (p.lo, p.hi)]
    return Interval(np.minimum.reduce([c[0] for c in corners]), np.maximum.reduce([c[1] for c in corners]))
