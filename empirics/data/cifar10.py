"""CIFAR-10: 50 000 and 10 000 colour images of 32 x 32 pixels, from the official files.  No torch here."""

from __future__ import annotations

import io
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lossmatters.empirics.data.base import Dataset
from lossmatters.empirics.data.files import DataError, OfficialFile, require

ARCHIVE = OfficialFile(
    "cifar-10-python.tar.gz",
    "c58f30108f718f92721af3b95e74349a",
    170_498_071,
    ("https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",),
)


def _file(name: str, md5: str, size: int) -> OfficialFile:
    return OfficialFile(f"cifar-10-batches-py/{name}", md5, size)


FILES = (
    _file("data_batch_1", "c99cafc152244af753f735de768cd75f", 31_035_704),
    _file("data_batch_2", "d4bba439e000b95fd0a9bffe97cbabec", 31_035_320),
    _file("data_batch_3", "54ebc095f3ab1f0389bbae665268c751", 31_035_999),
    _file("data_batch_4", "634d18415352ddfa80567beed471001a", 31_035_696),
    _file("data_batch_5", "482c414d41f54cd18b22e5b47cb7c3cb", 31_035_623),
    _file("test_batch", "40351d587109b95175f43aff81a1287e", 31_035_526),
)
# Over all pixels of the training images, by channel, in units of 0..255; the tests compute them again.
MEAN = (125.306918, 122.950394, 113.865383)
STD = (62.993219, 62.088708, 66.704900)


def cifar10(
    folder: Path,
    *,
    download: bool = True,
    files: tuple[OfficialFile, ...] = FILES,
    archive: OfficialFile = ARCHIVE,
) -> Dataset:
    """Return CIFAR-10 from the files in `folder`; the last of `files` holds the test images.

    Missing files are taken from the archive, which is fetched if it is missing too.

    Source: Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009.
    """
    paths = require(files, folder, archive=archive, download=download)
    batches = [read_batch(path) for path in paths]
    images = np.concatenate([images for images, _ in batches[:-1]])
    labels = np.concatenate([labels for _, labels in batches[:-1]])
    test_images, test_labels = batches[-1]
    return Dataset(
        name="cifar10",
        train_inputs=images,
        train_labels=labels,
        test_inputs=test_images,
        test_labels=test_labels,
        num_classes=10,
        mean=MEAN,
        std=STD,
    )


def read_batch(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return one batch file: (n, 3, 32, 32) uint8 images and (n,) int64 labels.

    Raises
    ------
    DataError : the file holds anything but arrays of numbers, text, and plain containers of these.
    """
    try:
        found = _Unpickler(io.BytesIO(path.read_bytes()), encoding="latin1").load()
        images, labels = found["data"], found["labels"]
    except (pickle.UnpicklingError, KeyError, TypeError, ValueError, EOFError, IndexError) as error:
        raise DataError(f"{path} must be a batch of CIFAR-10: {error}") from error
    if not isinstance(images, np.ndarray) or images.dtype != np.uint8 or images.ndim != 2:
        raise DataError(f"{path} must hold images as an (n, 3072) uint8 array, got data={images!r:.60}")
    if images.shape[1] != 3072 or not isinstance(labels, Sequence) or len(labels) != len(images):
        raise DataError(f"{path} must hold n images of 3072 bytes and n labels, got shape={images.shape}")
    return images.reshape(-1, 3, 32, 32), np.array(labels, np.int64)


def _dtype(spec: Any, align: Any = False, copy: Any = False) -> np.dtype:
    # Python 2 pickled the two flags as 0 and 1, which recent NumPy warns of.
    return np.dtype(spec, bool(align), bool(copy))


_KNOWN: dict[tuple[str, str], Any] = {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): _dtype,
    ("numpy.core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
}


class _Unpickler(pickle.Unpickler):
    """Knows the three names by which NumPy rebuilds an array, and no other.

    The MD5 is checked before, so nothing else is ever found in the official files; a pickle can run any
    program, and an MD5 can be forged.
    """

    def find_class(self, module: str, name: str) -> Any:
        try:
            return _KNOWN[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"it names {module}.{name}") from None
