"""Other systems and poor surroundings, simulated: each works, or says one line at the start."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import tasks

import lossmatters
from lossmatters import show
from lossmatters.arguments import check_not_kept, kept_records, read_records
from lossmatters.empirics.data.files import data_folder
from lossmatters.empirics.experiments import pool
from lossmatters.theory.cache import cached, user_folder
from lossmatters.theory.processes import usable_cores


def command(*arguments: object, before: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own, after some lines of Python."""
    code = f"import sys\n{before}\nfrom lossmatters.cli import main\nmain(sys.argv[1:])"
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )


def test_cores_are_counted_where_no_affinity_is_known(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    assert usable_cores() == 3
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert usable_cores() == 1


def test_workers_start_where_signals_cannot_be_held(monkeypatch):
    """As on Windows, where the tracker that is started beforehand elsewhere cannot be, either."""
    monkeypatch.setattr(pool, "signal", SimpleNamespace())
    monkeypatch.setattr(pool, "resource_tracker", SimpleNamespace(ensure_running=lambda: 1 / 0))
    events = list(pool.run_tasks(tasks.double, [4], 1))
    assert [event.value for event in events] == ["half way", 8]


UNIX = ("fcntl", "resource", "pwd", "grp", "termios", "posix")
IMPORT_ALL = f"""
import sys
import torch, matplotlib.figure, sklearn.datasets, scipy.stats, multiprocessing.resource_tracker
for name in {UNIX!r}:
    sys.modules[name] = None
for name in [n for n in sys.modules if n.startswith("filelock")]:
    del sys.modules[name]
import importlib, pkgutil
import lossmatters
for module in pkgutil.walk_packages(lossmatters.__path__, "lossmatters."):
    if "__main__" not in module.name and "conformance.plugin" not in module.name:
        importlib.import_module(module.name)
import filelock
assert filelock.FileLock is not None
"""


@pytest.mark.slow
def test_no_module_needs_what_unix_alone_has():
    subprocess.run([sys.executable, "-W", "ignore", "-c", IMPORT_ALL], check=True)


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_without_a_home_results_are_not_kept_and_data_need_a_folder(monkeypatch, tmp_path, platform):
    def nobody() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(Path, "home", staticmethod(nobody))
    for name in ("LOSSMATTERS_CACHE", "LOSSMATTERS_DATA", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    assert cached("x", lambda: [1]) == [1]
    with pytest.raises(OSError, match=r"HOME must be set, or LOSSMATTERS_CACHE .* and LOSSMATTERS_DATA"):
        data_folder()
    assert user_folder(tmp_path) == data_folder(tmp_path) == tmp_path


def test_a_cache_that_cannot_be_written_changes_nothing(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("LOSSMATTERS_CACHE", str(tmp_path / "file" / "folder"))
    assert [cached("x", lambda: [1]), cached("x", lambda: [2])] == [[1], [2]]


def test_a_console_that_lacks_signs_gets_replacements_and_whole_json(monkeypatch):
    found = command("--help", PYTHONIOENCODING="ascii", COLUMNS="200", TERM="dumb")
    assert found.returncode == 0
    assert "certify" in found.stdout
    narrow = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    monkeypatch.setattr(sys, "stdout", narrow)
    show.print_json({"noise": "\N{GREEK SMALL LETTER ETA}"})
    narrow.flush()
    assert json.loads(narrow.buffer.getvalue()) == {"noise": "\N{GREEK SMALL LETTER ETA}"}


@pytest.mark.skipif(os.name != "posix", reason="file descriptors are closed by a shell")
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", ">/dev/full"])
def test_closed_streams_end_in_no_traceback(closed):
    line = f'"{sys.executable}" -m lossmatters --version {closed}'
    found = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False)
    assert "Traceback" not in found.stderr
    assert found.returncode == (0 if "full" not in closed else found.returncode)


@pytest.mark.slow
def test_a_notebooks_backend_is_not_needed(tmp_path):
    options = ("--records", "kept", "--only", "curves", "--format", "svg", "--out", tmp_path)
    found = command("figures", *options, MPLBACKEND="module://of_a_notebook.backend")
    assert (found.returncode, found.stderr) == (0, "")
    assert list((tmp_path / "figures").glob("*.svg"))


def test_no_folder_for_temporary_files_is_told_at_the_start(tmp_path):
    before = "import tempfile\ntempfile._candidate_tempdir_list = lambda: ['/dev/null/nowhere']"
    place = {"HOME": "/dev/null/home", "MPLCONFIGDIR": "/dev/null/settings"}
    found = command("report", "--records", "kept", "--out", tmp_path, before=before, **place)
    assert found.returncode == 2
    *_, last = found.stderr.splitlines()  # Matplotlib itself says more
    assert last.startswith("lossmatters: ")
    assert "temporary directory" in last
    assert "Traceback" not in found.stderr


def test_the_version_is_told():
    found = command("--version")
    assert (found.returncode, found.stdout) == (0, f"lossmatters {lossmatters.__version__}\n")


def test_kept_records_are_found_by_name_and_not_written_to(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert {r.experiment for r in read_records(Path("kept"), tmp_path)} >= {"quick", "cpu"}
    assert (kept_records() / "quick.jsonl").exists()
    with pytest.raises(ValueError, match="records must be a path to write to where networks are trained"):
        check_not_kept(Path("kept"))
    Path("kept").mkdir()  # a folder of this name is what is meant
    check_not_kept(Path("kept"))
    with pytest.raises(ValueError, match="records must be a file or a folder"):
        read_records(Path("kept"), tmp_path)
