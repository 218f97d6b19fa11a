"""Whole numbers whose quotients and powers are exact: what a formula is given for K at one K."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any


class Whole(int):
    """An int in every way, but that a quotient is exact; `lift` makes the numbers that are not whole."""

    @staticmethod
    def lift(value: Fraction) -> Any:
        raise NotImplementedError  # each kind of number says how

    def _with(self, other: object, function: Callable[[Any, Any], Any]) -> Any:
        if isinstance(other, bool) or not isinstance(other, int | Fraction):
            return (
                NotImplemented if not isinstance(other, float) else function(self.lift(Fraction(self)), other)
            )
        found = function(Fraction(int(self)), Fraction(int(other) if isinstance(other, int) else other))
        return type(self)(found.numerator) if found.denominator == 1 else self.lift(found)

    def __add__(self, other: object) -> Any:
        return self._with(other, lambda a, b: a + b)

    def __sub__(self, other: object) -> Any:
        return self._with(other, lambda a, b: a - b)

    def __rsub__(self, other: object) -> Any:
        return self._with(other, lambda a, b: b - a)

    def __mul__(self, other: object) -> Any:
        return self._with(other, lambda a, b: a * b)

    def __truediv__(self, other: object) -> Any:
        return self._with(other, lambda a, b: a / b)

    def __rtruediv__(self, other: object) -> Any:
        return self._with(other, lambda a, b: b / a)

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self) -> Any:
        return type(self)(-int(self))

    def __pow__(self, other: object, modulus: object = None) -> Any:
        if isinstance(other, int) and not isinstance(other, bool):
            if other >= 0 or int(self) != 0:
                return self._with(1, lambda a, _: Fraction(int(self)) ** int(other))
            raise ZeroDivisionError("0 to a negative power")
        return self.lift(Fraction(int(self))) ** other

    def __rpow__(self, other: object, modulus: object = None) -> Any:
        return self.lift(Fraction(other)) ** self if isinstance(other, int | Fraction) else NotImplemented

    __hash__ = int.__hash__
