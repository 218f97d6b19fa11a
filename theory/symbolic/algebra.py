"""SymPy at arm's length: the symbols, zero tests and signs that decisions rest on.

This module and those built on it (symmetry, bounds) load SymPy; losses, noise and memorization do not.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache, reduce
from math import lcm, prod
from typing import TYPE_CHECKING

import numpy as np
import sympy

from lossmatters.theory.backends import backend
from lossmatters.theory.backends.sympy_ops import OPS, exactly
from lossmatters.theory.losses.base import Loss, SeparableLoss
from lossmatters.theory.losses.combinators import Normalized
from lossmatters.theory.losses.structure import by_structure, is_separable
from lossmatters.theory.losses.unbounded import UnboundedSumLoss
from lossmatters.theory.symbolic.domain import lettered, visible_sum, visibly_defined

if TYPE_CHECKING:
    import flint

K = sympy.Symbol("K", integer=True, positive=True)  # the number of classes
FACTOR_LIMIT = 1000  # the product of the degrees of roots: larger polynomials may not come back factored
DIGITS_LIMIT = 5  # of the numbers beside logarithms
SIMPLIFY_LIMIT = 400  # operations; beyond, SymPy's general simplification may not come back
DIGITS, AWAY = 30, 1e-12  # of a value at a point, which a zero of them never comes near


def tidy(expression: sympy.Expr) -> sympy.Expr:
    """Return the shortest usual form of an expression: ``10*log(11)``, not ``log(25937424601)``.

    As it is, expanded, factored, or with its logarithms as one. SymPy's general simplification took a fifth
    of the time of a table of losses and found a shorter form once in a hundred.
    """
    return _tidied(sympy.sympify(expression))


@lru_cache(maxsize=1024)
def _tidied(expression: sympy.Expr) -> sympy.Expr:
    if expression.is_Rational or expression.is_Symbol:
        return expression
    if expression.has(sympy.exp):  # e^(10^8) as a power of e: expanding or factoring it would never end
        return expression
    forms = [expression, sympy.expand(expression)]
    if _unknowns(expression) <= FACTOR_LIMIT:
        forms.append(sympy.factor(expression))
        if expression.has(sympy.log) and not _explodes(expression):
            with suppress(ValueError, OverflowError):  # still too many digits for Python to write out
                forms.append(sympy.logcombine(expression))
    return min(forms, key=_clumsiness)


def _explodes(expression: sympy.Expr) -> bool:
    """Return whether SymPy would make of logarithms a number of as many digits as their factors say.

    The factors are those over a common denominator, as SymPy writes them before it makes one logarithm of
    all.
    """
    if not expression.has(sympy.log):
        return False
    numbers = expression.atoms(sympy.Rational)
    common = lcm(*(n.q for n in numbers)) * max((abs(n.p) for n in numbers), default=1)
    return common.bit_length() * 3 // 10 > DIGITS_LIMIT


def _unknowns(expression: sympy.Expr) -> int:
    """Count the unknowns for SymPy's factoring, which takes logarithms and roots for such."""
    roots = [power.exp for power in expression.atoms(sympy.Pow) if not power.exp.is_Integer]
    degrees = [p.q if p.is_Rational else 2 for p in roots] + [2 for _ in expression.atoms(sympy.log)]
    return prod(degrees)


def _digits(expression: sympy.Expr) -> int:
    """Estimate how many digits its longest number has."""
    numbers = expression.atoms(sympy.Rational)
    return max((max(abs(n.p), n.q).bit_length() for n in numbers), default=0) * 3 // 10


def _clumsiness(form: sympy.Expr) -> tuple[int, int]:
    """Return a length to sort by; powers that nobody would write come last.

    Such as log(2**(9/10)) or log((3/10)**(3*K - 3)).
    """
    inside = [power for log in form.atoms(sympy.log) for power in log.args[0].atoms(sympy.Pow)]
    digits = _digits(form)
    if digits > 1000:  # not to be written out at all
        return digits, 0
    return int(digits > 6 or any(not power.exp.is_Integer for power in inside)), len(str(form))


@dataclass(frozen=True)
class Generator:
    """G(t) = on_label(t) + (K - 1) off_label(t) as an exact expression in t on (0, 1)."""

    expression: sympy.Expr
    t: sympy.Symbol
    classes: int | sympy.Expr

    def at(self, value: sympy.Expr | int | Fraction) -> sympy.Expr:
        """Return G at an exact value; at the ends of [0, 1] this may be infinite or undefined."""
        return put(self.expression, self.t, value)

    def limit_at_zero(self) -> sympy.Expr:
        """Return G(0+), the limit at 0 from above; NaN where SymPy does not find it."""
        return limit_at_zero(self.expression, self.t)

    @property
    def half_point(self) -> sympy.Expr:
        return sympy.Rational(1, 2)

    @property
    def half(self) -> sympy.Expr:
        return self.at(self.half_point)

    @property
    def third(self) -> sympy.Expr:
        return self.at(self.half_point * 2 / 3)

    @property
    def two_thirds(self) -> sympy.Expr:
        return self.at(self.half_point * 4 / 3)


