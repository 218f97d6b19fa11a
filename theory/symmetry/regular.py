"""For which K a formula is one formula, and where the weights of a share have a positive sum."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import sympy

from lossmatters.theory.backends.sympy_ops import OPS
from lossmatters.theory.enclosure import certify_sign
from lossmatters.theory.enclosure.settle import X
from lossmatters.theory.formula import (
    NoValueError,
    evaluate,
    make,
    trace_formula,
    trace_function,
    trace_weights,
    walk,
)
from lossmatters.theory.formula.classes import check_the_same, special_classes
from lossmatters.theory.formula.nodes import const, replace
from lossmatters.theory.losses.base import Combination, Loss, SeparableCombination, SeparableLoss
from lossmatters.theory.losses.combinators import Normalized, ShareLoss
from lossmatters.theory.symbolic.algebra import K, is_nonnegative, is_zero
from lossmatters.theory.symbolic.piecewise import CASES, Piece, pieces
from lossmatters.theory.symbolic.points import sign_of


def special_classes_of(loss: Loss) -> frozenset[int]:
    """Return the K at which a loss must be decided on its own.

    Raises
    ------
    ClassesError : its formula is another one at another K.
    """
    if isinstance(loss, Combination | SeparableCombination):
        return frozenset().union(*(special_classes_of(term) for _, term in loss.terms))
    if isinstance(loss, Normalized):
        return special_classes_of(loss.base)
    makers: list[Any] = []
    if isinstance(loss, SeparableLoss):
        names = ("on_label", "off_label") if loss.has_off_label else ("on_label",)
        makers = [lambda k, n=name: trace_function(loss, n, k) for name in names]
    elif isinstance(loss, ShareLoss):
        makers = [lambda k: trace_weights(loss, k)]
    else:
        makers = [lambda k: trace_formula(loss, k)]
    found: set[int] = set()
    for trace in makers:
        every = trace(None)
        found |= special_classes(every)
        check_the_same(every, lambda k, trace=trace, every=every: _traced_at(trace, k, every))
    return frozenset(found)


def _traced_at(trace: Any, k: int, every: Any) -> Any:
    try:
        return trace(k)
    except NoValueError:  # a pole at this K, which is decided on its own
        return replace(every, {make("classes"): const(k)})


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


def _never_negative(piece: Piece) -> bool:
    """Is it >= 0, by intervals, or since it begins at >= 0 and no term of its slope is negative?"""
    box = {X: _ends(piece)}
    if certify_sign(piece.expression, box).sign in ("positive", "non-negative"):
        return True
    start = piece.expression.subs(X, piece.lo)
    if not (is_zero(start) or sign_of(start)[0] == 1):
        return False
    slope = sympy.expand(sympy.diff(piece.expression, X))
    return all(is_nonnegative(term, X, piece.lo, piece.hi) for term in sympy.Add.make_args(slope))


def _ends(piece: Piece) -> tuple[Fraction, Fraction]:
    return Fraction(int(piece.lo.p), int(piece.lo.q)), Fraction(int(piece.hi.p), int(piece.hi.q))


def weight_of_entry(loss: ShareLoss, num_classes: int | None) -> Any:
    """Return the weight as an expression in its own probability; None where it depends on others."""
    node = trace_weights(loss, num_classes)
    if any(part.op in ("sum", "dot", "largest", "item", "vector", "stack") for part in walk(node)):
        return None
    classes = K if num_classes is None else sympy.Integer(num_classes)
    return evaluate(node, OPS, probs=X, classes=classes)
