"""Data sets by name."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from empirics.data.base import Dataset
from empirics.data.cifar10 import cifar10
from empirics.data.digits import digits
from empirics.data.files import DataError, data_folder
from empirics.data.mnist import mnist
from theory.exact import fail

DATASETS = ("digits", "mnist", "cifar10")
_OFFICIAL: dict[str, Callable[..., Dataset]] = {"mnist": mnist, "cifar10": cifar10}
_TEXT = re.compile(r"(?P<name>\w+)(?:\((?P<options>[^()]*)\))?")


def load(text: str, data_dir: str | os.PathLike[str] | None = None, *, download: bool = True) -> Dataset:
    """The data set called `text`: a name of `DATASETS`, or a part of one as in ``mnist(train=10000)``.

    A part has as many samples of each class, ``train=`` and ``test=`` in all, drawn by ``seed=`` (0 if not
    given). Its `name` is the text in one form: ``mnist(train=10000, seed=0)``.

    Parameters
    ----------
    data_dir : the folder of the official files (see `empirics.data.files.data_folder`).
    download : whether missing files may be fetched.

    Raises
    ------
    ValueError : an unknown name or option, or a size that does not fit.
    DataError : files that are missing or are not the official ones.
    """
    match = _TEXT.fullmatch(text.replace(" ", ""))
    if match is None or match["name"] not in DATASETS:
        fail("dataset", f"one of {', '.join(DATASETS)}, or a part of one like mnist(train=10000)", text)
    options = _options(match["options"] or "", text)
    if match["name"] == "digits":
        found = digits()
    else:
        found = _OFFICIAL[match["name"]](Path(data_folder(data_dir)), download=download)
    sizes = {part: options[part] for part in ("train", "test") if part in options}
    if not sizes:
        return found
    seed = options.get("seed", 0)
    shown = ", ".join(f"{key}={value}" for key, value in [*sizes.items(), ("seed", seed)])
    return found.subset(f"{found.name}({shown})", train=sizes.get("train"), test=sizes.get("test"), seed=seed)


def _options(text: str, whole: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for option in filter(None, text.split(",")):
        key, _, value = option.partition("=")
        if key not in ("train", "test", "seed") or key in found or not re.fullmatch(r"[0-9]{1,9}", value):
            fail("dataset", "a name with train=, test= and seed=, integers >= 0, once each", whole)
        found[key] = int(value)
    return found


__all__ = ["DATASETS", "DataError", "Dataset", "load"]
