"""Running an experiment: what is missing, in worker processes, into a file of records.

Records of a run do not depend on the number of workers, on the machine that they are on (but for its kind of
device), on the order in which stacks are done, or on an interruption: a stack is always trained whole, as
declared, on one thread of a process that does nothing else, and what was not asked for or is recorded already
is not written.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lossmatters.empirics.experiments.beside_records import (
    check_writable,
    checkpoints_of,
    forget,
    forget_recorded,
    shared_dataset,
    size_of,
    tidy,
)
from lossmatters.empirics.experiments.claims import Claims
from lossmatters.empirics.experiments.cluster import connected, is_cluster, run_on_cluster, worker_count
from lossmatters.empirics.experiments.experiment import Experiment, Run, Study
from lossmatters.empirics.experiments.gpu import in_lanes, run_on_gpu
from lossmatters.empirics.experiments.planning import (
    Plan,
    absolute,
    changed,
    device_kind,
    planned,
    records_file,
    run_id,
)
from lossmatters.empirics.experiments.pool import Event, WorkerError, run_tasks
from lossmatters.empirics.experiments.progress import Progress, reporter
from lossmatters.empirics.experiments.provenance import source_commit
from lossmatters.empirics.experiments.sending import check_sendable
from lossmatters.empirics.experiments.stack import (
    Saving,
    Task,
    train_task,
    train_task_elsewhere,
)
from lossmatters.empirics.experiments.supply import Claimed
from lossmatters.empirics.records import Record
from lossmatters.theory.exact import fail

if TYPE_CHECKING:
    from distributed import Client

LANE_DEVICES = ("cuda",)
CHECKPOINT_SECONDS = 60.0  # at most so much of the work on a stack is lost when it is killed


class TrainingError(RuntimeError):
    """Training stopped early; what was finished is recorded."""


def train(
    experiment: str | Experiment | Study,
    *,
    records_path: str | os.PathLike[str],
    seeds: int | Sequence[int] | None = None,
    epochs: int | None = None,
    subset: int | None = None,
    precision: str | None = None,
    only: Mapping[str, Any] | None = None,
    device: str = "auto",
    workers: int | None = None,
    resume: bool = True,
    data_dir: str | os.PathLike[str] | None = None,
    executor: str | Client = "local",
    budget: float | None = None,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
    progress: bool | Callable[[Progress], None] = True,
) -> list[Record]:
    """Train what is missing and return the records of all runs asked for, in the order of the grid.

    The state of a stack is saved now and then in a folder beside the records, ``<name>.checkpoints``, and
    taken up by the next call that trains the same stack; the folder goes when it is empty.

    Parameters
    ----------
    experiment : a name in `EXPERIMENTS`, an Experiment or a Study.
    records_path : a file, or a folder in which the file is ``<experiment>.jsonl``. A path that does not
        exist is a file if it ends in ``.jsonl``.
    seeds : other seeds; a number N means 0..N-1.
    epochs : another number of epochs. These are other runs: their records do not mix.
    subset : as many training and test samples only, to try things. These are other runs too.
    precision : "float32" or "bfloat16" whatever the declaration says. These are other runs too.
    only : see `lossmatters.empirics.experiments.selection.choose`.
    device : "auto", "cpu" or "cuda"; in a cluster each worker settles "auto" for itself.
    workers : processes, each on one thread; by default as many as the CPUs that this process may use. On a
        GPU, networks of images at a time, in lanes of one process. A cluster has its own.
    resume : go on with an existing file; if False, the file must not hold records.
    data_dir : where the files of data sets are, see `lossmatters.empirics.data.load`.
    executor : "local" for processes of this machine, or a running Dask cluster: "tcp://HOST:PORT",
        "dask:SCHEDULER_FILE" or a `distributed.Client`. Its workers write checkpoints and read data by the
        same paths as here: the folders are best shared. A stack whose worker ended begins again on another
        one, from its last checkpoint where that one finds it.
    budget : seconds after which all is saved and the call returns, with the records that there are. Each
        worker finishes one epoch in any case.
    checkpoint_seconds : between two checkpoints of one stack, >= 0; they are written after epochs.
    progress : True for a bar on the standard error (a line every half minute where it is no terminal), or a
        function that is called after every epoch of a stack; of one in a cluster, at most once a second.

    Raises
    ------
    TypeError, ValueError : arguments out of domain; a records file that is broken (`RecordError`). All
        of this before training starts.
    OSError, ImportError : the file cannot be written; no scheduler answers; `distributed` is not installed.
        Also before training starts.
    TrainingError : a loss raised, or a worker process ended (in a cluster: several, one after another, at
        the same stack), or the scheduler did. Finished stacks are recorded.
    KeyboardInterrupt : Ctrl-C. Finished stacks are recorded.
    """
    elsewhere = is_cluster(executor)
    if elsewhere and workers is not None:
        fail("workers", "left out where a cluster has its own", workers)
    kind, folder = device_kind(device, elsewhere), absolute(data_dir)
    if budget is not None and not budget > 0:
        fail("budget", "> 0 seconds", budget)
    if not checkpoint_seconds >= 0:
        fail("checkpoint_seconds", ">= 0", checkpoint_seconds)
    asked_for = changed(experiment, seeds, epochs, subset, precision)
    count = 1 if elsewhere else workers
    before = size_of(records_file(records_path, asked_for.name))
    todo, existing = planned(asked_for, records_path, only, kind, count, resume, folder, elsewhere)
    check_writable(todo.path)
    ids = {run: run_id(todo.part(run), run, folder) for run in todo.runs}
    claims = Claims(todo.path.absolute(), before)
    forget_recorded(todo, {run: name for run, name in ids.items() if name in existing}, claims)
    if todo.stacks:
        if not elsewhere:  # a cluster takes functions with their code, and has processors of its own
            if todo.warning:
                logging.getLogger(__name__).warning(todo.warning)
            for part in asked_for.parts:
                check_sendable(part)
        deadline = None if budget is None else time.time() + budget
        saving = Saving(checkpoints_of(todo.path.absolute()), checkpoint_seconds, deadline)
        missing = {run: name for run, name in ids.items() if name not in existing}
        existing |= _train(todo, missing, claims, executor, progress, saving, folder)
    return [existing[name] for name in ids.values() if name in existing]


def _train(
    todo: Plan,
    missing: Mapping[Run, str],
    claims: Claims,
    executor: str | Client,
    progress: bool | Callable[[Progress], None],
    saving: Saving,
    data_dir: str | None,
) -> dict[str, Record]:
    """Train the stacks and write the records of the runs that are missing, given with their run_id."""
    source = source_commit()
    written: dict[str, Record] = {}
    pieces = _pieces(todo, missing, todo.device in LANE_DEVICES and not is_cluster(executor))
    networks = sum(len(runs) for _, runs in pieces)
    total = sum(len(runs) * todo.part(runs[0]).training.epochs for _, runs in pieces)
    left: list[Path] = [saving.folder]  # to be removed at the end, if no other sweep takes part
    try:
        with claims.open(lambda: tidy(left)), _pool(executor, todo, saving.deadline) as (run_all, workers):
            shared = {part.dataset: shared_dataset(part.dataset, todo.path) for part in todo.experiment.parts}
            tasks = [
                Task(
                    replace(todo.part(runs[0]), dataset=shared[todo.part(runs[0]).dataset]),
                    *(runs, i, todo.device, source, data_dir, saving),
                )
                for i, runs in pieces
            ]
            epochs = [0] * len(tasks)
            wanted = {i: [missing[r] for r in task.runs if r in missing] for i, task in enumerate(tasks)}
            supply = Claimed(dict(enumerate(tasks)), wanted, claims, workers)

            def state() -> Progress:
                done = sum(len(tasks[i].runs) for i in [*supply.recorded, *finished])
                for i in supply.recorded:
                    epochs[i] = len(tasks[i].runs) * tasks[i].experiment.training.epochs
                return Progress(done, networks, sum(epochs), total)

            finished: list[int] = []
            with reporter(progress, todo) as report, closing(run_all(supply, tasks)) as events:
                for event in events:
                    if event.kind == "report":
                        epochs[event.task] = event.value
                    elif event.value is not None:
                        task = tasks[event.task]
                        new = _asked_for(event.value, task, missing)
                        claims.append(r for name, r in new.items() if name not in claims.elsewhere)
                        written |= new
                        finished.append(event.task)
                        epochs[event.task] = len(task.runs) * task.experiment.training.epochs
                        forget(task)
                    report(state())
                if supply.recorded:
                    report(state())
            left += [Path(place) for given, place in shared.items() if given != place]
    except WorkerError as error:
        raise TrainingError(f"training stopped: {error}; {_kept(todo.path)}") from None
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"interrupted; {_kept(todo.path)}") from None
    return written | claims.elsewhere


def _pieces(todo: Plan, missing: Mapping[Run, str], lanes: bool) -> list[tuple[int, tuple[Run, ...]]]:
    """Return (place of a stack, runs to train together): whole stacks, or in lanes each missing run."""
    found: list[tuple[int, tuple[Run, ...]]] = []
    for index, runs in todo.stacks.items():
        if lanes and in_lanes(todo.part(runs[0]), runs):
            found += [(index, (run,)) for run in runs if run in missing]
        else:
            found.append((index, runs))
    return found


@contextmanager
def _pool(
    executor: str | Client, todo: Plan, deadline: float | None
) -> Iterator[tuple[Callable[[Claimed, Sequence[Task]], Generator[Event, None, None]], int]]:
    """Yield what trains tasks, as they are handed out, and how many of them at a time to begin with."""
    if not is_cluster(executor):
        if todo.device in LANE_DEVICES:
            yield partial(run_on_gpu, lanes=todo.workers, device=todo.device), todo.workers
        else:
            yield lambda supply, _: run_tasks(train_task, supply, todo.workers, deadline), todo.workers
        return
    with connected(executor) as client:
        yield (
            lambda supply, _: run_on_cluster(train_task_elsewhere, supply, client, deadline),
            max(1, worker_count(client)),
        )


def _asked_for(found: Sequence[Record], task: Task, missing: Mapping[Run, str]) -> dict[str, Record]:
    """Return those of a stack's records that are to be written, which must be there."""
    wanted = {missing[run] for run in task.runs if run in missing}
    new = {record.run_id: record for record in found if record.run_id in wanted}
    if len(new) < len(wanted):
        # what a worker has as its data set, say, which another version of a package gives otherwise
        raise WorkerError("a worker trained with another configuration than is known here")
    return new


def _kept(path: Path) -> str:
    return f"finished stacks are in {path}, and the next call goes on there and from the last checkpoints"
