"""A loss from text, as on the command line, with an eye on what importing its file does."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from typing import Any, NamedTuple

from lossmatters.proofs_checks.conformance.state import watched
from lossmatters.theory.losses import CallableLoss, get


class Loaded(NamedTuple):
    """A loss that was given as text.

    Attributes
    ----------
    name : what to call it, "" where it has a name that says something.
    import_changes : the global state that importing its file changed, None where nothing was imported.
    """

    loss: Any
    name: str
    import_changes: list[str] | None


def load(spec: str) -> Loaded:
    """Load the loss that `lossmatters.theory.losses.get` finds; whatever importing its file sets globally is
    put back.

    Raises
    ------
    ValueError, TypeError : as `get`.
    """
    path, colon, _ = spec.rpartition(":")
    is_imported = colon and path not in sys.modules
    with watched() as changed:
        found = get(spec)
    loss = found.function if isinstance(found, CallableLoss) else found
    says_little = getattr(loss, "name", getattr(loss, "__name__", "")) in ("loss", "<lambda>")
    name = path.removesuffix(".py").replace("/", ".").rpartition(".")[2] if says_little else ""
    return Loaded(loss, name, list(changed) if is_imported else None)


def changes_by_import(target: str) -> list[str]:
    """Return the global state that importing a module, by name or path, changes in this process."""
    with watched() as changed:
        if target.endswith(".py"):
            spec: Any = importlib.util.spec_from_file_location(f"_imported_{Path(target).stem}", target)
            spec.loader.exec_module(importlib.util.module_from_spec(spec))
        else:
            importlib.import_module(target)
    return changed
