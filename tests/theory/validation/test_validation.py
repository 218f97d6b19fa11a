"""V1: clean accuracy from noisy labels; the coverage of its intervals, by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from lossmatters.theory.noise import ClassConditionalNoise, SymmetricNoise
from lossmatters.theory.validation import (
    accuracy_by_class,
    accuracy_difference,
    accuracy_from_counts,
    clean_accuracy,
    samples_for_width,
    samples_to_tell,
    slope,
)

DRAWS = 400  # coverage of 0.95 then has a standard error of 0.011
# Three standard errors below the level; intervals may cover more, being conservative or cut.
LEAST = 0.95 - 3 * 0.011


def test_noisy_accuracy_is_affine_in_the_clean_one():
    rng = np.random.default_rng(0)
    clean = rng.integers(0, 5, 200_000)
    guesses = np.where(rng.random(len(clean)) < 0.7, clean, (clean + 1) % 5)
    noisy = SymmetricNoise(0.3).apply(clean, 5, rng).noisy_labels
    a, b = slope(0.3, 5)
    # the share of 200 000 draws has a standard error of 0.0011
    assert (guesses == noisy).mean() == pytest.approx(b + a * (guesses == clean).mean(), abs=0.005)


@pytest.mark.parametrize("method", ["wilson", "exact"])
@pytest.mark.parametrize(("accuracy", "n"), [(0.9, 200), (0.5, 200), (0.97, 1000)])
def test_the_interval_of_an_accuracy_covers_it(accuracy, n, method):
    """Coverage summed over the whole distribution of the count: no simulation is needed."""
    a, b = slope("2/5", 10)
    noisy, covered = b + a * accuracy, 0.0
    for correct in range(n + 1):
        chance = binom.pmf(correct, n, noisy)
        if chance < 1e-9:
            continue
        try:
            found = clean_accuracy(correct, n, 10, "2/5", method=method)
        except ValueError:  # not explained by any clean accuracy: not covered
            continue
        covered += chance * (found.low <= accuracy <= found.high)
    assert covered >= (0.95 if method == "exact" else 0.93)


def test_an_interval_that_forgets_the_noise_does_not_cover():
    found = clean_accuracy(580, 1000, 10, "2/5")
    assert not found.low <= 0.58 <= found.high


def simulated(rng, matrix, recalls, n):
    """Clean labels, predictions right with the class's recall, noisy labels."""
    k = len(recalls)
    clean = rng.integers(0, k, n)
    wrong = (clean + rng.integers(1, k, n)) % k
    guesses = np.where(rng.random(n) < np.asarray(recalls)[clean], clean, wrong)
    return clean, guesses, ClassConditionalNoise(matrix).apply(clean, k, rng).noisy_labels


def test_the_interval_of_a_difference_covers_it():
    rng, n, k, covered = np.random.default_rng(1), 400, 4, 0
    for _ in range(DRAWS):
        clean = rng.integers(0, k, n)
        first, second = (
            np.where(rng.random(n) < p, clean, (clean + rng.integers(1, k, n)) % k) for p in (0.9, 0.85)
        )
        noisy = SymmetricNoise("3/10").apply(clean, k, rng).noisy_labels
        only = [int(((x == noisy) & (y != noisy)).sum()) for x, y in ((first, second), (second, first))]
        found = accuracy_difference(*only, n, k, "3/10")
        covered += found.low <= 0.05 <= found.high
    assert covered / DRAWS >= LEAST


T = (("7/10", "1/5", "1/10"), ("1/10", "4/5", "1/10"), ("0", "3/10", "7/10"))


def test_the_intervals_by_class_cover():
    rng, recalls = np.random.default_rng(2), (0.9, 0.6, 0.8)
    overall, classes = 0, np.zeros(3)
    for _ in range(DRAWS):
        _, guesses, noisy = simulated(rng, T, recalls, 1500)
        found = accuracy_by_class(guesses, noisy, T)
        overall += found.overall.low <= np.mean(recalls) <= found.overall.high
        classes += [e.low <= r <= e.high for e, r in zip(found.classes, recalls, strict=True)]
    assert overall / DRAWS >= LEAST
    assert (classes / DRAWS >= LEAST).all()


