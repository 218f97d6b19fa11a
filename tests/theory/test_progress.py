"""Progress is seen in a log too: a line now and then, with what is done and what is left."""

from __future__ import annotations

import io
import re
import sys
import time

import pytest

from lossmatters.theory import progress as progresses
from lossmatters.theory.progress import line, progress, steps


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_log_gets_a_line_though_nothing_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("claims", 3, every=0.02, unit="of them") as report:
        report(1, "S1")
        said = ""
        while said.count("\n") < 3:  # however busy the machine is
            time.sleep(0.02)
            said += capsys.readouterr().err
    assert {re.sub(r"after \d+ s", "", line) for line in said.splitlines()} == {
        "claims: 1 of 3 of them done, 2 left, ; now S1"
    }
    capsys.readouterr()
    time.sleep(0.05)
    assert capsys.readouterr().err == "", "nothing is said once the work is over"


def test_short_work_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with steps("claims", 2) as step:
        step("S1")
        step("S2")
    assert capsys.readouterr() == ("", "")
    assert progresses.EVERY == 30


def test_steps_count_what_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(progresses, "_say", said.append)
    monkeypatch.setattr(progresses, "EVERY", 0.02)
    with steps("x", 2) as step:
        for name in ("first", "second"):
            step(name)
            time.sleep(0.1)
    assert said[0] == "x: 0 of 2 done, 2 left, after 0 s; now first"
    assert said[-1] == "x: 1 of 2 done, 1 left, after 0 s; now second"


def test_a_terminal_gets_a_bar_and_the_output_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal, out = Terminal(), io.StringIO()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(sys, "stdout", out)
    with progress("claims [red]", 3) as report:
        report(2, "S1 [bold]")
        print("a result")
    assert "claims [red]" in terminal.getvalue()
    assert "S1 [bold]" in terminal.getvalue()
    assert out.getvalue() == "a result\n"


def test_nothing_is_shown_where_nothing_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress("claims", 3, show=False) as report:
        report(2, "S1")
    assert terminal.getvalue() == ""


def test_a_closed_log_does_not_end_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = io.StringIO()
    monkeypatch.setattr(sys, "stderr", closed)
    with progress("claims", 3, every=0.02):
        closed.close()
        time.sleep(0.06)


@pytest.mark.parametrize(
    ("seconds", "span"), [(0.2, "0 s"), (59.7, "1 min"), (95, "1 min 35 s"), (3723, "1 h 2 min 3 s")]
)
def test_the_time_is_readable(seconds: float, span: str) -> None:
    assert line("x", 1, 2, seconds).endswith(f"after {span}")
