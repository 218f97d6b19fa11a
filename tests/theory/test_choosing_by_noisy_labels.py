"""Choosing among classifiers by noisy labels: right in the long run, sure no more often than it may be."""

from __future__ import annotations

import numpy as np
import pytest

from lossmatters.theory.noise import SymmetricNoise
from lossmatters.theory.validation import accuracy_difference, choose

K, RATE = 5, "2/5"


def classifier(clean, accuracy, rng):
    others = (clean + 1 + rng.integers(K - 1, size=len(clean))) % K
    return np.where(rng.random(len(clean)) < accuracy, clean, others)


def draws(accuracies, size, number, seed=0):
    rng = np.random.default_rng(seed)
    for _ in range(number):
        clean = rng.integers(K, size=size)
        noisy = SymmetricNoise(RATE).apply(clean, K, rng).noisy_labels
        yield choose([classifier(clean, a, rng) for a in accuracies], noisy, K, RATE)


def test_what_is_much_better_is_found_and_decided():
    found = list(draws((0.5, 0.9, 0.6), size=1500, number=20))
    assert {choice.best for choice in found} == {1}
    assert all(choice.decided for choice in found)
    assert all(choice.accuracies[1].low <= 0.93 and choice.accuracies[1].high >= 0.87 for choice in found)


def test_of_equals_none_is_shown_to_be_better():
    """The known-false case: whatever is chosen, that it is better is false, and is said in 5 % at most."""
    found = list(draws((0.8, 0.8, 0.8), size=300, number=200))
    assert len({choice.best for choice in found}) == 3
    said = sum(len(choice.not_worse) < 3 for choice in found)
    assert said <= 20  # 10 expected at the very most; 21 or more of them have a probability below 0.001


def test_the_leads_are_those_of_v1_with_a_share_of_the_level_for_each_pair():
    labels = np.arange(20) % K
    predictions = np.stack([labels, np.where(np.arange(20) < 8, 0, labels), np.zeros(20, dtype=int)])
    choice = choose(predictions, labels, K, RATE, level=0.9)
    assert choice.leads[0] is None
    wrong = int((predictions[1] != labels).sum())
    assert choice.leads[1] == accuracy_difference(wrong, 0, 20, K, RATE, level=1 - 0.1 / 3)


def test_few_samples_may_be_explained_by_no_accuracy():
    labels = np.arange(100) % K
    choice = choose([labels, labels], labels, K, RATE)
    assert choice.accuracies == (None, None)  # all of 100 noisy labels, where 60 are to be expected
    assert (choice.best, choice.not_worse, choice.decided) == (0, (0, 1), False)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"predictions": np.zeros(4, dtype=int)}, r"predictions must be of shape \(M, n\) with M >= 2"),
        ({"predictions": np.zeros((1, 4), dtype=int)}, r"predictions must be of shape \(M, n\) with M >= 2"),
        ({"noisy_labels": np.zeros(3, dtype=int)}, r"noisy_labels must be of shape \(4,\), got"),
        ({"noise_rate": "4/5"}, "must be"),
        ({"level": 1}, r"level must be in \(0, 1\)"),
        ({"num_classes": 1}, "num_classes must be"),
    ],
)
def test_what_cannot_be_chosen_from_is_refused(changes, message):
    given = {"predictions": np.zeros((2, 4), dtype=int), "noisy_labels": np.zeros(4, dtype=int)}
    with pytest.raises((ValueError, TypeError), match=message):
        choose(**{**given, "num_classes": K, "noise_rate": RATE, **changes})
