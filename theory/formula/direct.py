"""A formula run as it is written, on numbers: exact where it stays among the rationals, else of 60 digits.

Nothing is traced here and nothing simplified, so that what is found speaks for or against what the trace and
the symbolic mathematics say. Within a formula rationals are FLINT's, outside they are Fractions. The signs of
all comparisons, divisors and arguments of logarithms are noted: between two points at which they differ lies
a border, which `battery` looks for.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any, TypeAlias

import flint
import mpmath
import numpy as np
from mpmath.libmp import from_rational

from lossmatters.theory.backends.base import Ops
from lossmatters.theory.formula.errors import FormulaError, OpenError
from lossmatters.theory.formula.literals import literal
from lossmatters.theory.formula.subject import Subject, Value
from lossmatters.theory.formula.whole import Whole

DIGITS = 60
CONTEXT = mpmath.mp.clone()
CONTEXT.dps = DIGITS
NAN = CONTEXT.nan
LONGEST = 2000  # bits of a rational; beyond, 60 digits of it

SIGNS: list[int] = []  # of the comparisons since it was cleared; this module runs in one thread
SEEN: set[tuple[int, int]] = set()  # numbers p/q in (0, 1) that a formula holds
Rational = flint.fmpq  # some ten times as fast as a Fraction
_WHOLE = tuple(Rational(n) for n in range(64))  # the numbers that formulas are full of, made once
ZERO, ONE, HALF, NOTHING = _WHOLE[0], _WHOLE[1], Rational(1, 2), CONTEXT.mpf(0)

# Inside a formula; outside it, `Value`.
Inner: TypeAlias = flint.fmpq | mpmath.mpf
Operation: TypeAlias = Callable[[Any, Any], Inner]


def to_float(value: Value) -> mpmath.mpf:
    """Return a rational, or a number of 60 digits, as the latter."""
    return _rounded(value.numerator, value.denominator) if type(value) is Fraction else value


def _rational(value: Fraction) -> flint.fmpq:
    return Rational(value.numerator, value.denominator)


def _fraction(value: flint.fmpq) -> Fraction:
    return Fraction(int(value.p), int(value.q))


def _float(value: Inner) -> mpmath.mpf:
    """Return the value of a `Number` to 60 digits."""
    return _rounded(int(value.p), int(value.q)) if type(value) is Rational else value


@lru_cache(maxsize=4096)
def _rounded(numerator: int, denominator: int) -> mpmath.mpf:
    return CONTEXT.make_mpf(from_rational(numerator, denominator, CONTEXT.prec, "n"))


def _exact(value: Any) -> Inner | None:
    """Return a literal, or a number's value, as a rational or of 60 digits; None for what is no number."""
    if type(value) is Number:
        return value.value
    if type(value) is int:
        return _WHOLE[value] if 0 <= value < len(_WHOLE) else Rational(value)
    if type(value) is Fraction:
        return _written(value.numerator, value.denominator)
    if isinstance(value, np.ndarray) and value.ndim == 0:
        return _exact(value.item())
    found = literal(value)
    if found is not None:
        return _written(found.numerator, found.denominator)
    if getattr(value, "free_symbols", None):
        raise OpenError("a parameter that is left open has no value")
    if hasattr(value, "evalf"):
        return CONTEXT.mpf(str(value.evalf(DIGITS + 5)))
    return None


def _written(numerator: int, denominator: int) -> flint.fmpq:
    """Return a rational that stands in a formula, and note it."""
    if 0 < numerator < denominator:
        SEEN.add((numerator, denominator))
    return Rational(numerator, denominator)


def _sign(x: Inner, y: Inner) -> int:
    """Note and return the sign of x - y, 2 where one is no number."""
    if type(x) is not type(y):
        x, y = _float(x), _float(y)
    found = 0 if x == y else -1 if x < y else 1 if x > y else 2
    SIGNS.append(found)
    return found


