"""A loss from text, as on the command line, with an eye on what importing its file does."""

from __future__ import annotations

import sys
from typing import Any, NamedTuple

from lossmatters.proofs_checks.conformance.imports import Change, watched_imports
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
    import_changes: list[Change] | None


def load(spec: str) -> Loaded:
    """Load the loss that `lossmatters.theory.losses.get` finds; whatever importing its file sets globally is
    put back.

    Raises
    ------
    ValueError, TypeError : as `get`.
    """
    path, colon, _ = spec.partition("(")[0].rpartition(":")
    is_imported = colon and path not in sys.modules
    with watched_imports(path) as changed:
        found = get(spec)
    loss = found.function if isinstance(found, CallableLoss) else found
    says_little = getattr(loss, "name", getattr(loss, "__name__", "")) in ("loss", "<lambda>")
    name = path.removesuffix(".py").replace("/", ".").rpartition(".")[2] if says_little else ""
    return Loaded(loss, name, list(changed) if is_imported else None)
