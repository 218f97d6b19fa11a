"""A loss from text, as on the command line, with an eye on what importing its file does."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import Any

from proofs_checks.conformance.adapt import Subject
from proofs_checks.conformance.promises import declare
from proofs_checks.conformance.state import watched
from theory.losses import get


def load(spec: str) -> Subject:
    """A subject from ``path/to/file.py:object`` or from a name that `theory.losses.get` knows.

    Whatever the file sets globally is put back.

    Raises
    ------
    ValueError, TypeError : as `get`.
    """
    with watched() as changed:
        loss = get(spec)
    in_file = ".py:" in spec
    subject = declare(loss)
    if in_file:
        if subject.name == "loss":  # says little
            subject.name = Path(spec.rpartition(":")[0]).stem
        subject.import_changes = list(changed)
    return subject


def changes_by_import(target: str) -> list[str]:
    """The global state that importing a module, by name or path, changes in this process."""
    with watched() as changed:
        if target.endswith(".py"):
            spec: Any = importlib.util.spec_from_file_location(f"_imported_{Path(target).stem}", target)
            spec.loader.exec_module(importlib.util.module_from_spec(spec))
        else:
            importlib.import_module(target)
    return changed
