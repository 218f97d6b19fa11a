"""Progress of long work: a bar on a terminal, and a line now and then in a log.

What runs for minutes must say so wherever it is read: a bar where the standard error is a terminal, else a
line every half minute with what is done and what is left, whether or not anything got done in between.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

EVERY = 30.0  # seconds between two lines of a log
Report = Callable[[float, str], None]


@contextmanager
def progress(
    what: str, total: int | None = None, *, show: bool = True, every: float | None = None, unit: str = ""
) -> Iterator[Report]:
    """Yield a function to call with how much is done, and a word on what is being done.

    Parameters
    ----------
    what : str
        What is going on, such as "claims".
    total : int, optional
        How much there is to do; None where nobody knows.
    show : bool
        False to say nothing at all.
    every : float, optional
        Seconds between two lines, where the standard error is no terminal; half a minute unless given.
    unit : str
        What is counted, where `what` does not say it: "epochs".
    """
    if not show:
        yield _silent
    elif sys.stderr.isatty():
        with _bar(what, total) as report:
            yield report
    else:
        with _lines(what, total, EVERY if every is None else every, unit) as report:
            yield report


def _silent(done: float, note: str = "") -> None:
    """Say nothing."""


@contextmanager
def steps(what: str, total: int, *, show: bool = True) -> Iterator[Callable[[str], None]]:
    """Yield a function to call with the name of each item before its turn."""
    with progress(what, total, show=show) as report:
        begun = 0

        def step(name: str) -> None:
            nonlocal begun
            report(begun, name)
            begun += 1

        yield step


@contextmanager
def _bar(what: str, total: int | None) -> Iterator[Report]:
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    count = [] if total is None else [MofNCompleteColumn()]
    columns = (TextColumn("{task.description}"), BarColumn(24), *count, TimeElapsedColumn())
    note = TextColumn("{task.fields[note]}", style="dim")
    console = Console(stderr=True)
    # what is printed meanwhile is printed as it is: the standard output may be a file
    with Progress(*columns, note, console=console, transient=True, redirect_stdout=False) as bar:
        task = bar.add_task(escape(what), total=total, note="")

        def report(done: float, said: str = "") -> None:
            bar.update(task, completed=done, note=escape(said))

        yield report


@contextmanager
def _lines(what: str, total: int | None, every: float, unit: str) -> Iterator[Report]:
    began, over = time.monotonic(), threading.Event()
    done, note = 0.0, ""

    def report(now: float, said: str = "") -> None:
        nonlocal done, note
        done, note = now, said

    def speak() -> None:
        # a thread, since one claim, or one step of a search, may take longer than the line may wait
        while not over.wait(every):
            _say(line(what, done, total, time.monotonic() - began, note, unit))

    speaker = threading.Thread(target=speak, name=f"progress of {what}", daemon=True)
    speaker.start()
    try:
        yield report
    finally:
        over.set()
        speaker.join()


def line(what: str, done: float, total: int | None, seconds: float, note: str = "", unit: str = "") -> str:
    """Return the line of a log.

    >>> line("claims", 41, 177, 95.2, "E4")
    'claims: 41 of 177 done, 136 left, after 1 min 35 s; now E4'
    >>> line("certify", 0, None, 30)
    'certify: at work for 30 s'
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "min"), (rest, "s")]
    span = " ".join(f"{n} {name}" for n, name in parts if n) or "0 s"
    now = f"; now {note}" if note else ""
    if total is None:
        return f"{what}: at work for {span}{now}"
    counted = f" {unit}" if unit else ""
    return f"{what}: {done:.0f} of {total}{counted} done, {total - done:.0f} left, after {span}{now}"


def _say(text: str) -> None:
    with suppress(OSError, ValueError):  # the log is gone or closed; the work is not
        print(text, file=sys.stderr, flush=True)
