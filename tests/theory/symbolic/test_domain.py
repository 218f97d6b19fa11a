"""What an expression needs to be finite, and that no curvature, sign or slope is read across a pole."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import pytest
import sympy

from lossmatters.theory.enclosure.curve import CONVEX, Curve
from lossmatters.theory.enclosure.settle import T, X
from lossmatters.theory.losses.combinators import ShareLoss
from lossmatters.theory.minimisers.slopes import positive
from lossmatters.theory.symbolic.algebra import Generator, K, is_nonnegative
from lossmatters.theory.symbolic.domain import needs, visibly_defined
from lossmatters.theory.symbolic.piecewise import curvature
from lossmatters.theory.symmetry.regular import has_positive_sum

R = sympy.Rational
x, k = sympy.Symbol("x", positive=True), sympy.Symbol("k", integer=True, nonnegative=True)


def test_divisors_logarithms_and_roots_are_needs() -> None:
    found = needs(sympy.log(X) / (X - R(1, 3)) + sympy.sqrt(1 - X) + X ** R(-1, 2) + sympy.exp(X) + X**2)
    assert {(n.quantity, n.kind) for n in found} == {
        (X, "positive"),
        (X - R(1, 3), "non-zero"),
        (1 - X, "non-negative"),
    }


def test_a_case_needs_only_what_is_looked_at() -> None:
    (found,) = needs(sympy.Piecewise((1, R(1, 3) > X), (sympy.log(X - R(1, 4)), True)))
    assert found.guards == (sympy.Ge(X, R(1, 3)), sympy.true)


@pytest.mark.parametrize("q", [1 + x, x / (k + 1), -1 - x, (1 + x) ** k, 2 - 1 / (1 + x), k * x + 1])
def test_what_has_a_visible_sign_is_no_pole(q: Any) -> None:
    assert visibly_defined(1 / q)


@pytest.mark.parametrize("q", [1 - x, k * x, k - 3, x**2 - 2 * x + 1, 1 / (1 + x) - R(1, 3)])
def test_what_may_vanish_is_one(q: Any) -> None:
    assert not visibly_defined(q**-2)
    assert not visibly_defined(sympy.log(q**2))


POLES = [(T - R(1, 4)) ** -2, (T - R(1, 10)) ** -2, (T * T - R(1, 7)) ** -4, (T - 1 / K) ** -2]


@pytest.mark.parametrize("pole", POLES, ids=str)
def test_no_curvature_and_no_sign_across_a_pole(pole: Any) -> None:
    assert not is_nonnegative(pole, T)
    assert curvature(Generator(pole, T, K)) == "unknown"
    assert positive(pole.subs(T, X), 10) is None
    above = sympy.Max(1, pole)  # which SymPy calls positive
    assert not is_nonnegative(above, T)
    assert positive(above.subs(T, X), 10) is None


@pytest.mark.parametrize("pole", POLES[:3], ids=str)
def test_a_curve_is_not_convex_across_a_pole(pole: Any) -> None:
    """Nor in the first cell, at whose end 0 a pole is excused."""
    place = float(max(sympy.solve(1 / pole, T)))
    assert not any(p.kind == CONVEX and p.lo < place < p.hi for p in Curve(pole).pieces)


def test_a_pole_at_an_end_is_excused() -> None:
    assert curvature(Generator(1 / T, T, K)) == "convex"
    assert [p.kind for p in Curve(1 / T - sympy.log(1 - T)).pieces] == [CONVEX]


@dataclass(frozen=True)
class _Weights(ShareLoss):
    which: int = 0

    def weights(self, probs: Any, ops: Any) -> Any:
        return (
            lambda: 1 / (probs - Fraction(1, 4)) ** 2,
            lambda: 1 + ops.log(probs - Fraction(1, 3)) ** 2,
            lambda: ops.sqrt(probs - Fraction(1, 2)) + 1,
            lambda: 1 + probs * probs,
            lambda: ops.sqrt(probs) + 1,
        )[self.which]()


@pytest.mark.parametrize("which", range(5))
def test_weights_with_a_pole_have_no_positive_sum(which: int) -> None:
    assert has_positive_sum(_Weights(which), 3) == (which > 2)
