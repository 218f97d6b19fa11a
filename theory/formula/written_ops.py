"""The operations of a formula as it is written, on the numbers of `written`, alone or in NumPy arrays."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from lossmatters.theory.backends.base import Ops
from lossmatters.theory.formula.whole import Whole
from lossmatters.theory.formula.written import NAN, ONE, ZERO, Number, compared, rational, value_of


class DirectWhole(Whole):
    """A whole number that a formula is given, such as K."""

    @staticmethod
    def lift(value: Fraction) -> Number:
        return Number(rational(value))


def _pick(chosen: int) -> Callable[[object, object], Number]:
    def choose(x: object, y: object) -> Number:
        a, b = value_of(x), value_of(y)
        sign = compared(a, b)
        return Number(NAN if sign == 2 else a if sign in (chosen, 0) else b)

    return choose


def _each(function: Callable[..., Any], number: int) -> Callable[..., Any]:
    lifted = np.frompyfunc(function, number, 1)

    def apply_to_one(value: Any) -> Any:
        return function(value) if type(value) is Number else lifted(value)

    if number == 1:
        return apply_to_one

    def apply(*values: Any) -> Any:
        if all(type(v) is Number or isinstance(v, int | float | Fraction) for v in values):
            return function(*values)  # as the lifted one does, by a way through arrays
        return lifted(*values)

    return apply


class DirectOps(Ops[Any]):
    """The operations of a formula on `Number`, alone or in NumPy arrays."""

    name = "direct"

    log = staticmethod(_each(lambda x: Number(value_of(x)).log(), 1))
    exp = staticmethod(_each(lambda x: Number(value_of(x)).exp(), 1))
    sqrt = staticmethod(_each(lambda x: Number(value_of(x)).sqrt(), 1))
    abs = staticmethod(_each(lambda x: abs(Number(value_of(x))), 1))
    power = staticmethod(_each(lambda x, p: Number(value_of(x)) ** p, 2))
    minimum = staticmethod(_each(_pick(-1), 2))
    maximum = staticmethod(_each(_pick(1), 2))
    where = staticmethod(_each(lambda condition, x, y: Number(value_of(x if condition else y)), 3))

    def const(self, value: object) -> Number | DirectWhole:
        if isinstance(value, Number | DirectWhole):
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return DirectWhole(value)
        return Number(value_of(value))

    def array(self, rows: Any) -> np.ndarray:
        exact = (x if type(x) is Fraction else Fraction(x) for x in rows)
        return np.array([Number(rational(x)) for x in exact], dtype=object)

    def sum(self, x: np.ndarray) -> Any:
        zero: Any = Number(ZERO)
        if isinstance(x, np.ndarray) and x.ndim == 1:
            return sum(x, zero)
        return np.sum(x, axis=-1, initial=zero)

    def max(self, x: np.ndarray) -> Any:
        largest = x[..., :1]
        for i in range(1, x.shape[-1]):
            largest = self.maximum(largest, x[..., i : i + 1])
        return largest

    def dot(self, x: np.ndarray, y: np.ndarray) -> Any:
        return self.sum(x * y)

    def onehot(self, like: np.ndarray, j: int) -> np.ndarray:
        rows = np.full(np.shape(like), Number(ZERO))
        rows[..., j] = Number(ONE)
        return rows


OPS = DirectOps()
