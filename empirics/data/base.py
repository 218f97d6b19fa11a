"""A data set as plain arrays.  No torch here."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from lossmatters.theory.exact import check_num_classes, fail

CHUNK = 1 << 24  # numbers that are looked at in one go: what is made on the way stays small


@dataclass(frozen=True, eq=False)
class Dataset:
    """Training and test samples with their clean labels. Two with the same content and name are equal.

    Attributes
    ----------
    name : what `lossmatters.empirics.data.load` was given.
    train_inputs, test_inputs : (N, ...) and (T, ...) float32, used as they are; or images, (N, C, H, W) and
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
            images = inputs.dtype == np.uint8
            wanted, shape = (inputs.ndim == 4, "(N, C, H, W)") if images else (inputs.ndim > 1, "(N, ...)")
            if not wanted or labels.shape != inputs.shape[:1] or not len(labels):
                fail(f"{part} arrays", f"of shapes {shape} and (N,), N > 0", (inputs.shape, labels.shape))
            if not images:
                _check_finite(f"{part} inputs", inputs)
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

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Dataset) and (self.name, self.sha256) == (other.name, other.sha256)

    def __hash__(self) -> int:
        return hash((self.name, self.sha256))

    def __str__(self) -> str:
        return self.name

    def _digest(self) -> str:
        digest = hashlib.sha256()
        for array in (self.train_inputs, self.train_labels, self.test_inputs, self.test_labels):
            digest.update(repr((array.dtype.str, array.shape)).encode())
            for piece in _pieces(array):
                digest.update(np.ascontiguousarray(piece).data)
        if self.is_images:
            digest.update(repr((self.mean, self.std)).encode())
        return digest.hexdigest()

    @property
    def every_input(self) -> np.ndarray:
        """Return training and test inputs in one array: where they lie one behind the other, uncopied."""
        first, second = self.train_inputs, self.test_inputs
        whole = first.base
        if isinstance(whole, np.ndarray) and whole is second.base and whole.dtype == first.dtype:
            size = len(first)
            # seen from where the first begins, which all of `whole` must be
            adjacent = len(whole) == size + len(second) and whole.shape[1:] == first.shape[1:]
            starts = (whole[:size].ctypes.data, whole[size:].ctypes.data)
            if (
                adjacent
                and (first.ctypes.data, second.ctypes.data) == starts
                and first.strides == whole.strides
            ):
                return whole
        return np.concatenate([first, second])

    @property
    def is_images(self) -> bool:
        """Tell whether the inputs are images of bytes."""
        return self.train_inputs.dtype == np.uint8

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Return the shape of one input: (d,) or (C, H, W)."""
        return self.train_inputs.shape[1:]

    @property
    def description(self) -> dict[str, Any]:
        """Return what a record stores of it."""
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
        """Return some of the samples, as many of each class, drawn by `seed` and kept in their order.

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


def _pieces(array: np.ndarray) -> Iterator[np.ndarray]:
    """Yield neighbouring samples, of some megabytes together."""
    step = max(1, CHUNK // max(1, math.prod(array.shape[1:])))
    for first in range(0, len(array), step):
        yield array[first : first + step]


def _check_finite(name: str, inputs: np.ndarray) -> None:
    for piece in _pieces(inputs):
        finite = np.isfinite(piece)
        if not finite.all():
            fail(name, "finite", float(piece[~finite][0]))


def _balanced(
    labels: np.ndarray, num_classes: int, size: int, rng: np.random.Generator, name: str
) -> np.ndarray:
    """Return the places of `size` samples, `size / num_classes` of each class, in ascending order."""
    smallest = int(np.bincount(labels, minlength=num_classes).min())
    if not 0 < size <= smallest * num_classes or size % num_classes:
        fail(name, f"a multiple of {num_classes} in {num_classes}..{smallest * num_classes}", size)
    places = [
        rng.choice(np.flatnonzero(labels == c), size // num_classes, replace=False)
        for c in range(num_classes)
    ]
    return np.sort(np.concatenate(places))
