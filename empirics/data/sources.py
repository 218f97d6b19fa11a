"""A user's data as a `Dataset`: arrays, tensors, an ``.npz`` file, a map-style dataset, Hugging Face's.

No torch here: tensors and datasets are known by what they can do. What need not be copied is not.
"""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lossmatters.empirics.data.base import CHUNK, Dataset
from lossmatters.theory.exact import check_num_classes, fail

HELD_OUT = 5  # without a test split, one sample in so many of each class is held out
HELD_OUT_SEED = 0
# What the arrays of an .npz file may be called: this project's names, Keras's, and the usual short ones.
NAMES = {
    "inputs": ("inputs", "train_inputs", "x_train", "X_train", "x", "X"),
    "labels": ("labels", "train_labels", "y_train", "y"),
    "test_inputs": ("test_inputs", "x_test", "X_test"),
    "test_labels": ("test_labels", "y_test"),
}
Step = Callable[[int, int], None]


def as_dataset(
    source: Any,
    *,
    name: str | None = None,
    num_classes: int | None = None,
    progress: Step | None = None,
) -> Dataset:
    """Return the `Dataset` of whatever a user has.

    Images of bytes, (N, H, W), (N, C, H, W) or (N, H, W, C) with C in 1, 3, 4, stay bytes and are
    standardised by channel when a batch is made; rows of bytes are divided by 255; any other numbers become
    float32 and are used as they are. Without a test split, a fifth of each class is held out, always the
    same one.

    Parameters
    ----------
    source : Dataset, tuple, mapping, path or object
        (inputs, labels) or (inputs, labels, test_inputs, test_labels), arrays or tensors; a mapping of such,
        by the names of `NAMES`; the path of an ``.npz`` file; a map-style ``torch.utils.data.Dataset`` of
        (input, label), or two of them, training and test; a Hugging Face ``Dataset`` or ``DatasetDict``.
    name : str, optional
        For records; by default that of the file, else "arrays", or the class of the dataset.
    num_classes : int, optional
        K; by default the largest label plus one.
    progress : callable, optional
        Called with how many samples of how many have been read one by one.

    Raises
    ------
    TypeError, ValueError
        What cannot be a data set: unequal lengths, labels out of range or not integers, inputs that are not
        finite, a class without samples, Python objects inside a file.
    """
    if isinstance(source, Dataset):
        return source
    if isinstance(source, str | os.PathLike):
        return _from_file(Path(source), name, num_classes)
    if isinstance(source, Mapping) and any(hasattr(part, "column_names") for part in source.values()):
        parts = _splits(source)
        read = [_from_columns(part) for part in parts]
        return _made([a for pair in read for a in pair], name or type(parts[0]).__name__, num_classes)
    if isinstance(source, Mapping):
        return _made(_by_name(source, "dataset"), name or "arrays", num_classes)
    if hasattr(source, "column_names"):
        return _made(_from_columns(source), name or type(source).__name__, num_classes)
    if isinstance(source, tuple | list):
        if len(source) in (1, 2) and all(map(_is_map_style, source)):
            read = [_read_out(part, progress) for part in source]
            return _made([a for pair in read for a in pair], name or type(source[0]).__name__, num_classes)
        if len(source) not in (2, 4):
            fail(
                "dataset",
                "(inputs, labels) or (inputs, labels, test_inputs, test_labels)",
                f"{len(source)} parts",
            )
        return _made(list(source), name or "arrays", num_classes)
    if _is_map_style(source):
        return _made(_read_out(source, progress), name or type(source).__name__, num_classes)
    fail(
        "dataset", "a name, arrays, the path of an .npz file, or a dataset", type(source).__name__, TypeError
    )


def read_npy(path: str | os.PathLike[str], what: str) -> np.ndarray:
    """Return the array of an ``.npy`` file, which cannot hold a program: no pickle is read.

    Raises
    ------
    ValueError
        Not such a file, or one of Python objects.
    """
    try:
        with open(path, "rb") as stream:
            found = np.load(stream, allow_pickle=False)
    except OSError as error:
        fail(what, f"a file that can be read ({error.strerror or 'no .npy file'})", str(path))
    except (ValueError, EOFError):
        fail(what, "an .npy file of numbers, without Python objects", str(path))
    if not isinstance(found, np.ndarray):
        fail(what, "an .npy file of one array", str(path))
    return found


