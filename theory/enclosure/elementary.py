"""Elementary functions of intervals, by Arb; extremes and case distinctions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike

from lossmatters.theory.enclosure.arb import exp_ends, lift, log_ends
from lossmatters.theory.enclosure.interval import Enclosed, Interval, interval
from lossmatters.theory.enclosure.truth import Truth, truth


def log(x: Enclosed) -> Interval:
    """Return natural logarithm, of the x > 0 of the interval."""
    x = interval(x)
    return Interval(lift(log_ends, x.lo)[0], lift(log_ends, x.hi)[1])


def exp(x: Enclosed) -> Interval:
    """Enclose the exponential function."""
    x = interval(x)
    return Interval(lift(exp_ends, x.lo)[0], lift(exp_ends, x.hi)[1])


def log_times_power(x: Enclosed, p: Fraction, n: int) -> Interval:
    """Enclose x^p log(x)^n for x > 0, p > 0, n >= 1: tight where x touches 0, unlike the product of the two.

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


def minimum(x: Enclosed, y: Enclosed) -> Interval:
    """Return the smaller of two."""
    x, y = interval(x), interval(y)
    return Interval(np.minimum(x.lo, y.lo), np.minimum(x.hi, y.hi))


def maximum(x: Enclosed, y: Enclosed) -> Interval:
    """Return the larger of two."""
    return -minimum(-interval(x), -interval(y))


def where(condition: Truth | ArrayLike, x: Enclosed, y: Enclosed) -> Interval:
    """Return `x` or `y`; the hull of both where the condition is open."""
    case, x, y = truth(condition), interval(x), interval(y)
    lo = np.where(case.must, x.lo, np.where(case.may, np.minimum(x.lo, y.lo), y.lo))
    hi = np.where(case.must, x.hi, np.where(case.may, np.maximum(x.hi, y.hi), y.hi))
    return Interval(lo, hi)
