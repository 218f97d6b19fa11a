"""Exact examples of each kind of noise, mild and extreme: what a search for a failure tries."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from lossmatters.theory.noise import ClassConditionalNoise, Matrix, SymmetricNoise, threshold
from lossmatters.theory.symbolic.points import Point

NOISE_KINDS = ("uniform", "class-conditional", "pair", "instance-dependent")


def first_rows(kind: str, num_classes: int) -> Iterator[Point]:
    """Yield rows of T for the first class, each of a matrix of this kind: moderate noise, little, much."""
    k, star = num_classes, threshold(num_classes)
    if kind in ("uniform", "instance-dependent", "class-conditional"):
        for share in (Fraction(4, 9), Fraction(1, 9), Fraction(8, 9), Fraction(99, 100)):
            yield SymmetricNoise(star * share).transition_matrix(k)[0]
    if kind in ("pair", "class-conditional"):
        for rate in (Fraction(2, 5), Fraction(1, 10), Fraction(49, 100)):
            yield ClassConditionalNoise.pair(rate, k).transition_matrix(k)[0]
    if kind == "class-conditional" and k > 2:
        # R4's converse: all labels but one nearly as likely as the own, that one impossible
        for n in (1, 4, 16, 64, 256):
            weights = [n + 1, *[n] * (k - 2), 0]
            yield tuple(Fraction(w, sum(weights)) for w in weights)


def matrices(kind: str, num_classes: int) -> Iterator[tuple[str, Matrix]]:
    """Yield matrices that are not uniform noise, with their names: pair noise, and one noisy class alone."""
    k = num_classes
    for rate in (Fraction(2, 5), Fraction(1, 10)):
        if k > 2:
            yield f"pair noise of rate {rate}", ClassConditionalNoise.pair(rate, k).transition_matrix(k)
        if kind == "class-conditional":
            rows = [tuple(Fraction(int(j == i)) for j in range(k)) for i in range(k)]
            rows[0] = (1 - rate, rate, *rows[0][2:])
            yield f"class 1 becomes 2 at rate {rate}, all others are kept", tuple(rows)
