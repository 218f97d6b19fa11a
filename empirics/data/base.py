"""A data set as plain arrays.  No torch here."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from lossmatters.theory.exact import check_num_classes, fail


@dataclass(frozen=True)
class Dataset:
    """Training and test samples with their clean labels.

    Attributes
    ----------
    name : what `lossmatters.empirics.data.load` was given.
    train_inputs, test_inputs : (N, d) and (T, d) float32, used as they are; or images, (N, C, H, W) and
        (T, C, H, W) uint8, standardised when a batch is made of them.
    train_labels, test_labels : (N,) and (T,) int64 in 0..K-1; each class has a test sample.
    num_classes : K.
    mean, std : of images, a number a channel in units of 0..255; empty otherwise.
    sha256 : of the bytes of the four arrays and of the scaling, so of all that a network is given.

    Raises
    ------
    TypeError : arrays of another dtype.
    ValueError : unequal lengths or shapes, inputs that are not finite, labels out of range, a class without
        a test sample, a mean or a std that does not fit the channels.
    """

    name: str
    train_inputs: np.ndarray
    train_labels: np.ndarray
    test_inputs: np.ndarray
    test_labels: np.ndarray
    num_classes: int
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    sha256: str = field(init=False)

    def __post_init__(self) -> None:
        k = check_num_classes(self.num_classes)
        for part in ("train", "test"):
            inputs, labels = getattr(self, f"{part}_inputs"), getattr(self, f"{part}_labels")
            if inputs.dtype not in (np.float32, np.uint8) or labels.dtype != np.int64:
                raise TypeError(
                    f"{part} arrays must be float32 (or images of uint8) and int64, "
                    f"got dtypes={(inputs.dtype, labels.dtype)}"
                )
            axes, shape = (4, "(N, C, H, W)") if inputs.dtype == np.uint8 else (2, "(N, d)")
            if inputs.ndim != axes or labels.shape != inputs.shape[:1] or not len(labels):
                fail(f"{part} arrays", f"of shapes {shape} and (N,), N > 0", (inputs.shape, labels.shape))
            if axes == 2 and not np.isfinite(inputs).all():
                fail(f"{part} inputs", "finite", inputs[~np.isfinite(inputs)][0])
            outside = (labels < 0) | (labels >= k)
            if outside.any():
                fail(f"{part} labels", f"in 0..{k - 1}", int(labels[outside][0]))
        kinds = [(a.dtype.name, a.shape[1:]) for a in (self.train_inputs, self.test_inputs)]
        if kinds[0] != kinds[1]:
            fail("test inputs", f"of the kind of the training inputs, {kinds[0]}", kinds[1])
        channels = self.input_shape[0] if self.is_images else 0
        for name, numbers in (("mean", self.mean), ("std", self.std)):
            if len(numbers) != channels or not all(map(math.isfinite, numbers)):
                fail(name, f"{channels} finite numbers", numbers)
        if any(value <= 0 for value in self.std):
            fail("std", "> 0", self.std)
        missing = sorted(set(range(k)) - set(self.test_labels.tolist()))
        if missing:  # the recall of such a class has no value
            fail("test_labels", "of every class", missing)
        object.__setattr__(self, "sha256", self._digest())

    def _digest(self) -> str:
        digest = hashlib.sha256()
        for array in (self.train_inputs, self.train_labels, self.test_inputs, self.test_labels):
            digest.update(repr((array.dtype.str, array.shape)).encode())
            digest.update(np.ascontiguousarray(array).data)
        if self.is_images:
            digest.update(repr((self.mean, self.std)).encode())
        return digest.hexdigest()

    @property
    def is_images(self) -> bool:
        """Whether the inputs are images of bytes."""
        return self.train_inputs.dtype == np.uint8

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one input: (d,) or (C, H, W)."""
        return self.train_inputs.shape[1:]

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

    def subset(
        self, name: str, *, train: int | None = None, test: int | None = None, seed: int = 0
    ) -> Dataset:
        """Some of the samples, as many of each class, drawn by `seed` and kept in their order.

        The training and the test samples have streams of their own, so one choice does not change the other.

        Parameters
        ----------
        train, test : how many, a multiple of K; None keeps all.

        Raises
        ------
        ValueError : a number that is not a positive multiple of K, or more than a class has.
        """
        changes: dict[str, Any] = {}
        for stream, (part, size) in enumerate((("train", train), ("test", test))):
            if size is None:
                continue
            labels = getattr(self, f"{part}_labels")
            chosen = _balanced(labels, self.num_classes, size, np.random.default_rng([seed, stream]), part)
            changes[f"{part}_inputs"] = getattr(self, f"{part}_inputs")[chosen]
            changes[f"{part}_labels"] = labels[chosen]
        return replace(self, name=name, **changes)


def _balanced(
    labels: np.ndarray, num_classes: int, size: int, rng: np.random.Generator, name: str
) -> np.ndarray:
    """The places of `size` samples, `size / num_classes` of each class, in ascending order."""
    smallest = int(np.bincount(labels, minlength=num_classes).min())
    if not 0 < size <= smallest * num_classes or size % num_classes:
        fail(name, f"a multiple of {num_classes} in {num_classes}..{smallest * num_classes}", size)
    places = [
        rng.choice(np.flatnonzero(labels == c), size // num_classes, replace=False)
        for c in range(num_classes)
    ]
    return np.sort(np.concatenate(places))
