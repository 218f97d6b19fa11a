"""Clean accuracy by class from noisy labels, where the transition matrix T is known (V1)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lossmatters.theory.exact import Number, fail
from lossmatters.theory.losses.corrected import check_matrix, inverse
from lossmatters.theory.validation.estimate import LEVEL, Estimate, check_level

Rows = Sequence[Sequence[Number]] | np.ndarray  # of a transition matrix


@dataclass(frozen=True)
class ByClass:
    """Clean accuracy overall and of each class, and how often each class is, from noisy labels.

    Attributes
    ----------
    overall : P(prediction = clean label).
    classes : K estimates of P(prediction = i given clean = i), the recalls.
    shares : K estimates of P(clean = i).
    """

    overall: Estimate
    classes: tuple[Estimate, ...]
    shares: tuple[Estimate, ...]

    def to_dict(self) -> dict[str, object]:
        """Return the estimates as plain JSON data."""
        return {
            "overall": self.overall.to_dict(),
            "classes": [e.to_dict() for e in self.classes],
            "shares": [e.to_dict() for e in self.shares],
        }


def accuracy_by_class(
    predictions: ArrayLike, noisy_labels: ArrayLike, transition_matrix: Rows, level: float = LEVEL
) -> ByClass:
    """Estimate clean accuracy, overall and by class, from predictions and noisy labels with a known T.

    Parameters
    ----------
    predictions, noisy_labels : (N,) integers in 0..K-1.
    transition_matrix : T[i, j] = P(noisy = j given clean = i); noise must not depend on the prediction
        given the clean label.

    A class whose share is not told from 0 has no recall to speak of: its interval is [0, 1], not `useful`.

    Raises
    ------
    TypeError, ValueError : labels that are none, unequal lengths, a matrix that is none or singular.
    """
    matrix = check_matrix(_rows(transition_matrix))
    k = len(matrix)
    guesses, labels = _labels(predictions, k, "predictions"), _labels(noisy_labels, k, "noisy_labels")
    if len(guesses) != len(labels):
        fail("predictions and noisy_labels", "of one length", (len(guesses), len(labels)))
    counts = np.zeros((k, k))
    np.add.at(counts, (guesses, labels), 1)
    return accuracy_from_counts(counts, matrix, level)


def accuracy_from_counts(counts: ArrayLike, transition_matrix: Rows, level: float = LEVEL) -> ByClass:
    """Estimate clean accuracy, overall and by class, from (K, K) counts of prediction p and noisy label m.

    Raises
    ------
    ValueError : counts that are not (K, K), negative, or fewer than two; a singular matrix.

    >>> T = [[0.8, 0.2], [0.3, 0.7]]
    >>> found = accuracy_from_counts([[390, 160], [160, 290]], T)
    >>> round(found.overall.value, 3), [round(e.value, 3) for e in found.classes]
    (0.85, [0.9, 0.8])
    """
    check_level(level)
    matrix = check_matrix(_rows(transition_matrix))
    table, k = np.asarray(counts, dtype=float), len(matrix)
    if table.shape != (k, k):
        fail("counts", f"of shape ({k}, {k}), the size of the matrix", table.shape)
    if not np.isfinite(table).all() or (table < 0).any() or table.sum() < 2:
        fail("counts", "finite, >= 0 and at least 2 in all", table.tolist())
    back = np.array([[float(x) for x in row] for row in inverse(matrix)])
    # A sample of prediction p and noisy label m is worth back[m, i] samples of clean class i.
    worth = np.broadcast_to(back[None], (k, k, k))
    own = np.eye(k)[:, None, :] * worth
    overall = _mean(table, own.sum(axis=2), level)
    shares = tuple(_mean(table, worth[:, :, i], level) for i in range(k))
    return ByClass(
        overall, tuple(_ratio(table, own[:, :, i], worth[:, :, i], level) for i in range(k)), shares
    )


def _mean(table: np.ndarray, values: np.ndarray, level: float) -> Estimate:
    """Return the mean of a value of each cell, with a normal interval cut to [0, 1]."""
    mean, half = _spread(table, values, level)
    return Estimate(mean, *_cut(mean - half, mean + half), level, "normal")


def _cut(low: float, high: float) -> tuple[float, float]:
    """Return an interval of a share, cut to [0, 1]; one outside becomes the end that it lies beyond."""
    return min(max(low, 0.0), 1.0), max(min(high, 1.0), 0.0)


def _spread(table: np.ndarray, values: np.ndarray, level: float) -> tuple[float, float]:
    from scipy.stats import norm

    n = table.sum()
    mean = float((table * values).sum() / n)
    variance = float((table * (values - mean) ** 2).sum() / (n - 1))
    return mean, float(norm.ppf((1 + level) / 2)) * math.sqrt(variance / n)


def _ratio(table: np.ndarray, above: np.ndarray, below: np.ndarray, level: float) -> Estimate:
    """Return a ratio of two means, by the delta method; [0, 1] where the lower one is not told from 0."""
    top, (bottom, reach) = float((table * above).sum() / table.sum()), _spread(table, below, level)
    if bottom - reach <= 0:
        return Estimate(math.nan, 0.0, 1.0, level, "none: the share of the class is not told from 0")
    value = top / bottom
    _, half = _spread(table, (above - value * below) / bottom, level)
    return Estimate(value, *_cut(value - half, value + half), level, "delta method")


def _rows(matrix: Rows) -> Sequence[Sequence[Number]]:
    if hasattr(matrix, "transition_matrix") or isinstance(matrix, str):
        fail("transition matrix", "(K, K) numbers", matrix, TypeError)
    return [list(row) for row in matrix]


def _labels(values: ArrayLike, k: int, name: str) -> np.ndarray:
    array = np.asarray(values)
    if not np.issubdtype(array.dtype, np.integer):
        raise TypeError(f"{name} must be integers, got dtype={array.dtype}")
    if array.ndim != 1:
        fail(name, "of shape (N,)", array.shape)
    outside = (array < 0) | (array >= k)
    if outside.any():
        fail(name, f"in 0..{k - 1}", int(array[outside][0]))
    return array
