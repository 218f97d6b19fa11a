"""Good points: exact outputs where a formula is small or large, with rigorous bounds of its values."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from lossmatters.theory.backends import backend
from lossmatters.theory.enclosure.interval import interval
from lossmatters.theory.enclosure.interval_ops import OPS
from lossmatters.theory.losses.base import Loss

MOVES = 100  # of a descent to a good point: a tenth of a second at most

NEAR_ZERO = np.array([1e-4, 1e-6, 1e-9, 1e-12, 1e-30, 1e-100, 1e-300])  # logarithms are slow to grow

Point = tuple[Fraction, ...]


def best_points(loss: Loss, k: int, total: bool) -> tuple[Point, float, Point, float]:
    """Return exact points of small and of large value, with rigorous bounds of their values.

    Symmetric functions tend to have their extremes where the entries take two values: these are scanned,
    then random points; a finer scan about the best ones follows.
    """
    low_at, low = _descend(loss, k, total, 1)
    high_at, high = _descend(loss, k, total, -1)
    return low_at, low, high_at, -high


def _descend(loss: Loss, k: int, total: bool, sign: int) -> tuple[Point, float]:
    numpy = backend("numpy")

    def values(points: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            if total:
                found = np.asarray(loss.label_sum(points, numpy), dtype=float)
            else:
                found = np.asarray(loss.apply(points, numpy.onehot(points, 0), numpy), dtype=float)
        found = np.broadcast_to(found, len(points))
        return np.where(np.isfinite(found), sign * found, np.inf)

    rng = np.random.default_rng(0)
    share = np.concatenate([NEAR_ZERO, np.linspace(0, 1, 101), 1 - NEAR_ZERO[:4]])[:, None]
    blocks = [rng.dirichlet(np.full(k, a), size=300) for a in (0.1, 1.0, 10.0)]
    for m in range(1, k):
        first = np.arange(k) < m
        blocks += [np.where(first, share / m, (1 - share) / (k - m))]
        blocks += [np.where(np.arange(k) == k - 1, share, np.where(first, (1 - share) / m, 0.0))]
    points = np.concatenate(blocks)
    points = points / points.sum(axis=1, keepdims=True)
    best = points[int(np.argmin(values(points)))]
    step = 0.1
    for _ in range(MOVES):  # mass from one entry to all others, or back
        moves = np.vstack([np.eye(k), -np.eye(k)]) * step
        near = np.clip(best + moves, 0, None)
        near = np.vstack([best, near / near.sum(axis=1, keepdims=True)])
        found = values(near)
        winner = int(np.argmin(found))
        if winner == 0:
            step /= 4
            if step < 1e-9:
                break
        best = near[winner]
    point = _rational(best)
    value = _value_at(loss, point, total, sign)
    uniform = (Fraction(1, k),) * k
    even = _value_at(loss, uniform, total, sign)
    return (point, value) if value <= even else (uniform, even)


def _rational(point: np.ndarray) -> Point:
    entries = [Fraction(float(x)).limit_denominator(10**9) if x > 1e-6 else Fraction(float(x)) for x in point]
    largest = int(np.argmax(point))
    entries[largest] = Fraction(1) - sum(t for i, t in enumerate(entries) if i != largest)
    return tuple(entries)


def _value_at(loss: Loss, point: Point, total: bool, sign: int) -> float:
    """Return an upper bound of sign * value at an exact point; infinite where it has none."""
    try:
        rational = backend("rational")  # exact, also where entries are compared
        probs = rational.array(point)
        label = rational.onehot(probs, 0)
        exact = loss.label_sum(probs, rational) if total else loss.apply(probs, label, rational)
        if isinstance(exact, Fraction | int):  # a float literal would have made it a float
            found = interval(Fraction(exact))
            return float(found.hi if sign == 1 else -found.lo)
    except (TypeError, ZeroDivisionError, AttributeError, IndexError):
        pass  # an irrational formula: enclose its value
    probs = interval(np.array(point, dtype=object))
    try:
        found = loss.label_sum(probs, OPS) if total else loss.apply(probs, OPS.onehot(probs, 0), OPS)
        found = interval(found)
    except (TypeError, AttributeError, IndexError):
        return np.inf
    value = float(found.hi if sign == 1 else -found.lo)
    return value if np.isfinite(value) else np.inf
