"""Losses whose parameters are left open: a symbol stands for every positive number."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, TypeVar

from lossmatters.theory.losses.base import Loss

if TYPE_CHECKING:
    import sympy

C = TypeVar("C")

TRIED = (Fraction(1, 10), Fraction(1), Fraction(7, 2))


def open_parameters(loss: Loss) -> dict[str, sympy.Symbol]:
    """Return the symbols that stand for parameters, by their names."""
    return {name: v for name, v in loss.parameters.items() if getattr(v, "free_symbols", None)}


def with_values(loss: Loss) -> Iterator[tuple[Loss, dict[sympy.Symbol, Fraction]]]:
    """Yield the loss at a few values of the parameters that are left open, and the values by symbol.

    A loss without symbols is yielded itself, once. So what is said of a loss for every value of a parameter
    can be held against values of its formula.
    """
    symbols = open_parameters(loss)
    if not symbols:
        yield loss, {}
        return
    for value in TRIED:
        one = copy.copy(loss)
        for name in symbols:
            object.__setattr__(one, name, value)
        yield one, dict.fromkeys(symbols.values(), value)


def at_values(constant: C, values: dict[sympy.Symbol, Fraction]) -> C:
    """Return a constant in the symbols at these values; one without symbols as it is."""
    return constant.subs(values) if values and hasattr(constant, "subs") else constant
