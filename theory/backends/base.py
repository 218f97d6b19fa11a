"""The operations that a loss formula may use, whatever runs it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from inspect import signature
from typing import Any, Generic, overload

import numpy as np

from lossmatters.theory.backends.number import Condition, Exact, N, Nested, Plain, Truths


class Ops(Generic[N]):
    """Operations on the last axis (the classes) and elementwise functions.

    A formula receives an `Ops` and must use it for everything beyond ``+ - * / **`` and comparisons.
    Numbers written in a formula are fine (a float means the simplest rational that rounds to it);
    numbers that came from elsewhere go through `const`.

    `N` is what the backend computes with (`Number`): an array, a tensor, an expression. A function of a plain
    number, such as a parameter, may give a plain number again, as torch does; everything else gives an `N`.

    Attributes
    ----------
    name : the backend's key.
    exact : True where equality of two results is equality of numbers (SymPy on rationals).
    """

    name: str = ""
    exact: bool = False

    def const(self, value: N | Exact) -> N | Plain:
        """Return an exact number (int, Fraction) as this backend's number."""
        raise NotImplementedError  # each backend defines it

    def array(self, rows: Nested) -> N:
        """Make nested sequences of exact numbers this backend's array."""
        raise NotImplementedError

    @overload
    def log(self, x: N) -> N: ...
    @overload
    def log(self, x: Plain) -> N | Plain: ...
    def log(self, x: N | Plain) -> N | Plain:
        """Return natural logarithm; minus infinity (or the backend's own infinity) at 0."""
        raise NotImplementedError

    @overload
    def exp(self, x: N) -> N: ...
    @overload
    def exp(self, x: Plain) -> N | Plain: ...
    def exp(self, x: N | Plain) -> N | Plain:
        raise NotImplementedError

    @overload
    def sqrt(self, x: N) -> N: ...
    @overload
    def sqrt(self, x: Plain) -> N | Plain: ...
    def sqrt(self, x: N | Plain) -> N | Plain:
        raise NotImplementedError

    @overload
    def abs(self, x: N) -> N: ...
    @overload
    def abs(self, x: Plain) -> N | Plain: ...
    def abs(self, x: N | Plain) -> N | Plain:
        raise NotImplementedError

    @overload
    def power(self, x: N, p: N | Plain) -> N: ...
    @overload
    def power(self, x: Plain, p: N | Plain) -> N | Plain: ...
    def power(self, x: N | Plain, p: N | Plain) -> N | Plain:
        """Return x ** p for x >= 0, with 0 ** p = 0 for p > 0 and 1 for p = 0."""
        raise NotImplementedError

    @overload
    def integer_power(self, x: N, n: int) -> N: ...
    @overload
    def integer_power(self, x: Plain, n: int) -> N | Plain: ...
    def integer_power(self, x: N | Plain, n: int) -> N | Plain:
        """Return x ** n for a whole n and any x."""
        return x**n

    def equal(self, x: N | Plain, y: N | Plain) -> Condition:
        return x == y

    def less(self, x: N | Plain, y: N | Plain) -> Condition:
        return x < y

    def less_equal(self, x: N | Plain, y: N | Plain) -> Condition:
        return x <= y

    def logical_and(self, x: Condition, y: Condition) -> Condition:
        return x & y  # type: ignore[operator]  # truths go with a bool on either side

    def logical_or(self, x: Condition, y: Condition) -> Condition:
        return x | y  # type: ignore[operator]

    def logical_not(self, x: Condition) -> Condition:
        return (not x) if isinstance(x, bool) else ~x

    @overload
    def minimum(self, x: N, y: N | Plain) -> N: ...
    @overload
    def minimum(self, x: Plain, y: N) -> N: ...
    @overload
    def minimum(self, x: Plain, y: Plain) -> N | Plain: ...
    def minimum(self, x: N | Plain, y: N | Plain) -> N | Plain:
        raise NotImplementedError

    @overload
    def maximum(self, x: N, y: N | Plain) -> N: ...
    @overload
    def maximum(self, x: Plain, y: N) -> N: ...
    @overload
    def maximum(self, x: Plain, y: Plain) -> N | Plain: ...
    def maximum(self, x: N | Plain, y: N | Plain) -> N | Plain:
        raise NotImplementedError

    @overload
    def where(self, condition: Truths, x: N | Plain, y: N | Plain) -> N: ...
    @overload
    def where(self, condition: Condition, x: N | Plain, y: N | Plain) -> N | Plain: ...
    def where(self, condition: Condition, x: N | Plain, y: N | Plain) -> N | Plain:
        raise NotImplementedError

    def sum(self, x: N) -> N:
        """Sum over the last axis: (..., K) -> (...)."""
        raise NotImplementedError

    def max(self, x: N) -> N:
        """Return the largest entry along the last axis, which is kept: (..., K) -> (..., 1)."""
        raise NotImplementedError

    def largest(self, x: N) -> N:
        """Return the largest entry along the last axis, which is gone: (..., K) -> (...)."""
        return self.max(x)[..., 0]

    def dot(self, x: N, y: N) -> N:
        """Sum over the last axis of x * y: (..., K), (..., K) -> (...)."""
        return self.sum(x * y)

    def onehot(self, like: N, j: int) -> N:
        """Return rows e_j in the shape of `like`: (..., K) -> (..., K)."""
        rows = np.full(np.shape(like), self.const(0))
        rows[..., j] = self.const(1)
        return rows  # type: ignore[return-value]  # NumPy's, or a backend has a way of its own

    def stack(self, columns: Sequence[N | Plain]) -> N:
        """Put K arrays of shape (...) side by side: (..., K)."""
        return np.stack(columns, axis=-1)  # type: ignore[arg-type, return-value]  # as above


class ObjectOps(Ops[N]):
    """Operations on NumPy object arrays, entry by entry, from the scalar functions of a number library."""

    def __init__(self, **scalar: Callable[..., Any]) -> None:
        self._scalar = scalar
        self._lifted = {key: np.frompyfunc(f, len(signature(f).parameters), 1) for key, f in scalar.items()}
        for key in ("equal", "less", "less_equal", "logical_and", "logical_or", "logical_not"):
            if key in self._lifted:  # a library whose own comparisons are not those of numbers
                setattr(self, key, self._lifted[key])

    def const(self, value: N | Exact) -> N | Plain:
        return self._scalar["const"](value)

    def array(self, rows: Nested) -> N:
        return self._lifted["const"](np.array(rows, dtype=object))

    def log(self, x: N | Plain) -> N:
        return self._lifted["log"](x)

    def exp(self, x: N | Plain) -> N:
        return self._lifted["exp"](x)

    def sqrt(self, x: N | Plain) -> N:
        return self._lifted["sqrt"](x)

    def abs(self, x: N | Plain) -> N:
        return self._lifted["abs"](x)

    def power(self, x: N | Plain, p: N | Plain) -> N:
        return self._lifted["power"](x, p)

    def minimum(self, x: N | Plain, y: N | Plain) -> N:
        return self._lifted["minimum"](x, y)

    def maximum(self, x: N | Plain, y: N | Plain) -> N:
        return self._lifted["maximum"](x, y)

    def where(self, condition: Condition, x: N | Plain, y: N | Plain) -> N:
        return self._lifted["where"](condition, x, y)

    def sum(self, x: N) -> N:
        return np.sum(x, axis=-1, initial=self.const(0))  # type: ignore[call-overload]  # of objects

    def max(self, x: N) -> N:
        largest = x[..., :1]
        for i in range(1, x.shape[-1]):
            largest = self.maximum(largest, x[..., i : i + 1])
        return largest
