"""One function over many arguments, in several processes or in this one."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

from lossmatters.theory import processes
from lossmatters.theory.processes import Background, each


def place(x: int) -> tuple[int, int]:
    return x, os.getpid()


def reciprocal(x: int) -> float:
    return 1 / x


def dead_away_from(home: int) -> int:
    if os.getpid() != home:
        os._exit(1)
    return home


def place_after_a_while(x: int) -> tuple[int, int]:
    sleep(0.3)
    return place(x)


def test_results_come_in_order_and_from_this_process_and_others() -> None:
    found = each(place_after_a_while, range(8), workers=2)
    assert [x for x, _ in found] == list(range(8))
    assert found[0][1] != os.getpid() == found[-1][1]
    assert {pid for _, pid in each(place, range(6))} == {os.getpid()}


def test_an_error_of_the_function_is_the_callers() -> None:
    with pytest.raises(ZeroDivisionError):
        each(reciprocal, [1, 0], workers=2)


def test_where_processes_die_or_cannot_start_this_one_does_all(monkeypatch: pytest.MonkeyPatch) -> None:
    assert each(dead_away_from, [os.getpid()] * 3, workers=2) == [os.getpid()] * 3

    def refuse(*_: Any, **__: Any) -> Any:
        raise OSError

    monkeypatch.setattr(processes, "ProcessPoolExecutor", refuse)
    assert {pid for _, pid in each(place, range(3), workers=2)} == {os.getpid()}


def end_after(seconds: float) -> None:
    sleep(seconds)
    os._exit(1)


def test_nothing_waits_for_ever_where_a_process_dies_after_another_call_was_cancelled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    died: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", died.append)
    with Background(1) as others:
        assert others.begin(place, 0)()[1] != os.getpid()  # it has started
        others.begin(end_after, 1)
        waiting = [others.begin(place, x) for x in range(5)]
        assert waiting[3]() == (3, os.getpid())  # cancelled, and known to the pool when the process dies
        assert waiting[0]() == (0, os.getpid())  # sent on, and lost with the process
        assert others._pool is not None
        others._pool._executor_manager_thread.join(10)  # type: ignore[attr-defined]
    assert not died


def test_what_is_begun_goes_on_elsewhere_and_ends_with_the_context() -> None:
    with Background(1) as others:
        begun = others.begin(place, 1)
        assert begun()[0] == 1
        pid = begun()[1]
        assert pid != os.getpid()
        others.begin(sleep, 60)
    assert gone(pid, seconds=10)


def test_without_others_what_is_begun_is_done_when_it_is_asked_for() -> None:
    with Background(0) as others:
        assert others.begin(place, 1)() == (1, os.getpid())
        with pytest.raises(ZeroDivisionError):
            others.begin(reciprocal, 0)()


def test_what_is_asked_for_before_its_turn_is_done_here() -> None:
    with Background(1) as others:
        assert others.begin(place, 0)()[1] != os.getpid()  # it has started
        begun = [others.begin(sleep, 2), *(others.begin(place, x) for x in range(5))]
        assert begun[-1]() == (4, os.getpid())
        assert begun[0]() is None
        assert begun[1]()[1] != os.getpid()


CALLER = """
import os, sys, time
from lossmatters.theory.processes import Background

if __name__ == "__main__":
    others = Background(1)
    print(others.begin(os.getpgid, 0)(), *[p for p in others._pool._processes], flush=True)
    others.begin(time.sleep, 60)
    time.sleep(60)
"""


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
def test_no_worker_outlives_a_caller_that_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "caller.py"
    script.write_text(CALLER)
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as caller:
        assert caller.stdout is not None
        worker = int(caller.stdout.readline().split()[1])
        assert not gone(worker, seconds=0)
        caller.kill()
    assert gone(worker, seconds=10)


def gone(pid: int, seconds: float) -> bool:
    """Tell whether a process ends in that time; one that nobody waited for has ended, too."""
    end = monotonic() + seconds
    while not (ended := _ended(pid)) and monotonic() < end:
        sleep(0.05)
    return ended


def _ended(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text().rsplit(")", 1)[1].split()[0] == "Z"