def exact_generator(loss: SeparableLoss, classes: int | sympy.Expr) -> Generator:
    """Return the generator of a separable loss, exactly; `classes` is an integer or the symbol `K`."""
    t = sympy.Symbol("t", positive=True)
    number = classes if isinstance(classes, sympy.Basic) else sympy.Integer(classes)
    return Generator(exactly(loss.generator(t, number, OPS)), t, number)


def exact_label_sum(loss: Loss, point: Sequence[Fraction]) -> sympy.Expr:
    """Return S(u) at an exact point, in closed form."""

    def plain(loss: Loss) -> sympy.Expr:
        return sympy.Add(*exact_losses(loss, point))

    def normalised(loss: Normalized) -> sympy.Expr:
        of_base = exact_label_sum(loss.base, point)
        # sum_j L(u, j)/S(u)
        return sympy.Integer(1) if of_base.is_finite and of_base.is_positive else plain(loss)

    def unbounded(loss: UnboundedSumLoss) -> sympy.Expr:
        # by its own formula: K entries for each of K labels are slow
        return exactly(loss.label_sum(np.array([OPS.const(x) for x in point], dtype=object), OPS))

    return by_structure(
        loss,
        separable=plain,
        total=lambda loss: sympy.Add(
            *(OPS.const(c) * exact_label_sum(term, point) for c, term in loss.terms)
        ),
        normalised=normalised,
        share=plain,
        mixture=plain,
        unbounded=unbounded,
        formula=plain,
        opaque=plain,
    )


def exact_losses(loss: Loss, point: Sequence[Fraction]) -> list[sympy.Expr]:
    """Return L(u, j) for every label j at an exact point, in closed form: the formula at these numbers."""
    if is_separable(loss):
        return _separable_losses(loss, point)
    values = [OPS.const(x) for x in point]
    return [exactly(c) for c in loss.all_labels(np.array(values, dtype=object), OPS)]


def _separable_losses(loss: SeparableLoss, point: Sequence[Fraction]) -> list[sympy.Expr]:
    """Return L(u, j) for every label j from the two functions at each entry that occurs."""
    number, view = sympy.Integer(len(point)), loss.bound_to(OPS)
    counts = {t: list(point).count(t) for t in dict.fromkeys(point)}
    off = {t: exactly(view.off_label(OPS.const(t), number, OPS)) if loss.has_off_label else 0 for t in counts}
    found = {}
    for t in counts:
        rest = [off[s] * (n - (s == t)) for s, n in counts.items() if n > (s == t)]
        found[t] = sympy.Add(exactly(view.on_label(OPS.const(t), number, OPS)), *rest)
    return [found[t] for t in point]


@lru_cache(maxsize=64)
def symbolic_losses(loss: Loss, num_classes: int) -> tuple[tuple[sympy.Symbol, ...], tuple[sympy.Expr, ...]]:
    """Return the symbols u1..uK and L(u, j) in them for every label j.

    Raises
    ------
    TypeError : the formula compares probabilities.
    """
    found = [symbolic_loss(loss, num_classes, label) for label in range(num_classes)]
    return found[0][0], tuple(column for _, column in found)


def symbolic_loss(
    loss: Loss, num_classes: int, label: int = 0
) -> tuple[tuple[sympy.Symbol, ...], sympy.Expr]:
    """Return the symbols u1..uK and L(u, label) in them.

    Raises
    ------
    TypeError : the formula compares probabilities.
    """
    symbols = sympy.symbols(f"u1:{num_classes + 1}", positive=True)
    probs = np.array(symbols, dtype=object)
    column = exactly(np.asarray(loss.apply(probs, OPS.onehot(probs, label), OPS), dtype=object).item())
    refuse_comparisons(column)
    return symbols, column


def refuse_comparisons(expression: sympy.Expr) -> None:
    """Check that no case of an expression depends on which of two entries is larger.

    Raises
    ------
    TypeError : the formula compares probabilities.
    """
    for case in expression.atoms(sympy.Piecewise):
        if any(len(r.free_symbols) > 1 for r in case.atoms(sympy.core.relational.Relational)):
            raise TypeError("the formula compares probabilities, which is no one expression in them")


def enclose(expression: sympy.Expr) -> flint.arb:
    """Return a ball (Arb) that contains the value of an exact closed form, at the current precision.

    Raises
    ------
    TypeError : a function that is not among log, exp, powers, absolute value, minimum, maximum.
    """
    balls = backend("balls")
    if expression.is_Rational:
        return balls.const(Fraction(int(expression.p), int(expression.q)))  # type: ignore[return-value]  # a ball
    parts = [enclose(a) for a in expression.args]
    match expression:
        case sympy.Add():
            return sum(parts[1:], parts[0])
        case sympy.Mul():
            return prod(parts[1:], start=parts[0])
        case sympy.Pow():
            return balls.power(*parts)
        case sympy.log():
            return balls.log(*parts)
        case sympy.exp():
            return balls.exp(*parts)
        case sympy.Abs():
            return balls.abs(*parts)
        case sympy.Min():
            return reduce(balls.minimum, parts)
        case sympy.Max():
            return reduce(balls.maximum, parts)
    if expression is sympy.E:
        return balls.exp(balls.const(1))
    raise TypeError(
        f"expression must be made of elementary functions of rationals, got expression={expression}"
    )