class Number:
    """A rational, or a number of 60 digits; NaN where there is no real value."""

    __slots__ = ("value",)

    def __init__(self, value: Inner) -> None:
        self.value = value

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: object, **kwargs: object) -> Any:
        """Let NumPy's functions act entry by entry; its own numbers are read as literals first."""
        found = getattr(ufunc, method)(*map(_boxed, inputs), **kwargs)
        return found.item() if isinstance(found, np.ndarray) and found.ndim == 0 else found

    def _with(self, other: object, function: Operation, swapped: bool = False) -> Any:
        if type(other) is Number:
            y = other.value
        else:
            y = None if isinstance(other, np.ndarray) and other.ndim else _exact(other)
            if y is None:
                return NotImplemented
        x = self.value
        if type(x) is not type(y):
            x, y = _float(x), _float(y)
        return Number(_checked(function, y, x) if swapped else _checked(function, x, y))

    def __add__(self, other: object) -> Number:
        return self._with(other, operator.add)

    def __sub__(self, other: object) -> Number:
        return self._with(other, operator.sub)

    def __rsub__(self, other: object) -> Number:
        return self._with(other, operator.sub, True)

    def __mul__(self, other: object) -> Number:
        return self._with(other, operator.mul)

    def __truediv__(self, other: object) -> Number:
        return self._with(other, _quotient)

    def __rtruediv__(self, other: object) -> Number:
        return self._with(other, _quotient, True)

    def __pow__(self, other: object) -> Number:
        return self._with(other, _power)

    def __rpow__(self, other: object) -> Number:
        return self._with(other, _power, True)

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self) -> Number:
        return Number(-self.value)

    def __pos__(self) -> Number:
        return self

    def __abs__(self) -> Number:
        return Number(abs(self.value) if _sign(self.value, ZERO) != 2 else NAN)

    def _compared(self, other: object) -> int | None:
        y = _exact(other)
        return None if y is None else _sign(self.value, y)

    def __lt__(self, other: object) -> bool:
        return self._compared(other) == -1

    def __le__(self, other: object) -> bool:
        return self._compared(other) in (-1, 0)

    def __gt__(self, other: object) -> bool:
        return self._compared(other) == 1

    def __ge__(self, other: object) -> bool:
        return self._compared(other) in (0, 1)

    def __eq__(self, other: object) -> bool:
        return self._compared(other) == 0

    def __ne__(self, other: object) -> bool:
        return self._compared(other) != 0

    def __hash__(self) -> int:
        return hash(self.value)

    def __bool__(self) -> bool:
        return self != 0

    def __float__(self) -> float:
        return float(self.value)

    def __int__(self) -> int:
        return int(_fraction(self.value)) if type(self.value) is Rational else int(self.value)

    def __index__(self) -> int:
        if type(self.value) is Rational and self.value.q == 1:
            return int(self.value.p)
        raise TypeError("a number that counts must be whole")

    def __round__(self, digits: int | None = None) -> float | Fraction:
        return round(_fraction(self.value) if type(self.value) is Rational else float(self.value), digits)

    def __mod__(self, other: object) -> Number:
        return self._with(other, _remainder)

    def __floordiv__(self, other: object) -> Number:
        return self._with(other, _floor)

    def log(self) -> Number:
        sign = _sign(self.value, _nought(self.value))
        return Number(_log(_float(self.value)) if sign == 1 else -CONTEXT.inf if sign == 0 else NAN)

    def exp(self) -> Number:
        return Number(_exp(_float(self.value)))

    def sqrt(self) -> Number:
        return Number(_checked(_power, self.value, HALF))


def _boxed(value: object) -> np.ndarray:
    """Return a value in an array of objects, in which NumPy does not convert it."""
    if isinstance(value, np.ndarray) and value.dtype == object:
        return value
    if isinstance(value, np.ndarray) and value.ndim:
        return np.array([Number(_exact(x)) for x in value.ravel()], dtype=object).reshape(value.shape)
    box = np.empty((), dtype=object)
    exact = None if isinstance(value, bool) else _exact(value)
    box[()] = value if exact is None or isinstance(value, Number) else Number(exact)
    return box


