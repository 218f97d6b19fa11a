"""The ledger and the catalogue at 80 columns: a line a claim, failures last."""

from __future__ import annotations

import pytest

from lossmatters import listing
from lossmatters.proofs_checks.claim import Status
from lossmatters.proofs_checks.ledger import counts
from lossmatters.show import STYLES

STATUSES = [status.value for status in Status]


def claim(id: str, status: str) -> dict[str, object]:
    condition = {
        "quantity": "J1 of MSE at eta = 0.2",
        "must": "must be above 0.99",
        "shown": "0.911 [0.901, 0.921]",
        "holds": "no",
    }
    row = {
        "method": "empirical",
        "status": status,
        "scope": "quick: digits",
        "detail": "what it says (0.99 intervals)",
        "data": {"conditions": [condition, {**condition, "holds": "yes"}]},
    }
    title = "A title that goes on and on until it is longer than any terminal has columns, and [bold] too"
    return {"id": id, "title": title, "statement": "$J_1$", "status": status, "evidence": [row]}


@pytest.fixture
def ledger() -> dict[str, object]:
    failing = list(reversed(listing.LAST))
    order = [*failing, *(s for s in STATUSES if s not in failing)]
    return {"claims": [claim(f"X{i}.name", status) for i, status in enumerate(order)]}


def test_every_claim_has_one_line_and_failures_stand_last(
    ledger: dict[str, object], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    listing.ledger(ledger, counts(ledger))
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    shown = [line for line in lines if line.startswith("X")]
    assert len(shown) == len(STATUSES) == len(STYLES.keys() & set(STATUSES))
    assert [line.partition("\N{HORIZONTAL ELLIPSIS}")[2].strip() for line in shown[-4:]] == list(listing.LAST)
    assert lines[-1] == "why: lossmatters verify X0.name, or --long for all"


def test_all_evidence_sets_numbers_apart_from_conditions(
    ledger: dict[str, object], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    listing.ledger(ledger, counts(ledger), full=True)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    yes, no = (
        f"    {word}J1 of MSE at eta = 0.2: 0.911 [0.901, 0.921], must be above 0.99"
        for word in ("yes  ", "no   ")
    )
    assert lines.index(no) == lines.index(yes) + 1
    assert any("[bold]" in line for line in lines), "a title is text, not markup"


def test_cells_are_aligned_and_cut() -> None:
    assert listing.aligned([("a", "b"), ("long", "x" * 20)], 12) == [
        "a     b",
        "long  xxxxx\N{HORIZONTAL ELLIPSIS}",
    ]
