"""One function over many arguments, in several processes where that can be, or in others meanwhile."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, InvalidStateError, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from types import TracebackType
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
        Processes, this one among them, which begins at the end. More than 1 only from a program that is
        guarded by ``if __name__ == "__main__"``, as each of the others imports it anew. Where no process can
        be started or one is killed, what is left is done in this one.
    """
    with Background(min(workers, len(arguments)) - 1) as others:
        begun = [others.begin(function, x) for x in arguments]
        return [result() for result in reversed(begun)][::-1]


class Background:
    """Other processes that compute while this one goes on, for as long as the context lasts.

    They end with it, and with this process however it ends, in the middle of what they do. As for `each`,
    the program must be guarded by ``if __name__ == "__main__"``.

    Parameters
    ----------
    workers : int
        Processes; with 0, all is done in this one, when it is asked for.
    """

    def __init__(self, workers: int) -> None:
        self._pool: ProcessPoolExecutor | None = None
        if workers > 0:
            with suppress(OSError, NotImplementedError, ImportError):  # no semaphores, no memory
                context = get_context("spawn")
                theirs, self._ours = context.Pipe(duplex=False)
                self._pool = ProcessPoolExecutor(
                    workers, mp_context=context, initializer=_follow, initargs=(theirs,)
                )

    def __enter__(self) -> Background:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._ours.close()
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None

    def begin(self, function: Callable[[T], R], argument: T) -> Callable[[], R]:
        """Begin function(argument) in another process, and return what gives its result.

        What is asked for before its turn has come is computed here; so is what no process could be started
        for, or was at work on when it was killed.

        Parameters
        ----------
        function : function
            Of a module, so that another process finds it.
        """
        try:
            begun = None if self._pool is None else _bearing_both_ends(self._pool.submit(function, argument))
        except (OSError, RuntimeError):  # no memory; a process was killed
            begun = None

        def result() -> R:
            if begun is not None and not begun.cancel():
                with suppress(BrokenProcessPool):
                    return begun.result()
            return function(argument)

        return result


def _bearing_both_ends(future: Future[R]) -> Future[R]:
    """Let a call that is cancelled here be told that its process died, too, and change nothing.

    The pool of Python 3.11 tells all calls so, one after the other, and would end at the first cancelled one:
    whoever waits for the others would do so for ever.
    """
    tell = future.set_exception

    def told(error: BaseException | None) -> None:
        with suppress(InvalidStateError):
            tell(error)

    future.set_exception = told  # type: ignore[assignment, method-assign]
    return future


def _follow(caller: Connection) -> None:
    """Leave interrupts to the caller, which says so once, end with it, and compute in one thread.

    Processes with as many threads as there are cores, each, would fight for them.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_after, args=(caller,), daemon=True).start()


def _end_after(caller: Connection) -> None:
    with suppress(EOFError, OSError):
        caller.recv()  # nothing is ever sent: this returns when the other end is closed
    os._exit(1)