def test_the_matrix_is_read_by_rows_of_clean_labels():
    rng, recalls = np.random.default_rng(3), (0.9, 0.6, 0.8)
    _, guesses, noisy = simulated(rng, T, recalls, 50_000)
    right = accuracy_by_class(guesses, noisy, T)
    assert [e.value for e in right.classes] == pytest.approx(recalls, abs=0.03)
    other = (("4/5", "1/10", "1/10"), ("1/5", "7/10", "1/10"), ("1/10", "1/10", "4/5"))
    wrong = accuracy_by_class(guesses, noisy, other)
    assert [e.value for e in wrong.classes] != pytest.approx(recalls, abs=0.03)


def test_uniform_noise_by_matrix_is_uniform_noise_by_rate():
    rng = np.random.default_rng(4)
    matrix = SymmetricNoise("1/5").transition_matrix(3)
    _, guesses, noisy = simulated(rng, matrix, (0.9, 0.9, 0.9), 2000)
    by_rate = clean_accuracy(int((guesses == noisy).sum()), 2000, 3, "1/5")
    assert accuracy_by_class(guesses, noisy, matrix).overall.value == pytest.approx(by_rate.value, rel=1e-12)


def test_so_many_samples_find_the_difference():
    """At the number given, four of five paired tests find it; here the disagreement is known exactly."""
    rng, k, rate, found = np.random.default_rng(5), 10, "2/5", 0
    n = samples_to_tell(0.05, k, rate, disagreement=0.15)
    for _ in range(DRAWS):
        kind = rng.choice(3, n, p=[0.10, 0.05, 0.85])  # only the first right, only the second, alike
        clean = rng.integers(0, k, n)
        first = np.where(kind == 1, (clean + 1) % k, clean)
        second = np.where(kind == 0, (clean + 1) % k, clean)
        noisy = SymmetricNoise(rate).apply(clean, k, rng).noisy_labels
        only = [int(((x == noisy) & (y != noisy)).sum()) for x, y in ((first, second), (second, first))]
        found += accuracy_difference(*only, n, k, rate).low > 0
    assert found / DRAWS == pytest.approx(0.8, abs=3 * 0.02)


def test_noise_costs_samples():
    counts = [samples_to_tell(0.01, 10, rate, 0.1) for rate in ("0", "1/5", "2/5", "4/5")]
    assert counts == sorted(counts)
    assert counts[-1] > 10 * counts[0]
    widths = [samples_for_width(0.01, 10, rate, 0.9) for rate in ("0", "2/5")]
    assert widths[1] > 5 * widths[0]


def test_what_is_useless_says_so():
    assert not clean_accuracy(3, 20, 10, "4/5").useful
    found = accuracy_from_counts([[3, 2], [2, 3]], [["11/20", "9/20"], ["9/20", "11/20"]])
    assert not found.overall.useful
    empty = accuracy_from_counts([[90, 10], [0, 0]], [[0.9, 0.1], [0.1, 0.9]])
    assert not empty.classes[1].useful


def test_bad_input_says_why():
    with pytest.raises(ValueError, match="eta must be below 9/10 for K = 10"):
        clean_accuracy(10, 20, 10, "9/10")
    with pytest.raises(ValueError, match="eta must be below 1/2"):
        samples_to_tell(0.1, 2, "3/5")
    with pytest.raises(ValueError, match="noisy accuracy must be explained"):
        clean_accuracy(950, 1000, 10, "2/5")
    with pytest.raises(ValueError, match="correct must be in"):
        clean_accuracy(21, 20, 10, "2/5")
    with pytest.raises(TypeError, match="n must be a whole number"):
        clean_accuracy(1, 20.0, 10, "2/5")
    with pytest.raises(ValueError, match="first_only \\+ second_only"):
        accuracy_difference(15, 10, 20, 10, "2/5")
    with pytest.raises(ValueError, match="disagreement must be in"):
        samples_to_tell(0.2, 10, "2/5", disagreement=0.1)
    with pytest.raises(ValueError, match="transition matrix must be invertible"):
        accuracy_from_counts([[1, 2], [3, 4]], [[0.5, 0.5], [0.5, 0.5]])
    with pytest.raises(ValueError, match="counts must be of shape"):
        accuracy_from_counts([[1, 2]], [[0.9, 0.1], [0.1, 0.9]])
    with pytest.raises(ValueError, match="noisy_labels must be in 0"):
        accuracy_by_class([0, 1], [0, 2], [[0.9, 0.1], [0.1, 0.9]])
    with pytest.raises(ValueError, match="level must be in"):
        clean_accuracy(5, 20, 10, "2/5", level=1.5)
