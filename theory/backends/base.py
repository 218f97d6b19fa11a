"""The operations that a loss formula may use, whatever runs it."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Any

import numpy as np


class Ops:
    """Operations on the last axis (the classes) and elementwise functions.

    A formula receives an `Ops` and must use it for everything beyond ``+ - * / **`` and comparisons.
    Numbers written in a formula are fine (a float means the simplest rational that rounds to it);
    numbers that came from elsewhere go through `const`.

    Attributes
    ----------
    name : the backend's key.
    exact : True where equality of two results is equality of numbers (SymPy on rationals).
    """

    name: str = ""
    exact: bool = False

    def const(self, value: Any) -> Any:
        """Return an exact number (int, Fraction) as this backend's number."""
        raise NotImplementedError  # each backend defines it

    def array(self, rows: Any) -> Any:
        """Make nested sequences of exact numbers this backend's array."""
        raise NotImplementedError

    def log(self, x: Any) -> Any:
        """Return natural logarithm; minus infinity (or the backend's own infinity) at 0."""
        raise NotImplementedError

    def exp(self, x: Any) -> Any:
        raise NotImplementedError

    def sqrt(self, x: Any) -> Any:
        raise NotImplementedError

    def abs(self, x: Any) -> Any:
        raise NotImplementedError

    def power(self, x: Any, p: Any) -> Any:
        """Return x ** p for x >= 0, with 0 ** p = 0 for p > 0 and 1 for p = 0."""
        raise NotImplementedError

    def integer_power(self, x: Any, n: int) -> Any:
        """Return x ** n for a whole n and any x."""
        return x**n

    def equal(self, x: Any, y: Any) -> Any:
        return x == y

    def less(self, x: Any, y: Any) -> Any:
        return x < y

    def less_equal(self, x: Any, y: Any) -> Any:
        return x <= y

    def logical_and(self, x: Any, y: Any) -> Any:
        return x & y

    def logical_or(self, x: Any, y: Any) -> Any:
        return x | y

    def logical_not(self, x: Any) -> Any:
        return (not x) if isinstance(x, bool) else ~x

    def minimum(self, x: Any, y: Any) -> Any:
        raise NotImplementedError

    def maximum(self, x: Any, y: Any) -> Any:
        raise NotImplementedError

    def where(self, condition: Any, x: Any, y: Any) -> Any:
        raise NotImplementedError

    def sum(self, x: Any) -> Any:
        """Sum over the last axis: (..., K) -> (...)."""
        raise NotImplementedError

    def max(self, x: Any) -> Any:
        """Return the largest entry along the last axis, which is kept: (..., K) -> (..., 1)."""
        raise NotImplementedError

    def largest(self, x: Any) -> Any:
        """Return the largest entry along the last axis, which is gone: (..., K) -> (...)."""
        return self.max(x)[..., 0]

    def dot(self, x: Any, y: Any) -> Any:
        """Sum over the last axis of x * y: (..., K), (..., K) -> (...)."""
        return self.sum(x * y)

    def onehot(self, like: Any, j: int) -> Any:
        """Return rows e_j in the shape of `like`: (..., K) -> (..., K)."""
        rows = np.full(np.shape(like), self.const(0))
        rows[..., j] = self.const(1)
        return rows

    def stack(self, columns: Any) -> Any:
        """Put K arrays of shape (...) side by side: (..., K)."""
        return np.stack(columns, axis=-1)


class ObjectOps(Ops):
    """Operations on NumPy object arrays, entry by entry, from the scalar functions of a number library."""

    def __init__(self, **scalar: Callable[..., Any]) -> None:
        self._scalar = scalar
        self._lifted = {key: np.frompyfunc(f, len(signature(f).parameters), 1) for key, f in scalar.items()}
        for key in ("equal", "less", "less_equal", "logical_and", "logical_or", "logical_not"):
            if key in self._lifted:  # a library whose own comparisons are not those of numbers
                setattr(self, key, self._lifted[key])

    def const(self, value: Any) -> Any:
        return self._scalar["const"](value)

    def array(self, rows: Any) -> np.ndarray:
        return self._lifted["const"](np.array(rows, dtype=object))

    def log(self, x: Any) -> Any:
        return self._lifted["log"](x)

    def exp(self, x: Any) -> Any:
        return self._lifted["exp"](x)

    def sqrt(self, x: Any) -> Any:
        return self._lifted["sqrt"](x)

    def abs(self, x: Any) -> Any:
        return self._lifted["abs"](x)

    def power(self, x: Any, p: Any) -> Any:
        return self._lifted["power"](x, p)

    def minimum(self, x: Any, y: Any) -> Any:
        return self._lifted["minimum"](x, y)

    def maximum(self, x: Any, y: Any) -> Any:
        return self._lifted["maximum"](x, y)

    def where(self, condition: Any, x: Any, y: Any) -> Any:
        return self._lifted["where"](condition, x, y)

    def sum(self, x: Any) -> Any:
        return np.sum(x, axis=-1, initial=self.const(0))

    def max(self, x: np.ndarray) -> np.ndarray:
        largest = x[..., :1]
        for i in range(1, x.shape[-1]):
            largest = self.maximum(largest, x[..., i : i + 1])
        return largest
