"""Results that take seconds and change only with the code, kept in the user's cache folder."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from lossmatters.theory.files import write_whole

VARIABLE = "LOSSMATTERS_CACHE"
LIBRARIES = (
    "sympy",
    "mpmath",
    "python-flint",
    "numpy",
    "scipy",
    "torch",
)  # what the results are computed with


def cache_folder() -> Path:
    """Return LOSSMATTERS_CACHE, or lossmatters in the user's cache folder; it need not exist."""
    return user_folder(os.environ.get(VARIABLE))


def user_folder(given: str | os.PathLike[str] | None) -> Path:
    """Return `given`, or where there is none lossmatters in the user's cache folder; it need not exist.

    Raises
    ------
    OSError : nothing is given, and the user has no home folder.
    """
    try:
        if given:
            return Path(given).expanduser()
        if sys.platform == "win32":
            folder = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
        elif sys.platform == "darwin":
            folder = Path.home() / "Library" / "Caches"
        else:
            folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:  # a user id without a name, as containers have
        raise OSError(
            f"HOME must be set, or {VARIABLE} (for results) and LOSSMATTERS_DATA (for data sets), got no home"
        ) from None
    return folder / "lossmatters"


def code_key(sources: Sequence[Path] = ()) -> str:
    """Return a hash of the sources of `theory`, of Python and of the libraries it computes with.

    Parameters
    ----------
    sources : sequence of Path
        More folders of code that a result depends on.
    """
    found = hashlib.sha256()
    for root in (Path(__file__).parent, *sources):
        for path in sorted(root.rglob("*.py")):
            for part in (path.relative_to(root).as_posix().encode(), path.read_bytes()):
                found.update(len(part).to_bytes(8, "big") + part)
    versions = [f"{name} {_version(name)}" for name in LIBRARIES]
    found.update("; ".join([sys.version, *versions]).encode())
    return found.hexdigest()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"


def cached(name: str, compute: Callable[[], Any], sources: Sequence[Path] = ()) -> Any:
    """Return the plain JSON data that `compute` returns, from the cache where this code put it there.

    A file that is missing, damaged or another version's is computed anew and replaced as a whole; a folder
    that cannot be written is none of the caller's business.

    Parameters
    ----------
    name : str
        Of the file, without its ending.
    sources : sequence of Path
        Folders of code beside `theory` that the result depends on.
    """
    try:
        path = cache_folder() / f"{name}.json"
    except OSError:
        return compute()
    key = code_key(sources)
    known = read_kept(path, key)
    if known is not None:
        return known["data"]
    data = compute()
    with suppress(OSError):
        write_kept(path, key, data)
    return data


def _digest(data: object) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def read_kept(path: Path, key: str) -> dict[str, Any] | None:
    """Return a file of the cache, its content under "data"; None unless it is whole and of this key."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    whole = isinstance(found, dict) and found.get("key") == key and "data" in found
    return found if whole and found.get("digest") == _digest(found["data"]) else None


def write_kept(path: Path, key: str, data: object) -> None:
    """Write a file of the cache.

    Raises
    ------
    OSError : the folder cannot be written, or the disk is full.
    """
    write_whole(path, json.dumps({"key": key, "digest": _digest(data), "data": data}))
