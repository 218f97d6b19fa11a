"""scikit-learn's handwritten digits: 1797 images of 8 x 8 pixels, shipped inside the package."""

from __future__ import annotations

import numpy as np

from lossmatters.empirics.data.base import Dataset

SPLIT_SEED = 0  # NumPy's default_rng(0).permutation(1797): the first 1297 train, the last 500 test
TRAIN_SIZE = 1297


def digits() -> Dataset:
    """Return the digits, pixels scaled from 0..16 to [0, 1], split 1297/500 by `SPLIT_SEED`.

    >>> data = digits()
    >>> data.train_inputs.shape, data.test_inputs.shape, float(data.train_inputs.max())
    ((1297, 64), (500, 64), 1.0)

    Source: UCI Optical Recognition of Handwritten Digits (Alpaydin & Kaynak 1998), its test part.
    """
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(SPLIT_SEED).permutation(len(labels))
    inputs = (images[order] / 16).astype(np.float32)  # a division by 16 is exact
    labels = labels[order].astype(np.int64)
    return Dataset(
        name="digits",
        train_inputs=inputs[:TRAIN_SIZE],
        train_labels=labels[:TRAIN_SIZE],
        test_inputs=inputs[TRAIN_SIZE:],
        test_labels=labels[TRAIN_SIZE:],
        num_classes=10,
    )
