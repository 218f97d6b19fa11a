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

from lossmatters.theory.validation.accuracy import accuracy_difference, clean_accuracy, slope
from lossmatters.theory.validation.by_class import ByClass, accuracy_by_class, accuracy_from_counts
from lossmatters.theory.validation.choosing import Choice, choose
from lossmatters.theory.validation.estimate import Estimate
from lossmatters.theory.validation.samples import samples_for_width, samples_to_tell

__all__ = [
    "ByClass",
    "Choice",
    "Estimate",
    "accuracy_by_class",
    "accuracy_difference",
    "accuracy_from_counts",
    "choose",
    "clean_accuracy",
    "samples_for_width",
    "samples_to_tell",
    "slope",
]
