"""The dictionary of statements: what an id such as S1 or R4 stands for, made from the claims.

    python -m lossmatters.proofs_checks.statements [--ledger FILE] [--write docs/statements.md]

A status is read from a ledger (``lossmatters verify --json``); a claim that it does not hold keeps the status
that the document has.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from lossmatters import theory
from lossmatters.proofs_checks import ledger
from lossmatters.proofs_checks.claim import Claim, Status
from lossmatters.proofs_checks.claims import CLAIMS
from lossmatters.proofs_checks.formal.theorems import theorems
from lossmatters.theory.files import write_whole

GROUPS = {
    "S": "Symmetry",
    "R": "Risk",
    "N": "Minimisers and interpolation",
    "M": "Memorization",
    "D": "Dynamics",
    "A": "Noise tolerance",
    "V": "Validation",
    "Y": "Symmetrisation",
    "E": "Training",
}
HEAD = """# Statements

What an id in a comment, a figure or a message stands for. Made from the claims in `proofs_checks/claims`, as
a test checks; to make it again:

    lossmatters verify --json > ledger.json
    python -m lossmatters.proofs_checks.statements --ledger ledger.json --write docs/statements.md

"In theory" are the modules of `theory` that speak of the statement. Methods, strongest first: `formal` (Coq),
`symbolic` and `exact` (proofs, by algebra and in rational numbers), `interval` (balls of certified width),
`sampling`, `empirical` (training). A status holds for the scope that `lossmatters verify ID` prints.
"""


def document(claims: Iterable[Claim], statuses: Mapping[str, str]) -> str:
    """Return the whole document in Markdown.

    Parameters
    ----------
    claims : iterable of Claim
        All claims; those of losses, ``L.cce`` and so on, share a section.
    statuses : mapping of str to str
        The status of each claim by its id, "not yet checked" where it has none.
    """
    sections: dict[str, list[str]] = {title: [] for title in (*GROUPS.values(), "Other statements", "Losses")}
    for claim in claims:
        status = statuses.get(claim.id, Status.NOT_CHECKED.value)
        title = "Losses" if claim.id.startswith("L.") else GROUPS.get(claim.id[0], "Other statements")
        sections[title].append(entry(claim, status))
    shown = [f"## {title}\n\n" + "\n".join(entries) for title, entries in sections.items() if entries]
    return "\n".join([HEAD, *shown])


def entry(claim: Claim, status: str) -> str:
    """Return what the document says of one claim."""
    methods = list(dict.fromkeys(check.method.value for check in claim.checks))
    proofs = coq().get(claim.id, ())
    rows = {
        "Statement": " ".join(claim.statement.split()),
        "Assumes": "; ".join(" ".join(text.split()) for text in claim.assumes),
        "Source": claim.source,
        "In theory": ", ".join(f"`{path}`" for path in places(claim.id)),
        "Checked": ", ".join(methods),
        "Coq": ", ".join(proofs),
        "Status": status,
    }
    lines = [f"### {claim.id}: {claim.title}", ""]
    lines += [f"- {name}: {text}" for name, text in rows.items() if text]
    return "\n".join([*lines, ""])


@cache
def coq() -> dict[str, tuple[str, ...]]:
    """Return the names of the Coq theorems about each claim, marked where they show only a part."""
    names: dict[str, tuple[str, ...]] = {}
    for theorem in theorems():
        text = f"`{theorem.name}`" + ("" if theorem.whole else " (a part)")
        for id in theorem.claims:
            names[id] = (*names.get(id, ()), text)
    return names


def places(id: str) -> list[str]:
    """Return the files of theory whose docstrings name a claim's id; for a loss, the file of its class."""
    if id.startswith("L."):
        name = id.removeprefix("L.")
        return [path for path, text in _docstrings().items() if f'name = "{name}"' in text][:1]
    pattern = re.compile(rf"\b{re.escape(id)}\b(?!\.\w)")
    return [path for path, text in _docstrings().items() if pattern.search(text)]


@cache
def _docstrings() -> dict[str, str]:
    """Return the docstrings of each file of theory, and the names of the losses that it declares."""
    root = Path(theory.__file__).resolve().parent
    texts = {}
    for path in sorted(root.rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
        said = [ast.get_docstring(n) for n in ast.walk(ast.parse(source)) if isinstance(n, documented)]
        names = re.findall(r'^    name = "[\w-]+"', source, re.MULTILINE)
        texts[f"theory/{path.relative_to(root).as_posix()}"] = "\n".join([*filter(None, said), *names])
    return texts


def statuses_of(text: str) -> dict[str, str]:
    """Return the statuses that a document gives, by id.

    Raises
    ------
    ValueError : a status that is none.
    """
    known = {status.value for status in Status}
    statuses = {}
    for id, body in re.findall(r"^### ([\w.-]+): (.*?)(?=^##|\Z)", text, re.MULTILINE | re.DOTALL):
        given = re.search(r"^- Status: (.*)$", body, re.MULTILINE)
        if given is None or given[1] not in known:
            got = given and given[1]
            raise ValueError(f"status must be one of {', '.join(sorted(known))}, got {id}={got!r}")
        statuses[id] = given[1]
    return statuses


def main() -> int:
    """Print the document, or write it."""
    parser = argparse.ArgumentParser(description="The dictionary of statements.")
    parser.add_argument("--ledger", type=Path, help="where statuses are read from: lossmatters verify --json")
    parser.add_argument(
        "--write", type=Path, help="the document; it keeps the statuses that the ledger lacks"
    )
    given = parser.parse_args()
    written = given.write is not None and given.write.is_file()
    statuses = statuses_of(given.write.read_text(encoding="utf-8")) if written else {}
    if given.ledger:
        statuses |= {claim["id"]: claim["status"] for claim in ledger.read(given.ledger)["claims"]}
    text = document(CLAIMS, statuses)
    if given.write:
        write_whole(given.write, text)
    else:
        print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
