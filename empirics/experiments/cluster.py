"""The workers of a running Dask cluster, in place of local processes.  No torch here.

A task that dies with its worker is given to another one by Dask; results come back to the caller, who alone
writes records: nothing is lost and nothing is twice.
`distributed` is an extra, and imported by what uses it.
"""

from __future__ import annotations

import json
import logging
import queue
import re
import sys
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from lossmatters.empirics.experiments.pool import Event, Work, WorkerError
from lossmatters.empirics.experiments.provenance import version
from lossmatters.empirics.experiments.supply import Supply, as_supply, waited
from lossmatters.theory.exact import fail

if TYPE_CHECKING:
    from distributed import Client, Future

ADDRESS = re.compile(r"(tcp|tls|ws|wss|ucx)://\S+")
FILE = "dask:"  # before the path of a scheduler file
ANSWER_SECONDS = 10.0  # for a scheduler to answer; one that is there does so in milliseconds
COUNT_SECONDS = 2.0  # between two looks at how many workers there are: they come and go
POLL_SECONDS = 0.1
GATHER_SECONDS = 30.0  # for the records of a stack, some hundred kilobytes, to arrive
REPORT_SECONDS = 1.0  # between two reports of one task, however short its epochs are


def is_cluster(executor: str | Client) -> bool:
    """Return whether an executor is a cluster, not "local"; opens no connection.

    Raises
    ------
    ValueError, TypeError : it is neither.
    ImportError : it is a cluster, and `distributed` is not installed.
    """
    known = "local, tcp://HOST:PORT, dask:SCHEDULER_FILE or a distributed.Client"
    if not isinstance(executor, str):
        # a Client exists only where its module was imported
        distributed = sys.modules.get("distributed")
        if distributed is None or not isinstance(executor, distributed.Client):
            fail("executor", known, executor, TypeError)
        if executor.asynchronous:
            fail("executor", "a Client that is not asynchronous", executor)
        return True
    if executor == "local":
        return False
    if not ADDRESS.fullmatch(executor) and executor.removeprefix(FILE) in (executor, ""):
        fail("executor", known, executor)
    if find_spec("distributed") is None:
        raise ImportError(f'executor={executor!r} needs distributed: pip install "lossmatters[cluster]"')
    return True


@contextmanager
def connected(executor: str | Client) -> Iterator[Client]:
    """Yield a client of the cluster, closed afterwards unless it is the caller's own.

    Raises
    ------
    ValueError : no scheduler file, or a file that is none.
    ConnectionError : no scheduler answers.
    """
    if not isinstance(executor, str):
        yield executor
        return
    from distributed import Client

    address = _address(executor)
    try:
        client = Client(address, timeout=ANSWER_SECONDS, set_as_default=False)
    except OSError:
        raise ConnectionError(
            f"executor must be a scheduler that answers, got executor={executor!r}: nothing came from "
            f"{address} in {ANSWER_SECONDS:g} seconds"
        ) from None
    with client:
        yield client


def worker_count(client: Client) -> int:
    """Return how many workers there are now.

    Raises
    ------
    WorkerError : the scheduler is gone.
    """
    with suppress(OSError):
        if client.status == "running":
            return len(client.nthreads())
    raise WorkerError("the scheduler of the cluster is gone")


