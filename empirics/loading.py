"""An object that a user names by a text: ``path/to/file.py:name`` or ``package.module:name``."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
from pathlib import Path
from typing import Any

from lossmatters.theory.exact import fail

USERS = "lossmatters_user_"  # before the names of modules made of users' files


def is_reference(text: str) -> bool:
    """Return whether the text has the form of a reference to an object."""
    where, colon, name = text.rpartition(":")
    return (
        bool(colon)
        and name.isidentifier()
        and (where.endswith(".py") or where.replace(".", "").isidentifier())
    )


def text_of(made: Any) -> str:
    """Return a reference to a function or class, as far as there is one; a text is one already."""
    if isinstance(made, str):
        return made
    inner = getattr(made, "func", made)  # of functools.partial
    module = getattr(inner, "__module__", "")
    # a script goes by another name in the processes that it starts
    module = "__main__" if module == "__mp_main__" else module
    return f"{module}:{getattr(inner, '__qualname__', type(inner).__name__)}"


def load_object(text: str, what: str) -> Any:
    """Import the module and return the object of that name. A file is run once a process and content.

    Parameters
    ----------
    text : str
        ``path/to/file.py:name`` or ``package.module:name``.
    what : str
        What the object is for, in errors.

    Raises
    ------
    ValueError
        Another text, no such file or name, or a module that raises.
    """
    if not is_reference(text):
        fail(what, "path/to/file.py:name or package.module:name", text)
    where, _, name = text.rpartition(":")
    module = _run(Path(where), what) if where.endswith(".py") else _import(where, what)
    if not hasattr(module, name):
        public = [key for key in vars(module) if not key.startswith("_")]
        fail(what, f"a name in {where}, which has {', '.join(public[:8]) or 'none'}", text)
    return getattr(module, name)


def _run(path: Path, what: str) -> Any:
    try:
        source = path.read_bytes()
    except OSError as error:
        fail(what, f"in a file that can be read ({error.strerror})", str(path))
    # another content is another module, and one content is run once
    name = f"{USERS}{path.stem}_{hashlib.sha256(str(path.resolve()).encode() + source).hexdigest()[:12]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickle look their module up
    folder = str(path.parent.resolve())
    sys.path.insert(0, folder)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # a script that calls sys.exit must not end this program
        del sys.modules[name]
        raise ValueError(
            f"{what} must be in a file that runs, got {path}: {type(error).__name__}: {error}"
        ) from error
    finally:
        sys.path.remove(folder)
    return module


def _import(name: str, what: str) -> Any:
    here = str(Path().resolve())
    sys.path.insert(0, here)  # a module of the current folder
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:
        raise ValueError(
            f"{what} must be in a module that can be imported, got {name}: {type(error).__name__}: {error}"
        ) from error
    finally:
        sys.path.remove(here)
