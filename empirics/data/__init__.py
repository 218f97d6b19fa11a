"""Data sets by name."""

from __future__ import annotations

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
_TEXT = re.compile(r"(?P<name>\w+)(?:\((?P<options>[^()]*)\))?")


def load(text: str, data_dir: str | os.PathLike[str] | None = None, *, download: bool = True) -> Dataset:
    """The data set called `text`: a name of `DATASETS`, or a part of one as in ``mnist(train=10000)``.

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
    name, options = _parse(text)
    found = digits() if name == "digits" else _OFFICIAL[name](Path(data_folder(data_dir)), download=download)
    chosen = {key: options[key] for key in ("train", "test") if key in options}
    if not chosen:
        return found
    seed = options.get("seed", 0)
    shown = ", ".join(f"{key}={value}" for key, value in [*chosen.items(), ("seed", seed)])
    return found.subset(
        f"{found.name}({shown})", train=chosen.get("train"), test=chosen.get("test"), seed=seed
    )


def sizes(text: str) -> Sizes:
    """How large the data set called `text` is, without a look at its files.

    >>> sizes("mnist(train=500)").train, sizes("mnist(train=500)").input_shape
    (500, (1, 28, 28))

    Raises
    ------
    ValueError : an unknown name or option.
    """
    name, options = _parse(text)
    known = _SIZES[name]
    return replace(known, train=options.get("train", known.train), test=options.get("test", known.test))


def part(text: str, size: int) -> str:
    """The text of a part of the same data set, of `size` training and as many test samples.

    >>> part("mnist(train=10000, seed=3)", 500)
    'mnist(train=500, test=500, seed=3)'
    """
    name, options = _parse(text)
    return f"{name}(train={size}, test={size}, seed={options.get('seed', 0)})"


def _parse(text: str) -> tuple[str, dict[str, int]]:
    match = _TEXT.fullmatch(text.replace(" ", ""))
    if match is None or match["name"] not in DATASETS:
        fail("dataset", f"one of {', '.join(DATASETS)}, or a part of one like mnist(train=10000)", text)
    return match["name"], _options(match["options"] or "", text)


def _options(text: str, whole: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for option in filter(None, text.split(",")):
        key, _, value = option.partition("=")
        if key not in ("train", "test", "seed") or key in found or not re.fullmatch(r"[0-9]{1,9}", value):
            fail("dataset", "a name with train=, test= and seed=, integers >= 0, once each", whole)
        found[key] = int(value)
    return found


__all__ = ["DATASETS", "DataError", "Dataset", "Sizes", "load", "part", "sizes"]
