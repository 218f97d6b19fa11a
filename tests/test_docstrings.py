"""Docstrings of public functions begin with a verb: what is done, or what comes back."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import lossmatters

ROOT = Path(lossmatters.__file__).parent
PACKAGES = ("theory", "proofs_checks", "empirics", "paper")
# What a first word that is no verb is, mostly: one of these, a sign (a formula), or a plural. ruff's D401
# has a list of verbs, and finds a third of them.
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
    *("mean", "random", "plain", "exact", "nested", "entry", "largest", "nothing", "everything", "only"),
    *("is", "are", "was", "may", "can", "does", "did", "has", "have", "must", "should", "one", "two"),
}


def openings(source: str) -> list[tuple[str, str]]:
    """Return the name and the first line of the docstring of each public function that opens with no verb."""
    verbless = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or node.name.startswith("_"):
            continue
        first = (ast.get_docstring(node) or "").split("\n")[0]
        word = first.split(" ")[0].strip(".,:;?")
        plural = word.endswith("s") and not word.endswith("ss")
        question = first.split(". ")[0].endswith("?")
        formula = not word.isalpha() or len(word) == 1
        if first and (question or formula or plural or word.lower() in NO_VERBS):
            verbless.append((node.name, first))
    return verbless


FILES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_docstrings_begin_with_a_verb(path):
    assert openings(path.read_text(encoding="utf-8")) == []


def test_a_docstring_without_a_verb_is_seen():
    source = 'def f():\n    """The same, of which there must be one."""\n\n\ndef g():\n    """Return it."""\n'
    assert openings(source) == [("f", "The same, of which there must be one.")]
    assert openings('class A:\n    def f(self):\n        """Of the record of a run."""\n')
    assert openings('def f():\n    """S(u) of each row."""\n')
    assert openings('def f():\n    """Losses by name."""\n')
    assert openings('def f():\n    """Do the parts sum to 1?"""\n')
    assert openings('def f():\n    """Guess nothing; pass, as is."""\n') == []
    assert openings('def _f():\n    """The helper."""\n') == []
