"""Ends of enclosures of log, exp and powers at floats, by Arb's balls."""

from __future__ import annotations

import math
from collections.abc import Callable

import flint
import numpy as np
from numpy.typing import ArrayLike

TINIEST = math.nextafter(0, 1)
LEAST_EXPONENT, MOST_EXPONENT = -750.0, 705.0  # e^-750 is below the tiniest float, e^705 above 1e306


def _ball_ends(ball: flint.arb) -> tuple[float, float]:
    if not ball.is_finite():
        return -math.inf, math.inf
    if ball.is_zero():
        return 0.0, 0.0
    return math.nextafter(float(ball.lower()), -math.inf), math.nextafter(float(ball.upper()), math.inf)


def log_ends(x: float) -> tuple[float, float]:
    """Return the ends of an enclosure of log x; minus infinity for x <= 0."""
    if x <= 0:
        return -math.inf, -math.inf
    return (x, x) if math.isinf(x) else _ball_ends(flint.arb(x).log())


def exp_ends(x: float) -> tuple[float, float]:
    """Return the ends of an enclosure of e^x."""
    if x < LEAST_EXPONENT:  # Arb's result has no float: do not make one
        return 0.0, (0.0 if math.isinf(x) else TINIEST)
    if x > MOST_EXPONENT:
        return (x, x) if math.isinf(x) else (1e306, math.inf)
    low, high = _ball_ends(flint.arb(x).exp())
    return max(low, 0.0), high


def power_ends(x: float, p: float) -> tuple[float, float]:
    """Return the ends of an enclosure of x^p, for x >= 0."""
    if x == 0:
        at_zero = 0.0 if p > 0 else 1.0 if p == 0 else math.inf
        return at_zero, at_zero
    if x == 1 or p == 0:
        return 1.0, 1.0
    if math.isinf(x) or math.isinf(p) or abs(p * math.log(x)) > MOST_EXPONENT:
        return 0.0, math.inf
    low, high = _ball_ends(flint.arb(x) ** flint.arb(p))
    return max(low, 0.0), high


def lift(
    function: Callable[..., tuple[float, float]], x: ArrayLike, *fixed: float
) -> tuple[np.ndarray, np.ndarray]:
    """Apply a function that returns the two ends of an enclosure, once for each different entry of x."""
    # Boxes that halve one another share most of their ends.
    different, place = np.unique(np.asarray(x, dtype=float), return_inverse=True)
    ends = np.array([function(value, *fixed) for value in different.tolist()], dtype=float).reshape(-1, 2)
    place = place.reshape(np.shape(x))
    return ends[place, 0], ends[place, 1]
