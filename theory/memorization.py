"""Robustness to memorization: the formal definition and what is measured of it (M1 to M4).

Symbols: J1 is accuracy on the altered training labels, J2 on the clean ones; f the share of altered
labels; A_c the accuracy on unaltered samples; M the memorization rate (altered samples given their
altered label); A_f the recovery rate (altered samples given their clean label).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from lossmatters.theory.backends.number import Plain
from lossmatters.theory.exact import check_rate, fail

Share = TypeVar("Share", float, Fraction)
Rate = TypeVar("Rate", float, Fraction, np.ndarray)


@dataclass(frozen=True)
class Memorization:
    """The quantities of M1 for one classifier on one altered sample, exact.

    Attributes
    ----------
    altered_share : f.
    unaltered_accuracy : A_c; None where every label was altered.
    memorization_rate : M; None where no label was altered.
    recovery_rate : A_f; None where no label was altered.
    noisy_train_accuracy : J1.
    clean_train_accuracy : J2.
    """

    altered_share: Fraction
    unaltered_accuracy: Fraction | None
    memorization_rate: Fraction | None
    recovery_rate: Fraction | None
    noisy_train_accuracy: Fraction
    clean_train_accuracy: Fraction


def measure(predictions: ArrayLike, noisy_labels: ArrayLike, clean_labels: ArrayLike) -> Memorization:
    """Count J1, J2, f, A_c, M and A_f: three (N,) arrays of classes -> `Memorization`.

    Raises
    ------
    ValueError : arrays of different lengths, or empty ones.

    >>> measure([0, 1, 1, 0], noisy_labels=[0, 1, 1, 1], clean_labels=[0, 1, 0, 0]).memorization_rate
    Fraction(1, 2)
    """
    h, noisy, clean = (np.asarray(v) for v in (predictions, noisy_labels, clean_labels))
    if not (h.shape == noisy.shape == clean.shape and h.ndim == 1 and len(h)):
        fail("predictions and labels", "of one shape (N,), N > 0", (h.shape, noisy.shape, clean.shape))
    altered = noisy != clean

    def share(hits: np.ndarray) -> Fraction | None:
        return Fraction(int(hits.sum()), len(hits)) if len(hits) else None

    j1, j2 = share(h == noisy), share(h == clean)
    assert j1 is not None
    assert j2 is not None
    return Memorization(
        altered_share=Fraction(int(altered.sum()), len(h)),
        unaltered_accuracy=share((h == clean)[~altered]),
        memorization_rate=share((h == noisy)[altered]),
        recovery_rate=share((h == clean)[altered]),
        noisy_train_accuracy=j1,
        clean_train_accuracy=j2,
    )


def accuracies(
    f: Rate, unaltered_accuracy: Rate, memorization_rate: Rate, recovery_rate: Rate
) -> tuple[Rate, Rate]:
    """Return (J1, J2) from f, A_c, M and A_f by M1: J1 = (1-f) A_c + f M, J2 = (1-f) A_c + f A_f.

    Works on numbers, Fractions and SymPy symbols.
    """
    base = (1 - f) * unaltered_accuracy
    return base + f * memorization_rate, base + f * recovery_rate


def reachable_region(f: Rate) -> tuple[tuple[Rate, Rate], ...]:
    """Return the corners of the reachable pentagon in the (J1, J2) plane, counter-clockwise (M1).

    The perfect memoriser is the corner (1, 1-f), the perfect resister (1-f, 1).
    """
    return ((0 * f, 0 * f), (f, 0 * f), (1 + 0 * f, 1 - f), (1 - f, 1 + 0 * f), (0 * f, f))


def is_reachable(j1: Share, j2: Share, f: Share) -> bool:
    """Tell whether (J1, J2) is possible at all with a share f of altered labels.

    The pentagon as inequalities: 0 <= J1, J2; |J1 - J2| <= f; J1 + J2 <= 2 - f; and J1 + J2 >= f is
    *not* among them, since an unaltered sample may be wrong and an altered one neither.
    """
    return j1 >= 0 and j2 >= 0 and abs(j1 - j2) <= f and j1 + j2 <= 2 - f


def flip_epoch(noisy_train_accuracy: Sequence[float], clean_train_accuracy: Sequence[float]) -> int | None:
    """Return the flip epoch (M4): the first (0-based) from which J1 > J2 for good, after J2 > J1.

    Returns None where there is no flip: J1 > J2 does not hold to the end, or J2 > J1 never held before.

    Raises
    ------
    ValueError : curves of different lengths.

    >>> flip_epoch([0.2, 0.5, 0.9], [0.4, 0.6, 0.6])
    2
    """
    if len(noisy_train_accuracy) != len(clean_train_accuracy):
        fail("curves", "of one length", (len(noisy_train_accuracy), len(clean_train_accuracy)))
    above = [j1 > j2 for j1, j2 in zip(noisy_train_accuracy, clean_train_accuracy, strict=True)]
    start = len(above)
    while start and above[start - 1]:
        start -= 1
    led_before = any(
        j2 > j1 for j1, j2 in zip(noisy_train_accuracy[:start], clean_train_accuracy[:start], strict=True)
    )
    return start if start < len(above) and led_before else None


class Interval(NamedTuple):
    """A confidence interval: its estimate, ends, level and how it was made."""

    estimate: float
    low: float
    high: float
    level: float
    method: str

    def __str__(self) -> str:
        return f"{self.estimate:.3f} [{self.low:.3f}, {self.high:.3f}]"


def mean_interval(values: Sequence[float], level: float = 0.95) -> Interval:
    """Return Student's t interval for the mean of independent runs.

    Exact for normal values, and the usual choice for a handful of seeds; a bootstrap of five values
    has far less than its nominal coverage. One value gives an infinite interval, not a point.

    Raises
    ------
    ValueError : no values, a value that is not finite, a level outside (0, 1).
    """
    x = _finite(values)
    _check_level(level)
    mean = float(x.mean())
    if len(x) == 1:
        return Interval(mean, -math.inf, math.inf, level, "Student t")
    from scipy.stats import t

    half = float(t.ppf((1 + level) / 2, len(x) - 1) * x.std(ddof=1) / math.sqrt(len(x)))
    return Interval(mean, mean - half, mean + half, level, "Student t")


def quantile_interval(values: Sequence[float], probability: float, level: float = 0.95) -> Interval:
    """Return a two-sided confidence interval for the `probability`-quantile of what `values` were drawn from.

    Normal theory: the ends are mean + k s with k from the noncentral t distribution (the factor of
    one-sided tolerance bounds; Hahn & Meeker, Statistical Intervals, sec. 4.4). Exact for normal values.
    M3 speaks of what a *single* run does with probability 1 - delta, which is a quantile, not a mean;
    a distribution-free bound would need log(0.05)/log(1 - delta) runs, 29 at delta = 0.1, before it
    could ever say "robust", so it is not the default for the few seeds that training allows.

    Raises
    ------
    ValueError : no values, a value that is not finite, a level or probability outside (0, 1).
    """
    x = _finite(values)
    _check_level(level)
    if not 0 < probability < 1:
        fail("probability", "in (0, 1)", probability)
    from scipy.stats import nct, norm

    mean, n, z = float(x.mean()), len(x), float(norm.ppf(probability))
    method = "normal-theory quantile (noncentral t)"
    if n == 1:
        return Interval(mean, -math.inf, math.inf, level, method)
    deviation = float(x.std(ddof=1))
    if deviation == 0:
        return Interval(mean, mean, mean, level, method)
    root = math.sqrt(n)
    low, high = (float(nct.ppf(p, n - 1, z * root)) / root for p in ((1 - level) / 2, (1 + level) / 2))
    return Interval(mean + z * deviation, mean + low * deviation, mean + high * deviation, level, method)


@dataclass(frozen=True)
class MemorizationVerdict:
    """M3 from runs: `status` is "robust", "not robust" or "inconclusive", with the interval that says so."""

    status: str
    interval: Interval
    epsilon: float
    delta: float
    runs: int


def memorization_verdict(
    clean_runs: Sequence[float],
    noisy_runs: Sequence[float],
    epsilon: float = 0.05,
    delta: float = 0.1,
    level: float = 0.95,
) -> MemorizationVerdict:
    """Decide whether training is (epsilon, delta)-robust to memorization (M3).

    The gap of a run is J2 trained on clean labels less J2 trained on altered labels, paired by seed. The
    definition asks that a gap is at most epsilon with probability at least 1 - delta, that is, that the
    (1 - delta)-quantile of the gap is at most epsilon. The verdict reads `quantile_interval` of that
    quantile: all of it at most epsilon is "robust", all of it above is "not robust", else "inconclusive".

    Parameters
    ----------
    clean_runs, noisy_runs : J2 of each seed, (n,) and (n,), in the same order of seeds.
    epsilon : the loss of accuracy allowed, in [0, 1].
    delta : the share of runs that may lose more, in (0, 1).

    Raises
    ------
    ValueError : unequal lengths, values outside [0, 1], epsilon or delta out of domain.
    """
    clean, noisy = _finite(clean_runs), _finite(noisy_runs)
    if len(clean) != len(noisy):
        fail("clean_runs and noisy_runs", "of one length", (len(clean), len(noisy)))
    for x in (clean, noisy):
        if ((x < 0) | (x > 1)).any():
            fail("accuracies", "in [0, 1]", float(x[(x < 0) | (x > 1)][0]))
    check_rate(epsilon, "epsilon")
    if not 0 < delta < 1:
        fail("delta", "in (0, 1)", delta)
    interval = quantile_interval((clean - noisy).tolist(), 1 - delta, level)
    if interval.high <= epsilon:
        status = "robust"
    elif interval.low > epsilon:
        status = "not robust"
    else:
        status = "inconclusive"
    return MemorizationVerdict(status, interval, epsilon, delta, len(clean))


def preserves_order(clean_risks: Sequence[Plain], noisy_risks: Sequence[Plain]) -> tuple[int, int] | None:
    """Return None if noise keeps the order of every pair of risks (M2), else the first pair it does not.

    The order is kept when R(h1) < R(h2) exactly if R^N(h1) < R^N(h2), for all ordered pairs; give exact
    numbers for an exact answer.
    """
    return _first_pair(clean_risks, noisy_risks, lambda a, b, c, d: (a < b) != (c < d))


def preserves_minimisers(clean_risks: Sequence[Plain], noisy_risks: Sequence[Plain]) -> bool:
    """Return whether every minimiser of the noisy risk minimises the clean risk: a weaker M2."""
    best, noisy_best = min(clean_risks), min(noisy_risks)
    return all(
        clean == best for clean, noisy in zip(clean_risks, noisy_risks, strict=True) if noisy == noisy_best
    )


def _first_pair(
    clean: Sequence[Plain], noisy: Sequence[Plain], differs: Callable[[Plain, Plain, Plain, Plain], bool]
) -> tuple[int, int] | None:
    for i in range(len(clean)):
        for j in range(len(clean)):
            if differs(clean[i], clean[j], noisy[i], noisy[j]):
                return i, j
    return None


def _finite(values: Sequence[float]) -> np.ndarray:
    x = np.asarray(values, dtype=float)
    if x.ndim != 1 or not len(x) or not np.isfinite(x).all():
        fail("values", "a non-empty list of finite numbers", list(values))
    return x


def _check_level(level: float) -> None:
    if not 0 < level < 1:
        fail("level", "in (0, 1)", level)