def run_on_cluster(
    work: Work, tasks: Sequence[Any] | Supply, client: Client, deadline: float | None = None
) -> Generator[Event, None, None]:
    """Do ``work(task, report)`` for each task on the workers of a cluster, yielding events as they come.

    Each worker does one task at a time, in its own process, and reports at most once a second. A task whose
    worker ended begins again on another one; after as many workers as the scheduler allows ("distributed.
    scheduler.allowed-failures", 3) it fails. Where there is no worker, this says so and waits for one.
    Leaving the iterator early drops all tasks: one that runs ends at its next report, and so does one whose
    caller is gone.

    Parameters
    ----------
    deadline : in seconds since 1970, after which nothing more is hoped for from a cluster without workers,
        and tasks that other sweeps are at are not waited for.

    Raises
    ------
    WorkerError : a task raised, or ended too many workers, or the scheduler is gone.
    """
    import cloudpickle

    topic = f"lossmatters-{uuid4().hex}"
    news: queue.SimpleQueue[tuple[int, Any]] = queue.SimpleQueue()
    futures: dict[int, Future[Any]] = {}
    workers, counted, supply = 1, float("-inf"), as_supply(tasks)
    client.subscribe_topic(topic, lambda event: news.put(event[1]))
    try:
        while futures or supply.left:
            while (given := supply.take()) is not None:
                number, task = given
                futures[number] = client.submit(
                    *(_do, version("lossmatters"), cloudpickle.dumps((work, task)), number, topic),
                    # a key of its own, so that Dask never takes it for one that it has done before
                    key=f"{topic}-{number}",
                    priority=-number,  # in their order, which is first seed first
                    retries=0,
                )
            if not futures and not waited(supply, deadline):
                return
            if time.monotonic() > counted + COUNT_SECONDS:
                before, workers, counted = workers, worker_count(client), time.monotonic()
                if before and not workers:
                    logging.getLogger(__name__).warning("the cluster has no workers: waiting for one")
            if not workers and deadline is not None and time.time() > deadline:
                return
            for number, value in _arrived(news):
                if number in futures:
                    yield Event("report", number, value)
            for number, future in list(futures.items()):
                event = _ended(future)
                if event is not None:
                    del futures[number]
                    yield event
    finally:
        with suppress(Exception):  # the scheduler may be gone, and then so are its tasks
            client.cancel(list(futures.values()))
            client.unsubscribe_topic(topic)


def _address(executor: str) -> str:
    if not executor.startswith(FILE):
        return executor
    path = Path(executor.removeprefix(FILE))
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["address"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it has no address"
        fail("executor", f"dask: and the file of a running scheduler ({reason})", executor)


def _arrived(news: queue.SimpleQueue[tuple[int, Any]]) -> Iterator[tuple[int, Any]]:
    """Yield the events that are there, or come in a moment."""
    with suppress(queue.Empty):
        yield news.get(timeout=POLL_SECONDS)
        while True:
            yield news.get_nowait()


def _ended(future: Future[Any]) -> Event | None:
    """Return the last event of a task; None if it has not ended, or its result went with its worker."""
    from distributed import CancelledError, KilledWorker

    try:
        match future.status:
            case "finished":
                event: Event = future.result(timeout=GATHER_SECONDS)
            case "error" | "cancelled":
                event = future.result()  # which raises
            case _:
                return None
    except TimeoutError:
        return None
    except KilledWorker as error:
        raise WorkerError(
            f"a task ended {error.allowed_failures + 1} workers of the cluster one after another, the last "
            f"at {error.last_worker.address} (killed, out of memory?)"
        ) from None
    except CancelledError:
        raise WorkerError("the scheduler of the cluster is gone, or dropped a task") from None
    except Exception as error:
        raise WorkerError(
            f"a worker of the cluster could not take a task: {type(error).__name__}: {error}"
        ) from None
    if event.kind == "failed":
        raise WorkerError(event.value)
    return event


def _do(ours: str | None, packed: bytes, number: int, topic: str) -> Event:
    """Do a task on a worker. It is unpacked here, after the versions are known to be the same."""
    import cloudpickle
    from distributed import Reschedule, get_worker

    worker = get_worker()
    try:
        if version("lossmatters") != ours:
            fail("lossmatters", f"of version {ours} on every worker, as here", version("lossmatters"))
        if worker.state.nthreads != 1:
            # a stack is trained on one thread of a process of its own, or its bits are not those of others
            fail("nthreads", "1 for each worker (dask worker --nthreads 1)", worker.state.nthreads)
        work, task = cloudpickle.loads(packed)
        return Event("done", number, work(task, _reporter(worker, number, topic)))
    except Reschedule:
        raise
    except Exception as error:
        return Event("failed", number, f"{type(error).__name__}: {error}")


def _reporter(worker: Any, number: int, topic: str) -> Callable[[Any], None]:
    from distributed import Reschedule, Status

    key, told = worker.get_current_task(), 0.0

    def report(value: Any) -> None:
        nonlocal told
        # The worker learns that nobody waits for a task, be it cancelled or its caller gone, or is told to
        # end, but cannot stop a thread. This exception gives the task back, and nobody or another takes it.
        state = worker.state.tasks.get(key)
        if state is None or state.state != "executing" or worker.status in (Status.closing, Status.closed):
            raise Reschedule
        if time.monotonic() >= told + REPORT_SECONDS:
            worker.log_event(topic, (number, value))
            told = time.monotonic()

    return report
