"""Expanding an expression where that ends: sums under roots and in divisors may become millions of terms."""

from __future__ import annotations

from functools import lru_cache
from math import comb, prod

import sympy

LONGEST = 10**6  # operations; a few times as many take SymPy minutes


def expanded(expression: sympy.Expr) -> sympy.Expr:
    """Return the expanded form of an expression, or itself where that would be too long.

    >>> x, y = sympy.symbols("x y")
    >>> expanded((x + y) ** 2)
    x**2 + 2*x*y + y**2
    >>> expanded((x + y) ** 5000)
    (x + y)**5000
    """
    return sympy.expand(expression) if expands(expression) else expression


def expands(expression: sympy.Expr) -> bool:
    """Return whether its expanded form would have some `LONGEST` operations at most.

    Estimated from above, but that divisors are taken not to be multiplied out with each other.
    """
    return _terms_and_length(sympy.sympify(expression))[1] <= LONGEST


@lru_cache(maxsize=4096)
def _terms_and_length(expression: sympy.Expr) -> tuple[int, int]:
    """Return how many terms it would be the sum of, before any cancel, and the leaves in all of them."""
    parts = [_terms_and_length(part) for part in expression.args]
    match expression:
        case sympy.Add():
            return sum(terms for terms, _ in parts), sum(length for _, length in parts)
        case sympy.Mul():
            terms = prod(terms for terms, _ in parts)
            return terms, sum(length * (terms // own) for own, length in parts)
        case sympy.Pow(exp=sympy.Rational() as power):
            (terms, length), whole = parts[0], int(abs(power))  # SymPy expands the whole part of a power
            products = comb(terms + whole - 1, whole) if whole else 1
            written = products * max(whole, 1) * -(-length // terms) if whole else 0
            if power > 0 and power.is_Integer:
                return products, written
            rest = 0 if power.is_Integer else length
            return (products, written + products * rest) if power > 0 else (1, written + rest + 1)
    return 1, 1 + sum(length for _, length in parts)
