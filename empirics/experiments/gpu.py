"""The tasks of a sweep on a GPU: networks of images in lanes of this process, all else stack by stack."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Mapping, Sequence
from typing import TYPE_CHECKING

from lossmatters.empirics.experiments.experiment import Experiment, Run
from lossmatters.empirics.experiments.jobs import Group, Job
from lossmatters.empirics.experiments.pool import Event, WorkerError, run_tasks
from lossmatters.empirics.experiments.supply import Claimed, waited
from lossmatters.empirics.models.images import ImageModel

if TYPE_CHECKING:
    from lossmatters.empirics.experiments.stack import Task

LANES = 8  # measured: docs/models.md


def in_lanes(part: Experiment, runs: Sequence[Run]) -> bool:
    """Return whether these runs are trained one by one: small perceptrons are faster as a stack, and a warm
    start needs the network that it goes on from.
    """
    declared = not (part.training.own_optimiser or part.training.own_schedule)  # a lane knows no other
    return declared and isinstance(part.model, ImageModel) and all(run.start is None for run in runs)


def run_on_gpu(
    tasks: Claimed, all_tasks: Sequence[Task], lanes: int = LANES, device: str = "cuda"
) -> Generator[Event, None, None]:
    """Do tasks as `lossmatters.empirics.experiments.pool.run_tasks` does; a task for a lane has one run.

    Parameters
    ----------
    tasks : to be handed out.
    all_tasks : the same, by their numbers.

    Raises
    ------
    WorkerError : a task raised; those that did not are done first.
    """
    from lossmatters.empirics.experiments.stack import train_task

    single = tasks.part([i for i, task in enumerate(all_tasks) if in_lanes(task.experiment, task.runs)])
    deadline = next((t.saving.deadline for t in all_tasks if t.saving is not None), None)
    yield from run_tasks(train_task, tasks, 1, deadline)
    while single.left:
        taken = dict(iter(single.take, None))
        if taken:
            yield from _run_in_lanes(taken, lanes, device)
        elif not waited(single, deadline):
            break


def _run_in_lanes(chosen: Mapping[int, Task], lanes: int, device: str) -> Generator[Event, None, None]:
    from lossmatters.empirics.experiments.lanes import Lanes

    events: queue.SimpleQueue[Event | BaseException | None] = queue.SimpleQueue()
    first = next(iter(chosen.values()))
    pool = Lanes(
        lambda job, record: events.put(Event("done", job.index, [record])),
        device=device,
        saving=first.saving,
        source=first.source,
        data_dir=first.data_dir,
        report=lambda job, epochs: events.put(Event("report", job.index, epochs)),
    )
    saves = first.saving is not None
    jobs = [Job(task.experiment, task.runs[0], saves, task.eager, i) for i, task in chosen.items()]

    def run() -> None:
        try:
            pool.run([Group("all", jobs, min(lanes, len(jobs)))])
            events.put(pool.errors[0] if pool.errors else None)
        except BaseException as error:
            events.put(error)

    # graphs are captured there, and networks trained in threads of its own
    threading.Thread(target=run, daemon=True).start()
    try:
        while (event := events.get()) is not None:
            if isinstance(event, BaseException):
                raise WorkerError(f"{type(event).__name__}: {event}")
            yield event
    finally:
        pool.stop()
