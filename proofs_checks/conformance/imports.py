"""What importing a module changes in the process, and which module it was that changed it."""

from __future__ import annotations

import builtins
import importlib
import importlib.metadata
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from lossmatters.proofs_checks.conformance.state import changes, restore, snapshot


class Change(NamedTuple):
    """A piece of global state that an import changed.

    Attributes
    ----------
    name : the variable, as `snapshot` calls it.
    module : the module that changed it.
    mine : "yes" where that module belongs to what was imported, "" where it is somebody else's.
    """

    name: str
    module: str
    mine: str = ""

    @property
    def own(self) -> bool:
        """Tell whether the module belongs to what was imported."""
        return bool(self.mine)


@contextmanager
def watched_imports(target: str) -> Iterator[list[Change]]:
    """Run a block that imports `target`, then fill the list with what that changed, and put all of it back.

    Parameters
    ----------
    target : the name of a module, or the path of a file.
    """
    start = snapshot()
    found: list[Change] = []
    blamed: dict[str, str] = {}
    plain = builtins.__import__

    def watching(name: str, *arguments: Any, **keywords: Any) -> Any:
        if name in sys.modules or (arguments[3:] and arguments[3]) or keywords.get("level"):
            return plain(name, *arguments, **keywords)
        before, earlier = snapshot(), set(blamed)
        try:
            return plain(name, *arguments, **keywords)
        finally:
            inner = set(blamed) - earlier  # what modules imported by this one were blamed for already
            blamed.update((change, name) for change in changes(before, snapshot()) if change not in inner)

    builtins.__import__ = watching
    try:
        yield found
    finally:
        builtins.__import__ = plain
        for name in changes(start, snapshot()):
            module = blamed.get(name, Path(target).name if target.endswith(".py") else target)
            found.append(Change(name, module, "yes" if _belongs(module, target) else ""))
        if found:
            restore(start)


def _belongs(module: str, target: str) -> bool:
    """Tell whether a module is the target, a part of its package, or a file that lies beside it."""
    if not target.endswith(".py"):
        return module.partition(".")[0] == target.partition(".")[0]
    if module == Path(target).name:
        return True
    origin = getattr(sys.modules.get(module), "__file__", None)
    folder = Path(target).resolve().parent
    return origin is not None and folder in Path(origin).resolve().parents and not _installed(module, folder)


def _installed(module: str, folder: Path) -> bool:
    """Tell whether a module came with an installed package, as from a virtual environment in the folder.

    A package that the target lies in itself is none of those, be it installed for editing.
    """
    top = module.partition(".")[0]
    home = getattr(sys.modules.get(top), "__file__", None)
    if home is None or Path(home).resolve().parent in (folder, *folder.parents):
        return False
    return top in importlib.metadata.packages_distributions()


def changes_by_import(target: str) -> list[Change]:
    """Return the global state that importing a module, by name or path, changes in this process."""
    with watched_imports(target) as found:
        if target.endswith(".py"):
            spec: Any = importlib.util.spec_from_file_location(f"_imported_{Path(target).stem}", target)
            spec.loader.exec_module(importlib.util.module_from_spec(spec))
        else:
            importlib.import_module(target)
    return found
