"""The ledger: what a claim's status is made of, and what a check that proves nothing does to it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lossmatters.proofs_checks import fabricated, ledger
from lossmatters.proofs_checks.claim import Check, Claim, Evidence, Method, Status
from lossmatters.proofs_checks.claims import find


def check(status: Status, twin_status: Status = Status.REFUTED) -> Check:
    def run(subject: Status) -> Evidence:
        return Evidence(Method.EXACT, subject, "here", "because")

    return Check(Method.EXACT, run, status, twin_status, "the opposite")


def entry(*checks: Check) -> dict:
    return ledger.verify([Claim("X1", "title", "statement.", "nobody", checks=checks)])["claims"][0]


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([], "not yet checked"),
        ([Status.SAMPLED, Status.PROVED], "proved"),
        ([Status.SAMPLED, Status.CERTIFIED], "certified"),
        ([Status.PROVED, Status.UNDECIDED], "proved"),
        ([Status.PROVED, Status.REFUTED], "refuted"),
        ([Status.CONFIRMED, Status.NOT_REPRODUCED], "not reproduced"),
        ([Status.NOT_REPRODUCED, Status.REFUTED], "refuted"),
        ([Status.INCONCLUSIVE, Status.UNDECIDED], "inconclusive"),
    ],
)
def test_status_of_a_claim(statuses: list[Status], expected: str) -> None:
    assert entry(*map(check, statuses))["status"] == expected


@pytest.mark.parametrize("twin", [Status.PROVED, Status.UNDECIDED, Status.SAMPLED])
def test_a_check_that_passes_its_twin_decides_nothing(twin: Status) -> None:
    found = entry(check(Status.PROVED, twin))
    assert found["status"] == "undecided"
    row = found["evidence"][0]
    assert not row["twin"]["rejected"]
    assert "does not reject its known-false twin" in row["detail"]
    assert not ledger.sound({"claims": [found]})


def test_sound() -> None:
    assert ledger.sound({"claims": [entry(check(Status.PROVED)), entry(check(Status.NOT_REPRODUCED))]})
    assert ledger.sound({"claims": [entry()]})
    assert not ledger.sound({"claims": [entry(check(Status.REFUTED))]})
    assert not ledger.sound({"claims": [entry(check(Status.PROVED), check(Status.UNDECIDED))]})


def test_a_small_set_up_beside_one_that_decides_is_no_failure() -> None:
    def row(status: str, method: str = "empirical", rejected: bool = True) -> dict[str, object]:
        return {"status": status, "method": method, "twin": {"rejected": rejected}}

    def sound(*rows: dict[str, object]) -> bool:
        return ledger.sound({"claims": [{"evidence": list(rows)}]})

    assert sound(row("undecided"), row("not reproduced"))
    assert not sound(row("undecided"))
    assert not sound(row("undecided"), row("not yet checked"))
    assert not sound(row("undecided", rejected=False), row("confirmed"))
    assert not sound(row("undecided", method="interval"), row("confirmed"))


def test_training_claims_are_judged_experiment_by_experiment() -> None:
    records = fabricated.records({"cce": fabricated.MEMORISES, "rll(alpha=1/10)": fabricated.RESISTS})
    rows = ledger.verify(find(["E1.cce"]), records)["claims"][0]["evidence"]
    assert len(rows) == 1
    assert rows[0]["status"] == "confirmed"
    assert "5 seeds" in rows[0]["scope"]
    beside = rows[0]["data"]["beside"]
    assert any("CCE at its best epoch" in key for key in beside)
    assert any("M3" in key for key in beside)


def test_without_records_training_claims_are_undecided() -> None:
    found = ledger.verify(find(["E1.cce"]), [])["claims"][0]
    assert found["status"] == "undecided"


def test_round_trip(tmp_path: Path) -> None:
    data = ledger.verify(find(["M4", "S1"]))
    path = ledger.write(data, tmp_path / "new" / "ledger.json")
    assert ledger.read(path) == json.loads(json.dumps(data))
    assert [p.name for p in path.parent.iterdir()] == ["ledger.json"]
    assert ledger.counts(data) == {"proved": len(data["claims"])}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"claims": 3}'])
def test_foreign_files_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "ledger.json"
    path.write_text(text)
    with pytest.raises(ValueError, match="ledger must"):
        ledger.read(path)
    assert path.read_text() == text


def test_workers_change_nothing() -> None:
    records = fabricated.records({"cce": fabricated.MEMORISES, "rll(alpha=1/10)": fabricated.RESISTS})
    own = Claim("X1", "not the project's", "statement.", "nobody", checks=(check(Status.PROVED),))
    claims = [*find(["S1", "M4", "E1.cce", "D2"]), own]
    assert ledger.verify(claims, records, workers=2) == ledger.verify(claims, records)
