"""What an expression needs to be finite: no pole, no logarithm or root of what may be negative."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import sympy

NON_ZERO, POSITIVE, NON_NEGATIVE, NEVER = "non-zero", "positive", "non-negative", "never"

LARGE = 100  # in an exponent: beyond, algebra takes too long


@dataclass(frozen=True)
class Need:
    """What a quantity must be for an expression to have a finite value.

    Attributes
    ----------
    quantity : an expression.
    kind : NON_ZERO (a divisor), POSITIVE (of a logarithm), NON_NEGATIVE (of a root), NEVER (nothing helps).
    guards : conditions without which the quantity is not looked at: the case that it is in, no case before.
    """

    quantity: sympy.Expr
    kind: str
    guards: tuple[sympy.Basic, ...] = ()


@lru_cache(maxsize=256)
def needs(expression: sympy.Expr) -> tuple[Need, ...]:
    """Return what must hold for an expression to be defined and finite."""
    return tuple(dict.fromkeys(_needs(sympy.sympify(expression), ())))


def _needs(e: sympy.Expr, guards: tuple[sympy.Basic, ...]) -> Iterator[Need]:
    if e.has(sympy.nan, sympy.zoo) or e in (sympy.oo, -sympy.oo):
        yield Need(e, NEVER, guards)
        return
    if isinstance(e, sympy.Piecewise):
        before: tuple[sympy.Basic, ...] = ()
        for case in e.args:
            yield from _needs(case.cond, (*guards, *before))
            yield from _needs(case.expr, (*guards, *before, case.cond))
            before += (sympy.Not(case.cond),)
        return
    if isinstance(e, sympy.log):
        yield Need(e.args[0], POSITIVE, guards)
    elif isinstance(e, sympy.DiracDelta):
        yield Need(e.args[0], NON_ZERO, guards)
    elif isinstance(e, sympy.Pow) and e.base is not sympy.E:
        kind = None if e.base.is_number and e.base.is_positive else needed_of_base(e.exp)
        if kind is not None:
            yield Need(e.base, kind, guards)
    for part in e.args:
        yield from _needs(part, guards)


def needed_of_base(p: sympy.Expr) -> str | None:
    """Return what must hold of the base of a power; None where nothing must."""
    if p.is_Integer:
        return NON_ZERO if p < 0 else None
    return NON_NEGATIVE if p.is_number and p.is_positive else POSITIVE


def lettered(expression: sympy.Expr) -> sympy.Expr:
    """Return an expression with a positive letter for each exponential of many times something.

    Factoring e^(10^6 t) as a power of e^t would never end. What is shown of a letter holds of it.
    """
    expression = sympy.sympify(expression)
    long = {e for e in expression.atoms(sympy.exp) if any(abs(n.p) > LARGE for n in e.atoms(sympy.Rational))}
    return expression.xreplace({e: sympy.Dummy(positive=True) for e in long})


def visibly_defined(expression: sympy.Expr) -> bool:
    """Return True only if SymPy's assumptions on its symbols show that an expression is finite."""
    return all(_visible(need) for need in needs(expression))


def _visible(need: Need) -> bool:
    q = lettered(need.quantity)
    forms = [q, sympy.factor(q)] if need.kind != NEVER else []
    for form in forms:
        above, below = sympy.fraction(sympy.together(form))
        if below.is_negative:
            above, below = -above, -below
        if not below.is_positive:
            continue
        above = sympy.expand(above)
        if need.kind == NON_NEGATIVE and (form.is_nonnegative or visible_sum(above)):
            return True
        if form.is_positive or (visible_sum(above) and _some_positive(above)):
            return True
        if need.kind == NON_ZERO and (form.is_negative or (visible_sum(-above) and _some_positive(-above))):
            return True
    return False


def visible_sum(expression: sympy.Expr) -> bool:
    """Return True where every term of a sum is visibly >= 0."""
    return all(term.is_nonnegative for term in sympy.Add.make_args(expression))


def _some_positive(expression: sympy.Expr) -> bool:
    return any(term.is_positive for term in sympy.Add.make_args(expression))
