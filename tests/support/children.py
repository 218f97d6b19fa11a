"""Processes that are forked, not started: they have all modules, whose import is most of a start.

A forked worker process takes its tasks as a spawned one does; only what it has in memory is different.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import multiprocessing
import os
import pkgutil
import resource
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_CONTEXT = multiprocessing.get_context


class Forking:
    """A context of multiprocessing that forks, whose processes have no pipe that spawned ones lack."""

    def Pipe(self) -> tuple[Any, Any]:
        self.ours, theirs = _CONTEXT("fork").Pipe()
        return self.ours, theirs

    def Process(self, target: Callable[..., object], args: tuple[Any, ...], daemon: bool) -> Any:
        def work(*given: Any) -> None:
            self.ours.close()  # else its end would never be seen
            target(*given)

        return _CONTEXT("fork").Process(target=work, args=args, daemon=daemon)


def warm() -> None:
    """Import all that a child may need, once for all of them."""
    import lossmatters

    for package in ("theory", "proofs_checks", "empirics", "paper"):
        found = importlib.import_module(f"lossmatters.{package}")
        for module in pkgutil.walk_packages(found.__path__, f"{found.__name__}."):
            with contextlib.suppress(ImportError):  # of what is not installed
                importlib.import_module(module.name)
    for name in lossmatters.__all__:
        getattr(lossmatters, name)
    for name in ("sklearn.datasets", "matplotlib.backends.backend_agg", "matplotlib.backends.backend_svg"):
        importlib.import_module(name)
    importlib.import_module("lossmatters.empirics.experiments.stack").dataset("digits")
    gc.collect()
    gc.freeze()  # else a child's first collection copies every page


@dataclass
class Child:
    """A process in a session of its own, whose output goes into a file.

    Attributes
    ----------
    status : what it ended with, as subprocess says it; None while it runs.
    """

    pid: int
    log: Path
    alive: int  # the end of a pipe, whose other end it has, and all that it starts by forking
    status: int | None = None

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def wait(self, seconds: float) -> bool:
        """Wait for the end, and return whether it came in that time."""
        end = time.monotonic() + seconds
        while self.status is None and time.monotonic() < end:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
            else:
                time.sleep(0.005)
        return self.status is not None

    def gone(self, seconds: float) -> bool:
        """Wait until it and all its workers have ended, and return whether they did in that time."""
        return self.wait(seconds) and bool(select.select([self.alive], [], [], seconds)[0])

    def kill(self, number: int, group: bool) -> None:
        """Send a signal to the process, or to its workers too."""
        if self.status is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            (os.killpg if group else os.kill)(self.pid, number)

    def end(self) -> None:
        """Kill what is left of it, workers whose parent is gone too."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self.wait(60)
        os.close(self.alive)


def forked(
    work: Callable[[], object],
    folder: Path,
    log: Path,
    cpu_seconds: int | None = None,
    stdout: str | None = None,
) -> Child:
    """Begin `work` in a forked process, in `folder`; an exception ends it as it ends Python.

    Parameters
    ----------
    cpu_seconds : of computing, after which the system ends it.
    stdout : where its standard output goes, if not into the log.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    log.touch()  # it may be killed before it opens it
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid:
        os.close(theirs)
        return Child(pid, log, ours)
    status = 1
    try:
        os.setsid()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if cpu_seconds is not None:
            resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 5))
        os.chdir(folder)
        to = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(to, 2)
        os.dup2(to if stdout is None else os.open(stdout, os.O_WRONLY), 1)
        multiprocessing.get_context = lambda method=None: Forking()  # type: ignore[assignment, return-value]
        work()
        sys.stdout.flush()
        status = 0
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        status = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    except BaseException:
        traceback.print_exc()
    finally:
        try:
            sys.stderr.flush()
        finally:
            os._exit(status)
    raise AssertionError