def _from_file(path: Path, name: str | None, num_classes: int | None) -> Dataset:
    if path.suffix != ".npz":
        fail("dataset", "an .npz file", str(path))
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            arrays = {key: file[key] for key in file.files}
    except OSError as error:
        fail("dataset", f"a file that can be read ({error.strerror or 'no .npz file'})", str(path))
    except (ValueError, EOFError, zipfile.BadZipFile):
        fail("dataset", "a whole .npz file of numbers, without Python objects", str(path))
    return _made(_by_name(arrays, f"dataset {path.name}"), name or path.name, num_classes)


def _by_name(arrays: Mapping[str, Any], what: str) -> list[Any]:
    found = [next((arrays[key] for key in names if key in arrays), None) for names in NAMES.values()]
    if found[0] is None or found[1] is None:
        fail(what, "one with inputs and labels (and test_inputs, test_labels)", sorted(arrays))
    if (found[2] is None) != (found[3] is None):
        fail(what, "one with both test_inputs and test_labels, or none", sorted(arrays))
    return found[:2] if found[2] is None else found


def _made(parts: Sequence[Any], name: str, num_classes: int | None) -> Dataset:
    """Check and convert (inputs, labels) or two such pairs."""
    arrays = [_array(part) for part in parts]
    labels = [_labels(y, what) for y, what in zip(arrays[1::2], ("labels", "test_labels"), strict=False)]
    k = int(max(y.max() for y in labels)) + 1 if num_classes is None else num_classes
    k = check_num_classes(k)
    for x, y, what in zip(arrays[::2], labels, ("", "test_"), strict=False):
        if len(x) != len(y):
            fail(f"{what}inputs", f"as many as {what}labels, {len(y)}", len(x))
        outside = (y < 0) | (y >= k)
        if outside.any():
            fail(f"{what}labels", f"in 0..{k - 1}", int(y[outside][0]))
        missing = sorted(set(range(k)) - set(np.unique(y).tolist()))
        if missing:
            fail(f"{what}labels", f"of every class in 0..{k - 1}", f"none of {missing[:5]}")
    inputs = [_inputs(x, what) for x, what in zip(arrays[::2], ("inputs", "test_inputs"), strict=False)]
    if len(inputs) == 1:
        inputs, labels = _split(inputs[0], labels[0], k)
    images = inputs[0].dtype == np.uint8
    mean, std = _scaling(inputs[0]) if images else ((), ())
    # a name in records: no character that a path or a page could take for something else
    safe = re.sub(r"[^A-Za-z0-9_.+=-]+|\.\.+", "-", name).strip("-_.") or "data"
    return Dataset(safe[:100], inputs[0], labels[0], inputs[1], labels[1], k, mean, std)


def _array(value: Any) -> np.ndarray:
    """Return a tensor, an array or a list, without a copy where that can be."""
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        return value.float().numpy() if str(value.dtype) == "torch.bfloat16" else value.numpy()
    found = np.asarray(value)
    if found.ndim == 0 or found.dtype == object:
        fail("dataset", "made of arrays of numbers", type(value).__name__, TypeError)
    return found


def _labels(labels: np.ndarray, what: str) -> np.ndarray:
    if labels.ndim != 1 or not len(labels):
        fail(what, "of shape (N,), N > 0", labels.shape)
    if labels.dtype.kind not in "iu":
        hint = (
            " (numpy.unique(names, return_inverse=True) makes them of names)"
            if labels.dtype.kind in "OUS"
            else ""
        )
        fail(what, f"integers{hint}", labels.dtype.name, TypeError)
    return labels.astype(np.int64, copy=False)


def _inputs(inputs: np.ndarray, what: str) -> np.ndarray:
    if inputs.ndim < 2:
        fail(what, "of shape (N, ...), of two axes or more", inputs.shape)
    if inputs.dtype == np.uint8:
        if inputs.ndim == 3:
            return inputs[:, None]
        if inputs.ndim == 4:  # channels last become channels first as a view
            last = inputs.shape[3] in (1, 3, 4) and inputs.shape[1] > inputs.shape[3]
            return inputs.transpose(0, 3, 1, 2) if last else inputs
        return inputs.astype(np.float32) / np.float32(255)
    if inputs.dtype.kind not in "fiub":
        fail(what, "numbers", inputs.dtype.name, TypeError)
    return inputs.astype(np.float32, copy=False)


