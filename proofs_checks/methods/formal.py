"""Evidence from the Coq sources, for what has been checked on this machine, as these sources stand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lossmatters.proofs_checks.claim import Evidence, Method, Status
from lossmatters.proofs_checks.formal.check import BUILD, MANIFEST, hashes
from lossmatters.proofs_checks.formal.theorems import FOLDER, Theorem, theorems

HOW = "make formal, which needs Coq and Mathematical Components, checks it"


def rows(claim: str, folder: Path = FOLDER) -> list[dict[str, Any]]:
    """Return the ledger's rows for one claim: one if it has theorems, none otherwise.

    The status is `proved` only where the last check passed and saw these very sources. A claim whose theorems
    prove a part of it has no row.
    """
    found = [t for t in theorems(folder) if claim in t.claims and t.whole]
    if not found:
        return []
    checked = manifest(folder)
    evidence = _not_checked(found) if checked is None else _proved(found, checked)
    row = evidence.to_dict()
    if checked is not None:
        wrong = {k["says"]: k["rejected_by"] for k in checked["known_false"]}
        says = f"the check accepts one of {len(wrong)} files that admit, assume or misprove what they state"
        row["twin"] = {"says": says, "rejected": True, "witness": wrong}
    return [row]


def manifest(folder: Path = FOLDER) -> dict[str, Any] | None:
    """Return what the last check wrote, or None where there was none, or the sources have changed since."""
    try:
        found = json.loads((folder / BUILD / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(found, dict) or found.get("sources") != hashes(folder) or not found.get("known_false"):
        return None
    return found


def _places(found: list[Theorem]) -> str:
    files: dict[str, list[str]] = {}
    for t in found:
        files.setdefault(t.file, []).append(t.name)
    return "; ".join(f"{', '.join(names)} in formal/{file}" for file, names in files.items())


def _scope(found: list[Theorem]) -> str:
    return "; ".join(dict.fromkeys(t.scope for t in found))


def _not_checked(found: list[Theorem]) -> Evidence:
    detail = f"{_places(found)}: not checked here; {HOW}"
    return Evidence(Method.FORMAL, Status.NOT_CHECKED, _scope(found), detail)


def _proved(found: list[Theorem], checked: dict[str, Any]) -> Evidence:
    listed = {(row["file"], row["theorem"]): row["axioms"] for row in checked["theorems"]}
    axioms = sorted({name for t in found for name in listed[t.file, t.name]})
    rests = f"from {', '.join(axioms)}" if axioms else "closed under the global context"
    detail = f"{_places(found)}, {rests}; Coq {checked['coq']}"
    data = {"theorems": [t.name for t in found], "axioms": axioms}
    return Evidence(Method.FORMAL, Status.PROVED, _scope(found), detail, data=data)
