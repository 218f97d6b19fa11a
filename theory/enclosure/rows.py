"""A formula run once on one entry that stands for all: elementwise operations and reductions, nothing else.

That a formula can run on a `Row` shows that it treats classes alike: one that singles out a class cannot.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn, TypeAlias

import numpy as np
import sympy

from lossmatters.theory.backends.base import Ops
from lossmatters.theory.backends.number import Exact
from lossmatters.theory.backends.sympy_ops import OPS as SYMPY
from lossmatters.theory.enclosure.settle import T, X
from lossmatters.theory.enclosure.structure import NotTracedError, Trace


class Row:
    """A value of a formula: (...,) or (..., K), as its entry at the label and at any other class."""

    __array_ufunc__ = None
    __hash__ = None  # type: ignore[assignment]
    __iter__ = None  # entries cannot be told apart

    def __init__(self, trace: Trace, on: sympy.Basic, off: sympy.Basic, flat: bool) -> None:
        self.trace, self.on, self.off, self.flat = trace, on, off, flat

    @property
    def shape(self) -> tuple[sympy.Expr, ...]:
        return () if self.flat else (self.trace.classes,)

    def __getitem__(self, key: object) -> Row:
        if self.flat and key in ((Ellipsis, None), None, Ellipsis):
            return Row(self.trace, self.on, self.off, True)
        raise NotTracedError("the formula picks out entries of an array")

    def __bool__(self) -> bool:
        raise NotTracedError("the formula branches on a comparison: use ops.where")

    def _with(self, function: Callable[[sympy.Basic, sympy.Basic], sympy.Basic], other: object) -> Row:
        if isinstance(other, np.ndarray | list | tuple):
            raise NotTracedError("the formula holds an array of its own")
        if not isinstance(other, Row):
            other = Row(self.trace, SYMPY.const(other), SYMPY.const(other), True)
        flat = self.flat and other.flat
        return Row(self.trace, function(self.on, other.on), function(self.off, other.off), flat)

    def map(self, function: Callable[[sympy.Basic], sympy.Basic]) -> Row:
        return Row(self.trace, function(self.on), function(self.off), self.flat)

    def __add__(self, other: object) -> Row:
        return self._with(lambda a, b: a + b, other)

    def __sub__(self, other: object) -> Row:
        return self._with(lambda a, b: a - b, other)

    def __rsub__(self, other: object) -> Row:
        return self._with(lambda a, b: b - a, other)

    def __mul__(self, other: object) -> Row:
        return self._with(lambda a, b: a * b, other)

    def __truediv__(self, other: object) -> Row:
        return self._with(lambda a, b: a / b, other)

    def __rtruediv__(self, other: object) -> Row:
        return self._with(lambda a, b: b / a, other)

    def __pow__(self, other: object) -> Row:
        return self._with(lambda a, b: a**b, other)

    def __rpow__(self, other: object) -> Row:
        return self._with(lambda a, b: b**a, other)

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self) -> Row:
        return self.map(lambda a: -a)

    def __abs__(self) -> Row:
        return self.map(sympy.Abs)

    def __gt__(self, other: object) -> Row:
        return self._with(lambda a, b: sympy.Gt(a, b), other)

    def __ge__(self, other: object) -> Row:
        return self._with(lambda a, b: sympy.Ge(a, b), other)

    def __lt__(self, other: object) -> Row:
        return self._with(lambda a, b: sympy.Lt(a, b), other)

    def __le__(self, other: object) -> Row:
        return self._with(lambda a, b: sympy.Le(a, b), other)

    def __eq__(self, other: object) -> Row:  # type: ignore[override]
        return self._with(lambda a, b: sympy.Eq(a, b), other)

    def __ne__(self, other: object) -> Row:  # type: ignore[override]
        return self._with(lambda a, b: sympy.Ne(a, b), other)

    def __and__(self, other: object) -> Row:
        return self._with(sympy.And, other)

    def __or__(self, other: object) -> Row:
        return self._with(sympy.Or, other)

    def __invert__(self) -> Row:
        return self.map(sympy.Not)


Value: TypeAlias = Row | Exact
"""A row, or a number outside it; a condition is of SymPy too."""

Answer: TypeAlias = Row | sympy.Basic
"""What an operation gives: a row, or without one what SymPy gives."""


class TraceOps(Ops[Row]):
    """The operations of a formula on a `Row`."""

    name = "trace"

    def __init__(self, trace: Trace) -> None:
        self.trace = trace

    def const(self, value: Exact) -> sympy.Expr:
        return SYMPY.const(value)

    def array(self, rows: object) -> NoReturn:
        raise NotTracedError("the formula holds an array of its own")

    def _map(self, function: Callable[..., sympy.Basic], *values: Value) -> Answer:
        rows = [v for v in values if isinstance(v, Row)]
        if not rows:
            return function(*map(SYMPY.const, values))
        filled = [v if isinstance(v, Row) else rows[0]._with(lambda a, b: b, v) for v in values]
        on, off = function(*(v.on for v in filled)), function(*(v.off for v in filled))
        return Row(self.trace, on, off, all(v.flat for v in rows))

    def log(self, x: Value) -> Answer:
        return self._map(SYMPY.log, x)

    def exp(self, x: Value) -> Answer:
        return self._map(SYMPY.exp, x)

    def sqrt(self, x: Value) -> Answer:
        return self._map(SYMPY.sqrt, x)

    def abs(self, x: Value) -> Answer:
        return self._map(SYMPY.abs, x)

    def power(self, x: Value, p: Value) -> Answer:
        return self._map(SYMPY.power, x, p)

    def integer_power(self, x: Value, n: int) -> Answer:
        return self._map(lambda a: a**n, x)

    def equal(self, x: Value, y: Value) -> Answer:
        return self._map(SYMPY.equal, x, y)

    def less(self, x: Value, y: Value) -> Answer:
        return self._map(SYMPY.less, x, y)

    def less_equal(self, x: Value, y: Value) -> Answer:
        return self._map(SYMPY.less_equal, x, y)

    def logical_and(self, x: Value, y: Value) -> Answer:
        return self._map(SYMPY.logical_and, x, y)

    def logical_or(self, x: Value, y: Value) -> Answer:
        return self._map(SYMPY.logical_or, x, y)

    def logical_not(self, x: Value) -> Answer:
        return self._map(SYMPY.logical_not, x)

    def minimum(self, x: Value, y: Value) -> Answer:
        return self._map(SYMPY.minimum, x, y)

    def maximum(self, x: Value, y: Value) -> Answer:
        return self._map(SYMPY.maximum, x, y)

    def where(self, condition: Value, x: Value, y: Value) -> Answer:
        return self._map(SYMPY.where, condition, x, y)

    def sum(self, x: object) -> Row:
        if not isinstance(x, Row) or x.flat:
            raise NotTracedError("the formula sums something that has no axis of classes")
        own = x.off.subs(T, X)
        value = x.on - own + self.trace.sum_over_classes(x.off)
        return Row(self.trace, value, value, True)

    def max(self, x: object) -> Row:
        if not isinstance(x, Row) or x.flat or x.on != x.off.subs(T, X):
            raise NotTracedError("the formula takes a maximum over the other classes only")
        value = self.trace.largest(x.off)
        return Row(self.trace, value, value, False)

    def largest(self, x: object) -> Row:
        found = self.max(x)
        return Row(self.trace, found.on, found.off, True)

    def onehot(self, like: object, j: int) -> NoReturn:
        raise NotTracedError("the formula makes labels of its own")

    def stack(self, columns: object) -> NoReturn:
        raise NotTracedError("the formula makes arrays of its own")