def put(expression: sympy.Expr, t: sympy.Symbol, value: sympy.Expr | int) -> sympy.Expr:
    """Return an expression with a value for t; NaN where a case in it compares what is then no number."""
    try:
        return sympy.sympify(expression).subs(t, value)
    except TypeError:
        return sympy.nan


def limit_at_one(expression: sympy.Expr, t: sympy.Symbol) -> sympy.Expr:
    """Return the limit as t -> 1 from below; NaN where SymPy does not find it."""
    gap = sympy.Symbol("s", positive=True)
    return limit_at_zero(sympy.sympify(expression).subs(t, 1 - gap), gap)


def limit_at_zero(expression: sympy.Expr, t: sympy.Symbol) -> sympy.Expr:
    """Return the limit as t -> 0 from above; NaN where SymPy does not find it."""
    value = put(expression, t, 0)
    if value.is_finite:
        return value
    # K/(K sqrt(t) - sqrt(t)) - ...: of a zero in disguise SymPy's limit may never come.
    if is_zero(expression):
        return sympy.Integer(0)
    try:
        return sympy.limit(expression, t, 0, "+")
    except (NotImplementedError, ValueError, TypeError, sympy.PoleError):
        return sympy.nan


def is_zero(expression: sympy.Expr) -> bool:
    """Return True only if SymPy derives that the expression vanishes identically; False is "not shown"."""
    expression = sympy.sympify(expression)
    if expression.has(sympy.nan, sympy.zoo, sympy.oo):
        return False
    if _away_from_zero(expression):
        return False
    for transform in (lambda e: e, sympy.expand, _expand_logs, sympy.together, _numerator, _simplify):
        expression = transform(expression)
        if expression == 0:
            return True
        if expression.is_Rational:
            return False
    return False


def _away_from_zero(expression: sympy.Expr) -> bool:
    """Tell whether the expression is not 0 at some point, which spares the algebra: False is "not shown"."""
    symbols = sorted(expression.free_symbols, key=str)
    point = {s: 7 + i if s.is_integer else sympy.Rational(3 + i, 11 + 2 * i) for i, s in enumerate(symbols)}
    try:
        value = sympy.N(expression.subs(point), DIGITS)
    except (TypeError, ValueError, ArithmeticError, RecursionError):
        return False
    return bool(value.is_comparable and abs(value) > AWAY)


def _expand_logs(expression: sympy.Expr) -> sympy.Expr:
    return sympy.expand(sympy.expand_log(expression))


def _numerator(expression: sympy.Expr) -> sympy.Expr:
    return sympy.expand(sympy.numer(sympy.together(expression)))


def _simplify(expression: sympy.Expr) -> sympy.Expr:
    if sympy.count_ops(expression) > SIMPLIFY_LIMIT or _explodes(expression):
        return expression
    if expression.has(sympy.Piecewise):  # conditions are taken apart elsewhere; here it may not come back
        return expression
    return sympy.simplify(sympy.expand_log(expression))


def _same(expression: sympy.Expr) -> sympy.Expr:
    return expression


@lru_cache(maxsize=1024)
def is_nonnegative(
    expression: sympy.Expr, t: sympy.Symbol, lo: sympy.Expr | int = 0, hi: sympy.Expr | int = 1
) -> bool:
    """Return True only if SymPy derives that the expression is >= 0 for every t in (lo, hi) and K >= 2.

    With t = lo + (hi - lo)/(1 + x) and K = k + 2, positive x and k >= 0: then 1 - t and -log t are visibly
    positive, and a sum of visibly non-negative terms or a polynomial with non-negative coefficients decides.
    """
    if sympy.sympify(expression).has(sympy.DiracDelta, sympy.Heaviside, sympy.sign, sympy.Derivative):
        return False
    x = sympy.Symbol("x", positive=True)
    k = sympy.Symbol("k", integer=True, nonnegative=True)
    moved = sympy.sympify(expression).subs({t: lo + (hi - lo) / (1 + x), K: k + 2})
    if not visibly_defined(moved):  # a pole between: (t - 1/4)^-2 is >= 0 wherever it is anything
        return False
    middle = moved.subs({x: 1, k: 1}).evalf(DIGITS)
    if middle.is_Float and middle < -AWAY:  # one value refuses it sooner than four forms
        return False
    moved = sympy.expand_log(lettered(moved))
    for make in (_same, sympy.expand, sympy.factor, _simplify):  # the dearest last
        form = make(moved)
        if form.is_nonnegative:
            return True
        numerator, denominator = sympy.fraction(sympy.together(form))
        if denominator.is_positive and visible_sum(sympy.expand(numerator)):
            return True
    return False
