"""Whether an experiment can be given to worker processes.  No torch here."""

from __future__ import annotations

import pickle
import pickletools
import sys
from pathlib import Path
from types import ModuleType

from lossmatters.empirics.experiments.experiment import Experiment
from lossmatters.theory.exact import fail

SENT = ("model", "noise", "training")  # what may hold a user's functions


def check_sendable(experiment: Experiment) -> None:
    """Refuse functions that a fresh process cannot import, before any of them tries.

    A function goes there by its name: one inside another, a lambda, and one that was typed into a session or
    a notebook have none that is of use there.

    Raises
    ------
    ValueError
        What cannot be sent, and what would do instead.
    """
    for name in SENT:
        value = getattr(experiment, name)
        shown = getattr(value, "text", None) or repr(value)
        try:
            packed = pickle.dumps(value)
        # AttributeError of a lambda; what else, each class of a user decides for itself
        except Exception as error:
            fail(name, f"{_WANTED} ({_first_line(error)})", shown)
        if _names_main(packed) and not _has_file(sys.modules["__main__"]):
            fail(name, f"{_WANTED} (what was typed into a session is in no file)", shown)


_WANTED = "made of functions at the top of a module or script, or be a text like 'nets.py:make'"


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _has_file(module: ModuleType) -> bool:
    path = getattr(module, "__file__", None)
    return path is not None and Path(path).is_file()  # standard input is called "<stdin>"


def _names_main(packed: bytes) -> bool:
    return any(argument == "__main__" for _, argument, _ in pickletools.genops(packed))
