"""V1: clean accuracy, and differences of it, from validation labels that are noisy.

The 0-1 loss is symmetric, so noise that does not depend on the prediction given the clean label is an affine
map of accuracy. Uniform noise, eta: a wrong prediction equals the noisy label with probability
b = eta/(K-1), a right one with 1 - eta = a + b, so

    acc_noisy = b + a acc,   a = 1 - eta K/(K-1).

It ranks classifiers as clean accuracy does, and acc = (acc_noisy - b)/a has an interval 1/a times as wide.
For a known T: the counts of (prediction p, noisy label m) estimate J T with J[p, i] = P(prediction p, clean
i), so J is estimated through T^(-1), linearly in the samples.

Intervals: Wilson's or Clopper and Pearson's for one accuracy (SciPy's `binomtest`); that of Bonett and Price
(2012) for the difference of two accuracies on the same samples; normal ones of means of independent terms,
and of their ratios by the delta method, for a matrix.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lossmatters.theory.exact import check_num_classes, check_rate, fail
from lossmatters.theory.losses.corrected import check_matrix, inverse
from lossmatters.theory.noise import flip_probability, risk_slope, threshold

METHODS = ("wilson", "exact")
LEVEL = 0.95
USELESS = 1.0  # an interval of a share that is as wide says nothing


@dataclass(frozen=True)
class Estimate:
    """An estimate with an interval.

    Attributes
    ----------
    value : the estimate; a clean accuracy may come out of [0, 1] by chance.
    low, high : the interval; of a share, cut to [0, 1].
    level : its coverage.
    method : what the interval is.
    useful : is the interval narrower than 1, the width that needs no data?
    """

    value: float
    low: float
    high: float
    level: float
    method: str

    @property
    def useful(self) -> bool:
        return math.isfinite(self.value) and self.high - self.low < USELESS

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data."""
        return {**vars(self), "useful": self.useful}


def slope(noise_rate: Any, num_classes: Any) -> tuple[float, float]:
    """Return a and b of acc_noisy = b + a acc.

    Raises
    ------
    ValueError : a rate at or above (K-1)/K, where noisy labels say nothing of clean ones, or the opposite.
    """
    k, eta = check_num_classes(num_classes), check_rate(noise_rate)
    if eta >= threshold(k):
        fail("eta", f"below {threshold(k)} for K = {k}, where labels carry no information", eta)
    return float(risk_slope(eta, k)), float(flip_probability(eta, k))


def clean_accuracy(
    correct: int,
    n: int,
    num_classes: int,
    noise_rate: Any,
    level: float = LEVEL,
    method: str = "wilson",
) -> Estimate:
    """Estimate clean accuracy from the number of samples whose noisy label was predicted.

    Parameters
    ----------
    correct, n : predictions equal to the noisy label, of n independent samples.
    noise_rate : eta of uniform noise, independent of the predictions.
    method : "wilson" or "exact" (Clopper and Pearson), for the noisy accuracy.

    Raises
    ------
    TypeError, ValueError : counts that are none, a rate at or above (K-1)/K, a level outside (0, 1), or
        counts that clean accuracies in [0, 1] and this rate do not explain.

    >>> found = clean_accuracy(3050, 5000, 10, 0.4)
    >>> round(found.value, 3), round(found.low, 3), round(found.high, 3)
    (1.018, 0.994, 1.0)
    """
    from scipy.stats import binomtest

    a, b = slope(noise_rate, num_classes)
    check_counts(correct, n)
    check_level(level)
    if method not in METHODS:
        fail("method", f"one of {', '.join(METHODS)}", method)
    interval = binomtest(int(correct), int(n)).proportion_ci(level, method)
    low, high = ((float(end) - b) / a for end in (interval.low, interval.high))
    if high < 0 or low > 1:
        raise ValueError(
            f"noisy accuracy must be explained by a clean one in [0, 1] and eta = {noise_rate}: between "
            f"{b:.4g} and {a + b:.4g}, got accuracy={correct / n:.4g}; is the rate right, "
            "or the noise not uniform?"
        )
    name = "Wilson" if method == "wilson" else "Clopper-Pearson"
    return Estimate((correct / n - b) / a, max(low, 0.0), min(high, 1.0), level, f"{name}, divided by a")


def accuracy_difference(
    first_only: int,
    second_only: int,
    n: int,
    num_classes: int,
    noise_rate: Any,
    level: float = LEVEL,
) -> Estimate:
    """Estimate clean accuracy of a first classifier less that of a second, on the same noisy samples.

    Parameters
    ----------
    first_only, second_only : samples whose noisy label the first alone, and the second alone, predicted.

    Raises
    ------
    TypeError, ValueError : as for `clean_accuracy`.

    >>> found = accuracy_difference(420, 300, 5000, 10, 0.4)
    >>> round(found.value, 4), found.low > 0
    (0.0432, True)
    """
    from scipy.stats import norm

    a, _ = slope(noise_rate, num_classes)
    check_counts(first_only, n, "first_only")
    check_counts(second_only, n, "second_only")
    check_counts(first_only + second_only, n, "first_only + second_only")
    check_level(level)
    up, down = (first_only + 1) / (n + 2), (second_only + 1) / (n + 2)
    half = float(norm.ppf((1 + level) / 2)) * math.sqrt((up + down - (up - down) ** 2) / (n + 2))
    low, high = max((up - down - half) / a, -1.0), min((up - down + half) / a, 1.0)
    return Estimate(
        (first_only - second_only) / n / a, low, high, level, "Bonett-Price, paired, divided by a"
    )


