"""An expression of SymPy on intervals: the values it may take on a box, and its sign there."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache, reduce
from operator import mul

import numpy as np
import sympy
from sympy.logic.boolalg import BooleanFalse, BooleanTrue

from lossmatters.theory.enclosure.elementary import exp, log, log_times_power, maximum, minimum, where
from lossmatters.theory.enclosure.interval import Interval, interval
from lossmatters.theory.enclosure.truth import Truth

Box = Mapping[sympy.Symbol, Interval]


def rational(number: sympy.Rational) -> Fraction:
    """Return a SymPy rational as a Fraction."""
    return Fraction(int(number.p), int(number.q))


def evaluate(expression: sympy.Expr, box: Box, smooth: bool = False) -> Interval:
    """Enclose the values of an expression where its symbols range over a box (arrays: many boxes at once).

    Parameters
    ----------
    smooth : True makes a case distinction that the box leaves open the whole line, rather than the hull of
        its cases: for derivatives, which say nothing about a jump.

    Raises
    ------
    TypeError : a function or symbol that has no enclosure here.
    """
    return Evaluation(box, smooth).value(sympy.sympify(expression))


class Evaluation:
    """The values of expressions over one box, each subexpression worked out once."""

    def __init__(self, box: Box, smooth: bool) -> None:
        self.box, self.smooth = box, smooth
        self.seen: dict[sympy.Expr, Interval] = dict(box)

    def value(self, e: sympy.Expr) -> Interval:
        if e not in self.seen:
            self.seen[e] = self._new(e)
        return self.seen[e]

    def _new(self, e: sympy.Expr) -> Interval:
        if e.is_Rational:
            return interval(rational(e))
        if e is sympy.E:
            return exp(interval(1))
        if e in (sympy.oo, -sympy.oo):
            end = np.inf if e is sympy.oo else -np.inf
            return Interval(end, end)
        if isinstance(e, sympy.Mul):
            return self._product(e)
        if isinstance(e, sympy.Pow):
            base, p = self.value(e.base), e.exp
            return base ** (int(p) if p.is_Integer else self.value(p))
        if isinstance(e, sympy.Piecewise):
            return self._cases(e)
        if isinstance(e, sympy.DiracDelta):
            at = self.value(e.args[0])
            away = (at.lo > 0) | (at.hi < 0)
            return Interval(np.where(away, 0.0, -np.inf), np.where(away, 0.0, np.inf))
        parts = [self.value(a) for a in e.args]
        match e:
            case sympy.Add():
                return sum(parts[1:], parts[0])
            case sympy.log():
                return log(parts[0])
            case sympy.exp():
                return exp(parts[0])
            case sympy.Abs():
                return abs(parts[0])
            case sympy.Min():
                return reduce(minimum, parts)
            case sympy.Max():
                return reduce(maximum, parts)
            case sympy.sign():
                return where(parts[0] > 0, 1, where(parts[0] < 0, -1, Interval(-1, 1)))
            case sympy.Heaviside():
                return where(parts[0] > 0, 1, where(parts[0] < 0, 0, Interval(0, 1)))
        raise TypeError(f"expression must be made of elementary functions, got {type(e).__name__} in {e}")

    def _product(self, e: sympy.Expr) -> Interval:
        factors = list(sympy.Mul.make_args(e))
        parts = []
        for factor in list(factors):  # x^p log(x)^n has a limit at 0 that its factors do not show
            base, n = factor.as_base_exp()
            if not (isinstance(base, sympy.log) and n.is_Integer and n > 0):
                continue
            for other in factors:
                argument, p = other.as_base_exp()
                if argument == base.args[0] and p.is_Rational and p > 0:
                    parts.append(log_times_power(self.value(argument), rational(p), int(n)))
                    factors.remove(factor)
                    factors.remove(other)
                    break
        parts += [self.value(factor) for factor in factors]
        return reduce(mul, parts) if parts else interval(1)

    def _cases(self, e: sympy.Expr) -> Interval:
        *cases, last = e.args
        out = self.value(last.expr)
        if self.truth(last.cond) is not True:
            out = where(self.truth(last.cond), out, Interval(-np.inf, np.inf))
        whole = Interval(-np.inf, np.inf)
        for case in reversed(cases):
            holds = self.truth(case.cond)
            value = self.value(case.expr)
            if self.smooth and isinstance(holds, Truth):
                value = where(holds.must | ~holds.may, value, whole)
            out = where(holds, value, out)
        return out

    def truth(self, condition: sympy.Basic) -> Truth | bool:
        if isinstance(condition, BooleanTrue):
            return True
        if isinstance(condition, BooleanFalse):
            return False
        if isinstance(condition, sympy.And | sympy.Or):
            parts = [self.truth(a) for a in condition.args]
            parts = [p if isinstance(p, Truth) else Truth(p, p) for p in parts]
            return reduce(lambda x, y: x & y if isinstance(condition, sympy.And) else x | y, parts)
        if isinstance(condition, sympy.Not):
            held = self.truth(condition.args[0])
            return ~held if isinstance(held, Truth) else not held
        difference = condition.lhs - condition.rhs  # one quantity: u < u + 1 is decided
        if difference.is_number and difference.is_comparable:
            return bool(condition.func(difference, 0))
        value, zero = self.value(difference), interval(0)
        match condition:
            case sympy.StrictGreaterThan():
                return value > zero
            case sympy.GreaterThan():
                return value >= zero
            case sympy.StrictLessThan():
                return value < zero
            case sympy.LessThan():
                return value <= zero
            case sympy.Equality():
                return value == zero
            case sympy.Unequality():
                return value != zero
        raise TypeError(f"condition must compare numbers, got {condition}")


@lru_cache(maxsize=256)
def sign_forms(expression: sympy.Expr) -> tuple[tuple[sympy.Expr, ...], ...]:
    """Return the expression itself and its factorisations, as tuples of factors."""
    expression = sympy.sympify(expression)
    # An exponential is one letter here: factoring e^(10^8 t) as a power of e^t would never end.
    letters = {e: sympy.Dummy(positive=True) for e in expression.atoms(sympy.exp)}
    written = expression.xreplace(letters)
    back = {letter: e for e, letter in letters.items()}
    forms = [(expression,)]
    for make in (sympy.together, lambda e: sympy.factor(sympy.together(e))):
        forms.append(sympy.Mul.make_args(make(written).xreplace(back)))
    return tuple(dict.fromkeys(forms))


def signs(expression: sympy.Expr | tuple[tuple[sympy.Expr, ...], ...], box: Box) -> np.ndarray:
    """Return an expression's sign inside each box: 1 (>= 0), -1 (<= 0), 2 (zero), 0 (not decided).

    Products are decided factor by factor, so that a singular factor such as 1/t^2 at t = 0 does not hide
    the sign of the rest. `expression` may be given as its `sign_forms`.
    """
    evaluation = Evaluation(box, smooth=True)
    forms = expression if isinstance(expression, tuple) else sign_forms(expression)
    best: np.ndarray = np.zeros((), dtype=int)
    for form in forms:
        sign: np.ndarray = np.ones((), dtype=int)
        for factor in form:
            one = _sign_of(evaluation.value(factor))
            product = np.where((sign == 2) | (one == 2), 2, sign * one)
            sign = np.where((sign == 0) | (one == 0), 0, product)
        best = np.where(best == 0, sign, best)
        if (best != 0).all():
            break
    return best


def smooth_on(expression: sympy.Expr, box: Box) -> np.ndarray:
    """Return True for boxes on which no case, absolute value or extreme of the expression changes side.

    Strictly: a switch on the very edge of a box counts as inside, so that two neighbours that are both
    smooth join smoothly. SymPy's derivative of a case distinction ignores jumps; here they are seen.
    """
    evaluation = Evaluation(box, smooth=True)
    out: np.ndarray = np.ones((), dtype=bool)
    for difference in _switches(sympy.sympify(expression)):
        value = evaluation.value(difference)
        out = out & ((value.lo > 0) | (value.hi < 0))
    return out


@lru_cache(maxsize=256)
def _switches(expression: sympy.Expr) -> tuple[sympy.Expr, ...]:
    """Return the quantities at whose zeros an expression may have a jump or a kink."""
    found: list[sympy.Expr] = []
    for e in sympy.preorder_traversal(expression):
        if isinstance(e, sympy.Abs | sympy.sign | sympy.Heaviside):
            found.append(e.args[0])
        elif isinstance(e, sympy.Min | sympy.Max):
            found += [a - b for i, a in enumerate(e.args) for b in e.args[:i]]
        elif isinstance(e, sympy.core.relational.Relational):
            found.append(e.lhs - e.rhs)
    return tuple(dict.fromkeys(d for d in found if not d.is_number))


def _sign_of(value: Interval) -> np.ndarray:
    zero = (value.lo == 0) & (value.hi == 0)
    return np.where(zero, 2, np.where(value.lo >= 0, 1, np.where(value.hi <= 0, -1, 0)))
