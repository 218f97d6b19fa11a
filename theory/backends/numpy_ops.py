"""NumPy: float64 arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from lossmatters.theory.backends.base import Ops


class NumpyOps(Ops):
    """float64 throughout; an infinite loss is ``inf``, without a warning."""

    name = "numpy"

    def const(self, value: Any) -> float:
        return float(value)

    def array(self, rows: Any) -> np.ndarray:
        return np.array(rows, dtype=object).astype(float)

    def log(self, x: Any) -> Any:
        with np.errstate(divide="ignore"):
            return np.log(x)

    def exp(self, x: Any) -> Any:
        return np.exp(x)

    def sqrt(self, x: Any) -> Any:
        return np.sqrt(x)

    def abs(self, x: Any) -> Any:
        return np.abs(x)

    def power(self, x: Any, p: Any) -> Any:
        with np.errstate(divide="ignore"):
            return np.power(x, p)

    def integer_power(self, x: Any, n: int) -> Any:
        if not isinstance(x, np.ndarray):
            return self.power(x, float(n))
        with np.errstate(divide="ignore"):
            return x**n

    def minimum(self, x: Any, y: Any) -> Any:
        return np.minimum(x, y)

    def maximum(self, x: Any, y: Any) -> Any:
        return np.maximum(x, y)

    def where(self, condition: Any, x: Any, y: Any) -> Any:
        return np.where(condition, x, y)

    def sum(self, x: Any) -> Any:
        return np.sum(x, axis=-1)

    def max(self, x: Any) -> Any:
        return np.max(x, axis=-1, keepdims=True)


OPS = NumpyOps()
