"""Numbers of 60 digits on which a plain formula runs as it is written; nothing of the project is used.

A float in a formula is read as people write it: 0.1 is one tenth. Comparisons are those of numbers.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import mpmath
import numpy as np

CTX = mpmath.mp.clone()
CTX.dps = 60
NAN = CTX.nan


def read(value: Any) -> Any:
    """Any number as 60 digits."""
    if isinstance(value, Dec):
        return value.x
    if isinstance(value, np.ndarray) and value.ndim == 0:
        return read(value.item())
    if isinstance(value, bool | np.bool_):
        return CTX.mpf(int(value))
    if isinstance(value, Fraction):
        return CTX.mpf(value.numerator) / value.denominator
    if isinstance(value, int | np.integer):
        return CTX.mpf(int(value))
    if isinstance(value, np.floating) and not isinstance(value, np.float64):
        return CTX.mpf(str(value))
    if isinstance(value, float):
        near = Fraction(value).limit_denominator(10**6)  # 1/3 is a third
        return read(near) if float(near) == value and abs(value) < 2**53 else CTX.mpf(repr(float(value)))
    if hasattr(value, "evalf"):
        return CTX.mpf(str(value.evalf(60)))
    raise TypeError(f"no number: {value!r}")


class Dec:
    """One number; what has no real value is NaN."""

    def __init__(self, x: Any) -> None:
        self.x = x if isinstance(x, CTX.mpf) else read(x)

    def _do(self, other: Any, function: Any) -> Dec:
        if isinstance(other, np.ndarray) and other.ndim:
            return NotImplemented
        try:
            found = function(self.x, read(other))
        except ZeroDivisionError:
            return Dec(NAN)
        return Dec(found if isinstance(found, CTX.mpf) else NAN)

    def __add__(self, o: Any) -> Dec:
        return self._do(o, lambda a, b: a + b)

    def __sub__(self, o: Any) -> Dec:
        return self._do(o, lambda a, b: a - b)

    def __rsub__(self, o: Any) -> Dec:
        return self._do(o, lambda a, b: b - a)

    def __mul__(self, o: Any) -> Dec:
        return self._do(o, lambda a, b: a * b)

    def __truediv__(self, o: Any) -> Dec:
        return self._do(o, lambda a, b: a / b)

    def __rtruediv__(self, o: Any) -> Dec:
        return self._do(o, lambda a, b: b / a)

    def __pow__(self, o: Any) -> Dec:
        return self._do(o, lambda a, b: CTX.power(a, b))

    def __rpow__(self, o: Any) -> Dec:
        return self._do(o, lambda a, b: CTX.power(b, a))

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self) -> Dec:
        return Dec(-self.x)

    def __abs__(self) -> Dec:
        return Dec(abs(self.x))

    def _near(self, o: Any) -> bool:
        """Equal but for rounding."""
        y = read(o)
        return bool(abs(self.x - y) <= CTX.mpf(10) ** -55 * max(abs(self.x), abs(y)))

    def __lt__(self, o: Any) -> bool:
        return bool(self.x < read(o)) and not self._near(o)

    def __le__(self, o: Any) -> bool:
        return bool(self.x <= read(o)) or self._near(o)

    def __gt__(self, o: Any) -> bool:
        return bool(self.x > read(o)) and not self._near(o)

    def __ge__(self, o: Any) -> bool:
        return bool(self.x >= read(o)) or self._near(o)

    def __eq__(self, o: Any) -> Any:
        return self._near(o)

    def __ne__(self, o: Any) -> Any:
        return not self._near(o)

    __hash__ = None  # type: ignore[assignment]

    def log(self) -> Dec:
        return Dec(CTX.log(self.x) if self.x > 0 else -CTX.inf if self.x == 0 else NAN)

    def exp(self) -> Dec:
        return Dec(CTX.exp(self.x))

    def sqrt(self) -> Dec:
        return Dec(CTX.sqrt(self.x) if self.x >= 0 else NAN)


def _each(function: Any) -> Any:
    return np.frompyfunc(function, function.__code__.co_argcount, 1)


class Plain:
    """The operations of a formula on plain numbers, written anew."""

    name = "direct"
    log = staticmethod(_each(lambda x: Dec(x).log()))
    exp = staticmethod(_each(lambda x: Dec(x).exp()))
    sqrt = staticmethod(_each(lambda x: Dec(x).sqrt()))
    abs = staticmethod(_each(lambda x: abs(Dec(x))))
    minimum = staticmethod(_each(lambda x, y: Dec(min(read(x), read(y)))))
    maximum = staticmethod(_each(lambda x, y: Dec(max(read(x), read(y)))))
    where = staticmethod(_each(lambda c, x, y: Dec(x) if c else Dec(y)))

    @staticmethod
    def const(value: Any) -> Any:
        return value if isinstance(value, int) else Dec(value)

    @staticmethod
    def power(x: Any, p: Any) -> Any:
        one = _each(lambda a, b: Dec(a) ** b)
        return one(x, p)

    @staticmethod
    def sum(x: Any) -> Any:
        return np.sum(x, axis=-1)

    @staticmethod
    def max(x: Any) -> Any:
        return np.array([max(x, key=lambda d: d.x)], dtype=object)

    @staticmethod
    def dot(x: Any, y: Any) -> Any:
        return np.sum(x * y, axis=-1)

    @staticmethod
    def onehot(like: Any, j: int) -> Any:
        return np.array([Dec(int(i == j)) for i in range(len(like))], dtype=object)

    @staticmethod
    def stack(columns: Any) -> Any:
        return np.array(list(columns), dtype=object)
