"""docs/statements.md is what the claims say, and every id in the sources leads there."""

from __future__ import annotations

import dataclasses
import re
from importlib.resources import files
from pathlib import Path

import pytest

from lossmatters.proofs_checks import statements
from lossmatters.proofs_checks.claims import CLAIMS
from lossmatters.proofs_checks.statements import document, entry, places, statuses_of

DOCUMENT = (Path(__file__).parents[2] / "docs" / "statements.md").read_text(encoding="utf-8")
MAKE_AGAIN = "run: python -m lossmatters.proofs_checks.statements --write docs/statements.md"
PACKAGES = ("theory", "proofs_checks", "empirics", "paper")
# S1, R4.table, E10: an id in prose. (H100 and the like are no ids, nor are names such as DT_1.)
ID = re.compile(r"(?<![\w.$\\/-])([SRNMDEAVY]\d{1,2}(?:\.[a-z]+)?)(?![\w(/-])")

# Statements that theory has ahead of their claims.
AHEAD: set[str] = set()


def facts(text: str) -> list[str]:
    """The lines of an entry but for its places, which may be fewer than there are now, and its status."""
    return [line for line in text.splitlines() if not line.startswith(("- In theory:", "- Status:"))]


def written(id: str) -> str:
    found = re.search(rf"^### {re.escape(id)}: .*?(?=^##|\Z)", DOCUMENT, re.MULTILINE | re.DOTALL)
    assert found, f"{id} is not in docs/statements.md; {MAKE_AGAIN}"
    return found[0].rstrip()


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_the_dictionary_says_what_the_claims_say(claim):
    text = written(claim.id)
    assert facts(text) == facts(entry(claim, "").rstrip()), MAKE_AGAIN
    listed = re.search(r"^- In theory: (.*)$", text, re.MULTILINE)
    paths = re.findall(r"`([^`]+)`", listed[1]) if listed else []
    assert set(paths) <= set(places(claim.id)), MAKE_AGAIN


def test_it_has_no_other_claims():
    assert set(statuses_of(DOCUMENT)) == {claim.id for claim in CLAIMS}, MAKE_AGAIN


def test_every_id_in_the_sources_is_in_it():
    known = {claim.id for claim in CLAIMS}
    unknown = {}
    for package in PACKAGES:
        root = Path(str(files(f"lossmatters.{package}")))
        for path in sorted(root.rglob("*.py")):
            for id in ID.findall(path.read_text(encoding="utf-8")):
                if id not in known | AHEAD:
                    unknown.setdefault(id, path.name)
    assert unknown == {}


def test_a_statement_that_was_changed_is_seen():
    claim = next(c for c in CLAIMS if c.id == "S1")
    wrong = dataclasses.replace(claim, statement=claim.statement.replace("affine", "convex"))
    assert facts(entry(wrong, "").rstrip()) != facts(written("S1"))


def test_statuses_are_read_back_and_others_refused():
    text = document(CLAIMS[:3], {CLAIMS[0].id: "proved"})
    assert statuses_of(text) == {c.id: "proved" if c is CLAIMS[0] else "not yet checked" for c in CLAIMS[:3]}
    with pytest.raises(ValueError, match=r"status must be one of .*, got L"):
        statuses_of(text.replace("proved", "surely"))


def test_places_are_those_that_name_the_id():
    s1, cce = (next(c for c in CLAIMS if c.id == id) for id in ("S1", "L.cce"))
    assert "theory/symmetry/decide.py" in places(s1.id)
    assert places(cce.id) == ["theory/losses/cce.py"]
    assert places("S9") == []


def test_the_command_keeps_statuses_that_the_ledger_lacks(tmp_path, monkeypatch, capsys):
    path, ledger = tmp_path / "statements.md", tmp_path / "ledger.json"
    path.write_text(document(CLAIMS, {"S1": "proved", "S2": "proved"}))
    ledger.write_text('{"claims": [{"id": "S2", "status": "refuted"}]}')
    monkeypatch.setattr("sys.argv", ["statements", "--ledger", str(ledger), "--write", str(path)])
    assert statements.main() == 0
    now = statuses_of(path.read_text())
    assert (now["S1"], now["S2"]) == ("proved", "refuted")
