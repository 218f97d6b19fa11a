"""What `Loss.values` accepts: rows of the simplex and integer labels."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from lossmatters.theory.exact import check_num_classes, fail

PROBS_TOLERANCE = 1e-6  # rows given as probabilities may come from a float32 softmax: K ulps of 6e-8


def check_probs_and_labels(probs: ArrayLike, labels: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Return probabilities (N, K) as float64 and labels (N,) as one-hot rows (N, K), or a clear error."""
    try:
        probs = np.asarray(probs, dtype=float)
    except (TypeError, ValueError):
        raise TypeError(f"probs must be an array of numbers, got probs={probs!r}") from None
    labels = np.asarray(labels)
    if probs.ndim != 2:
        fail("probs", "of shape (N, K)", probs.shape)
    num_classes = check_num_classes(probs.shape[1])
    if not np.isfinite(probs).all():
        fail("probs", "finite", probs[~np.isfinite(probs).all(axis=1)][0].tolist())
    wrong = (probs < 0).any(axis=1) | (np.abs(probs.sum(axis=1) - 1) > PROBS_TOLERANCE)
    if wrong.any():
        fail(
            "probs",
            "rows of the simplex (non-negative, summing to 1; logits go to matrix())",
            probs[wrong][0].tolist(),
        )
    return probs, np.eye(num_classes)[check_labels(labels, num_classes, len(probs))]


def check_labels(labels: ArrayLike, num_classes: int, length: int | None = None) -> np.ndarray:
    """Return labels as an integer array of values in 0..K-1, or a clear error."""
    labels = np.asarray(labels)
    if not np.issubdtype(labels.dtype, np.integer):
        raise TypeError(f"labels must be integers, got dtype={labels.dtype}")
    if labels.ndim != 1 or (length is not None and len(labels) != length):
        fail("labels", f"of shape ({'N' if length is None else length},)", labels.shape)
    outside = (labels < 0) | (labels >= num_classes)
    if outside.any():
        fail("labels", f"in 0..{num_classes - 1}", int(labels[outside][0]))
    return labels
