"""What noise models accept: matrices, generators and seeds, labels of any integer type."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from numbers import Integral
from typing import Any

import numpy as np

from lossmatters.theory.exact import Number, check_num_classes, check_rate, fail

Matrix = tuple[tuple[Fraction, ...], ...]
Rng = np.random.Generator | int | None  # a seed stands for a generator of its own; None for a fresh one


def generator(rng: object) -> np.random.Generator:
    """Return a generator, or one made of a seed; None gives another one each time.

    Raises
    ------
    TypeError, ValueError : neither, or a seed below 0.
    """
    if rng is None or (isinstance(rng, Integral) and not isinstance(rng, bool)):
        if rng is not None and rng < 0:
            fail("rng", "a seed >= 0", rng)
        return np.random.default_rng(None if rng is None else int(rng))
    if not isinstance(rng, np.random.Generator):
        fail("rng", "a numpy.random.Generator, a seed or None", rng, TypeError)
    return rng


def wide_enough(dtype: np.dtype[np.integer], num_classes: int) -> np.dtype[np.integer]:
    """Return the labels' own type, or one that holds all classes: in int8 class 199 would be -57."""
    return dtype if num_classes - 1 <= np.iinfo(dtype).max else np.min_scalar_type(-num_classes)


def transition_rows(matrix: Iterable[Iterable[Number]], strict: bool = False) -> Matrix:
    """Return a transition matrix in exact numbers, as `ClassConditionalNoise` takes it.

    Raises
    ------
    ValueError : not square, an entry outside [0, 1], a row that does not sum to 1.
    """
    given = [list(row) for row in _nested(matrix)]
    if any(len(row) != len(given) for row in given):
        fail("matrix", "square", [len(row) for row in given])
    check_num_classes(len(given))
    return tuple(_row(row, place, strict) for place, row in enumerate(given))


def _nested(matrix: Any) -> Any:
    """Return the rows of a matrix; a tensor's as those of an array, whose numbers keep their precision."""
    if hasattr(matrix, "detach"):
        wide = matrix.detach().cpu()
        matrix = (wide.float() if str(wide.dtype) == "torch.bfloat16" else wide).numpy()
    return matrix


def _row(row: Sequence[Number], place: int, strict: bool) -> tuple[Fraction, ...]:
    """Return a row of a transition matrix in exact numbers that sum to 1."""
    entries = [check_rate(p, "transition probability") for p in row]
    miss = 1 - sum(entries, Fraction(0))
    if miss and (strict or abs(miss) > len(row) * _rounding(row)):
        total = 1 - miss
        shown = total if total.denominator <= 100 else float(total)
        raise ValueError(f"matrix rows must sum to 1, got sum={shown} in row {place}")
    # rounding, made good where it weighs least
    entries[max(range(len(entries)), key=entries.__getitem__)] += miss
    return tuple(entries)


def _rounding(row: Sequence[Number]) -> Fraction:
    """Return by how much each entry may be off: 4 units in the last place, of float32 where it is a float.

    A Python float is often a float32 that was converted. Numbers that are exact are off by nothing.
    """
    if any(isinstance(p, np.float16) for p in row):
        return 4 * Fraction(float(np.finfo(np.float16).eps))
    floats = any(isinstance(p, float | np.floating) for p in row)
    return 4 * Fraction(float(np.finfo(np.float32).eps)) if floats else Fraction(0)
