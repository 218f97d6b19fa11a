"""Worker processes that take tasks one after another.  No torch here, and nothing about training.

`multiprocessing.Pool` waits for ever when a worker is killed, and an executor has no way to report
progress from inside a task; this does both in a page.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from typing import Any

from lossmatters.empirics.experiments.supply import WAIT_SECONDS, Supply, as_supply, waited

Work = Callable[[Any, Callable[[Any], None]], Any]  # (task, report) -> result; a function of a module


class WorkerError(RuntimeError):
    """A task raised, or its worker process ended."""


@dataclass(frozen=True)
class Event:
    """What a worker says of a task: a report on the way ("report") or its result ("done")."""

    kind: str
    task: int
    value: Any


def run_tasks(
    work: Work, tasks: Sequence[Any] | Supply, workers: int, deadline: float | None = None
) -> Generator[Event, None, None]:
    """Do ``work(task, report)`` for each task in `workers` fresh processes, yielding events as they come.

    The processes are spawned, never forked: they inherit no thread pool and no setting of the caller's.
    Leaving the iterator early, by an error or by Ctrl-C, ends them, and so does the end of this process,
    however it comes about.

    Parameters
    ----------
    deadline : in seconds since 1970, after which tasks that other sweeps are at are not waited for.

    Raises
    ------
    WorkerError : a task raised, or a worker ended (killed, out of memory).
    """
    if hasattr(signal, "pthread_sigmask"):
        # Its start would unblock the interrupts that are held below. Windows has neither.
        resource_tracker.ensure_running()
    supply = as_supply(tasks)
    processes: dict[Connection, Any] = {}
    busy: set[Connection] = set()
    try:
        while True:
            while len(busy) < workers and (given := supply.take()) is not None:
                free = next(iter(processes.keys() - busy), None) or _start(work, processes)
                free.send(given)
                busy.add(free)
            if not busy and not waited(supply, deadline):
                break
            for pipe in wait(list(busy), WAIT_SECONDS if supply.left else None):
                assert isinstance(pipe, Connection)
                try:
                    event = pipe.recv()
                except (EOFError, ConnectionError):
                    processes[pipe].join()
                    raise WorkerError(
                        f"a worker process ended, exit code {processes[pipe].exitcode}"
                    ) from None
                if event.kind == "failed":
                    raise WorkerError(event.value)
                yield event
                if event.kind == "done":
                    busy.remove(pipe)
    except BaseException:
        for process in processes.values():
            process.terminate()
        raise
    finally:
        for pipe, process in processes.items():
            pipe.close()  # which ends a worker that has nothing to do
            process.join()


def _start(work: Work, processes: dict[Connection, Any]) -> Connection:
    """Start one more worker process, and return the pipe to it."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(work, theirs), daemon=True)
    with _interrupts_held():
        process.start()
    theirs.close()  # so that the end of the process is the end of the pipe
    processes[ours] = process
    return ours


def _serve(work: Work, pipe: Connection) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with suppress(EOFError, BrokenPipeError):  # the parent is gone: there is nobody to tell
        while (numbered := pipe.recv()) is not None:
            number, task = numbered
            try:
                event = Event("done", number, work(task, partial(_report, pipe, number)))
            except Exception as error:
                event = Event("failed", number, f"{type(error).__name__}: {error}")
            pipe.send(event)


def _end_with_parent() -> None:
    """End this process when the one that started it is gone, however that ended: nobody wants the task."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _report(pipe: Connection, number: int, value: Any) -> None:
    pipe.send(Event("report", number, value))


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Keep Ctrl-C, which goes to every process of the terminal, from a child that starts in here, so that
    only the parent speaks. One that arrives meanwhile is delivered to the parent afterwards.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows: both see it, and the parent waits for its children
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
