"""A formula run as it is written, on numbers: exact where it stays among the rationals, else of 60 digits.

Nothing is traced here and nothing simplified, so that what is found speaks for or against what the trace and
the symbolic mathematics say. The signs of all comparisons, divisors and arguments of logarithms are noted:
between two points at which they differ lies a border, which `battery` looks for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np

from lossmatters.theory.backends.base import Ops
from lossmatters.theory.formula.errors import FormulaError, OpenError
from lossmatters.theory.formula.literals import literal
from lossmatters.theory.formula.whole import Whole

DIGITS = 60
CONTEXT = mpmath.mp.clone()
CONTEXT.dps = DIGITS
NAN = CONTEXT.nan
LONGEST = 2000  # bits of a rational; beyond, 60 digits of it

SIGNS: list[int] = []  # of the comparisons since it was cleared; this module runs in one thread
SEEN: set[Fraction] = set()  # numbers in (0, 1) that a formula holds


def to_float(value: Any) -> Any:
    """Return a rational, or a number of 60 digits, as the latter."""
    return CONTEXT.mpf(value.numerator) / value.denominator if isinstance(value, Fraction) else value


def _exact(value: Any) -> Any:
    """Return a literal, or a number's value, as a Fraction or of 60 digits; None for what is no number."""
    if isinstance(value, Number):
        return value.value
    if isinstance(value, np.ndarray) and value.ndim == 0:
        return _exact(value.item())
    found = literal(value)
    if found is not None:
        if 0 < found < 1:
            SEEN.add(found)
        return found
    if getattr(value, "free_symbols", None):
        raise OpenError("a parameter that is left open has no value")
    if hasattr(value, "evalf"):
        return CONTEXT.mpf(str(value.evalf(DIGITS + 5)))
    return None


def _sign(x: Any, y: Any) -> int:
    """Note and return the sign of x - y, 2 where one is no number."""
    if type(x) is not type(y):
        x, y = to_float(x), to_float(y)
    found = 0 if x == y else -1 if x < y else 1 if x > y else 2
    SIGNS.append(found)
    return found


