"""One function over many arguments, in several processes at once where that can be."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def usable_cores() -> int:
    """Return how many cores this process may use; macOS and Windows can only say how many there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def each(function: Callable[[T], R], arguments: Sequence[T], workers: int = 1) -> list[R]:
    """Return the function's results in order.

    Parameters
    ----------
    function : function
        Of a module, so that another process finds it.
    workers : int
        Processes; 1 stays in this one. More only from a program that is guarded by
        ``if __name__ == "__main__"``, as each of them imports it anew. Where no process can be started or one
        is killed, all is done in this one.
    """
    if workers > 1 and len(arguments) > 1:
        try:
            return _in_processes(function, arguments, min(workers, len(arguments)))
        except (BrokenProcessPool, OSError, NotImplementedError):  # no semaphores, no memory
            pass
    return [function(x) for x in arguments]


def _in_processes(function: Callable[[T], R], arguments: Sequence[T], workers: int) -> list[R]:
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_leave_interrupts)
    try:
        return list(pool.map(function, arguments))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _leave_interrupts() -> None:
    """Let the caller end on an interrupt, and say so once."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
