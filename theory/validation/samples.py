"""How many noisy validation samples answer a question (V1)."""

from __future__ import annotations

import math

from lossmatters.theory.exact import Number, fail
from lossmatters.theory.validation.accuracy import slope
from lossmatters.theory.validation.estimate import LEVEL, check_level


def samples_to_tell(
    delta: float,
    num_classes: int,
    noise_rate: Number,
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
    half_width: float, num_classes: int, noise_rate: Number, accuracy: float = 0.5, level: float = LEVEL
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
