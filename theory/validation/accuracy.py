"""Clean accuracy of one classifier, and the difference of two, under uniform noise (V1)."""

from __future__ import annotations

import math

from lossmatters.theory.exact import Number, check_num_classes, check_rate, fail
from lossmatters.theory.noise import flip_probability, risk_slope, threshold
from lossmatters.theory.validation.estimate import LEVEL, METHODS, Estimate, check_counts, check_level


def slope(noise_rate: Number, num_classes: int) -> tuple[float, float]:
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
    noise_rate: Number,
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
    noise_rate: Number,
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
