"""Intervals cover what they should as often as they say; M3's verdict has three values."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lossmatters.theory.memorization import mean_interval, memorization_verdict, quantile_interval

RUNS = 800
LEVEL = 0.9
# Coverage over RUNS samples is binomial: 5 standard deviations, a false alarm in two million seeds.
TOLERANCE = 5 * math.sqrt(LEVEL * (1 - LEVEL) / RUNS)


def coverage(interval, truth, n, seed=0):
    """The share of normal samples of size n whose interval holds the truth."""
    draws = np.random.default_rng(seed).normal(3.0, 2.0, size=(RUNS, n))
    return np.mean([low <= truth <= high for low, high in (interval(x) for x in draws)])


@pytest.mark.parametrize("n", [2, 4, 10])
def test_the_mean_interval_covers(n):
    found = coverage(lambda x: mean_interval(x, LEVEL)[1:3], 3.0, n)
    assert abs(found - LEVEL) < TOLERANCE


@pytest.mark.parametrize(
    ("n", "probability", "z"), [(4, 0.9, 1.2815515655446004), (5, 0.5, 0.0), (3, 0.1, -1.2815515655446004)]
)
def test_the_quantile_interval_covers(n, probability, z):
    found = coverage(lambda x: quantile_interval(x, probability, LEVEL)[1:3], 3.0 + 2.0 * z, n)
    assert abs(found - LEVEL) < TOLERANCE


def test_an_interval_that_ignores_the_sample_size_is_caught():
    """1.645 standard errors in place of Student's t, at n = 4: covers 80%."""
    found = coverage(
        lambda x: (x.mean() - 1.645 * x.std(ddof=1) / 2, x.mean() + 1.645 * x.std(ddof=1) / 2), 3.0, 4
    )
    assert abs(found - LEVEL) > TOLERANCE


def test_the_mean_interval_by_hand():
    """n = 4, mean 2.5, s = sqrt(5/3), t(0.975, 3) = 3.182446."""
    found = mean_interval([1, 2, 3, 4])
    half = 3.1824463052842624 * math.sqrt(5 / 3) / 2
    assert found.estimate == 2.5
    assert (found.low, found.high) == pytest.approx(
        (2.5 - half, 2.5 + half), rel=1e-12
    )  # tables to 16 digits
    assert (found.level, found.method) == (0.95, "Student t")
    assert str(found) == "2.500 [0.446, 4.554]"


def test_the_median_of_a_normal_is_its_mean():
    values = [0.3, 0.1, 0.4, 0.15]
    mean, median = mean_interval(values), quantile_interval(values, 0.5)
    assert median[:3] == pytest.approx(mean[:3], rel=1e-6)  # noncentral t at 0, solved to 1e-8 or so


def test_ends_are_in_order_and_grow_with_the_level():
    values = [0.2, 0.5, 0.3]
    for interval in (mean_interval, lambda x, level: quantile_interval(x, 0.9, level)):
        narrow, wide = interval(values, 0.5), interval(values, 0.99)
        assert wide.low < narrow.low < narrow.estimate < narrow.high < wide.high


@pytest.mark.parametrize("interval", [mean_interval, lambda x: quantile_interval(x, 0.9)])
def test_one_run_says_nothing(interval):
    found = interval([0.5])
    assert (found.low, found.estimate, found.high) == (-math.inf, 0.5, math.inf)


@pytest.mark.parametrize(
    ("clean", "noisy", "status"),
    [
        ([0.99, 0.98, 0.99, 0.985, 0.99], [0.985, 0.98, 0.98, 0.98, 0.985], "robust"),
        ([0.99, 0.98, 0.99, 0.985, 0.99], [0.60, 0.58, 0.61, 0.60, 0.59], "not robust"),
        ([0.99, 0.98, 0.99, 0.985, 0.99], [0.98, 0.935, 0.97, 0.955, 0.98], "inconclusive"),
        ([0.99], [0.99], "inconclusive"),  # one run is no distribution
    ],
)
def test_verdicts(clean, noisy, status):
    verdict = memorization_verdict(clean, noisy)
    assert verdict.status == status
    assert (verdict.runs, verdict.epsilon, verdict.delta) == (len(clean), 0.05, 0.1)
    low, high = verdict.interval.low, verdict.interval.high
    expected = "robust" if high <= 0.05 else "not robust" if low > 0.05 else "inconclusive"
    assert status == expected


def test_a_verdict_is_about_a_run_not_the_mean():
    """Gaps of 0 and 0.09: their mean is below epsilon, a single run often is not."""
    clean, noisy = [0.95] * 6, [0.95, 0.86, 0.95, 0.86, 0.95, 0.95]
    assert mean_interval([c - n for c, n in zip(clean, noisy, strict=True)]).estimate < 0.05
    assert memorization_verdict(clean, noisy).status != "robust"


def test_runs_are_paired_by_seed():
    """Seeds differ much, each by the same small gap: paired, that is robust."""
    clean = [0.5, 0.7, 0.9, 0.6, 0.8]
    assert memorization_verdict(clean, [c - 0.01 - 0.001 * i for i, c in enumerate(clean)]).status == "robust"
