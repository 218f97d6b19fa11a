"""Fractions: fast exact arithmetic for losses that are rational functions of the probabilities."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import NoReturn

import numpy as np

from lossmatters.theory.backends.base import ObjectOps


class IrrationalError(TypeError):
    """A formula left the rationals."""


def power(x: int | Fraction, p: int | Fraction) -> Fraction:
    """Return x ** p for a whole p."""
    if Fraction(p).denominator != 1:
        raise IrrationalError(f"power must have a whole exponent among rationals, got exponent={p}")
    return Fraction(x) ** int(p)


def _outside(name: str) -> Callable[[int | Fraction], NoReturn]:
    def refuse(x: int | Fraction) -> NoReturn:
        raise IrrationalError(f"{name} has no exact value among rationals")

    return refuse


class RationalOps(ObjectOps[np.ndarray]):
    """Fractions in, Fractions out; a logarithm, exponential or root raises `IrrationalError`."""

    name = "rational"
    exact = True


OPS = RationalOps(
    const=lambda value: Fraction(value),
    log=_outside("log"),
    exp=_outside("exp"),
    sqrt=_outside("sqrt"),
    abs=lambda x: abs(x),
    power=power,
    minimum=lambda x, y: min(x, y),
    maximum=lambda x, y: max(x, y),
    where=lambda condition, x, y: x if condition else y,
)
