"""The structure of a loss: its formula, run on rows, with K a number or the symbol."""

from __future__ import annotations

from functools import lru_cache
from typing import NoReturn

import sympy

from lossmatters.theory.backends.sympy_ops import OPS as SYMPY
from lossmatters.theory.backends.sympy_ops import exactly
from lossmatters.theory.enclosure.rows import Row, TraceOps
from lossmatters.theory.enclosure.settle import T, X
from lossmatters.theory.enclosure.structure import NotTracedError, Trace
from lossmatters.theory.exact import check_num_classes
from lossmatters.theory.formula import ClassesError
from lossmatters.theory.losses.base import Loss, SeparableLoss
from lossmatters.theory.losses.combinators import Normalized
from lossmatters.theory.losses.structure import by_structure, is_separable
from lossmatters.theory.symbolic.algebra import K


def _loss_of(loss: Loss, trace: Trace) -> sympy.Expr:
    """Return L in `X` and aggregates, which are added to the trace."""

    def separable(loss: SeparableLoss) -> sympy.Expr:
        view, number = loss.bound_to(SYMPY), sympy.sympify(trace.classes)
        on = exactly(view.on_label(X, number, SYMPY))
        if not loss.has_off_label:
            return on
        off = exactly(view.off_label(T, number, SYMPY))
        return on - off.subs(T, X) + trace.sum_over_classes(off)

    def normalised(loss: Normalized) -> sympy.Expr:
        base = _loss_of(loss.base, trace)
        return base / _total_of(loss.base, base, trace)

    return by_structure(
        loss,
        separable=separable,
        total=lambda loss: sum(SYMPY.const(c) * _loss_of(term, trace) for c, term in loss.terms),
        normalised=normalised,
        share=lambda loss: _on_rows(loss, trace),
        mixture=lambda loss: _on_rows(loss, trace),
        unbounded=lambda loss: _on_rows(loss, trace),
        formula=lambda loss: _on_rows(loss, trace),
        opaque=_refuse,
    )


def _refuse(loss: Loss) -> NoReturn:
    raise NotTracedError(f"{loss.spec} has no formula")


def _on_rows(loss: Loss, trace: Trace) -> sympy.Expr:
    """Return the formula, run on rows."""
    ops = TraceOps(trace)
    probs = Row(trace, X, T, False)
    onehot = Row(trace, sympy.Integer(1), sympy.Integer(0), False)
    value = loss.bound_to(SYMPY).formula(probs, onehot, ops)
    if not isinstance(value, Row):
        return exactly(value)
    if not value.flat:
        raise NotTracedError("the formula returns one value a class")
    return exactly(value.on)


def _total_of(loss: Loss, value: sympy.Expr, trace: Trace) -> sympy.Expr:
    if is_separable(loss):
        return trace.sum_over_classes(loss.generator(T, sympy.sympify(trace.classes), SYMPY))
    return trace.sum_over_classes(value.subs(X, T))


@lru_cache(maxsize=256)
def trace(loss: Loss, num_classes: int | None = None) -> Trace:
    """Return the structure of a loss, for one K or (None) for all K at once.

    Raises
    ------
    NotTracedError : the formula is none, or tells classes apart, or mixes them pairwise.
    """
    if not loss.has_formula:
        _refuse(loss)
    found = Trace(K if num_classes is None else check_num_classes(num_classes))
    try:
        found.loss = _loss_of(loss, found)
        found.total = _total_of(loss, found.loss, found)
    except NotTracedError:
        raise
    except (TypeError, AttributeError, IndexError, NotImplementedError, ClassesError) as error:
        raise NotTracedError(f"{loss.spec} could not be traced: {error}") from error
    return found