def samples_to_tell(
    delta: float,
    num_classes: int,
    noise_rate: Any,
    disagreement: float = 1.0,
    level: float = LEVEL,
    power: float = 0.8,
) -> int:
    """Return how many noisy samples tell classifiers apart whose clean accuracies differ by delta.

    Both are judged on the same samples, by the paired difference. On those where their predictions differ one
    of them is right on the noisy label with probability a + 2 b at most, so the difference of a sample has
    mean a delta and a variance of at most D (a + 2 b) - (a delta)^2, D the share where they differ, which
    needs no labels to be known. The number is the usual one of a normal test at 1 - level, two-sided.

    Parameters
    ----------
    delta : the difference, in (0, 1].
    disagreement : D, the share of samples on which their predictions differ; 1 if nothing is known.
    power : the probability to find the difference.

    Raises
    ------
    ValueError : delta outside (0, 1] or above the disagreement, a rate at or above (K-1)/K.

    >>> samples_to_tell(0.01, 10, 0.4, disagreement=0.1), samples_to_tell(0.01, 10, 0, disagreement=0.1)
    (16381, 7842)
    """
    from scipy.stats import norm

    a, b = slope(noise_rate, num_classes)
    for name, value in (("level", level), ("power", power)):
        check_level(value, name)
    if not 0 < delta <= 1:
        fail("delta", "in (0, 1]", delta)
    if not delta <= disagreement <= 1:
        fail("disagreement", f"in [{delta}, 1]: accuracies differ only where predictions do", disagreement)
    mean = a * delta
    variance = max(disagreement * (a + 2 * b) - mean**2, 0.0)
    wanted = float(norm.ppf((1 + level) / 2) + norm.ppf(power))
    return max(1, math.ceil(wanted**2 * variance / mean**2))


def samples_for_width(
    half_width: float, num_classes: int, noise_rate: Any, accuracy: float = 0.5, level: float = LEVEL
) -> int:
    """Return how many noisy samples bring the interval of one clean accuracy to +- half_width.

    Parameters
    ----------
    accuracy : about what clean accuracy is expected; 1/2 or so needs the most samples.

    >>> samples_for_width(0.01, 10, 0.4, 0.95), samples_for_width(0.01, 10, 0, 0.95)
    (30467, 1825)
    """
    from scipy.stats import norm

    a, b = slope(noise_rate, num_classes)
    check_level(level)
    if not 0 < half_width < 1:
        fail("half_width", "in (0, 1)", half_width)
    if not 0 <= accuracy <= 1:
        fail("accuracy", "in [0, 1]", accuracy)
    noisy = b + a * accuracy
    return max(1, math.ceil((float(norm.ppf((1 + level) / 2)) / (a * half_width)) ** 2 * noisy * (1 - noisy)))


# -- a known matrix --------------------------------------------------------------------------------


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

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data."""
        return {
            "overall": self.overall.to_dict(),
            "classes": [e.to_dict() for e in self.classes],
            "shares": [e.to_dict() for e in self.shares],
        }


def accuracy_by_class(
    predictions: ArrayLike, noisy_labels: ArrayLike, transition_matrix: Any, level: float = LEVEL
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


def accuracy_from_counts(counts: ArrayLike, transition_matrix: Any, level: float = LEVEL) -> ByClass:
    """`accuracy_by_class` from the (K, K) counts of samples with prediction p and noisy label m.

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


# -- input -----------------------------------------------------------------------------------------


def check_counts(count: Any, n: Any, name: str = "correct") -> None:
    """0 <= count <= n, whole numbers, n >= 1."""
    for key, value in ((name, count), ("n", n)):
        if isinstance(value, bool) or not isinstance(value, Integral):
            fail(key, "a whole number", value, TypeError)
    if n < 1:
        fail("n", ">= 1", int(n))
    if not 0 <= count <= n:
        fail(name, f"in 0..{n}", int(count))


def check_level(level: Any, name: str = "level") -> None:
    """Refuse what is no probability in (0, 1)."""
    if isinstance(level, bool) or not isinstance(level, int | float | Fraction):
        fail(name, "a number", level, TypeError)
    if not 0 < level < 1:
        fail(name, "in (0, 1)", level)


def _rows(matrix: Any) -> Sequence[Any]:
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
