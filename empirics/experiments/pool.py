"""Worker processes that take tasks one after another.  No torch here, and nothing about training.

`multiprocessing.Pool` waits for ever when a worker is killed, and an executor has no way to report
progress from inside a task; this does both in a page.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from typing import Any

Work = Callable[[Any, Callable[[Any], None]], Any]  # (task, report) -> result; a function of a module


class WorkerError(RuntimeError):
    """A task raised, or its worker process ended."""


@dataclass(frozen=True)
class Event:
    """What a worker says of a task: a report on the way ("report") or its result ("done")."""

    kind: str
    task: int
    value: Any


def run_tasks(work: Work, tasks: Sequence[Any], workers: int) -> Generator[Event, None, None]:
    """Do ``work(task, report)`` for each task in `workers` fresh processes, yielding events as they come.

    The processes are spawned, never forked: they inherit no thread pool and no setting of the caller's.
    Leaving the iterator early, by an error or by Ctrl-C, ends them. A worker whose parent is gone ends
    at its next report.

    Raises
    ------
    WorkerError : a task raised, or a worker ended (killed, out of memory).
    """
    context = multiprocessing.get_context("spawn")
    resource_tracker.ensure_running()  # its start would unblock the interrupts that are held below
    waiting = list(enumerate(tasks))[::-1]
    processes: dict[Connection, Any] = {}
    try:
        for _ in range(min(workers, len(tasks))):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(work, theirs), daemon=True)
            with _interrupts_held():
                process.start()
            theirs.close()  # so that the end of the process is the end of the pipe
            processes[ours] = process
            ours.send(waiting.pop())
        busy = set(processes)
        while busy:
            for pipe in wait(list(busy)):
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
                    if waiting:
                        pipe.send(waiting.pop())
                    else:
                        pipe.send(None)
                        busy.remove(pipe)
    except BaseException:
        for process in processes.values():
            process.terminate()
        raise
    finally:
        for pipe, process in processes.items():
            pipe.close()
            process.join()


def _serve(work: Work, pipe: Connection) -> None:
    with suppress(EOFError, BrokenPipeError):  # the parent is gone: there is nobody to tell
        while (numbered := pipe.recv()) is not None:
            number, task = numbered
            try:
                event = Event("done", number, work(task, partial(_report, pipe, number)))
            except Exception as error:
                event = Event("failed", number, f"{type(error).__name__}: {error}")
            pipe.send(event)


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
