"""Numbers written in a formula: each kind becomes an exact one, by one rule.

A float means the simplest rational that rounds to it (0.1 is 1/10, 1/3 is 1/3), as for a parameter; a float
of few bits is read from its shortest decimal first. A bool is 0 or 1. What has no exact value is refused.
"""

from __future__ import annotations

import sys
from decimal import Decimal
from fractions import Fraction
from numbers import Integral, Rational

import numpy as np

from lossmatters.theory.exact import exact


class LiteralError(TypeError):
    """A number in a formula that has no exact value."""


def literal(value: object) -> Fraction | None:
    """Return the rational that a number in a formula means; None for what is no number.

    Raises
    ------
    LiteralError : infinite, NaN, complex.

    >>> literal(0.1), literal(np.float32(0.1)), literal(True)
    (Fraction(1, 10), Fraction(1, 10), Fraction(1, 1))
    """
    if isinstance(value, bool | np.bool_):
        return Fraction(int(value))
    if isinstance(value, np.ndarray) and value.ndim == 0:
        return literal(value.item())
    if isinstance(value, Integral | Rational):
        return Fraction(int(value.numerator), int(value.denominator))
    if isinstance(value, np.floating) and not isinstance(value, np.float64):
        value = float(str(value))
    if isinstance(value, float | Decimal):
        if not np.isfinite(float(value)):
            raise LiteralError(f"a number in a formula must be finite, got {value!r}")
        return Fraction(value) if isinstance(value, Decimal) else exact(value)
    if isinstance(value, complex | np.complexfloating):
        raise LiteralError(f"a number in a formula must be real, got {value!r}")
    return _of_sympy(value)


def _of_sympy(value: object) -> Fraction | None:
    sympy = sys.modules.get("sympy")
    if sympy is None or not isinstance(value, sympy.Basic):
        return None
    if value.is_Rational:
        return Fraction(int(value.p), int(value.q))
    if value.is_Float:
        return exact(float(value))
    return None
