"""The table of all losses with its second opinion, kept in the user's cache folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lossmatters.proofs_checks.checker import catalogue, checked_catalogue
from lossmatters.theory.catalogue import row_of
from lossmatters.theory.losses import LOSSES

KEPT = ("mae", "mse", "taylor-ce")


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A registry of three losses and an empty cache, so that the table is quick."""
    monkeypatch.setenv("LOSSMATTERS_CACHE", str(tmp_path))
    for name in set(LOSSES) - set(KEPT):
        monkeypatch.delitem(LOSSES, name)


def planted(name: str, num_classes: int) -> dict[str, Any]:
    """Return a row that says that every label sum is 7."""
    found = row_of(name, num_classes)
    return found | {"label_sum": found["label_sum"] | {"low_exact": "7", "high_exact": "7"}}


def test_nothing_contradicts_the_rows_and_other_processes_find_the_same(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    rows, wrong = checked_catalogue()
    assert [r["name"] for r in rows] == [name for name in LOSSES if name in KEPT]
    assert wrong == []
    monkeypatch.setenv("LOSSMATTERS_CACHE", str(tmp_path / "another"))
    assert checked_catalogue(workers=2) == (rows, [])


def test_what_contradicts_a_wrong_row_is_kept_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "row_of", planted)
    rows, wrong = checked_catalogue()
    assert {w.key for w in wrong} == set(KEPT)
    monkeypatch.setattr(catalogue, "row_of", lambda *_: pytest.fail("the table is made once"))
    assert checked_catalogue() == (rows, wrong)
