"""An expression is expanded where that ends, and an estimate says whether it does."""

from __future__ import annotations

import random

import pytest
import sympy

from lossmatters.theory.symbolic.algebra import is_zero, tidy
from lossmatters.theory.symbolic.expanding import LONGEST, _terms_and_length, expanded, expands

X, Y = sympy.symbols("x y", positive=True)


def leaves(expression: sympy.Expr) -> int:
    """Count the leaves, an exponent apart: x**2 is x*x."""
    if isinstance(expression, sympy.Pow) and expression.exp.is_Rational:
        return leaves(expression.base)
    return sum(map(leaves, expression.args)) if expression.args else 1


def drawn(rng: random.Random, depth: int) -> sympy.Expr:
    if depth == 0:
        return rng.choice([X, Y, sympy.Integer(rng.randint(2, 5))])
    a, b = drawn(rng, depth - 1), drawn(rng, depth - 1)
    power = rng.choice([2, 3, 4, sympy.Rational(1, 2)])
    return rng.choice([a + b, a * b, a + b + X, a**power, sympy.log(1 + a) + b])


@pytest.mark.parametrize("seed", range(60))
def test_without_divisors_the_estimate_is_from_above(seed: int) -> None:
    expression = drawn(random.Random(seed), 3)
    terms, length = _terms_and_length(expression)
    if length > 20_000:
        return
    found = sympy.expand(expression)
    assert len(sympy.Add.make_args(found)) <= terms
    assert leaves(found) <= 2 * length  # a sum's numbers may come in as factors


def test_what_would_be_too_long_is_left_as_it_is() -> None:
    long = (X + Y + 1) ** 2000
    assert not expands(long)
    assert expanded(long) == long
    nested = 1 / (sum(sympy.Symbol(f"a{i}") for i in range(12)) ** 6 + X) ** 3
    assert _terms_and_length(nested)[1] > LONGEST
    assert expanded(nested) == nested
    assert expanded((X + Y) ** 2) == X**2 + 2 * X * Y + Y**2


def test_of_a_zero_that_is_too_long_nothing_is_shown() -> None:
    def zero(power: int) -> sympy.Expr:  # visible to none but who expands it
        return (X + Y + 1) ** power - (X + Y + 1) ** (power - 1) * X - (X + Y + 1) ** (power - 1) * (Y + 1)

    assert is_zero(zero(3))
    assert not is_zero(zero(2000))
    assert tidy((X + 1) ** 3000 * (X + 2)) == (X + 1) ** 3000 * (X + 2)