def _split(
    inputs: np.ndarray, labels: np.ndarray, num_classes: int
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Hold a fifth of each class out, at least one sample; one copy, of both parts behind each other."""
    rng = np.random.default_rng(HELD_OUT_SEED)
    held = []
    for c in range(num_classes):
        members = np.flatnonzero(labels == c)
        if len(members) < 2:
            fail("labels", "of two samples or more a class where there is no test split", f"one of class {c}")
        held.append(rng.choice(members, max(1, len(members) // HELD_OUT), replace=False))
    test = np.sort(np.concatenate(held))
    train = np.setdiff1d(np.arange(len(labels)), test)
    order = np.concatenate([train, test])
    inputs, labels, size = inputs[order], labels[order], len(train)
    return [inputs[:size], inputs[size:]], [labels[:size], labels[size:]]


def _scaling(images: np.ndarray) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and deviation of each channel over all training images, from exact sums of integers."""
    channels = images.shape[1]
    total, squares, count = [0] * channels, [0] * channels, 0
    values = np.arange(256)
    step = max(1, CHUNK // max(1, images[0].size))
    for first in range(0, len(images), step):
        piece = images[first : first + step]
        count += piece[:, 0].size
        for c in range(channels):
            shades = np.bincount(piece[:, c].ravel(), minlength=256)
            total[c] += int(shades @ values)
            squares[c] += int(shades @ values**2)
    mean = tuple(t / count for t in total)
    variance = [s / count - m * m for s, m in zip(squares, mean, strict=True)]
    return mean, tuple(max(v, 0.0) ** 0.5 or 1.0 for v in variance)  # a channel of one shade becomes 0


def _is_map_style(source: Any) -> bool:
    return (
        hasattr(source, "__getitem__")
        and hasattr(source, "__len__")
        and not (hasattr(source, "dtype") or isinstance(source, list | tuple | str | Mapping))
    )


def _read_out(source: Any, progress: Step | None) -> list[np.ndarray]:
    """Read a map-style dataset once, into arrays made for it."""
    total = len(source)
    if not total:
        fail("dataset", "one with samples", total)
    inputs, labels = None, np.empty(total, dtype=np.int64)
    for place in range(total):
        item = source[place]
        if not isinstance(item, tuple | list) or len(item) != 2:
            fail("dataset", "one whose items are (input, label)", type(item).__name__, TypeError)
        value, label = _array(item[0]), item[1]
        if inputs is None:
            inputs = np.empty((total, *value.shape), dtype=value.dtype)
        if value.shape != inputs.shape[1:]:
            fail(f"input {place}", f"of the shape of the first, {inputs.shape[1:]}", value.shape)
        if int(label) != label:
            fail(f"label {place}", "an integer", label)
        inputs[place], labels[place] = value, int(label)
        if progress is not None:
            progress(place + 1, total)
    assert inputs is not None
    return [inputs, labels]


def _splits(source: Mapping[str, Any]) -> list[Any]:
    """Return those of a dictionary of Hugging Face datasets that are for training and for tests."""
    if "train" not in source:
        fail("dataset", "a dictionary with a split called train", sorted(source))
    test = next((source[key] for key in ("test", "validation") if key in source), None)
    return [source["train"]] if test is None else [source["train"], test]


def _from_columns(source: Any) -> list[np.ndarray]:
    """Return the inputs and labels of a Hugging Face dataset, by the names and kinds of its columns."""
    columns = list(source.column_names)
    label = next((c for c in ("label", "labels", "fine_label", "coarse_label") if c in columns), None)
    given = next((c for c in ("image", "img", "inputs", "features", "x") if c in columns), None)
    if label is None or given is None:
        fail("dataset", "one with a column image, img, inputs, features or x, and one called label", columns)
    values = [_array(value) for value in source[given]]
    shapes = {value.shape for value in values}
    if len(shapes) != 1:
        fail(f"column {given}", "of inputs of one shape", sorted(shapes)[:3])
    return [np.stack(values), np.asarray(list(source[label]))]
