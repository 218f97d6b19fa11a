"""Losses of users' files in other processes: what was pickled here is found there, by the name of its module.

A spawned process inherits the environment, which tells it the files that were loaded here, and their digests.
A file that has changed since then would be another loss, and is refused.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType

FILES = "LOSSMATTERS_LOADED"  # {name of the module: [path, SHA-256]} as JSON

Beside = Callable[[Path], AbstractContextManager[None]]


def remember(name: str, path: Path) -> None:
    """Tell processes that start from now on where the module of a user's file comes from."""
    os.environ[FILES] = json.dumps(_known() | {name: _entry(path)})


def is_as_it_was(name: str, path: Path) -> bool:
    """Tell whether a file is what the module of this name was made of."""
    return _known().get(name) == _entry(path)


def _entry(path: Path) -> list[str]:
    return [str(path.resolve()), hashlib.sha256(path.read_bytes()).hexdigest()]


def find_those_of_the_parent(beside: Beside) -> None:
    """Let modules be imported that the process which started this one had loaded.

    Parameters
    ----------
    beside : lets modules of a folder be imported, in a block.
    """
    if FILES in os.environ:
        sys.meta_path.append(_Finder(beside))


class _Finder(MetaPathFinder):
    def __init__(self, beside: Beside) -> None:
        self._beside = beside

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        file, digest = _known().get(name, (None, None))
        if file is None:
            return None
        try:
            changed = hashlib.sha256(Path(file).read_bytes()).hexdigest() != digest
        except OSError as error:
            raise ImportError(f"loss file must be there still, got path={file!r}: {error.strerror}") from None
        if changed:
            raise ImportError(f"loss file must be as it was when it was loaded, got path={file!r}, changed")
        return spec_from_file_location(name, file, loader=_Loader(name, file, self._beside))


class _Loader(SourceFileLoader):
    def __init__(self, name: str, file: str, beside: Beside) -> None:
        super().__init__(name, file)
        self._beside = beside

    def exec_module(self, module: ModuleType) -> None:
        with self._beside(Path(self.path).parent):
            super().exec_module(module)


def _known() -> dict[str, list[str]]:
    try:
        found = json.loads(os.environ.get(FILES, "{}"))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
