"""A data set in files of its own, which several processes read without a copy each."""

from __future__ import annotations

import json
import math
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from lossmatters.empirics.data.base import Dataset
from lossmatters.theory.exact import fail
from lossmatters.theory.files import replacing, space_needed, write_whole

SUFFIX = ".data"  # of the folders, by which `lossmatters.empirics.data.load` knows them
ROWS = 1024  # of the inputs, written at a time
_ABOUT, _INPUTS, _LABELS = "about.json", "inputs.npy", "labels.npy"


def store(data: Dataset, folder: str | os.PathLike[str]) -> str:
    """Write a data set into a folder below this one, named by its content, and return that folder's path.

    What is there already stays. The inputs are written once, training and test behind each other.

    Raises
    ------
    DiskFullError
        No space is left; what was begun is removed, so that it takes none.
    """
    path = Path(folder) / f"{data.sha256[:16]}{SUFFIX}"
    if (path / _ABOUT).is_file():
        return str(path)
    mine = not path.exists()  # what another process has begun is not this one's to remove
    try:
        path.mkdir(parents=True, exist_ok=True)
        _write(data, path)
    except BaseException:
        if mine and not (path / _ABOUT).is_file():
            shutil.rmtree(path, ignore_errors=True)
        raise
    return str(path)


def _write(data: Dataset, path: Path) -> None:
    size = len(data.train_labels)
    first = data.train_inputs
    shape = (size + len(data.test_labels), *first.shape[1:])
    # written, not mapped: where the disk is full a mapped page ends the process without a word
    with (
        space_needed(path / _INPUTS, math.prod(shape) * first.dtype.itemsize),
        replacing(path / _INPUTS) as file,
    ):
        about_array = {"descr": np.lib.format.dtype_to_descr(first.dtype), "fortran_order": False}
        np.lib.format.write_array_header_2_0(file, about_array | {"shape": shape})
        for part in (first, data.test_inputs):
            for begin in range(0, len(part), ROWS):
                file.write(part[begin : begin + ROWS].astype(first.dtype, copy=False).tobytes())
    with replacing(path / _LABELS) as file:
        np.save(file, np.concatenate([data.train_labels, data.test_labels]))
    about = {
        "name": data.name,
        "train_size": size,
        "num_classes": data.num_classes,
        "mean": data.mean,
        "std": data.std,
        "sha256": data.sha256,
    }
    # last and in one step: a folder that has it is whole
    write_whole(path / _ABOUT, json.dumps(about))


def stored(path: str | os.PathLike[str]) -> Dataset:
    """Return the data set that `store` has written; its inputs stay on disk until they are used.

    Raises
    ------
    ValueError
        Not such a folder, or one whose content has changed.
    """
    folder = Path(path)
    try:
        about: dict[str, Any] = json.loads((folder / _ABOUT).read_text())
        # "c": written pages would be private; torch takes no array that cannot be written
        inputs = np.load(folder / _INPUTS, mmap_mode="c", allow_pickle=False)
        labels = np.load(folder / _LABELS, allow_pickle=False)
    except (OSError, ValueError) as error:
        fail("dataset", f"a folder of a stored data set ({error})", str(path))
    size = about["train_size"]
    whole = np.asarray(inputs)
    found = Dataset(
        about["name"],
        whole[:size],
        labels[:size],
        whole[size:],
        labels[size:],
        about["num_classes"],
        tuple(about["mean"]),
        tuple(about["std"]),
    )
    if found.sha256 != about["sha256"]:
        fail("dataset", f"what was stored, of SHA-256 {about['sha256']}", found.sha256)
    return found
