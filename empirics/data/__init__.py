"""Data sets by name."""

from __future__ import annotations

from collections.abc import Callable

from empirics.data.base import Dataset
from empirics.data.digits import digits
from theory.exact import fail

DATASETS: dict[str, Callable[[], Dataset]] = {"digits": digits}


def load(name: str) -> Dataset:
    """The data set called `name`.

    Raises
    ------
    ValueError : an unknown name.
    """
    if name not in DATASETS:
        fail("dataset", f"one of {', '.join(DATASETS)}", name)
    return DATASETS[name]()


__all__ = ["DATASETS", "Dataset", "load"]
