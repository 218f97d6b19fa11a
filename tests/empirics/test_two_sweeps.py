"""Several sweeps into one file at once: each run is trained and written once; a dead one holds up none."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest
from tiny_sweep import SCRIPT, TINY, outcomes

from lossmatters.empirics import records
from lossmatters.empirics.experiments import train
from lossmatters.empirics.experiments.claims import Claims, claims_folder
from lossmatters.empirics.experiments.supply import Claimed
from lossmatters.empirics.records import files
from lossmatters.proofs_checks import fabricated


@pytest.fixture(scope="module")
def tiny_records():
    return fabricated.records({"cce": "memorises"}, seeds=2)[:2]


def opened(path):
    return Claims(path, 0).open(lambda: None)


def test_a_run_is_claimed_by_one_sweep(tmp_path):
    path = tmp_path / "r.jsonl"
    with opened(path) as first, opened(path) as second:
        assert first.take({0: ["a", "b"], 1: ["c"]}) == (0, [])
        assert second.take({0: ["a", "b"], 1: ["c"]}) == (1, [])
        assert second.take({0: ["b"]}) == (None, [])
        first.give_back(["a", "b"])
        assert second.take({0: ["b"]}) == (0, [])
    assert not claims_folder(path).exists()


def test_what_another_sweep_has_written_is_no_choice_any_more(tmp_path, tiny_records):
    path = tmp_path / "r.jsonl"
    one, two = tiny_records[:2]
    with opened(path) as first, opened(path) as second:
        assert first.take({0: [one.run_id, two.run_id]}) == (0, [])
        first.append([one])
        first.give_back([two.run_id])
        assert second.take({0: [one.run_id], 1: [one.run_id, two.run_id]}) == (1, [0])
        assert set(second.elsewhere) == {one.run_id}
        assert not first.elsewhere


def test_what_is_left_is_tidied_by_the_last_sweep_alone(tmp_path):
    path, left = tmp_path / "r.jsonl", []
    first, second = (Claims(path, 0).open(lambda name=name: left.append(name)) for name in "ab")
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert left == []
    second.__exit__(None, None, None)
    assert left == ["b"]


HOLDER = """
import sys, time
from pathlib import Path
from lossmatters.empirics.experiments.claims import Claims
with Claims(Path(sys.argv[1]), 0).open(lambda: None) as claims:
    claims.take({0: ["a"]})
    print("here", flush=True)
    time.sleep(600)
"""


def test_a_process_that_dies_loses_what_it_had_claimed(tmp_path):
    path = tmp_path / "r.jsonl"
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout.readline() == "here\n"
    with opened(path) as claims:
        assert claims.take({0: ["a"]}) == (None, [])
        holder.send_signal(signal.SIGKILL)
        holder.communicate()
        assert claims.take({0: ["a"]}) == (0, [])
    assert not claims_folder(path).exists()


def test_a_supply_waits_for_what_others_are_at(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr("lossmatters.empirics.experiments.supply.WAIT_SECONDS", 0.0)
    monkeypatch.setattr("lossmatters.empirics.experiments.supply.replace", lambda task, **_: task)
    path, runs = tmp_path / "r.jsonl", {0: ["a"], 1: ["b"]}
    with opened(path) as first, opened(path) as second:
        ours, theirs = (Claimed({0: "x", 1: "y"}, runs, claims, 1) for claims in (first, second))
        assert (ours.take(), theirs.take()) == ((0, "x"), (1, "y"))
        assert (ours.take(), ours.left) == (None, True)
        assert "another sweep is at what is left (1 stacks)" in caplog.text
        second.give_back(["b"])
        assert (ours.take(), ours.left) == ((1, "y"), False)


@pytest.mark.slow
@pytest.mark.parametrize("killed", [False, True])
def test_sweeps_at_once_train_and_write_each_run_once(tmp_path, killed):
    """Three at once; or two, of which one is killed on its way: the other does what is left."""
    script, path = tmp_path / "tiny.py", tmp_path / "r.jsonl"
    script.write_text(SCRIPT)
    started = [
        subprocess.Popen(
            [sys.executable, str(script), str(path), "10"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(2 if killed else 3)
    ]
    if killed:
        while not path.exists() or not path.read_bytes():
            time.sleep(0.05)
        started[0].kill()
    outputs = [process.communicate(timeout=300)[0] for process in started]
    assert [p.returncode for p in started][killed:] == [0] * (2 - killed + (not killed)), outputs
    lines = [json.loads(line)["run_id"] for line in path.read_text().splitlines()]
    assert len(lines) == 8
    assert set(Counter(lines).values()) == {1}
    assert not any("Traceback" in output for output in outputs)
    left = {p.name for p in tmp_path.iterdir() if not p.name.endswith(".lock")}
    assert left == {"tiny.py", "r.jsonl"}
    whole = train(
        TINY.with_changes(epochs=10),
        records_path=tmp_path / "w.jsonl",
        device="cpu",
        workers=1,
        progress=False,
    )
    assert Counter(outcomes(records.read(path))) == Counter(outcomes(whole))


@pytest.mark.parametrize(
    "error", [NotImplementedError("no flock here"), OSError(38, "Function not implemented")]
)
def test_a_file_system_without_locks_is_told_before_training(tmp_path, monkeypatch, error):
    def refuse(*_, **__):
        raise error

    monkeypatch.setattr(files, "FileLock", refuse)
    monkeypatch.setattr(files, "_LOCK_TAKES", {})
    with pytest.raises(OSError, match="records_path must be on a file system with locks, got records_path="):
        train(TINY, records_path=tmp_path / "r.jsonl", device="cpu", workers=1, progress=False)


def test_records_written_meanwhile_are_read_from_where_reading_stopped(tmp_path, tiny_records):
    path = tmp_path / "r.jsonl"
    assert files.read_from(path, 0) == ([], 0)
    records.append(path, tiny_records[:1])
    size = path.stat().st_size
    records.append(path, tiny_records[1:2])
    found, end = files.read_from(path, size)
    assert ([r.run_id for r in found], end) == ([tiny_records[1].run_id], path.stat().st_size)
    for within in (1, size - 1, size + 5):  # in a line that was being written: from the beginning
        assert len(files.read_from(path, within)[0]) == 2
