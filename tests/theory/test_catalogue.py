"""The table of all losses, and the cache that keeps it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lossmatters.theory import cache
from lossmatters.theory.cache import cache_folder, cached, code_key
from lossmatters.theory.catalogue import catalogue, row
from lossmatters.theory.losses import CCE, LOSSES, SeparableLoss, register


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder, not made yet."""
    monkeypatch.setenv("LOSSMATTERS_CACHE", str(tmp_path / "made" / "on demand"))
    return tmp_path / "made" / "on demand"


class Counting:
    """Something to compute, and how often it was."""

    def __init__(self, data: Any) -> None:
        self.data, self.times = data, 0

    def __call__(self) -> Any:
        self.times += 1
        return self.data


DATA = {"rows": [{"name": "a", "value": 1.5}, {"name": "b", "value": None}]}


def test_what_was_computed_is_read_again(folder: Path) -> None:
    compute = Counting(DATA)
    assert cached("some", compute) == cached("some", compute) == DATA
    assert compute.times == 1
    assert [p.name for p in folder.iterdir()] == ["some.json"], "nothing half-written is left"
    assert cached("other", compute) == DATA
    assert compute.times == 2


def test_another_key_is_computed_anew(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compute = Counting(DATA)
    cached("some", compute)
    monkeypatch.setattr(cache, "code_key", lambda *_: "another")
    cached("some", compute)
    cached("some", compute)
    assert compute.times == 2


BROKEN = {
    "empty": "",
    "half": '{"key": "',
    "no object": "[1, 2]",
    "no data": '{"key": "KEY"}',
    "changed data": '{"key": "KEY", "digest": "0", "data": {"rows": []}}',
    "no text": None,
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_damaged_file_is_computed_anew_and_mended(folder: Path, how: str) -> None:
    compute = Counting(DATA)
    cached("some", compute)
    text = BROKEN[how]
    (folder / "some.json").write_bytes(
        b"\xff\xfe\x00" if text is None else text.replace("KEY", code_key()).encode()
    )
    assert cached("some", compute) == DATA
    assert compute.times == 2
    assert cached("some", compute) == DATA
    assert compute.times == 2


def test_a_folder_that_cannot_be_made_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("LOSSMATTERS_CACHE", str(tmp_path / "file"))
    compute = Counting(DATA)
    assert cached("some", compute) == cached("some", compute) == DATA
    assert compute.times == 2


def test_the_key_is_of_the_sources_and_the_libraries(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = code_key()
    assert before == code_key()
    monkeypatch.setattr(cache, "_version", lambda name: "0")
    other_libraries = code_key()
    (tmp_path / "cache.py").write_text("x = 1")
    monkeypatch.setattr(cache, "__file__", str(tmp_path / "cache.py"))
    one = code_key()
    (tmp_path / "cache.py").write_text("x = 2")
    assert len({before, other_libraries, one, code_key()}) == 4


def test_the_folder_is_the_users_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("LOSSMATTERS_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("sys.platform", "linux")
    assert cache_folder() == tmp_path / "lossmatters"
    monkeypatch.setattr("sys.platform", "darwin")
    assert cache_folder() == Path.home() / "Library" / "Caches" / "lossmatters"
    monkeypatch.setattr("sys.platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    assert cache_folder() == tmp_path / "local" / "lossmatters"


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry of three losses, so that the table is quick."""
    for name in set(LOSSES) - {"mae", "mse", "taylor-ce"}:
        monkeypatch.delitem(LOSSES, name)


@pytest.mark.usefixtures("few")
def test_the_table_is_cached_a_users_loss_is_not(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = catalogue()
    monkeypatch.setattr("lossmatters.theory.catalogue.row", lambda loss, k: {"name": loss.name, "asked": k})

    @register
    @dataclass(frozen=True)
    class Guest(SeparableLoss):
        name = "guest"

        def on_label(self, t: Any, num_classes: Any, ops: Any) -> Any:
            return 1 - t

    try:
        assert catalogue() == [*first, {"name": "guest", "asked": 10}]
        assert {r["asked"] for r in catalogue(5)} == {5}, "another K is another table"
    finally:
        del LOSSES["guest"]
    stored = json.loads((folder / "catalogue-K10.json").read_text())["data"]
    assert stored == first


@pytest.mark.usefixtures("few", "folder")
def test_a_row_says_what_theory_decides() -> None:
    rows = {r["name"]: r for r in catalogue(use_cache=False)}
    assert rows["mae"]["symmetry"]["constant"] == "2*K - 2"
    assert rows["mae"]["excess_risk_bound"] == 0
    assert rows["mse"]["excess_risk_bound_exact"] == "18/25"
    assert rows["taylor-ce"]["symmetry"]["status"] == "refuted"
    assert rows["taylor-ce"]["label_sum"]["rigorous"]
    assert rows["taylor-ce"]["loss_max_exact"] == "3/2"
    assert row(CCE(), 10)["excess_risk_bound"] is None
    json.dumps(list(rows.values()), allow_nan=False)


@pytest.mark.parametrize(
    ("num_classes", "kind", "message"),
    [
        (1, ValueError, "num_classes must be an integer >= 2, got num_classes=1"),
        (2.5, TypeError, "num_cl"),
    ],
)
def test_bad_calls(num_classes: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        catalogue(num_classes)
