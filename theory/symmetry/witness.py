"""Two exact points of the simplex at which a label sum differs: a refutation that a reader can check."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import sympy

from lossmatters.theory.backends import backend
from lossmatters.theory.losses.base import Loss
from lossmatters.theory.symbolic.algebra import enclose, exact_label_sum, tidy
from lossmatters.theory.verdict import How, Point, Witness

__all__ = ["Witness", "differ", "find_witness", "simple_points", "witness_at"]

RANDOM_POINTS = 60
EXACT_PAIRS = 6
BITS = (128, 512)  # a difference below 2^-500 is left undecided


def simple_points(num_classes: int) -> Iterator[Point]:
    """Yield points of the simplex, simple first: uniform, vertex, small ratios, random, near vertices."""
    import random

    k = num_classes
    shapes: list[list[int]] = [[1] * k, [1], [1, 1], [2] + [1] * (k - 1), [2, 1], [3, 1], [3] + [1] * (k - 1)]
    shapes += [[2, 1, 1], [3, 2, 1], [2, 2] + [1] * (k - 2), [3, 2] + [1] * (k - 2)]
    rng = random.Random(0)
    shapes += [[rng.randint(1, 30) for _ in range(k)] for _ in range(RANDOM_POINTS)]
    shapes += [[share] + [1] * (k - 1) for share in (100, 10**4)]  # near a vertex, where some have no value
    padded = ([*shape, *[0] * (k - len(shape))] for shape in shapes if len(shape) <= k)
    yield from dict.fromkeys(tuple(Fraction(w, sum(shape)) for w in shape) for shape in padded)


def find_witness(loss: Loss, num_classes: int, margin: float = 0.0) -> Witness | None:
    """Return the simplest pair of points whose label sums certainly differ, or None.

    float64 only proposes pairs. Formulas are then compared exactly where S is rational, else by balls;
    a callable without a formula has float64 alone, and must differ by more than `margin`.
    """
    points = list(simple_points(num_classes))
    numpy = backend("numpy")
    with np.errstate(invalid="ignore", divide="ignore"):  # some losses have no value at the boundary
        sums = [float(loss.label_sum(numpy.array(p), numpy)) for p in points]
    finite = [i for i, s in enumerate(sums) if abs(s) < float("inf")]
    pairs = [(i, j) for j in finite for i in finite if i < j]
    if not loss.has_formula:
        for i, j in pairs:
            if abs(sums[i] - sums[j]) > margin:
                return Witness(points[i], points[j], sympy.Float(sums[i]), sympy.Float(sums[j]), How.FLOAT64)
        return None

    # Pairs that differ in float64 first; then the simplest others, which may differ by less than rounding.
    def differs(pair: tuple[int, int]) -> bool:
        first, second = sums[pair[0]], sums[pair[1]]
        return abs(first - second) > 1e-12 * max(abs(first), abs(second))

    apart = [pair for pair in pairs if differs(pair)]
    close = [pair for pair in pairs if not differs(pair)]
    exact_sums: dict[int, sympy.Expr] = {}
    for i, j in [*apart[:EXACT_PAIRS], *close[:EXACT_PAIRS]]:
        for index in (i, j):
            if index not in exact_sums:
                exact_sums[index] = exact_label_sum(loss, points[index])
        how = differ(exact_sums[i], exact_sums[j])
        if how:
            return Witness(points[i], points[j], tidy(exact_sums[i]), tidy(exact_sums[j]), how)
    return None


def witness_at(loss: Loss, u: Point, v: Point) -> Witness | None:
    """Return the witness that two given points make, if their label sums certainly differ."""
    first, second = exact_label_sum(loss, u), exact_label_sum(loss, v)
    how = differ(first, second)
    if not how:
        return None
    return Witness(u, v, tidy(first), tidy(second), how)


def differ(first: sympy.Expr, second: sympy.Expr) -> How | None:
    """Say how two closed forms are known to differ; None if they are not known to."""
    difference = first - second
    if not all(x.is_finite for x in (first, second)) or difference == 0:
        return None
    if difference.is_Rational:
        return How.EXACT
    from lossmatters.theory.backends.ball_ops import precision

    for bits in BITS:
        with precision(bits):
            try:
                ball = enclose(difference)
            except TypeError:  # no real number
                return None
            if ball.is_finite() and not ball.contains(0):
                return How.BALLS
    return None
