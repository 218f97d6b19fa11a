"""The data sets: what is in them, and what a Dataset refuses."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from lossmatters.empirics.data import Dataset, load

# Of the four arrays as split here. scikit-learn ships the data inside the package; another value means
# that the samples, their scaling or the split have changed, and with them every record.
DIGITS_SHA256 = "4535e0893e34647b6286ace8bfc48ad46d24d4bcb71d9fc5ef3716300a5d4713"


def small(**changes):
    parts = {
        "name": "small",
        "train_inputs": np.zeros((4, 2), np.float32),
        "train_labels": np.array([0, 1, 0, 1]),
        "test_inputs": np.zeros((2, 2), np.float32),
        "test_labels": np.array([0, 1]),
        "num_classes": 2,
    }
    return Dataset(**{**parts, **changes})


def test_digits_are_all_samples_split_once():
    from sklearn.datasets import load_digits

    data = load("digits")
    assert data.description == {
        "name": "digits",
        "sha256": DIGITS_SHA256,
        "train_size": 1297,
        "test_size": 500,
        "num_classes": 10,
    }
    rows = np.column_stack(
        [
            np.concatenate([data.train_inputs, data.test_inputs]) * 16,
            np.concatenate([data.train_labels, data.test_labels]),
        ]
    )
    images, labels = load_digits(return_X_y=True)
    source = np.column_stack([images, labels])
    assert np.array_equal(rows[np.lexsort(rows.T)], source[np.lexsort(source.T)])
    assert data.train_inputs.min() == 0
    assert data.train_inputs.max() == 1


def test_digits_are_the_same_each_time():
    assert load("digits").sha256 == load("digits").sha256
    assert load("digits").name == "digits"


def test_the_hash_sees_one_changed_sample_and_the_split():
    changed = np.zeros((4, 2), np.float32)
    changed[0, 0] = 1e-30
    hashes = {
        small().sha256,
        small(train_inputs=changed).sha256,
        small(train_labels=np.array([1, 1, 0, 1])).sha256,
        small(train_inputs=np.zeros((2, 2), np.float32), train_labels=np.array([0, 1])).sha256,
    }
    assert len(hashes) == 4


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        (
            {"train_inputs": np.zeros((4, 2))},
            TypeError,
            r"train arrays must be float32 \(or images of uint8\) and int64, got dtypes=",
        ),
        ({"test_labels": np.array([0.0, 1.0])}, TypeError, "test arrays must be float32"),
        ({"train_labels": np.array([0, 1, 0])}, ValueError, r"train arrays must be of shapes \(N, ...\) and"),
        ({"train_labels": np.array([0, 1, 0, 2])}, ValueError, r"train labels must be in 0..1, got labels=2"),
        ({"test_labels": np.array([0, -1])}, ValueError, r"test labels must be in 0..1, got labels=-1"),
        ({"test_labels": np.array([0, 0])}, ValueError, r"test_labels must be of every class, got .*=\[1\]"),
        ({"train_inputs": np.full((4, 2), np.nan, np.float32)}, ValueError, "train inputs must be finite"),
        ({"num_classes": 1}, ValueError, "num_classes must be an integer >= 2, got num_classes=1"),
    ],
)
def test_a_data_set_that_cannot_be_used_is_refused(changes, error, message):
    with pytest.raises(error, match=message):
        small(**changes)


def test_an_unknown_data_set_is_refused():
    with pytest.raises(ValueError, match=r"dataset must be one of digits, mnist, .*, got dataset='mnist-3d'"):
        load("mnist-3d")


def test_the_hash_cannot_be_given():
    with pytest.raises((TypeError, ValueError)):
        dataclasses.replace(small(), sha256="0" * 64)
