"""MNIST: 60 000 and 10 000 grey images of 28 x 28 pixels, from the official files.  No torch here."""

from __future__ import annotations

import gzip
import math
import struct
from pathlib import Path

import numpy as np

from lossmatters.empirics.data.base import Dataset
from lossmatters.empirics.data.files import DataError, OfficialFile, require

_PLACES = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "http://yann.lecun.com/exdb/mnist/",  # the original place; it mostly refuses programs
)


def _file(name: str, md5: str, size: int) -> OfficialFile:
    return OfficialFile(f"MNIST/raw/{name}", md5, size, tuple(place + name for place in _PLACES))


FILES = (
    _file("train-images-idx3-ubyte.gz", "f68b3c2dcbeaaa9fbdd348bbdeb94873", 9_912_422),
    _file("train-labels-idx1-ubyte.gz", "d53e105ee54ea40749a09fcbcd1e9432", 28_881),
    _file("t10k-images-idx3-ubyte.gz", "9fb629c4189551a2d022fa330f9573f3", 1_648_877),
    _file("t10k-labels-idx1-ubyte.gz", "ec29112dd5afa0611ce80d1b7f02629c", 4_542),
)
# Over all pixels of the training images, in units of 0..255; the tests compute them again.
MEAN, STD = (33.318421,), (78.567490,)


def mnist(folder: Path, *, download: bool = True, files: tuple[OfficialFile, ...] = FILES) -> Dataset:
    """Return MNIST from the files in `folder`, fetched if they are missing.

    Source: LeCun, Cortes & Burges, http://yann.lecun.com/exdb/mnist/.
    """
    paths = require(files, folder, download=download)
    arrays = [_read_idx(path) for path in paths]
    train_images, train_labels, test_images, test_labels = arrays
    return Dataset(
        name="mnist",
        train_inputs=train_images[:, None],
        train_labels=train_labels.astype(np.int64),
        test_inputs=test_images[:, None],
        test_labels=test_labels.astype(np.int64),
        num_classes=10,
        mean=MEAN,
        std=STD,
    )


def _read_idx(path: Path) -> np.ndarray:
    """Return an IDX file of bytes: 0, 0, 8 (bytes), the number of axes, their lengths, the values."""
    content = gzip.decompress(path.read_bytes())
    if content[:3] != b"\x00\x00\x08":
        raise DataError(f"{path} must be an IDX file of bytes, got first bytes={content[:4]!r}")
    axes = content[3]
    shape = struct.unpack_from(f">{axes}I", content, 4)
    start = 4 + 4 * axes
    if len(content) != start + math.prod(shape):
        raise DataError(f"{path} must hold {math.prod(shape)} values, got values={len(content) - start}")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)
