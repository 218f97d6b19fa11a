"""A formula run as it is written, on numbers: exact where it stays among the rationals, else of 60 digits.

Nothing is traced here and nothing simplified, so that what is found speaks for or against what the trace and
the symbolic mathematics say. Its numbers are those of `written`, its operations those of `written_ops`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import TypeVar

import mpmath
import numpy as np

from lossmatters.theory.formula.errors import FormulaError
from lossmatters.theory.formula.subject import Subject, Value
from lossmatters.theory.formula.written import (
    CONTEXT,
    NAN,
    NOTHING,
    SEEN,
    SIGNS,
    ZERO,
    Number,
    Rational,
    compared,
    fraction,
    rational,
    rounded,
    value_of,
)
from lossmatters.theory.formula.written_ops import OPS, DirectWhole

T = TypeVar("T")


def to_float(value: Value) -> mpmath.mpf:
    """Return a rational, or a number of 60 digits, as the latter."""
    return rounded(value.numerator, value.denominator) if type(value) is Fraction else value


def _value(found: object) -> Value:
    array = np.asarray(found, dtype=object).reshape(-1)
    if len(array) != 1:
        raise FormulaError(f"the formula must return one number a sample, got {len(array)}")
    value = value_of(array[0])
    if value is None:
        raise FormulaError(f"the formula must return a number, got a {type(array[0]).__name__}")
    return fraction(value) if type(value) is Rational else value


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


class Entries:
    """The two functions of a separable loss at one K, as they are written, each entry worked out once.

    What a run compares and the numbers that it holds are kept with its value, and noted again with it.
    """

    def __init__(self, loss: Subject, k: int) -> None:
        self.given, (self._view, self._classes) = with_seen(lambda: (loss.raw(OPS), DirectWhole(k)))
        self._known: dict[
            tuple[str, Fraction], tuple[Value, tuple[int, ...], frozenset[tuple[int, int]]]
        ] = {}

    def at(self, name: str, t: Fraction) -> Value:
        """Return ``on_label`` or ``off_label`` at t."""
        return self._run(name, t)[0]

    def note(self, name: str, t: Fraction) -> Value:
        """Return it, and note its comparisons as if it were run now."""
        begun = len(SIGNS)
        value, signs, _ = self._run(name, t)
        SIGNS[begun:] = signs
        return value

    def _run(self, name: str, t: Fraction) -> tuple[Value, tuple[int, ...], frozenset[tuple[int, int]]]:
        found = self._known.get((name, t))
        if found is None:
            function, begun = getattr(self._view, name), len(SIGNS)
            seen, value = with_seen(lambda: run(lambda: function(Number(rational(t)), self._classes, OPS)))
            found = self._known[name, t] = value, tuple(SIGNS[begun:]), seen
        SEEN.update(found[2])
        return found


def with_seen(make: Callable[[], T]) -> tuple[frozenset[tuple[int, int]], T]:
    """Return the numbers of a formula that something sees, and what it gives."""
    before = SEEN.copy()
    SEEN.clear()
    try:
        made = make()
        return frozenset(SEEN), made
    finally:
        SEEN.update(before)


@lru_cache(maxsize=256)
def _entries(loss: Subject, k: int) -> Entries:
    return Entries(loss, k)


def entries(loss: Subject, k: int) -> Entries:
    """Return ``on_label`` and ``off_label`` of a separable loss, as they are written."""
    found = _entries(loss, k)
    SEEN.update(found.given)
    return found


def note_divisor(value: Value) -> None:
    """Note the sign of what a formula divides by."""
    inner = rational(value) if type(value) is Fraction else value
    compared(inner, ZERO if type(inner) is Rational else NOTHING)


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
        return fraction(sum(map(rational, values), ZERO))
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
    "CONTEXT",
    "SEEN",
    "SIGNS",
    "Entries",
    "entries",
    "is_finite",
    "losses",
    "note_divisor",
    "scale",
    "shares",
    "times",
    "to_float",
    "total",
    "weights",
]
