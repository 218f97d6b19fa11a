"""The theorems in Coq: each is about a claim, and what is not proved gives no evidence."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from lossmatters.proofs_checks import ledger
from lossmatters.proofs_checks.claims import CLAIMS, find
from lossmatters.proofs_checks.formal import check
from lossmatters.proofs_checks.formal.theorems import hashes, sources, theorems
from lossmatters.proofs_checks.methods import formal

THEOREMS = theorems()
TEXT = {path.name: path.read_text(encoding="utf-8") for path in sources()}
GOOD = (
    "(* claim: R1; two and two *)\n(* Two and two are four. *)\n"
    "Theorem sum : 2 + 2 = 4.\nProof.\nreflexivity.\nQed.\n"
)


@pytest.mark.parametrize("theorem", THEOREMS, ids=lambda t: t.name)
def test_a_theorem_is_about_a_claim(theorem) -> None:
    assert set(theorem.claims) <= {c.id for c in CLAIMS}
    assert theorem.scope
    assert theorem.words


def test_names_are_used_once() -> None:
    names = [t.name for t in THEOREMS]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", TEXT)
def test_no_source_assumes(name: str) -> None:
    check.scan(name, TEXT[name])


@pytest.fixture
def checked(tmp_path: Path) -> Callable[..., Path]:
    """A folder with one proof and the manifest of a check that passed, changed as asked."""

    def make(**changes: object) -> Path:
        (tmp_path / "a.v").write_text(GOOD)
        found = {
            "coq": "8.16.1",
            "sources": hashes(tmp_path),
            "theorems": [{"claims": ["R1"], "theorem": "sum", "file": "a.v", "axioms": []}],
            "known_false": [{"says": "a false theorem", "rejected_by": "words"}],
        }
        (tmp_path / check.BUILD).mkdir()
        (tmp_path / check.BUILD / check.MANIFEST).write_text(json.dumps({**found, **changes}))
        return tmp_path

    return make


def test_a_checked_theorem_is_evidence(checked: Callable[..., Path]) -> None:
    (row,) = formal.rows("R1", checked())
    assert (row["method"], row["status"], row["scope"]) == ("formal", "proved", "two and two")
    assert "sum in formal/a.v, closed under the global context; Coq 8.16.1" in row["detail"]
    assert row["twin"]["rejected"]
    json.dumps(row)


def test_axioms_are_named(checked: Callable[..., Path]) -> None:
    rests = [{"claims": ["R1"], "theorem": "sum", "file": "a.v", "axioms": ["boolp.a"]}]
    (row,) = formal.rows("R1", checked(theorems=rests))
    assert row["data"]["axioms"] == ["boolp.a"]
    assert "from boolp.a" in row["detail"]


def test_changed_sources_are_not_checked(checked: Callable[..., Path]) -> None:
    folder = checked()
    (folder / "a.v").write_text(GOOD.replace("2 + 2 = 4", "2 + 2 = 5"))
    (row,) = formal.rows("R1", folder)
    assert row["status"] == "not yet checked"
    assert "not checked here" in row["detail"]
    (folder / "a.v").write_text(GOOD)
    (folder / "b.v").write_text("")
    assert formal.rows("R1", folder)[0]["status"] == "not yet checked"


@pytest.mark.parametrize("changes", [{"known_false": []}, {"sources": {}}])
def test_a_check_that_shows_nothing_is_none(checked: Callable[..., Path], changes: dict) -> None:
    assert formal.rows("R1", checked(**changes))[0]["status"] == "not yet checked"


@pytest.mark.parametrize("text", ["", "{", "[]"])
def test_a_broken_manifest_is_none(checked: Callable[..., Path], text: str) -> None:
    folder = checked()
    (folder / check.BUILD / check.MANIFEST).write_text(text)
    assert formal.rows("R1", folder)[0]["status"] == "not yet checked"


def test_a_part_is_no_evidence(checked: Callable[..., Path]) -> None:
    folder = checked()
    assert formal.rows("R2", folder) == []
    (folder / "a.v").write_text(GOOD.replace("claim: R1", "part of: R1"))
    assert formal.rows("R1", folder) == []


def test_the_ledger_shows_it() -> None:
    (entry,) = ledger.verify(find(["S3"]))["claims"][:1]
    (row,) = [r for r in entry["evidence"] if r["method"] == "formal"]
    assert row["status"] in ("proved", "checked elsewhere")
    assert entry["status"] == "proved"
