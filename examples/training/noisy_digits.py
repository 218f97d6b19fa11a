"""The data of the training examples: some of scikit-learn's digits, with 40 % of the labels altered."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from lossmatters import SymmetricNoise
from lossmatters.empirics.data import load

SAMPLES = 640


class NoisyDigits(NamedTuple):
    """Inputs (N, 64) in [0, 1], the labels to train on, the clean ones, and weights of the classes (K,)."""

    inputs: Tensor
    noisy_labels: Tensor
    clean_labels: Tensor
    class_weight: Tensor


def noisy_digits(rate: float = 0.4, seed: int = 0) -> NoisyDigits:
    """Make the data; weights are inverse to how often a label is given, 1 on average."""
    import numpy as np

    digits = load("digits")
    clean = digits.train_labels[:SAMPLES]
    drawn = SymmetricNoise(rate).apply(clean, 10, np.random.default_rng(seed), draw="exact")
    counts = np.bincount(drawn.noisy_labels, minlength=10)
    weight = torch.tensor(counts.mean() / counts, dtype=torch.float32)
    inputs, noisy = (torch.from_numpy(a) for a in (digits.train_inputs[:SAMPLES], drawn.noisy_labels))
    return NoisyDigits(inputs, noisy, torch.from_numpy(clean), weight)
