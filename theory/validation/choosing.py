"""Which of several classifiers is best, from noisy validation labels: V1, for many at once.

Uniform noise ranks classifiers as clean labels do (V1): the one that predicts most of them is the choice.
How sure it is: an interval for its lead over each other one, all of which cover together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lossmatters.theory.exact import Number, check_num_classes, fail
from lossmatters.theory.validation.accuracy import accuracy_difference, clean_accuracy
from lossmatters.theory.validation.estimate import LEVEL, Estimate, check_level


@dataclass(frozen=True)
class Choice:
    """The best of several classifiers, and what is known of the others.

    Attributes
    ----------
    best : int
        Its place; the first of equals.
    accuracies : tuple of Estimate or None
        Clean accuracy of each, with its own interval; None where no clean accuracy explains so many or so few
        noisy labels predicted (V1): by chance where samples are few, else the rate is wrong.
    leads : tuple of Estimate or None
        Clean accuracy of the best minus that of each; None for itself. The intervals cover all at once.
    """

    best: int
    accuracies: tuple[Estimate | None, ...]
    leads: tuple[Estimate | None, ...]

    @property
    def not_worse(self) -> tuple[int, ...]:
        """Return the places of those that may be as good: itself, and those whose lead may be 0."""
        return tuple(i for i, lead in enumerate(self.leads) if lead is None or lead.low <= 0)

    @property
    def decided(self) -> bool:
        """Tell whether the best is shown to be better than every other."""
        return self.not_worse == (self.best,)


def choose(
    predictions: ArrayLike,
    noisy_labels: ArrayLike,
    num_classes: int,
    noise_rate: Number,
    level: float = LEVEL,
) -> Choice:
    """Return the best of M classifiers by their predictions of noisy validation labels.

    Parameters
    ----------
    predictions : (M, n)
        Classes that each of them predicts.
    noisy_labels : (n,)
        Validation labels under uniform noise that does not depend on the predictions. The noise of training
        labels does: a network may have memorised them.
    noise_rate : number
        eta, below (K-1)/K.
    level : float
        With which the differences of all pairs are covered at once; each pair has its share (Bonferroni).

    Raises
    ------
    TypeError, ValueError
        Shapes that do not fit, fewer than two classifiers, or what V1 refuses.

    Examples
    --------
    >>> labels = np.arange(600) % 3
    >>> found = choose([labels, np.where(np.arange(600) < 200, 0, labels)], labels, 3, 0)
    >>> found.best, found.decided
    (0, True)
    """
    k = check_num_classes(num_classes)
    check_level(level)
    given, labels = np.asarray(predictions), np.asarray(noisy_labels)
    if given.ndim != 2 or len(given) < 2:
        fail("predictions", "of shape (M, n) with M >= 2", given.shape)
    if labels.shape != given.shape[1:]:
        fail("noisy_labels", f"of shape {given.shape[1:]}", labels.shape)
    hits = given == labels
    n, correct = given.shape[1], hits.sum(axis=1)
    best = int(correct.argmax())
    # of every pair, since the best is chosen with the same labels
    each = 1 - (1 - level) / (len(given) * (len(given) - 1) / 2)
    leads = [
        None
        if i == best
        else accuracy_difference(
            int((hits[best] & ~one).sum()), int((one & ~hits[best]).sum()), n, k, noise_rate, each
        )
        for i, one in enumerate(hits)
    ]
    return Choice(best, tuple(_accuracy(int(c), n, k, noise_rate, level) for c in correct), tuple(leads))


def _accuracy(correct: int, n: int, num_classes: int, noise_rate: Number, level: float) -> Estimate | None:
    try:
        return clean_accuracy(correct, n, num_classes, noise_rate, level)
    except ValueError:  # of all that it refuses, the leads have let through only this
        return None
