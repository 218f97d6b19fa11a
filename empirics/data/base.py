"""A data set as plain arrays.  No torch here."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from theory.exact import check_num_classes, fail


@dataclass(frozen=True)
class Dataset:
    """Training and test samples with their clean labels.

    Attributes
    ----------
    name : the key in `empirics.data.DATASETS`.
    train_inputs, test_inputs : (N, d) and (T, d) float32.
    train_labels, test_labels : (N,) and (T,) int64 in 0..K-1; each class has a test sample.
    num_classes : K.
    sha256 : of the bytes of the four arrays, so of the samples, their scaling and the split.

    Raises
    ------
    TypeError : arrays of another dtype.
    ValueError : unequal lengths, inputs that are not finite, labels out of range, a class without a
        test sample.
    """

    name: str
    train_inputs: np.ndarray
    train_labels: np.ndarray
    test_inputs: np.ndarray
    test_labels: np.ndarray
    num_classes: int
    sha256: str = field(init=False)

    def __post_init__(self) -> None:
        k = check_num_classes(self.num_classes)
        for part in ("train", "test"):
            inputs, labels = getattr(self, f"{part}_inputs"), getattr(self, f"{part}_labels")
            if inputs.dtype != np.float32 or labels.dtype != np.int64:
                raise TypeError(
                    f"{part} arrays must be float32 and int64, got dtypes={(inputs.dtype, labels.dtype)}"
                )
            if inputs.ndim != 2 or labels.shape != inputs.shape[:1] or not len(labels):
                fail(f"{part} arrays", "of shapes (N, d) and (N,), N > 0", (inputs.shape, labels.shape))
            if not np.isfinite(inputs).all():
                fail(f"{part} inputs", "finite", inputs[~np.isfinite(inputs)][0])
            outside = (labels < 0) | (labels >= k)
            if outside.any():
                fail(f"{part} labels", f"in 0..{k - 1}", int(labels[outside][0]))
        missing = sorted(set(range(k)) - set(self.test_labels.tolist()))
        if missing:  # the recall of such a class has no value
            fail("test_labels", "of every class", missing)
        object.__setattr__(self, "sha256", self._digest())

    def _digest(self) -> str:
        digest = hashlib.sha256()
        for array in (self.train_inputs, self.train_labels, self.test_inputs, self.test_labels):
            digest.update(repr((array.dtype.str, array.shape)).encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    @property
    def description(self) -> dict[str, Any]:
        """What a record stores of it."""
        return {
            "name": self.name,
            "sha256": self.sha256,
            "train_size": len(self.train_labels),
            "test_size": len(self.test_labels),
            "num_classes": self.num_classes,
        }
