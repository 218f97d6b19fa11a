"""Where an expression is defined and finite: no pole, no logarithm or root of what may be negative.

An interval holds the finite real values that a quantity takes, and is silent about places where it has none.
Conclusions about a whole box (a sign, a curvature, a mean-value form) need to know that there are none:
`lossmatters.theory.symbolic.domain` lists what makes one. Functions may be singular on the very faces of the
domain, as log t is at t = 0: inside, they are finite.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache, reduce

import numpy as np
import sympy

from lossmatters.theory.enclosure.evaluate import Box, Evaluation, sign_forms, signs
from lossmatters.theory.enclosure.interval import Interval
from lossmatters.theory.enclosure.truth import truth
from lossmatters.theory.symbolic.domain import NEVER, NON_NEGATIVE, NON_ZERO, POSITIVE, Need, needs

Ends = Mapping[sympy.Symbol, tuple[float, float]]


def defined_on(expression: sympy.Expr, box: Box, domain: Ends | None = None) -> np.ndarray:
    """Return True for boxes inside which an expression certainly has finite values.

    Parameters
    ----------
    domain : symbol -> (low, high), of which the boxes are parts. On its faces the expression need not be
        finite; on all other faces of a box it must. None where there is no such excuse.
    """
    return all_hold(needs(expression), box, domain or {})


def all_hold(asked: Iterable[Need], box: Box, domain: Ends) -> np.ndarray:
    """Return True for boxes inside which everything that is asked certainly holds."""
    found: sympy.Expr = np.ones((), dtype=bool)
    looker = _Domain(box, domain)
    for need in asked:
        found = found & looker.holds(need)
        if not found.any():
            break
    return found


@lru_cache(maxsize=1024)
def _slope(d: sympy.Expr, s: sympy.Symbol) -> sympy.Expr:
    return sympy.diff(d, s)


class _Domain:
    def __init__(self, box: Box, domain: Ends) -> None:
        self.box, self.domain = box, domain
        self.evaluation = Evaluation(box, smooth=True)

    def holds(self, need: Need) -> np.ndarray:
        if need.kind == NEVER:
            return ~self.looked_at(need)
        given = {self.given(guard, need.quantity) for guard in need.guards}
        if need.kind in given or (POSITIVE in given):
            return np.ones((), dtype=bool)
        d = need.quantity
        match need.kind:
            case "non-zero":
                fine = self.non_zero(d)
            case "non-negative":
                fine = self.non_negative(d)
            case _:
                fine = self.non_negative(d) & self.non_zero(d)
        return fine if fine.all() else fine | ~self.looked_at(need)

    def looked_at(self, need: Need) -> np.ndarray:
        out: np.ndarray = np.ones((), dtype=bool)
        for guard in need.guards:
            out = out & truth(self.evaluation.truth(guard)).may
        return out

    @staticmethod
    def given(guard: sympy.Basic, d: sympy.Expr) -> str | None:
        """Return what a guard says of a quantity that is a multiple of the difference that it compares."""
        if not isinstance(guard, sympy.core.relational.Relational):
            return None
        ratio = sympy.cancel(d / (guard.lhs - guard.rhs)) if guard.lhs != guard.rhs else sympy.nan
        if not ratio.is_number or not ratio.is_real or ratio.is_zero:
            return None
        upward = isinstance(guard, sympy.Gt | sympy.Ge) == bool(ratio > 0)
        match guard:
            case sympy.Ne():
                return NON_ZERO
            case sympy.Gt() | sympy.Lt():
                return POSITIVE if upward else NON_ZERO
            case sympy.Ge() | sympy.Le():
                return NON_NEGATIVE if upward else None
        return None

    def value(self, d: sympy.Expr) -> Interval:
        return self.evaluation.value(sympy.sympify(d))

    def non_negative(self, d: sympy.Expr) -> np.ndarray:
        at_least = signs(sign_forms(d), self.box) >= 1
        return at_least if at_least.all() else at_least | self.above_a_face(d)

    def non_zero(self, d: sympy.Expr) -> np.ndarray:
        value = self.value(d)
        fine: np.ndarray = (value.lo > 0) | (value.hi < 0)
        if fine.all() or d.is_number:
            return fine
        match d:
            case sympy.Mul():
                return fine | reduce(np.logical_and, [self.non_zero(a) for a in d.args])
            case sympy.exp():
                return np.ones((), dtype=bool)
            case sympy.Pow():
                return fine | self.non_zero(d.base)
            case sympy.Abs():
                return fine | self.non_zero(d.args[0])
            case sympy.log():
                return fine | self.non_zero(d.args[0] - 1)
        fine = fine | self.above_a_face(d) | self.above_a_face(-d)
        if isinstance(d, sympy.Add) and not fine.all():
            fine = fine | self.sum_of_one_sign(d)
        factored = d if fine.all() else sympy.factor_terms(d)
        return fine | self.non_zero(factored) if isinstance(factored, sympy.Mul) else fine

    def sum_of_one_sign(self, d: sympy.Expr) -> np.ndarray:
        values = [self.value(a) for a in d.args]
        alike = reduce(np.logical_and, [v.lo >= 0 for v in values])
        alike = alike | reduce(np.logical_and, [v.hi <= 0 for v in values])
        return alike & reduce(np.logical_or, [self.non_zero(a) for a in d.args])

    def above_a_face(self, d: sympy.Expr) -> np.ndarray:
        """Return True where d > 0 inside a box, being >= 0 on a face of the domain and rising from there.

        A pole of d in the box is not seen: whoever asks must ask for d's own divisors too, as is done for the
        needs of a whole formula.
        """
        out: np.ndarray = np.zeros((), dtype=bool)
        for s in d.free_symbols & self.domain.keys():
            slope = self.value(_slope(d, s))
            low, high = self.domain[s]
            for end, touches, rises in (
                (low, self.box[s].lo == low, slope.lo > 0),
                (high, self.box[s].hi == high, slope.hi < 0),
            ):
                if np.any(touches & rises):
                    at_face = Evaluation({**self.box, s: Interval(end, end)}, smooth=True).value(d)
                    out = out | (touches & rises & (at_face.lo >= 0))
        return out
