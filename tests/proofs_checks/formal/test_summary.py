"""The committed summary of the formal check: it is believed of the sources it names, and of no others."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from lossmatters.proofs_checks import ledger
from lossmatters.proofs_checks.claim import HOLDS, Status
from lossmatters.proofs_checks.formal import check, summary
from lossmatters.proofs_checks.formal.theorems import FOLDER, hashes, theorems
from lossmatters.proofs_checks.methods import formal

MANIFEST = FOLDER / check.BUILD / check.MANIFEST


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """The sources and the summary as they are committed, on a machine where nothing was checked."""
    folder = tmp_path / "formal"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("build", "__pycache__"))
    return folder


def test_the_committed_summary_is_of_these_sources() -> None:
    kept = summary.read()
    assert kept is not None, "run make formal with --write: the sources have changed since"
    assert kept["sources"] == hashes()
    assert kept["known_false"] == list(check.KNOWN_FALSE)
    rows = {(row["file"], row["theorem"]): (tuple(row["claims"]), row["whole"]) for row in kept["theorems"]}
    assert rows == {(t.file, t.name): (t.claims, t.whole) for t in theorems()}
    assert all(set(row["axioms"]) <= set(check.CLASSICAL) for row in kept["theorems"])


@pytest.mark.skipif(formal.manifest() is None, reason="the proofs have not been checked here")
def test_the_committed_summary_is_what_the_check_found() -> None:
    assert summary.differences(json.loads(MANIFEST.read_text(encoding="utf-8"))) == []


def test_where_the_hash_agrees_it_was_checked_elsewhere(elsewhere: Path) -> None:
    (row,) = formal.rows("S1", elsewhere)
    assert row["status"] == Status.ELSEWHERE.value
    assert row["detail"].startswith(
        "formal proof checked elsewhere (sources' hash agrees): S1 in formal/symmetry.v"
    )
    assert "closed under the global context; Coq 8" in row["detail"]


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "symmetry.v").write_text("\n", encoding="utf-8"),
        lambda folder: (folder / "definitions.v").write_bytes(
            (folder / "definitions.v").read_bytes() + b"\n"
        ),
        lambda folder: (folder / "another.v").write_text("", encoding="utf-8"),
        lambda folder: (folder / "instances.v").unlink(),
        lambda folder: (folder / summary.FILE).unlink(),
        lambda folder: (folder / summary.FILE).write_text("[]", encoding="utf-8"),
        lambda folder: rewrite(folder, known_false=[]),
        lambda folder: rewrite(folder, theorems=[]),
        lambda folder: rewrite(folder, sources={}),
        lambda folder: rewrite(folder, coq=None),
    ],
)
def test_of_other_sources_it_says_nothing(elsewhere: Path, change) -> None:
    change(elsewhere)
    assert summary.read(elsewhere) is None
    assert {row["status"] for row in formal.rows("R1", elsewhere)} == {Status.NOT_CHECKED.value}


def rewrite(folder: Path, **changes: object) -> None:
    path = folder / summary.FILE
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **changes}), encoding="utf-8")


def test_a_check_here_goes_before_it(elsewhere: Path) -> None:
    kept = summary.read(elsewhere)
    assert kept is not None
    (elsewhere / check.BUILD).mkdir()
    here = {**kept, "known_false": [{"says": "a false theorem", "rejected_by": "words"}]}
    (elsewhere / check.BUILD / check.MANIFEST).write_text(json.dumps(here), encoding="utf-8")
    assert formal.rows("S1", elsewhere)[0]["status"] == Status.PROVED.value


def test_it_is_no_pass() -> None:
    assert Status.ELSEWHERE not in HOLDS
    assert ledger.overall([Status.UNDECIDED, Status.ELSEWHERE]) is Status.UNDECIDED
    assert ledger.overall([Status.SAMPLED, Status.ELSEWHERE]) is Status.SAMPLED
    assert ledger.overall([Status.NOT_CHECKED, Status.ELSEWHERE]) is Status.ELSEWHERE


def test_a_check_that_found_other_things_is_seen(tmp_path: Path) -> None:
    found = {
        "coq": "8.16.1",
        "sources": {"a.v": "0"},
        "theorems": [{"theorem": "t", "axioms": []}],
        "known_false": [{"says": "a false theorem", "rejected_by": "words"}],
    }
    assert "is not there" in summary.differences(found, tmp_path)[0]
    summary.write(found, tmp_path)
    assert summary.differences(found, tmp_path) == []
    assert summary.differences({**found, "coq": "8.18"}, tmp_path) == []
    for name, other in (
        ("sources", {"a.v": "1"}),
        ("theorems", [{"theorem": "t", "axioms": ["a"]}]),
        ("known_false", []),
    ):
        (line,) = summary.differences({**found, name: other}, tmp_path)
        assert f"has other {name}" in line
