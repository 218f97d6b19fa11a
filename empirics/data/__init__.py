"""Data sets by name."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from lossmatters.empirics.data.base import Dataset
from lossmatters.empirics.data.cifar10 import cifar10
from lossmatters.empirics.data.digits import digits
from lossmatters.empirics.data.files import DataError, data_folder
from lossmatters.empirics.data.mnist import mnist
from lossmatters.empirics.data.sources import as_dataset
from lossmatters.empirics.data.stored import SUFFIX, stored
from lossmatters.theory.exact import fail


@dataclass(frozen=True)
class Sizes:
    """What is known of a data set without its files.

    Attributes
    ----------
    train, test : numbers of samples.
    input_shape : of one input, (d,) or (C, H, W).
    num_classes : K.
    """

    train: int
    test: int
    input_shape: tuple[int, ...]
    num_classes: int = 10


_SIZES = {
    "digits": Sizes(1297, 500, (64,)),
    "mnist": Sizes(60_000, 10_000, (1, 28, 28)),
    "cifar10": Sizes(50_000, 10_000, (3, 32, 32)),
}
DATASETS = tuple(_SIZES)
_OFFICIAL: dict[str, Callable[..., Dataset]] = {"mnist": mnist, "cifar10": cifar10}
_TEXT = re.compile(r"(?P<name>[^()]+)(?:\((?P<options>[^()]*)\))?")


def load(
    text: str | Dataset, data_dir: str | os.PathLike[str] | None = None, *, download: bool = True
) -> Dataset:
    """Return the data set called `text`: a name of `DATASETS`, the path of an ``.npz`` file, or a part of one
    as in ``mnist(train=10000)``. A `Dataset` is returned as it is.

    A part has as many samples of each class, ``train=`` and ``test=`` in all, drawn by ``seed=`` (0 if not
    given). Its `name` is the text in one form: ``mnist(train=10000, seed=0)``.

    Parameters
    ----------
    data_dir : the folder of the official files (see `lossmatters.empirics.data.files.data_folder`).
    download : whether missing files may be fetched.

    Raises
    ------
    ValueError : an unknown name or option, or a size that does not fit.
    DataError : files that are missing or are not the official ones.
    """
    if isinstance(text, Dataset):
        return text
    name, options = _parse(text)
    if name.endswith((".npz", SUFFIX)):
        found = _of_file(name, _version(name))
    elif name == "digits":
        found = digits()
    else:
        found = _OFFICIAL[name](Path(data_folder(data_dir)), download=download)
    chosen = {key: options[key] for key in ("train", "test") if key in options}
    if not chosen:
        return found
    seed = options.get("seed", 0)
    shown = ", ".join(f"{key}={value}" for key, value in [*chosen.items(), ("seed", seed)])
    return found.subset(
        f"{found.name}({shown})", train=chosen.get("train"), test=chosen.get("test"), seed=seed
    )


@functools.lru_cache(maxsize=2)
def _of_file(path: str, version: object) -> Dataset:
    """Read once as long as the file stays as it is."""
    return stored(path) if path.endswith(SUFFIX) else as_dataset(path)


def _version(path: str) -> object:
    try:
        state = os.stat(path)
    except OSError:
        return None  # reading it tells what is wrong
    return state.st_mtime_ns, state.st_size


def name_of(dataset: str | Dataset) -> str:
    """Return what a data set is called, without the part of it that is used: mnist for mnist(train=10000)."""
    name = dataset.name if isinstance(dataset, Dataset) else dataset
    return name.partition("(")[0].rpartition("/")[2]


def sizes(text: str | Dataset) -> Sizes:
    """Return how large the data set called `text` is; of those with names, without a look at their files.

    >>> sizes("mnist(train=500)").train, sizes("mnist(train=500)").input_shape
    (500, (1, 28, 28))

    Raises
    ------
    ValueError : an unknown name or option.
    """
    if isinstance(text, str):
        name, options = _parse(text)
    if isinstance(text, Dataset) or name not in _SIZES:
        found = load(text)
        return Sizes(len(found.train_labels), len(found.test_labels), found.input_shape, found.num_classes)
    known = _SIZES[name]
    return replace(known, train=options.get("train", known.train), test=options.get("test", known.test))


def part(text: str | Dataset, size: int) -> str | Dataset:
    """Return the text of a part of the same data set, of `size` training and as many test samples.

    >>> part("mnist(train=10000, seed=3)", 500)
    'mnist(train=500, test=500, seed=3)'
    """
    if isinstance(text, Dataset):
        return text.subset(f"{text.name}(train={size}, test={size}, seed=0)", train=size, test=size)
    name, options = _parse(text)
    return f"{name}(train={size}, test={size}, seed={options.get('seed', 0)})"


def _parse(text: str) -> tuple[str, dict[str, int]]:
    if not isinstance(text, str):
        fail("dataset", "a text or a Dataset", type(text).__name__, TypeError)
    match = _TEXT.fullmatch(text.strip())
    name = "" if match is None else match["name"].strip()
    if match is None or not (name in DATASETS or name.endswith((".npz", SUFFIX))):
        known = f"one of {', '.join(DATASETS)}, the path of an .npz file"
        fail("dataset", f"{known}, or a part of one like mnist(train=10000)", text)
    return name, _options((match["options"] or "").replace(" ", ""), text)


def _options(text: str, whole: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for option in filter(None, text.split(",")):
        key, _, value = option.partition("=")
        if key not in ("train", "test", "seed") or key in found or not re.fullmatch(r"[0-9]{1,9}", value):
            fail("dataset", "a name with train=, test= and seed=, integers >= 0, once each", whole)
        found[key] = int(value)
    return found


__all__ = ["DATASETS", "DataError", "Dataset", "Sizes", "as_dataset", "load", "name_of", "part", "sizes"]
