"""A few random images, and networks to train on them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from lossmatters.empirics.data import Dataset
from lossmatters.empirics.engine.schedules import Drops, Linear
from lossmatters.empirics.engine.train import Network
from lossmatters.empirics.engine.training import Training
from lossmatters.empirics.models import CNN
from lossmatters.theory.losses import get

K = 4
SGD = Training(
    epochs=3,
    batch_size=8,
    learning_rate=Fraction(1, 20),
    schedule=Drops(Fraction(1, 10), (Fraction(1, 2),)),
    optimiser="sgd",
    momentum=Fraction(9, 10),
    weight_decay=Fraction(1, 100),
)
ADAM = Training(epochs=2, batch_size=8, learning_rate=Fraction(1, 100), schedule=Linear())
TINY_CNN = CNN(channels=(4, 4), hidden=8)


def some_images(train=27, shape=(1, 8, 8)):
    """27 = 3 * 8 + 3: the last batch is a smaller one."""
    rng = np.random.default_rng(0)
    inputs = [rng.integers(0, 256, size=(n, *shape)).astype(np.uint8) for n in (train, 12)]
    labels = [rng.permutation(np.arange(n) % K).astype(np.int64) for n in (train, 12)]
    mean, std = (100.0,) * shape[0], (70.0,) * shape[0]
    return Dataset("some images", inputs[0], labels[0], inputs[1], labels[1], K, mean, std)


def networks(data, *, seeds=(0, 0, 0), losses=("cce", "rll", "mse")):
    noisy = [np.random.default_rng(m).permutation(data.train_labels) for m in range(len(losses))]
    return [Network(get(loss), seed, n) for loss, seed, n in zip(losses, seeds, noisy, strict=True)]
