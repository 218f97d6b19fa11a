"""The symbols t = u_i and x = u_y, and what 0 < t, x < 1 settles in an expression of them."""

from __future__ import annotations

from collections.abc import Callable

import sympy

from lossmatters.theory.enclosure.evaluate import signs
from lossmatters.theory.enclosure.interval import Interval

T = sympy.Symbol("t", positive=True)  # the entry u_i of an elementwise array
X = sympy.Symbol("x", positive=True)  # the label's own probability u_y


def settle(expression: sympy.Expr) -> sympy.Expr:
    """Remove the absolute values, extremes and cases that are settled for 0 < t, x < 1."""
    box = {T: Interval(0.0, 1.0), X: Interval(0.0, 1.0)}

    def known(e: sympy.Expr) -> bool:
        return bool(e.free_symbols) and e.free_symbols <= {T, X}

    def sign(e: sympy.Expr) -> int:
        return int(signs(sympy.expand(e), box))

    def of_abs(e: sympy.Expr) -> sympy.Expr:
        if not known(e):
            return e
        return {1: e.args[0], -1: sympy.expand(-e.args[0])}.get(sign(e.args[0]), e)

    def of_extreme(e: sympy.Expr) -> sympy.Expr:
        if not known(e) or len(e.args) != 2:
            return e
        first, second = e.args
        larger = {1: (second, first), -1: (first, second)}.get(sign(first - second))
        return larger[isinstance(e, sympy.Max)] if larger else e

    def of_cases(e: sympy.Expr) -> sympy.Expr:
        return sympy.Piecewise(*((x, _settled(c, sign) if known(c) else c) for x, c in e.args))

    expression = expression.replace(lambda e: isinstance(e, sympy.Abs), of_abs)
    expression = expression.replace(lambda e: isinstance(e, sympy.Min | sympy.Max), of_extreme)
    return expression.replace(lambda e: isinstance(e, sympy.Piecewise), of_cases)


def _settled(condition: sympy.Basic, sign: Callable[[sympy.Expr], int]) -> sympy.Basic:
    """Return a comparison as true or false where 0 < t, x < 1 settles it."""
    if not isinstance(condition, sympy.Ge | sympy.Gt | sympy.Le | sympy.Lt):
        return condition
    upward = isinstance(condition, sympy.Ge | sympy.Gt)
    difference = condition.lhs - condition.rhs if upward else condition.rhs - condition.lhs
    found = sign(difference)
    # A weak sign on the closed box is strict inside it where the difference is affine and not constant.
    strictly = (
        len(difference.free_symbols) == 1
        and difference.is_polynomial()
        and (sympy.Poly(difference).total_degree() == 1)
    )
    weak = isinstance(condition, sympy.Ge | sympy.Le)
    if found == 1 and (weak or strictly):
        return sympy.true
    if found == -1 and (strictly or not weak):
        return sympy.false
    return condition