def _checked(function: Operation, x: Inner, y: Inner) -> Inner:
    try:
        found = function(x, y)
    except (ZeroDivisionError, OverflowError, ValueError):
        return NAN
    if type(found) is Rational:
        return _float(found) if found.height_bits() > LONGEST else found
    return found if isinstance(found, CONTEXT.mpf) else NAN  # a complex number is none


def _nought(like: Inner) -> Inner:
    return ZERO if type(like) is Rational else NOTHING


def _remainder(x: Inner, y: Inner) -> Inner:
    return _rational(_fraction(x) % _fraction(y)) if type(x) is Rational else x % y


def _floor(x: Inner, y: Inner) -> flint.fmpq:
    return Rational(int(_fraction(x) // _fraction(y) if type(x) is Rational else x // y))


# A formula of whole outputs takes the same logarithms and powers for every label.
@lru_cache(maxsize=4096)
def _log(x: mpmath.mpf) -> mpmath.mpf:
    return CONTEXT.log(x)


@lru_cache(maxsize=4096)
def _exp(x: mpmath.mpf) -> mpmath.mpf:
    return CONTEXT.exp(x)


@lru_cache(maxsize=4096)
def _real_power(x: mpmath.mpf, p: mpmath.mpf) -> mpmath.mpf:
    return CONTEXT.power(x, p)


def _quotient(x: Inner, y: Inner) -> Inner:
    _sign(y, _nought(y))
    return x / y


def _power(x: Inner, p: Inner) -> Inner:
    if type(p) is Rational and p.q == 1 and abs(p) < LONGEST:
        if p < 0:
            _sign(x, _nought(x))
        return x ** int(p.p)
    sign = _sign(x, _nought(x))
    if sign == 0 and p > 0:
        return ZERO
    return _real_power(_float(x), _float(p)) if sign == 1 else NAN


class DirectWhole(Whole):
    """A whole number that a formula is given, such as K."""

    @staticmethod
    def lift(value: Fraction) -> Number:
        return Number(_rational(value))


def _pick(chosen: int) -> Callable[[object, object], Number]:
    def choose(x: object, y: object) -> Number:
        a, b = _exact(x), _exact(y)
        sign = _sign(a, b)
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

    log = staticmethod(_each(lambda x: Number(_exact(x)).log(), 1))
    exp = staticmethod(_each(lambda x: Number(_exact(x)).exp(), 1))
    sqrt = staticmethod(_each(lambda x: Number(_exact(x)).sqrt(), 1))
    abs = staticmethod(_each(lambda x: abs(Number(_exact(x))), 1))
    power = staticmethod(_each(lambda x, p: Number(_exact(x)) ** p, 2))
    minimum = staticmethod(_each(_pick(-1), 2))
    maximum = staticmethod(_each(_pick(1), 2))
    where = staticmethod(_each(lambda condition, x, y: Number(_exact(x if condition else y)), 3))

    def const(self, value: object) -> Number | DirectWhole:
        if isinstance(value, Number | DirectWhole):
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return DirectWhole(value)
        return Number(_exact(value))

    def array(self, rows: Any) -> np.ndarray:
        exact = (x if type(x) is Fraction else Fraction(x) for x in rows)
        return np.array([Number(Rational(x.numerator, x.denominator)) for x in exact], dtype=object)

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


def _value(found: object) -> Value:
    array = np.asarray(found, dtype=object).reshape(-1)
    if len(array) != 1:
        raise FormulaError(f"the formula must return one number a sample, got {len(array)}")
    value = _exact(array[0])
    if value is None:
        raise FormulaError(f"the formula must return a number, got a {type(array[0]).__name__}")
    return _fraction(value) if type(value) is Rational else value


def run(function: Callable[[], object]) -> Value:
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


def losses(loss: Subject, point: Sequence[Fraction], labels: Sequence[int] | None = None) -> list[Value]:
    """Return L(u, j) for the labels (all if none) at an exact point, by the formula as it is written."""
    view, probs = loss.raw(OPS), OPS.array(point)
    labels = range(len(point)) if labels is None else labels
    return [run(lambda j=j: view.formula(probs, OPS.onehot(probs, j), OPS)) for j in labels]  # type: ignore[misc]


def entries(loss: Subject, k: int) -> Callable[[str, Fraction], Value]:
    """Return what gives ``on_label`` or ``off_label`` of a separable loss at t, as it is written."""
    view, classes = loss.raw(OPS), DirectWhole(k)
    return lambda name, t: run(lambda: getattr(view, name)(Number(_rational(t)), classes, OPS))


def weights(loss: Subject, point: Sequence[Fraction]) -> list[Value]:
    """Return the weights of a share loss at an exact point, as they are written."""
    found: list[Value] = []

    def make() -> int:
        row = np.broadcast_to(
            np.asarray(loss.raw(OPS).weights(OPS.array(point), OPS), dtype=object), len(point)
        )
        found.extend(_value(x) for x in row)
        return 0

    return found if is_finite(run(make)) else [NAN] * len(point)


def shares(values: Sequence[Value], whole: Value) -> list[Value]:
    """Return values divided by their sum; NaN where that is 0 or not finite."""
    if not is_finite(whole) or whole == 0:
        return [NAN] * len(values)
    if type(whole) is Fraction and all(type(v) is Fraction for v in values):
        return [v / whole for v in values]
    return [to_float(v) / to_float(whole) for v in values]


def times(factor: Fraction, value: Value) -> Value:
    """Return a rational multiple of a value."""
    return factor * value if type(value) is Fraction else to_float(factor) * value


def is_finite(value: Value) -> bool:
    """Return whether it is a real number."""
    if type(value) is Fraction:
        return True
    _, mantissa, exponent, _ = value._mpf_  # type: ignore[union-attr]
    return bool(mantissa) or not exponent  # infinities and NaN have an exponent alone


def total(values: Sequence[Value]) -> Value:
    """Return a sum, exact where all are rational."""
    if len(values) == 1:
        return values[0]
    if all(type(v) is Fraction for v in values):
        return _fraction(sum(map(_rational, values), ZERO))
    return (
        CONTEXT.fsum([to_float(v) for v in values]) if all(map(is_finite, values)) else _infinite_sum(values)
    )


def sums(on: Sequence[Value], off: Sequence[Value], counts: Sequence[int]) -> list[Value]:
    """Return on[i] and the off-label terms of all other entries, for each of the values that entries have.

    Parameters
    ----------
    on, off : sequence
        The two functions of a separable loss at each of the values.
    counts : sequence of int
        How many entries have it.
    """
    whole = [x * n for x, n in zip(off, counts, strict=True)]
    found = []
    for i, x in enumerate(on):
        others = [*whole[:i], *whole[i + 1 :], *([off[i] * (counts[i] - 1)] if counts[i] > 1 else [])]
        found.append(total([x, *(y for y in others if y or type(y) is not Fraction)]))  # but exact zeros
    return found


def _infinite_sum(values: Sequence[Value]) -> mpmath.mpf:
    ends = {float(to_float(v)) for v in values if not is_finite(v)}
    return CONTEXT.mpf(ends.pop()) if len(ends) == 1 else NAN


def scale(values: Sequence[Value]) -> mpmath.mpf:
    """Return the largest finite absolute value, 0 if there is none."""
    return max((abs(to_float(v)) for v in values if is_finite(v)), default=CONTEXT.mpf(0))


__all__ = [
    "NAN",
    "OPS",
    "SEEN",
    "SIGNS",
    "entries",
    "is_finite",
    "losses",
    "scale",
    "shares",
    "times",
    "to_float",
    "total",
    "weights",
]
