"""Evidence from the Coq sources, for what has been checked on this machine, as these sources stand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lossmatters.proofs_checks.claim import Evidence, Method, Status
from lossmatters.proofs_checks.formal import summary
from lossmatters.proofs_checks.formal.check import BUILD, MANIFEST
from lossmatters.proofs_checks.formal.theorems import FOLDER, Theorem, hashes, theorems

HOW = "make formal, which needs Coq and Mathematical Components, checks it"


def rows(claim: str, folder: Path = FOLDER) -> list[dict[str, Any]]:
    """Return the ledger's rows for one claim: one if it has theorems, none otherwise.

    The status is `proved` only where the last check passed and saw these very sources. Where there was no
    such check here and the committed summary is of these very sources, it is `checked elsewhere`. A claim
    whose theorems prove a part of it has no row.
    """
    found = [t for t in theorems(folder) if claim in t.claims and t.whole]
    if not found:
        return []
    checked = manifest(folder)
    elsewhere = summary.read(folder) if checked is None else None
    if checked is not None:
        evidence = _proved(found, checked)
    elif elsewhere is not None:
        evidence = _elsewhere(found, elsewhere)
    else:
        evidence = _not_checked(found)
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


def _elsewhere(found: list[Theorem], kept: dict[str, Any]) -> Evidence:
    axioms, rests = _axioms(found, kept)
    detail = (
        f"formal proof checked elsewhere (sources' hash agrees): {_places(found)}, {rests}; "
        f"Coq {kept['coq']}; {HOW} again"
    )
    data = {"theorems": [t.name for t in found], "axioms": axioms}
    return Evidence(Method.FORMAL, Status.ELSEWHERE, _scope(found), detail, data=data)


def _axioms(found: list[Theorem], checked: dict[str, Any]) -> tuple[list[str], str]:
    listed = {(row["file"], row["theorem"]): row["axioms"] for row in checked["theorems"]}
    axioms = sorted({name for t in found for name in listed[t.file, t.name]})
    rests = f"from {', '.join(axioms)}" if axioms else "closed under the global context"
    return axioms, rests


def _proved(found: list[Theorem], checked: dict[str, Any]) -> Evidence:
    axioms, rests = _axioms(found, checked)
    detail = f"{_places(found)}, {rests}; Coq {checked['coq']}"
    data = {"theorems": [t.name for t in found], "axioms": axioms}
    return Evidence(Method.FORMAL, Status.PROVED, _scope(found), detail, data=data)