class Number:
    """A rational, or a number of 60 digits; NaN where there is no real value."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """Let NumPy's functions act entry by entry; its own numbers are read as literals first."""
        found = getattr(ufunc, method)(*map(_boxed, inputs), **kwargs)
        return found.item() if isinstance(found, np.ndarray) and found.ndim == 0 else found

    def _with(self, other: Any, function: Callable[[Any, Any], Any], swapped: bool = False) -> Any:
        if isinstance(other, np.ndarray) and other.ndim:
            return NotImplemented
        y = _exact(other)
        if y is None:
            return NotImplemented
        x = self.value
        if type(x) is not type(y):
            x, y = to_float(x), to_float(y)
        return Number(_checked(function, y, x) if swapped else _checked(function, x, y))

    def __add__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: a + b)

    def __sub__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: a - b)

    def __rsub__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: a - b, True)

    def __mul__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: a * b)

    def __truediv__(self, other: Any) -> Any:
        return self._with(other, _quotient)

    def __rtruediv__(self, other: Any) -> Any:
        return self._with(other, _quotient, True)

    def __pow__(self, other: Any) -> Any:
        return self._with(other, _power)

    def __rpow__(self, other: Any) -> Any:
        return self._with(other, _power, True)

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self) -> Number:
        return Number(-self.value)

    def __pos__(self) -> Number:
        return self

    def __abs__(self) -> Number:
        return Number(abs(self.value) if _sign(self.value, Fraction(0)) != 2 else NAN)

    def _compared(self, other: Any) -> int | None:
        y = _exact(other)
        return None if y is None else _sign(self.value, y)

    def __lt__(self, other: Any) -> bool:
        return self._compared(other) == -1

    def __le__(self, other: Any) -> bool:
        return self._compared(other) in (-1, 0)

    def __gt__(self, other: Any) -> bool:
        return self._compared(other) == 1

    def __ge__(self, other: Any) -> bool:
        return self._compared(other) in (0, 1)

    def __eq__(self, other: Any) -> bool:
        return self._compared(other) == 0

    def __ne__(self, other: Any) -> bool:
        return self._compared(other) != 0

    def __hash__(self) -> int:
        return hash(self.value)

    def __bool__(self) -> bool:
        return self != 0

    def __float__(self) -> float:
        return float(self.value)

    def __int__(self) -> int:
        return int(self.value)

    def __index__(self) -> int:
        if isinstance(self.value, Fraction) and self.value.denominator == 1:
            return int(self.value)
        raise TypeError("a number that counts must be whole")

    def __round__(self, digits: int | None = None) -> Any:
        return round(self.value if isinstance(self.value, Fraction) else float(self.value), digits)

    def __mod__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: a % b)

    def __floordiv__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: Fraction(int(a // b)))

    def log(self) -> Number:
        sign = _sign(self.value, Fraction(0))
        return Number(CONTEXT.log(to_float(self.value)) if sign == 1 else -CONTEXT.inf if sign == 0 else NAN)

    def exp(self) -> Number:
        return Number(CONTEXT.exp(to_float(self.value)))

    def sqrt(self) -> Number:
        return Number(_checked(_power, self.value, Fraction(1, 2)))


def _boxed(value: Any) -> np.ndarray:
    """Return a value in an array of objects, in which NumPy does not convert it."""
    if isinstance(value, np.ndarray) and value.dtype == object:
        return value
    if isinstance(value, np.ndarray) and value.ndim:
        return np.array([Number(_exact(x)) for x in value.ravel()], dtype=object).reshape(value.shape)
    box = np.empty((), dtype=object)
    exact = None if isinstance(value, bool) else _exact(value)
    box[()] = value if exact is None or isinstance(value, Number) else Number(exact)
    return box


def _checked(function: Callable[[Any, Any], Any], x: Any, y: Any) -> Any:
    try:
        found = function(x, y)
    except (ZeroDivisionError, OverflowError, ValueError):
        return NAN
    if isinstance(found, Fraction):
        long = found.denominator.bit_length() > LONGEST or found.numerator.bit_length() > LONGEST
        return to_float(found) if long else found
    return found if isinstance(found, CONTEXT.mpf) else NAN  # a complex number is none


def _quotient(x: Any, y: Any) -> Any:
    _sign(y, Fraction(0) if isinstance(y, Fraction) else CONTEXT.mpf(0))
    return x / y


def _power(x: Any, p: Any) -> Any:
    if isinstance(p, Fraction) and p.denominator == 1 and abs(p) < LONGEST:
        if p < 0:
            _sign(x, Fraction(0) if isinstance(x, Fraction) else CONTEXT.mpf(0))
        return x ** int(p)
    sign = _sign(x, Fraction(0) if isinstance(x, Fraction) else CONTEXT.mpf(0))
    if sign == 0 and p > 0:
        return Fraction(0)
    return CONTEXT.power(to_float(x), to_float(p)) if sign == 1 else NAN


class DirectWhole(Whole):
    """A whole number that a formula is given, such as K."""

    @staticmethod
    def lift(value: Fraction) -> Any:
        return Number(value)


def _pick(chosen: int) -> Callable[[Any, Any], Any]:
    def choose(x: Any, y: Any) -> Any:
        a, b = _exact(x), _exact(y)
        sign = _sign(a, b)
        return Number(NAN if sign == 2 else a if sign in (chosen, 0) else b)

    return choose


def _each(function: Callable[..., Any], number: int) -> Callable[..., Any]:
    lifted = np.frompyfunc(function, number, 1)
    return lambda *values: lifted(*values)


class DirectOps(Ops):
    """The operations of a formula on `Number`, alone or in NumPy arrays."""

    name = "direct"

    log = staticmethod(_each(lambda x: Number(_exact(x)).log(), 1))
    exp = staticmethod(_each(lambda x: Number(_exact(x)).exp(), 1))
    sqrt = staticmethod(_each(lambda x: Number(_exact(x)).sqrt(), 1))
    abs = staticmethod(_each(lambda x: abs(Number(_exact(x))), 1))
    power = staticmethod(_each(lambda x, p: Number(_exact(x)) ** p, 2))
    minimum = staticmethod(_each(_pick(-1), 2))
    maximum = staticmethod(_each(_pick(1), 2))
    where = staticmethod(_each(lambda condition, x, y: Number(_exact(x if condition else y)), 3))

    def const(self, value: Any) -> Any:
        if isinstance(value, Number | DirectWhole):
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return DirectWhole(value)
        return Number(_exact(value))

    def array(self, rows: Any) -> np.ndarray:
        return np.array([Number(Fraction(x)) for x in rows], dtype=object)

    def sum(self, x: Any) -> Any:
        zero: Any = Number(Fraction(0))
        return np.sum(x, axis=-1, initial=zero)

    def max(self, x: Any) -> Any:
        largest = x[..., :1]
        for i in range(1, x.shape[-1]):
            largest = self.maximum(largest, x[..., i : i + 1])
        return largest

    def dot(self, x: Any, y: Any) -> Any:
        return self.sum(x * y)

    def onehot(self, like: Any, j: int) -> Any:
        rows = np.full(np.shape(like), Number(Fraction(0)))
        rows[..., j] = Number(Fraction(1))
        return rows


OPS = DirectOps()


def _value(found: Any) -> Any:
    array = np.asarray(found, dtype=object).reshape(-1)
    if len(array) != 1:
        raise FormulaError(f"the formula must return one number a sample, got {len(array)}")
    value = _exact(array[0])
    if value is None:
        raise FormulaError(f"the formula must return a number, got a {type(array[0]).__name__}")
    return value


def run(function: Callable[[], Any]) -> Any:
    """Return what a formula gives, NaN where it divides by zero.

    Raises
    ------
    FormulaError : it raises anything else, or returns no number.
    """
    try:
        return _value(function())
    except (ZeroDivisionError, OverflowError):
        return NAN
    except (FormulaError, NotImplementedError):
        raise
    except Exception as error:
        raise FormulaError(f"the formula raised {type(error).__name__}: {error}") from error


def losses(loss: Any, point: Sequence[Fraction], labels: Sequence[int] | None = None) -> list[Any]:
    """Return L(u, j) for the labels (all if none) at an exact point, by the formula as it is written."""
    view, probs = loss.raw(OPS), OPS.array(point)
    labels = range(len(point)) if labels is None else labels
    return [run(lambda j=j: view.formula(probs, OPS.onehot(probs, j), OPS)) for j in labels]  # type: ignore[misc]


def entry(loss: Any, name: str, t: Fraction, k: int) -> Any:
    """Return on_label or off_label of a separable loss at t, as it is written."""
    return run(lambda: getattr(loss.raw(OPS), name)(Number(t), DirectWhole(k), OPS))


def weights(loss: Any, point: Sequence[Fraction]) -> list[Any]:
    """Return the weights of a share loss at an exact point, as they are written."""
    found: list[Any] = []

    def make() -> int:
        row = np.broadcast_to(
            np.asarray(loss.raw(OPS).weights(OPS.array(point), OPS), dtype=object), len(point)
        )
        found.extend(_value(x) for x in row)
        return 0

    return found if is_finite(run(make)) else [NAN] * len(point)


def shares(values: Sequence[Any], whole: Any) -> list[Any]:
    """Return values divided by their sum; NaN where that is 0 or not finite."""
    if not is_finite(whole) or whole == 0:
        return [NAN] * len(values)
    if isinstance(whole, Fraction) and all(isinstance(v, Fraction) for v in values):
        return [v / whole for v in values]
    return [to_float(v) / to_float(whole) for v in values]


def times(factor: Fraction, value: Any) -> Any:
    """Return a rational multiple of a value."""
    return factor * value if isinstance(value, Fraction) else to_float(factor) * value


def is_finite(value: Any) -> bool:
    """Return whether it is a real number."""
    return isinstance(value, Fraction) or bool(abs(value) < CONTEXT.inf)


def total(values: Sequence[Any]) -> Any:
    """Return a sum, exact where all are rational."""
    if all(isinstance(v, Fraction) for v in values):
        return sum(values, Fraction(0))
    return (
        CONTEXT.fsum([to_float(v) for v in values]) if all(map(is_finite, values)) else _infinite_sum(values)
    )


def _infinite_sum(values: Sequence[Any]) -> Any:
    ends = {float(to_float(v)) for v in values if not is_finite(v)}
    return CONTEXT.mpf(ends.pop()) if len(ends) == 1 else NAN


def scale(values: Sequence[Any]) -> Any:
    """Return the largest finite absolute value, 0 if there is none."""
    return max((abs(to_float(v)) for v in values if is_finite(v)), default=CONTEXT.mpf(0))


__all__ = [
    "NAN",
    "OPS",
    "SEEN",
    "SIGNS",
    "entry",
    "is_finite",
    "losses",
    "scale",
    "shares",
    "times",
    "to_float",
    "total",
    "weights",
]
