"""The committed summary of the last check that passed, for a machine that has no Coq.

It names the sources by their hashes, so that it speaks of these very sources or of none: where one of them
has changed it says nothing. It is no proof by itself. ``make formal`` fails where it is not what the check
finds.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lossmatters.proofs_checks.formal.theorems import FOLDER, hashes, theorems
from lossmatters.theory.files import write_whole

FILE = "checked.json"
# What two checks of the same sources must agree in; the version of Coq may differ.
SAME = ("sources", "theorems", "known_false")


def of(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is kept of a manifest: no times, and of the files that were rejected only what they do."""
    return {
        "coq": manifest["coq"],
        "sources": manifest["sources"],
        "theorems": manifest["theorems"],
        "known_false": [row["says"] for row in manifest["known_false"]],
    }


def read(folder: Path = FOLDER) -> dict[str, Any] | None:
    """Return the summary of a folder, or None where there is none of these very sources and theorems."""
    found = _kept(folder)
    if found is None or found.get("sources") != hashes(folder) or not found.get("known_false"):
        return None
    listed = {(row.get("file"), row.get("theorem")) for row in found.get("theorems", ())}
    if listed != {(t.file, t.name) for t in theorems(folder)} or not isinstance(found.get("coq"), str):
        return None
    return found


def _kept(folder: Path) -> dict[str, Any] | None:
    """Return the object in the file of a folder, whatever it speaks of; None where there is none."""
    try:
        found = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def write(manifest: Mapping[str, Any], folder: Path = FOLDER) -> None:
    """Write the summary of a check that passed."""
    write_whole(folder / FILE, json.dumps(of(manifest), indent=1) + "\n")


def differences(manifest: Mapping[str, Any], folder: Path = FOLDER) -> list[str]:
    """Say, one line each, where the committed summary is not what a check has found."""
    kept = _kept(folder)
    if kept is None:
        return [f"{FILE} is not there, or is no summary; --write writes it"]
    found = of(manifest)
    return [
        f"{FILE} has other {name} than this check; --write writes it"
        for name in SAME
        if kept.get(name) != found[name]
    ]
