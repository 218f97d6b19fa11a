"""A function as a CUDA graph, and who may run while one is captured."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch


def on_stream(stream: Any) -> AbstractContextManager[Any]:
    """Return a context whose work goes to `stream`; nothing changes where it is None."""
    return nullcontext() if stream is None else torch.cuda.stream(stream)


class Replay:
    """A function of no argument that reads and writes tensors which stay where they are.

    On a CPU, or if it is not to be captured, it is called as it is.

    Parameters
    ----------
    function : what to do; it was done on `stream` before, so that nothing is set up any more.
    stream : of a CUDA device, or None.
    captured : whether to make a graph of it.
    pool : of memory, shared with other graphs of which only one runs at a time.
    generator : what the function draws random numbers from; each replay draws further ones.
    """

    def __init__(
        self,
        function: Callable[[], None],
        stream: Any = None,
        *,
        captured: bool = True,
        pool: Any = None,
        generator: torch.Generator | None = None,
    ) -> None:
        self.function, self.stream, self.graph = function, stream, None
        if stream is None or not captured:
            return
        graph = torch.cuda.CUDAGraph()
        if generator is not None:
            graph.register_generator_state(generator)
        # thread_local: what other threads launch meanwhile on their own streams is no error
        with torch.cuda.graph(graph, pool=pool, stream=stream, capture_error_mode="thread_local"):
            function()
        self.graph = graph

    def __call__(self) -> None:
        with on_stream(self.stream):
            if self.graph is None:
                self.function()
            else:
                self.graph.replay()


class Gate:
    """Many may train at a time; who captures a graph is alone, and waits for no more than an epoch.

    Captures wait for the device and stop the allocator from tidying up: safe beside replays by all that is
    documented, but nothing is gained by it.
    """

    def __init__(self) -> None:
        self._turn = threading.Condition()
        self._running, self._waiting, self._alone = 0, 0, False

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Wait until nobody captures or waits to."""
        with self._turn:
            self._turn.wait_for(lambda: not (self._alone or self._waiting))
            self._running += 1
        try:
            yield
        finally:
            with self._turn:
                self._running -= 1
                self._turn.notify_all()

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Wait until nobody is inside, and let nobody in."""
        with self._turn:
            self._waiting += 1
            self._turn.wait_for(lambda: not (self._alone or self._running))
            self._waiting, self._alone = self._waiting - 1, True
        try:
            yield
        finally:
            with self._turn:
                self._alone = False
                self._turn.notify_all()
