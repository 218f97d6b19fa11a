"""Functions with cases: their pieces, their curvature, and the lines they keep to."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
import sympy

from lossmatters.theory.enclosure import enclose_label_sum
from lossmatters.theory.losses import LOSSES, SeparableLoss, get
from lossmatters.theory.symbolic.algebra import K
from lossmatters.theory.symbolic.piecewise import keeps_to, pieces, shape
from lossmatters.theory.symmetry.label_sum_range import label_sum_range

t = sympy.Symbol("t", positive=True)
THIRD, HALF = sympy.Rational(1, 3), sympy.Rational(1, 2)

# (function, shape); each convex one is made non-convex by its neighbour in the list
SHAPES = [
    (sympy.Max(t, THIRD), "convex"),
    (sympy.Min(t, THIRD), "concave"),
    (sympy.Abs(t - HALF), "convex"),
    (-sympy.Abs(t - HALF), "concave"),
    (sympy.Abs(t - HALF) + 2 * sympy.Max(0, t - THIRD), "convex"),
    (sympy.Abs(t - HALF) - 2 * sympy.Max(0, t - THIRD), "unknown"),
    (sympy.Piecewise((1 - 2 * t, t <= HALF), (0, True)), "convex"),
    (sympy.Piecewise((1 - 2 * t, t <= HALF), (1, True)), "unknown"),  # it jumps
    (sympy.Piecewise((1 - t, t <= HALF), ((1 - t), True)), "affine"),
    (sympy.Max(0, 1 - 3 * t) - sympy.log(sympy.Max(t, THIRD)), "convex"),  # PHuber-CE(3)
    (sympy.Max(0, 1 - 4 * t) - sympy.log(sympy.Max(t, THIRD)), "unknown"),  # slopes and value do not agree
    (sympy.Max(t, THIRD) * sympy.Max(1 - t, THIRD), "unknown"),
    (-sympy.log(sympy.Max(t, THIRD)), "unknown"),
]


@pytest.mark.parametrize(("function", "expected"), SHAPES)
def test_shape(function: sympy.Expr, expected: str) -> None:
    found = pieces(function, t)
    assert found is not None
    assert shape(found, t) == expected


@pytest.mark.parametrize(("function", "expected"), SHAPES)
def test_pieces_are_the_function(function: sympy.Expr, expected: str) -> None:
    found = pieces(function, t)
    assert found is not None
    assert (found[0].lo, found[-1].hi) == (0, 1)
    for left, right in pairwise(found):
        assert left.hi == right.lo
    for n in range(1, 60):
        at = sympy.Rational(n, 61)
        piece = next(p for p in found if p.lo < at <= p.hi)
        assert abs(sympy.N(function.subs(t, at) - piece.expression.subs(t, at), 40)) < 1e-35


def test_borders_that_are_no_numbers_are_left_alone() -> None:
    assert pieces(sympy.Max(t, 1 / K), t) is None
    assert pieces(sympy.Max(t**2, THIRD), t) is None


def test_lines() -> None:
    flat = pieces(-sympy.log(sympy.Max(t, HALF)), t)
    assert flat is not None
    log2 = sympy.log(2)
    assert keeps_to(flat, t, log2) == -1
    assert keeps_to(flat, t, log2 * (1 - t)) == 1
    assert keeps_to(flat, t, log2 * (1 - 2 * t)) == 1
    assert keeps_to(flat, t, sympy.Rational(9, 10) * log2) == 0


@dataclass(frozen=True)
class Capped(SeparableLoss):
    """Flat up to a cap, then affine or convex: cases that S2 decides by lines."""

    cap: Fraction = Fraction(1, 2)

    name = "capped"

    def on_label(self, t: Any, num_classes: Any, ops: Any) -> Any:
        return 1 - ops.maximum(t, self.cap)


@pytest.mark.parametrize(
    "loss",
    [Capped(), Capped(Fraction(3, 4)), *map(get, ("truncated-gce", "truncated-gce(q=1/3, k=2/3)"))],
    ids=lambda loss: loss.spec,
)
def test_ranges_by_lines_agree_with_enclosures(loss: SeparableLoss) -> None:
    everywhere = label_sum_range(loss)
    assert (everywhere.method, everywhere.rigorous) == ("S2", True)
    for k in (2, 3, 10):
        span, one = enclose_label_sum(loss, k), label_sum_range(loss, k)
        for general, exact, (lo, hi) in zip(
            (everywhere.low, everywhere.high), (one.low, one.high), (span.low, span.high), strict=True
        ):
            assert float(general.subs(K, k)) == pytest.approx(float(exact), rel=1e-14)
            # The enclosure is rigorous; the float of the closed form is off by some roundings.
            assert lo * (1 - 1e-14) <= float(exact) <= hi * (1 + 1e-14)


def test_a_cap_below_one_half_is_enclosed_not_guessed() -> None:
    """With k < 1/2 two entries may exceed it, and the lines do not decide for every K."""
    assert not label_sum_range(get("truncated-gce(k=1/4)")).rigorous
    assert label_sum_range(get("truncated-gce(k=1/4)"), 10).rigorous


def test_all_ranges_of_the_catalogue_are_closed_forms() -> None:
    spans = {name: label_sum_range(get(name)) for name in LOSSES}
    assert {name for name, s in spans.items() if s.method not in ("S1", "S2", "S3")} == set()
