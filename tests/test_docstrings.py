"""Docstrings of public functions begin with a verb: what is done, or what comes back."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import lossmatters

ROOT = Path(lossmatters.__file__).parent
PACKAGES = ("theory", "proofs_checks", "empirics", "paper")
# What a first word that is no verb is, mostly. ruff's D401 has a list of verbs, and finds a third of these.
NO_VERBS = {
    *(
        "a",
        "an",
        "the",
        "its",
        "those",
        "these",
        "this",
        "that",
        "no",
        "all",
        "some",
        "every",
        "each",
        "both",
    ),
    *("what", "which", "who", "how", "where", "when", "whether", "why", "as", "of", "in", "at", "by", "for"),
    *("is", "are", "was", "may", "can", "does", "do", "did", "has", "have", "must", "should", "one", "two"),
}
# Rooms whose docstrings are still to be put so.
TO_DO = (
    "theory/symmetry",
    "theory/risk",
    "theory/formula",
    "theory/certificate.py",
    "theory/minimisers/calibration.py",
    "theory/losses/mixtures.py",
    "theory/losses/corrected.py",
    "proofs_checks/checker",
    "proofs_checks/claims",
    "proofs_checks/formal",
    "empirics",
    "paper",
)


def openings(source: str) -> list[tuple[str, str]]:
    """The name and the first line of the docstring of each public function that opens with no verb."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or node.name.startswith("_"):
            continue
        first = (ast.get_docstring(node) or "").split("\n")[0]
        word = first.split(" ")[0].strip(".,:;?").lower()
        if word in NO_VERBS:
            found.append((node.name, first))
    return found


FILES = [
    path
    for package in PACKAGES
    for path in sorted((ROOT / package).rglob("*.py"))
    if not path.relative_to(ROOT).as_posix().startswith(TO_DO)
]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_docstrings_begin_with_a_verb(path):
    assert openings(path.read_text(encoding="utf-8")) == []


def test_a_docstring_without_a_verb_is_seen():
    source = 'def f():\n    """The same, of which there must be one."""\n\n\ndef g():\n    """Return it."""\n'
    assert openings(source) == [("f", "The same, of which there must be one.")]
    assert openings('class A:\n    def f(self):\n        """Of the record of a run."""\n')
    assert openings('def _f():\n    """The helper."""\n') == []
