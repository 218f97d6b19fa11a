"""Elementary functions of intervals, by Arb's balls; extremes and case distinctions."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import flint
import numpy as np

from lossmatters.theory.enclosure.interval import Interval, interval, truth

TINIEST = math.nextafter(0, 1)
LEAST_EXPONENT, MOST_EXPONENT = -750.0, 705.0  # e^-750 is below the tiniest float, e^705 above 1e306


def _ball_ends(ball: flint.arb) -> tuple[float, float]:
    if not ball.is_finite():
        return -math.inf, math.inf
    if ball.is_zero():
        return 0.0, 0.0
    return math.nextafter(float(ball.lower()), -math.inf), math.nextafter(float(ball.upper()), math.inf)


def _log_ends(x: float) -> tuple[float, float]:
    if x <= 0:
        return -math.inf, -math.inf
    return (x, x) if math.isinf(x) else _ball_ends(flint.arb(x).log())


def _exp_ends(x: float) -> tuple[float, float]:
    if x < LEAST_EXPONENT:  # Arb's result has no float: do not make one
        return 0.0, (0.0 if math.isinf(x) else TINIEST)
    if x > MOST_EXPONENT:
        return (x, x) if math.isinf(x) else (1e306, math.inf)
    low, high = _ball_ends(flint.arb(x).exp())
    return max(low, 0.0), high


def _power_ends(x: float, p: float) -> tuple[float, float]:
    if x == 0:
        at_zero = 0.0 if p > 0 else 1.0 if p == 0 else math.inf
        return at_zero, at_zero
    if x == 1 or p == 0:
        return 1.0, 1.0
    if math.isinf(x) or math.isinf(p) or abs(p * math.log(x)) > MOST_EXPONENT:
        return 0.0, math.inf
    low, high = _ball_ends(flint.arb(x) ** flint.arb(p))
    return max(low, 0.0), high


def _lift(
    function: Callable[..., tuple[float, float]], x: Any, *fixed: float
) -> tuple[np.ndarray, np.ndarray]:
    """A function of a float that returns the two ends of an enclosure, once for each different entry of x."""
    # Boxes that halve one another share most of their ends.
    different, place = np.unique(np.asarray(x, dtype=float), return_inverse=True)
    ends = np.array([function(value, *fixed) for value in different.tolist()], dtype=float).reshape(-1, 2)
    place = place.reshape(np.shape(x))
    return ends[place, 0], ends[place, 1]


def log(x: Any) -> Interval:
    """Natural logarithm, of the x > 0 of the interval."""
    x = interval(x)
    return Interval(_lift(_log_ends, x.lo)[0], _lift(_log_ends, x.hi)[1])


def exp(x: Any) -> Interval:
    """Exponential function."""
    x = interval(x)
    return Interval(_lift(_exp_ends, x.lo)[0], _lift(_exp_ends, x.hi)[1])


def real_power(x: Interval, p: Interval) -> Interval:
    """x ** p for x >= 0: monotone in each of the two, so the extremes are at corners."""
    if p.ndim:
        return exp(p * log(x))
    corners = [
        _lift(_power_ends, np.maximum(end, 0.0), float(y)) for end in (x.lo, x.hi) for y in (p.lo, p.hi)
    ]
    return Interval(np.minimum.reduce([c[0] for c in corners]), np.maximum.reduce([c[1] for c in corners]))


def log_times_power(x: Any, p: Fraction, n: int) -> Interval:
    """x^p log(x)^n for x > 0, p > 0, n >= 1: tight where x touches 0, unlike the product of the two.

    Its derivative x^(p-1) log(x)^(n-1) (p log x + n) vanishes at e^(-n/p) and, for n > 1, at 1; the value at
    the first is (-n/(p e))^n. Between these it is monotone, and it tends to 0 at 0.
    """
    x = interval(x)
    lowest, highest = [], []
    for end in (x.lo, x.hi):
        at = Interval(np.maximum(end, 0.0), np.maximum(end, 0.0))
        value = at ** interval(p) * log(at) ** n
        lowest.append(np.where(end <= 0, 0.0, value.lo))
        highest.append(np.where(end <= 0, 0.0, value.hi))
    turn = exp(interval(Fraction(-n) / p))
    value = (interval(Fraction(-n) / p) * exp(interval(-1))) ** n
    inside = (x.lo <= turn.hi) & (x.hi >= turn.lo)
    lowest.append(np.where(inside, value.lo, np.inf))
    highest.append(np.where(inside, value.hi, -np.inf))
    touches = (x.lo <= 1) & (x.hi >= 1)
    lowest.append(np.where(touches, 0.0, np.inf))
    highest.append(np.where(touches, 0.0, -np.inf))
    return Interval(np.minimum.reduce(lowest), np.maximum.reduce(highest))


def minimum(x: Any, y: Any) -> Interval:
    """The smaller of two."""
    x, y = interval(x), interval(y)
    return Interval(np.minimum(x.lo, y.lo), np.minimum(x.hi, y.hi))


def maximum(x: Any, y: Any) -> Interval:
    """The larger of two."""
    return -minimum(-interval(x), -interval(y))


def where(condition: Any, x: Any, y: Any) -> Interval:
    """`x` or `y`; the hull of both where the condition is open."""
    case, x, y = truth(condition), interval(x), interval(y)
    lo = np.where(case.must, x.lo, np.where(case.may, np.minimum(x.lo, y.lo), y.lo))
    hi = np.where(case.must, x.hi, np.where(case.may, np.maximum(x.hi, y.hi), y.hi))
    return Interval(lo, hi)
