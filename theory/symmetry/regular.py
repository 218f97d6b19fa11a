"""For which K a formula is one formula, and where the weights of a share have a positive sum."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache, partial

import sympy

from lossmatters.theory.backends.sympy_ops import OPS
from lossmatters.theory.enclosure import NotTracedError, certify_sign, trace
from lossmatters.theory.enclosure.search import BOXES
from lossmatters.theory.enclosure.settle import X
from lossmatters.theory.enclosure.structure import Trace
from lossmatters.theory.formula import (
    ClassesError,
    FormulaError,
    NoValueError,
    evaluate,
    make,
    trace_formula,
    trace_function,
    trace_weights,
    walk,
)
from lossmatters.theory.formula.classes import check_the_same, special_classes
from lossmatters.theory.formula.nodes import REDUCTIONS, SINGLING, Node, const, replace
from lossmatters.theory.losses.base import Combination, Loss, SeparableCombination, SeparableLoss
from lossmatters.theory.losses.combinators import ShareLoss
from lossmatters.theory.losses.structure import by_structure
from lossmatters.theory.losses.zero_one import ZeroOne
from lossmatters.theory.symbolic.algebra import K, is_nonnegative, is_zero, tidy
from lossmatters.theory.symbolic.domain import NON_ZERO
from lossmatters.theory.symbolic.piecewise import CASES, Piece, pieces
from lossmatters.theory.symbolic.points import sign_of
from lossmatters.theory.symmetry.domain import needs_at_uniform, traced_weight, weights_never_negative

FEW_BOXES = 8  # what intervals show of most weights at once


def special_classes_of(loss: Loss) -> frozenset[int]:
    """Return the K at which a loss must be decided on its own.

    Raises
    ------
    ClassesError : its formula is another one at another K.
    """

    def of_terms(loss: Combination | SeparableCombination) -> frozenset[int]:
        return frozenset().union(*(special_classes_of(term) for _, term in loss.terms))

    def separable(loss: SeparableLoss) -> frozenset[int]:
        if isinstance(loss, SeparableCombination):
            return of_terms(loss)
        names = ("on_label", "off_label") if loss.has_off_label else ("on_label",)
        return frozenset().union(*(_special_of(partial(trace_function, loss, name)) for name in names))

    def formula(loss: Loss) -> frozenset[int]:
        return _special_of(partial(trace_formula, loss))

    return by_structure(
        loss,
        separable=separable,
        total=of_terms,
        normalised=lambda loss: special_classes_of(loss.base),
        share=lambda loss: _special_of(partial(trace_weights, loss)),
        mixture=formula,
        unbounded=formula,
        formula=formula,
        opaque=formula,
    )


def _special_of(make_tree: Callable[[int | None], Node]) -> frozenset[int]:
    """Return the special K of one traced function, which `make_tree` traces for one K or (None) for all."""
    every = make_tree(None)
    found = frozenset(special_classes(every))
    check_the_same(every, lambda k: _traced_at(make_tree, k, every))
    return found


def _traced_at(trace: Callable[[int], Node], k: int, every: Node) -> Node:
    try:
        return trace(k)
    except NoValueError:  # a pole at this K, which is decided on its own
        return replace(every, {make("classes"): const(k)})


def is_positive_for_all(expression: sympy.Expr) -> bool:
    """Return whether a closed form in K is shown to be > 0 for every K >= 2."""
    if expression.has(sympy.nan, sympy.zoo):
        return False
    if expression.is_number:
        return bool(expression.is_real and expression > 0)
    # K = k + 2 with k >= 0; logarithms and powers of K are left to SymPy's assumptions
    k = sympy.Symbol("k", integer=True, nonnegative=True)
    for form in (sympy.sympify, sympy.factor, sympy.simplify):  # the dearest last
        if form(expression).subs(K, k + 2).is_positive:
            return True
    return _positive_power_form(expression)


def _positive_power_form(expression: sympy.Expr) -> bool:
    """Decide that it is positive as expression/K is at K = 2 and increases in K: K - K^p with p < 1 does."""
    factored = sympy.powsimp(sympy.expand(expression / K))
    derivative = sympy.diff(factored, K)
    continuous = sympy.Symbol("kappa", positive=True)
    return bool(
        sympy.simplify(derivative.subs(K, continuous)).is_positive and sympy.N(factored.subs(K, 2)) > 0
    )


def finite_somewhere(loss: Loss) -> bool:
    """Return True only if for every K each L(u, j) is shown to be finite at some output inside the simplex.

    At the uniform one, or next to it. Without that a verdict "for all K, wherever every L(u, j) is finite"
    may at some K speak of no output at all, as of a loss divided by a sum that has the factor 8 - K.
    """
    try:
        needs = needs_at_uniform(loss)
    except (NotTracedError, FormulaError, TypeError, ValueError, ZeroDivisionError):
        return False
    return all(
        is_positive_for_all(form) or (kind == NON_ZERO and is_positive_for_all(-form))
        for kind, form in ((kind, tidy(quantity)) for kind, quantity in needs)
    )


def sum_positive_at_uniform(loss: Loss) -> bool:
    """Return whether S is shown to be > 0 at the uniform output, for every K."""
    try:
        found = trace(loss, None)
        return is_positive_for_all(tidy(found.at_uniform(sympy.sympify(found.total))))
    except (NotTracedError, ClassesError):
        return False


def has_weights(loss: ShareLoss) -> bool:
    """Return whether for every K the weights are shown to have a sum other than 0 at some output.

    At the uniform one; or, of weights >= 0 that are a function of their own entry, where one is 1/2.
    """
    entry = weight_of_entry(loss, None)
    if entry is not None and not entry.has(K) and is_share(loss, 2):
        middle = entry.subs(X, sympy.Rational(1, 2))
        if middle.is_finite and sign_of(middle)[0] == 1:
            return True
    found = Trace(K)
    try:
        weight = tidy(found.at_uniform(traced_weight(trace_weights(loss, None), found)))
    except (NotTracedError, ClassesError, TypeError):
        return False
    return is_positive_for_all(weight) or is_positive_for_all(-weight)


@lru_cache(maxsize=256)
def is_share(loss: Loss, num_classes: int) -> bool:
    """Return whether L is 1 less a share of weights shown to be >= 0 at one K, so that 0 <= L <= 1."""
    if not isinstance(loss, ShareLoss):
        return False
    if isinstance(loss, ZeroOne):
        return True
    return has_positive_sum(loss, num_classes) or weights_never_negative(loss, num_classes)


@lru_cache(maxsize=256)
def has_positive_sum(loss: ShareLoss, num_classes: int) -> bool:
    """Return whether the sum of the weights is known to be positive on the whole open simplex, at one K.

    A weight that is a function of its own probability must be >= 0 on (0, 1) and > 0 from 1/K on: some entry
    is at least 1/K.
    """
    weight = weight_of_entry(loss, num_classes)
    if weight is None:
        return False
    found = pieces(weight, X) if weight.has(*CASES) else (Piece(sympy.Integer(0), sympy.Integer(1), weight),)
    if found is None or not all(p.lo.is_Rational and p.hi.is_Rational for p in found):
        return False
    try:
        return (
            all(is_zero(p.expression) or _never_negative(p) for p in found)
            and certify_sign(weight, {X: (Fraction(1, num_classes), 1)}).sign == "positive"
        )
    except TypeError:  # not elementary
        return False


@lru_cache(maxsize=256)
def _never_negative(piece: Piece) -> bool:
    """Is it >= 0, by intervals, or since it begins at >= 0 and no term of its slope is negative?"""

    def by_intervals(boxes: int) -> bool:
        sign = certify_sign(piece.expression, {X: _ends(piece)}, boxes).sign
        return sign in ("positive", "non-negative")

    start = piece.expression.subs(X, piece.lo)
    from_zero = is_zero(start)  # next to a zero intervals decide nothing, however small: first the slope
    return (
        by_intervals(FEW_BOXES)
        or (from_zero and _never_falls(piece))
        or by_intervals(BOXES)
        or (not from_zero and sign_of(start)[0] == 1 and _never_falls(piece))
    )


def _never_falls(piece: Piece) -> bool:
    slope = sympy.expand(sympy.diff(piece.expression, X))
    return all(is_nonnegative(term, X, piece.lo, piece.hi) for term in sympy.Add.make_args(slope))


def _ends(piece: Piece) -> tuple[Fraction, Fraction]:
    return Fraction(int(piece.lo.p), int(piece.lo.q)), Fraction(int(piece.hi.p), int(piece.hi.q))


def weight_of_entry(loss: ShareLoss, num_classes: int | None) -> sympy.Expr:
    """Return the weight as an expression in its own probability; None where it depends on others."""
    node = trace_weights(loss, num_classes)
    if any(part.op in (*REDUCTIONS, *SINGLING) for part in walk(node)):
        return None
    classes = K if num_classes is None else sympy.Integer(num_classes)
    return evaluate(node, OPS, probs=X, classes=classes)
