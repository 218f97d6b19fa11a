"""Files are whole or not there, by one helper, and a full disk is called by its name."""

from __future__ import annotations

import ast
import errno
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import lossmatters
from lossmatters.empirics.data.base import Dataset
from lossmatters.empirics.data.stored import store, stored
from lossmatters.empirics.engine.checkpoint import Checkpoints
from lossmatters.empirics.records import Record, append, read
from lossmatters.empirics.records.record import CURVES
from lossmatters.proofs_checks import ledger
from lossmatters.theory import cache, files
from lossmatters.theory.files import DiskFullError, replacing, write_whole


class FullDisk:
    """A file that is open, on a disk that takes no more."""

    def __init__(self, part: Path) -> None:
        self.stream = part.open("xb")

    def __enter__(self) -> FullDisk:
        return self

    def __exit__(self, *_: object) -> None:
        self.stream.close()

    def write(self, _: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def __getattr__(self, name: str):
        return getattr(self.stream, name)


@pytest.fixture
def full(monkeypatch):
    """Fill the disk: every new file, and every write to a file of records."""

    def refuse(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files, "_create", FullDisk)
    monkeypatch.setattr(os, "write", refuse)


def record(seed: int) -> Record:
    return Record(
        experiment="quick",
        dataset={"name": "digits"},
        model={"name": "mlp"},
        training={"epochs": 2},
        loss="cce",
        noise={"kind": "symmetric", "rate": "2/5"},
        seed=seed,
        curves={name: [0.1, 0.2] for name in CURVES},
        provenance={},
    )


def data(seed: int) -> Dataset:
    inputs = np.random.default_rng(seed).random((20, 3), dtype=np.float32)
    y = np.arange(20) % 2
    return Dataset("mine", inputs, y, inputs[:8], y[:8], 2)


WRITERS = {
    "bytes": lambda folder, n: write_whole(folder / "a.bin", bytes([n]) * 10),
    "text": lambda folder, n: write_whole(folder / "a.txt", f"number {n}\n"),
    "ledger": lambda folder, n: ledger.write({"claims": [n]}, folder / "ledger.json"),
    "checkpoint": lambda folder, n: Checkpoints(folder / "a.pt", 0.0).save({"epoch": n}),
    "records": lambda folder, n: append(folder / "r.jsonl", [record(n)]),
    "data set": lambda folder, n: store(data(n), folder),
}


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file but locks, which hold nothing."""
    found = {str(p.relative_to(folder)): p for p in folder.rglob("*") if p.is_file()}
    return {name: p.read_bytes() for name, p in found.items() if not name.endswith(".lock")}


@pytest.mark.parametrize("kind", WRITERS)
def test_a_full_disk_is_said_and_what_was_there_stays(kind, tmp_path, request):
    WRITERS[kind](tmp_path, 0)
    before = contents(tmp_path)
    assert before
    request.getfixturevalue("full")
    with pytest.raises(DiskFullError, match=r"^no space left for .*, at least 1 MB needed there$") as caught:
        WRITERS[kind](tmp_path, 1)
    assert caught.value.errno == errno.ENOSPC
    assert contents(tmp_path) == before


@pytest.mark.parametrize("last", ["inputs.npy", "labels.npy", "about.json"])
def test_a_data_set_that_has_no_room_takes_none(last, tmp_path, monkeypatch):
    create = files._create
    monkeypatch.setattr(files, "_create", lambda part: (FullDisk if last in part.name else create)(part))
    with pytest.raises(DiskFullError):
        store(data(0), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_data_set_that_another_process_has_begun_is_not_removed(tmp_path, request):
    given = data(0)
    begun = tmp_path / f"{given.sha256[:16]}.data" / ".inputs.npy.other.part"
    begun.parent.mkdir()
    begun.write_bytes(b"half")
    request.getfixturevalue("full")
    with pytest.raises(DiskFullError):
        store(given, tmp_path)
    assert begun.read_bytes() == b"half"


def test_the_size_that_is_needed_is_said(full, tmp_path):
    with pytest.raises(DiskFullError, match="at least 3 MB"):
        write_whole(tmp_path / "large", b"0" * 2_500_000)


def test_a_cache_that_cannot_be_written_is_nobodys_business(full, tmp_path, monkeypatch):
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path))
    assert cache.cached("numbers", lambda: [1, 2]) == [1, 2]
    assert contents(tmp_path) == {}


def test_other_errors_of_the_system_stay_what_they_are(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file") as caught:
        write_whole(tmp_path / "file" / "below", b"")
    assert not isinstance(caught.value, DiskFullError)


def test_an_error_on_the_way_leaves_what_was_there(tmp_path):
    path = write_whole(tmp_path / "a", b"old")

    def fail_half_way() -> None:
        with replacing(path) as stream:
            stream.write(b"half")
            raise RuntimeError("on the way")

    with pytest.raises(RuntimeError, match="on the way"):
        fail_half_way()
    assert contents(tmp_path) == {"a": b"old"}


def test_files_have_the_permissions_of_the_users_files(tmp_path):
    write_whole(tmp_path / "ours", b"")
    (tmp_path / "plain").write_bytes(b"")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_names_as_long_as_a_file_system_takes_them(tmp_path):
    assert write_whole(tmp_path / ("n" * 250), b"x").read_bytes() == b"x"


def test_a_stored_data_set_comes_back(tmp_path):
    given = data(3)
    assert stored(store(given, tmp_path)).sha256 == given.sha256


@pytest.mark.skipif(not sys.platform.startswith("linux") or os.geteuid() != 0, reason="needs to mount a disk")
def test_a_small_disk_that_is_really_full(tmp_path):
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", tmp_path], stderr=-3).returncode:
        pytest.skip("disks may not be mounted here")
    try:
        append(tmp_path / "r.jsonl", [record(0)])
        with pytest.raises(DiskFullError, match="at least 5 MB"):
            write_whole(tmp_path / "large", b"0" * 5_000_000)
        many = [record(seed) for seed in range(1, 3000)]
        with pytest.raises(DiskFullError, match=r"r\.jsonl, at least 2 MB"):
            append(tmp_path / "r.jsonl", many)
        assert read(tmp_path / "r.jsonl") == [record(0)]
        assert [p.name for p in tmp_path.iterdir() if not p.name.endswith(".lock")] == ["r.jsonl"]
    finally:
        subprocess.run(["umount", tmp_path], check=True)


# What may write without the helper: into a folder that is thrown away, by appending, or a part to go on from.
OTHERWISE = {
    "theory/files.py",
    "proofs_checks/formal/check.py",
    "proofs_checks/formal/statements.py",
    "proofs_checks/formal/own_loss.py",
    "proofs_checks/formal/witnesses.py",
    "empirics/records/files.py",
    "empirics/data/files.py",
    "empirics/experiments/beside_records.py",
}


WRITING = ("mkstemp", "NamedTemporaryFile", "write_text", "write_bytes", "rename", "fdopen")


def writes(source: str) -> list[str]:
    """Return the calls that create, change or move a file."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        given = [*node.args, *(k.value for k in node.keywords)]
        texts = [a.value for a in given if isinstance(a, ast.Constant) and isinstance(a.value, str)]
        opens = name == "open" and any(text.strip("bt+") in ("w", "a", "x") for text in texts)
        call = ast.unparse(node.func)
        if opens or name in WRITING or call == "os.replace":
            found.append(call)
    return found


def test_the_helper_writes_all_files():
    root = Path(lossmatters.__file__).parent
    found = set()
    for package in ("theory", "proofs_checks", "empirics", "paper", "."):
        folder = root / package
        for path in folder.glob("*.py") if package == "." else folder.rglob("*.py"):
            if "tarfile.open" not in (calls := writes(path.read_text(encoding="utf-8"))) and calls:
                found.add(path.relative_to(root).as_posix())
    assert found <= OTHERWISE, sorted(found - OTHERWISE)


@pytest.mark.parametrize(
    "source", ["p.write_text('')", "open(p, 'w')", "p.open('ab')", "os.replace(a, b)", "tempfile.mkstemp()"]
)
def test_a_file_written_by_hand_is_found(source):
    assert writes(source)
