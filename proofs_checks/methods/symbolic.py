"""Symbolic evidence: an identity that SymPy derives, or rational values at which it fails."""

from __future__ import annotations

import random
from typing import Any

import sympy

from lossmatters.proofs_checks.claim import Evidence, Method, Status
from lossmatters.theory.symbolic.algebra import is_zero

TRIES = 40


def identity(left: Any, right: Any, scope: str, detail: str) -> Evidence:
    """Decide whether two expressions agree for all values of their symbols.

    Proved only where SymPy derives it; refuted only with rational values of the symbols at which the
    two sides differ; else undecided.
    """
    left, right = sympy.sympify(left), sympy.sympify(right)
    equal, witness = same(left, right)
    if equal:
        return Evidence(Method.SYMBOLIC, Status.PROVED, scope, detail)
    if witness is None:
        return Evidence(Method.SYMBOLIC, Status.UNDECIDED, scope, f"neither derived nor refuted: {detail}")
    return Evidence(Method.SYMBOLIC, Status.REFUTED, scope, f"fails at the values shown: {detail}", witness)


def same(left: Any, right: Any) -> tuple[bool, dict[str, str] | None]:
    """Compare expressions: equal (True, None), not (False, witness), neither shown (False, None)."""
    left, right = sympy.sympify(left), sympy.sympify(right)
    if left == right or is_zero(left - right):
        return True, None
    if left.is_infinite or right.is_infinite:
        return False, {"left": str(left), "right": str(right)}
    return False, _counterexample(left, right)


def _counterexample(left: sympy.Expr, right: sympy.Expr) -> dict[str, str] | None:
    symbols = sorted(left.free_symbols | right.free_symbols, key=str)
    rng = random.Random(0)
    for _ in range(TRIES):
        values = {
            s: sympy.Integer(rng.randint(3, 9)) if s.is_integer else sympy.Rational(rng.randint(1, 9), 10)
            for s in symbols
        }
        a, b = left.subs(values), right.subs(values)
        if a.is_number and b.is_number and abs(sympy.N(a - b, 40)) > sympy.Float("1e-30", 40):
            return {**{str(s): str(v) for s, v in values.items()}, "left": str(a), "right": str(b)}
    return None


def sum_over_classes(term: sympy.Expr, entry: sympy.Indexed, total: Any, number: sympy.Symbol) -> sympy.Expr:
    """Return sum_{i=1..K} of a term that is affine in `entry` (an indexed quantity whose own sum is `total`).

    Raises
    ------
    ValueError : the term is not affine in the entry.
    """
    slope = sympy.diff(term, entry)
    rest = sympy.expand(term - slope * entry)
    if slope.has(entry) or rest.has(entry):
        raise ValueError(f"term must be affine in {entry}, got term={term}")
    return rest * number + slope * total
