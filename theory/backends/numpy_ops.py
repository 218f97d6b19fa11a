"""NumPy: float64 arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from lossmatters.theory.backends.base import Ops
from lossmatters.theory.backends.number import Exact, Nested, Plain


class NumpyOps(Ops[np.ndarray]):
    """float64 throughout; an infinite loss is ``inf``, without a warning."""

    name = "numpy"

    def const(self, value: np.ndarray | Exact) -> float:
        return float(value)

    def array(self, rows: Nested) -> np.ndarray:
        return np.array(rows, dtype=object).astype(float)

    # `Any`: the stubs of NumPy's functions know no Fraction, which a parameter is declared to be.

    def log(self, x: Any) -> np.ndarray:
        with np.errstate(divide="ignore"):
            return np.log(x)

    def exp(self, x: Any) -> np.ndarray:
        return np.exp(x)

    def sqrt(self, x: Any) -> np.ndarray:
        return np.sqrt(x)

    def abs(self, x: Any) -> np.ndarray:
        return np.abs(x)

    def power(self, x: Any, p: Any) -> np.ndarray:
        with np.errstate(divide="ignore"):
            return np.power(x, p)

    def integer_power(self, x: np.ndarray | Plain, n: int) -> np.ndarray:
        if not isinstance(x, np.ndarray):
            return self.power(x, float(n))
        with np.errstate(divide="ignore"):
            return x**n

    def minimum(self, x: Any, y: Any) -> np.ndarray:
        return np.minimum(x, y)

    def maximum(self, x: Any, y: Any) -> np.ndarray:
        return np.maximum(x, y)

    def where(self, condition: Any, x: Any, y: Any) -> np.ndarray:
        return np.where(condition, x, y)

    def sum(self, x: np.ndarray) -> np.ndarray:
        return np.sum(x, axis=-1)

    def max(self, x: np.ndarray) -> np.ndarray:
        return np.max(x, axis=-1, keepdims=True)


OPS = NumpyOps()
