"""SymPy: exact values and symbols, as NumPy object arrays of expressions."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING

import sympy

from lossmatters.theory.backends.base import ObjectOps
from lossmatters.theory.backends.number import Exact
from lossmatters.theory.exact import simplest


def const(value: Exact) -> sympy.Expr:
    """Return a Fraction, int, float or expression as an exact SymPy number."""
    if isinstance(value, Fraction):
        return sympy.Rational(value.numerator, value.denominator)
    return exactly(sympy.sympify(value))


def exactly(expression: Exact) -> sympy.Expr:
    """Return `expression` with every float replaced by the simplest rational that rounds to it.

    A formula may hold literals such as 0.5; they mean 1/2, and no float survives into a decision.
    """
    expression = sympy.sympify(expression)
    floats = expression.atoms(sympy.Float)
    if not floats:
        return expression
    return expression.xreplace({f: const(simplest(float(f))) for f in floats})


def where(condition: sympy.Basic | bool, x: Exact, y: Exact) -> sympy.Expr:
    """Return `x` or `y`; a Piecewise where the condition holds symbols that leave it open."""
    condition = sympy.sympify(condition)
    if condition is sympy.nan:
        return sympy.nan
    if condition is sympy.true or condition == 1:
        return sympy.sympify(x)
    if condition is sympy.false or condition == 0:
        return sympy.sympify(y)
    return sympy.Piecewise((x, condition), (y, True))


class SympyOps(ObjectOps[sympy.Expr]):
    """Exact: an equality that SymPy derives is an equality."""

    name = "sympy"
    exact = True

    if TYPE_CHECKING:  # no constant is a plain number here

        def const(self, value: Exact) -> sympy.Expr: ...


def _condition(value: sympy.Basic | bool) -> sympy.Basic:
    """Return a condition as SymPy writes it; 1 and 0 are true and false."""
    return sympy.true if value in (True, 1) else sympy.false if value in (False, 0) else value


def _compared(relation: type[sympy.Rel], x: Exact, y: Exact) -> sympy.Basic:
    """Return a comparison; NaN, on which no case rests, where one is no real number, as 1/0 here."""
    return (
        sympy.nan if any(v.has(sympy.zoo, sympy.nan) for v in map(sympy.sympify, (x, y))) else relation(x, y)
    )


def _joined(operation: type[sympy.Basic], *conditions: sympy.Basic | bool) -> sympy.Basic:
    known = [_condition(c) for c in conditions]
    return sympy.nan if any(c is sympy.nan for c in known) else operation(*known)


def _extreme(function: Callable[..., sympy.Expr], x: Exact, y: Exact) -> sympy.Expr:
    """Return the smaller or larger of two; NaN where one is no real number, as the logarithm of 0 here."""
    return _extreme_of_exact(function, exactly(x), exactly(y))


# SymPy compares all entries of a maximum with each other, and every label asks for the same one.
@lru_cache(maxsize=4096)
def _extreme_of_exact(function: Callable[..., sympy.Expr], x: sympy.Expr, y: sympy.Expr) -> sympy.Expr:
    return sympy.nan if any(v.has(sympy.zoo, sympy.nan) for v in (x, y)) else function(x, y)


OPS = SympyOps(
    # == between expressions asks whether they are written alike, not whether they are equal
    equal=lambda x, y: sympy.Eq(x, y),
    less=lambda x, y: _compared(sympy.Lt, x, y),
    less_equal=lambda x, y: _compared(sympy.Le, x, y),
    logical_and=lambda x, y: _joined(sympy.And, x, y),
    logical_or=lambda x, y: _joined(sympy.Or, x, y),
    logical_not=lambda x: _joined(sympy.Not, x),
    const=lambda value: const(value),
    log=lambda x: sympy.log(exactly(x)),
    exp=lambda x: sympy.exp(exactly(x)),
    sqrt=lambda x: sympy.sqrt(exactly(x)),
    abs=lambda x: sympy.Abs(exactly(x)),
    power=lambda x, p: exactly(x) ** exactly(p),
    minimum=lambda x, y: _extreme(sympy.Min, x, y),
    maximum=lambda x, y: _extreme(sympy.Max, x, y),
    where=where,
)
