"""The numbers of a formula as it is written: rationals while it stays among them, else of 60 digits.

Within a formula rationals are FLINT's, outside they are Fractions. The signs of all comparisons, divisors and
arguments of logarithms are noted: between two points at which they differ lies a border.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from typing import Any, TypeAlias

import flint
import mpmath
import numpy as np
from mpmath.libmp import from_rational

from lossmatters.theory.formula.errors import OpenError
from lossmatters.theory.formula.literals import literal

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


def rational(value: Fraction) -> flint.fmpq:
    """Return a Fraction as FLINT's."""
    return Rational(value.numerator, value.denominator)


def fraction(value: flint.fmpq) -> Fraction:
    """Return a rational of FLINT's as a Fraction."""
    return Fraction(int(value.p), int(value.q))


def _float(value: Inner) -> mpmath.mpf:
    """Return the value of a `Number` to 60 digits."""
    return rounded(int(value.p), int(value.q)) if type(value) is Rational else value


@lru_cache(maxsize=4096)
def rounded(numerator: int, denominator: int) -> mpmath.mpf:
    """Return a quotient of whole numbers to 60 digits."""
    return CONTEXT.make_mpf(from_rational(numerator, denominator, CONTEXT.prec, "n"))


def value_of(value: Any) -> Inner | None:
    """Return a literal, or a number's value, as a rational or of 60 digits; None for what is no number."""
    if type(value) is Number:
        return value.value
    if type(value) is int:
        return _WHOLE[value] if 0 <= value < len(_WHOLE) else Rational(value)
    if type(value) is Fraction:
        return _written(value.numerator, value.denominator)
    if isinstance(value, np.ndarray) and value.ndim == 0:
        return value_of(value.item())
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


def compared(x: Inner, y: Inner) -> int:
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
            y = None if isinstance(other, np.ndarray) and other.ndim else value_of(other)
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
        return Number(abs(self.value) if compared(self.value, ZERO) != 2 else NAN)

    def _compared(self, other: object) -> int | None:
        y = value_of(other)
        return None if y is None else compared(self.value, y)

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
        return int(fraction(self.value)) if type(self.value) is Rational else int(self.value)

    def __index__(self) -> int:
        if type(self.value) is Rational and self.value.q == 1:
            return int(self.value.p)
        raise TypeError("a number that counts must be whole")

    def __round__(self, digits: int | None = None) -> float | Fraction:
        return round(fraction(self.value) if type(self.value) is Rational else float(self.value), digits)

    def __mod__(self, other: object) -> Number:
        return self._with(other, _remainder)

    def __floordiv__(self, other: object) -> Number:
        return self._with(other, _floor)

    def log(self) -> Number:
        sign = compared(self.value, _nought(self.value))
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
        return np.array([Number(value_of(x)) for x in value.ravel()], dtype=object).reshape(value.shape)
    box = np.empty((), dtype=object)
    exact = None if isinstance(value, bool) else value_of(value)
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
    return rational(fraction(x) % fraction(y)) if type(x) is Rational else x % y


def _floor(x: Inner, y: Inner) -> flint.fmpq:
    return Rational(int(fraction(x) // fraction(y) if type(x) is Rational else x // y))


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
    compared(y, _nought(y))
    return x / y


def _power(x: Inner, p: Inner) -> Inner:
    if type(p) is Rational and p.q == 1 and abs(p) < LONGEST:
        if p < 0:
            compared(x, _nought(x))
        return x ** int(p.p)
    sign = compared(x, _nought(x))
    if sign == 0 and p > 0:
        return ZERO
    return _real_power(_float(x), _float(p)) if sign == 1 else NAN
