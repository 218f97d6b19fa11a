"""Every verdict on S and L held against values of the formula as it is written, before it is given out.

A proof is about an expression; the formula may differ from it at a point, on a face, at a border of a case.
There its values are computed to 60 digits, without the trace and without SymPy, and a verdict that they
contradict becomes a refutation, a smaller scope, or undecided.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TypeVar

import mpmath
import sympy

from lossmatters.theory.formula import direct
from lossmatters.theory.formula.battery import Values
from lossmatters.theory.formula.subject import Value
from lossmatters.theory.losses.base import Loss
from lossmatters.theory.losses.structure import is_separable
from lossmatters.theory.scope import OPEN_SIMPLEX, where
from lossmatters.theory.verdict import Point, Scope, Verdict

CTX = direct.CONTEXT
SAME = CTX.mpf(10) ** -45  # relative: of 60 digits, sums of K values and their cancellation leave as many
LEAST = CTX.mpf(10) ** -10  # what cancels within L leaves roundings of its parts
ROUNDED = CTX.mpf(10) ** -9  # of an end that is a float with an error bound of its own
FEW = (2, 3, 4, 7)  # at which a verdict for all K is held against values
FINITE = "every L(u, j) is finite"

V = TypeVar("V", bound=Verdict)


@lru_cache(maxsize=256)
def values(loss: Loss, k: int) -> Values:
    """Return the losses of a battery of points, worked out once."""
    return Values(loss, k, is_separable(loss))


@lru_cache(maxsize=256)
def summary(loss: Loss, k: int) -> Summary:
    """Return what the battery says of S and L."""
    return Summary(values(loss, k).rows())


class Summary:
    """The extremes of S and L over a battery.

    Attributes
    ----------
    infinite, inner_infinite : tuple of Fraction or None
        A point (one inside the simplex) at which some L has no finite value.
    """

    def __init__(self, rows: Sequence[tuple[Point, list[Value]]]) -> None:
        whole = [(p, row) for p, row in rows if all(map(direct.is_finite, row))]
        without = [p for p, row in rows if not all(map(direct.is_finite, row))]
        self.infinite = without[0] if without else None
        self.inner_infinite = next((p for p in without if min(p) > 0), None)
        self.undefined = [p for p, row in rows if any(direct.to_float(x) != direct.to_float(x) for x in row)]
        self.sums = [(p, direct.to_float(direct.total(row)), direct.scale(row)) for p, row in whole]
        self.largest = max(
            ((direct.to_float(x), p) for p, row in rows for x in row if direct.is_finite(x)),
            default=None,
            key=lambda pair: pair[0],
        )

    def spread(self, inside: bool = False) -> tuple[Point, Point] | None:
        """Return two points whose label sums differ by more than rounding; inside the simplex if asked."""
        found = [s for s in self.sums if not inside or min(s[0]) > 0]
        if not found:
            return None
        low, high = min(found, key=lambda s: s[1]), max(found, key=lambda s: s[1])
        size = max(s[2] for s in (low, high))
        return (low[0], high[0]) if high[1] - low[1] > SAME * max(size, LEAST) else None

    def positive(self) -> frozenset[Point]:
        """Return the points inside the simplex at which S is above 0, by more than rounding."""
        return frozenset(p for p, s, size in self.sums if min(p) > 0 and s > SAME * max(size, LEAST))

    def has_positive_sum(self) -> bool:
        """Return whether S is above 0 at some point inside the simplex."""
        return bool(self.positive())

    def leaves(self, low: Value, high: Value, slack: mpmath.mpf) -> Point | None:
        """Return a point whose label sum is not between two numbers."""
        for point, value, size in self.sums:
            margin = slack * max(size, abs(value), LEAST)
            if value < low - margin or value > high + margin:
                return point
        return None


def number(expression: sympy.Expr, k: int, classes: sympy.Symbol) -> Value:
    """Return a closed form at one K to 60 digits; infinite where it is, None where it has no value."""
    value = sympy.sympify(expression).subs(classes, k)
    if value in (sympy.oo, -sympy.oo):
        return CTX.inf if value == sympy.oo else -CTX.inf
    found = sympy.N(value, 65)
    return CTX.mpf(str(found)) if found.is_Float or found.is_Integer or found.is_Rational else None


def sizes(num_classes: int | None, scope: Scope) -> list[int]:
    """Return the K at which a verdict is held against values."""
    return [num_classes] if num_classes is not None else [k for k in FEW if k in scope.classes]


def narrowed(verdict: V, found: Summary, shown: bool = True) -> V:
    """Return a verdict with its domain made smaller by points where L has no value, or may have none.

    Parameters
    ----------
    shown : is L shown to be finite inside the simplex?
    """
    scope = verdict.scope
    if (shown and found.infinite is None) or scope.domain.conditions - OPEN_SIMPLEX.conditions:
        return verdict
    domain = scope.domain & (OPEN_SIMPLEX if shown and found.inner_infinite is None else where(FINITE))
    return replace(verdict, scope=replace(scope, domain=domain))


def constant_contradicted(found: Summary, constant: sympy.Expr, inside: bool) -> Point | None:
    """Return a point whose label sum is not the constant."""
    for point, value, size in found.sums:
        if (not inside or min(point) > 0) and abs(value - constant) > CTX.mpf(10) ** -30 * max(size, 1):
            return point
    return None


__all__ = ["FEW", "FINITE", "Summary", "narrowed", "number", "sizes", "summary", "values"]
