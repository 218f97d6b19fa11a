"""Running an experiment: what is missing, in worker processes, into a file of records.

Records of a run do not depend on the number of workers, on the order in which stacks are done, or on an
interruption: a stack is always trained whole, as declared, in a fresh process on one thread, and what was
not asked for or is recorded already is not written.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from empirics import records
from empirics.engine.training import check_count
from empirics.experiments.cost import seconds
from empirics.experiments.experiment import Experiment, Run, Study
from empirics.experiments.pool import WorkerError, run_tasks
from empirics.experiments.selection import choose
from empirics.experiments.stack import Saving, Task, checkpoint_folder, configuration, train_task
from empirics.records import Record
from theory.exact import fail

CHECKPOINT_SECONDS = 60.0  # at most so much of the work on a stack is lost when it is killed


class TrainingError(RuntimeError):
    """Training stopped early; what was finished is recorded."""


@dataclass(frozen=True)
class Progress:
    """How far a sweep is.

    Attributes
    ----------
    networks_done, networks : networks whose stack is recorded, of all that are to be trained.
    epochs_done, epochs : epochs of networks, likewise (10 networks times 80 epochs are 800).
    """

    networks_done: int
    networks: int
    epochs_done: int
    epochs: int


@dataclass(frozen=True)
class Plan:
    """What `train` would do.

    Attributes
    ----------
    experiment : with its seeds and epochs as asked for.
    path : the file that the records go to.
    runs : the runs asked for.
    recorded : those of them that the file holds already.
    stacks : the stacks to train, by their index in the experiment.
    workers : how many processes.
    device : "cpu" or "cuda".
    seconds : a rough estimate of the time; 0 if there is nothing to do.
    """

    experiment: Experiment | Study
    path: Path
    runs: tuple[Run, ...]
    recorded: tuple[Run, ...]
    stacks: dict[int, tuple[Run, ...]]
    workers: int
    device: str
    seconds: float

    @property
    def networks(self) -> int:
        """How many networks will be trained; more than are missing where a stack is wanted in part."""
        return sum(len(stack) for stack in self.stacks.values())

    @property
    def epochs(self) -> int:
        """How many epochs of networks those are."""
        return sum(len(stack) * self.part(stack[0]).training.epochs for stack in self.stacks.values())

    def part(self, run: Run) -> Experiment:
        """The part of the study that a run belongs to."""
        return self.experiment.parts[run.part]


def plan(
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
) -> Plan:
    """What `train` would do with the same arguments; trains nothing and writes nothing.

    Files of data sets are needed only if there are records already, to see which of the runs they are of.
    """
    changed = _changed(experiment, seeds, epochs, subset, precision)
    return _plan(changed, records_path, only, _device_kind(device), workers, resume, _folder(data_dir))[0]


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
    only : see `empirics.experiments.selection.choose`.
    device : "auto", "cpu" or "cuda".
    workers : processes, each on one thread; by default as many as the CPUs that this process may use, or
        one for a GPU.
    resume : go on with an existing file; if False, the file must not hold records.
    data_dir : where the files of data sets are, see `empirics.data.load`.
    budget : seconds after which all is saved and the call returns, with the records that there are. Each
        worker finishes one epoch in any case.
    checkpoint_seconds : between two checkpoints of one stack, >= 0; they are written after epochs.
    progress : True for a bar on the standard error (if it is a terminal), or a function that is called
        after every epoch of a stack.

    Raises
    ------
    TypeError, ValueError : arguments out of domain; a records file that is broken (`RecordError`). All
        of this before training starts.
    OSError : the file cannot be written; also before training starts.
    TrainingError : a loss raised, or a worker process ended. Finished stacks are recorded.
    KeyboardInterrupt : Ctrl-C. Finished stacks are recorded.
    """
    kind, folder = _device_kind(device), _folder(data_dir)
    if budget is not None and not budget > 0:
        fail("budget", "> 0 seconds", budget)
    if not checkpoint_seconds >= 0:
        fail("checkpoint_seconds", ">= 0", checkpoint_seconds)
    changed = _changed(experiment, seeds, epochs, subset, precision)
    todo, existing = _plan(changed, records_path, only, kind, workers, resume, folder)
    _check_writable(todo.path)
    if todo.stacks:
        deadline = None if budget is None else time.time() + budget
        saving = Saving(checkpoints_of(todo.path), checkpoint_seconds, deadline)
        existing |= _train(todo, kind, set(existing), progress, saving, folder)
    ids = [_run_id(todo.part(run), run, folder) for run in todo.runs]
    return [existing[i] for i in ids if i in existing]


def records_file(path: str | os.PathLike[str], experiment: str) -> Path:
    """The file of an experiment at `path`, which may be a folder."""
    path = Path(path)
    is_file = path.is_file() or (path.suffix == ".jsonl" and not path.is_dir())
    return path if is_file else path / f"{experiment}.jsonl"


def checkpoints_of(records: Path) -> Path:
    """The folder of checkpoints beside a file of records."""
    return records.with_name(f"{records.stem}.checkpoints")


def _changed(
    experiment: str | Experiment | Study, seeds: Any, epochs: Any, subset: Any, precision: str | None
) -> Experiment | Study:
    if isinstance(experiment, str):
        from empirics.experiments import get_experiment

        experiment = get_experiment(experiment)
    return experiment.with_changes(seeds, epochs, subset, precision)


def _plan(
    experiment: Experiment | Study,
    records_path: str | os.PathLike[str],
    only: Mapping[str, Any] | None,
    kind: str,
    workers: int | None,
    resume: bool,
    data_dir: str | None,
) -> tuple[Plan, dict[str, Record]]:
    """The plan, and the records that the file holds by their run_id."""
    if workers is None:
        workers = 1 if kind == "cuda" else _usable_cpus()
    check_count("workers", workers)
    wanted = choose(experiment, only or {})
    path = records_file(records_path, experiment.name)
    existing = {r.run_id: r for r in records.read(path)} if path.is_file() else {}
    if existing and not resume:
        fail("records_path", "a file without records where resume is off", str(path))
    recorded = []
    if existing:
        parts = experiment.parts
        recorded = [run for run in wanted if _run_id(parts[run.part], run, data_dir) in existing]
    missing = set(wanted) - set(recorded)
    stacks = {i: stack for i, stack in enumerate(experiment.stacks()) if missing & set(stack)}
    each = [seconds(experiment.parts[stack[0].part], len(stack), kind) for stack in stacks.values()]
    time_needed = sum(each) / max(1, min(workers, len(stacks)))
    return Plan(
        experiment, path, tuple(wanted), tuple(recorded), stacks, workers, kind, time_needed
    ), existing


def _train(
    todo: Plan,
    kind: str,
    existing: set[str],
    progress: bool | Callable[[Progress], None],
    saving: Saving,
    data_dir: str | None,
) -> dict[str, Record]:
    from empirics.experiments.progress import reporter
    from empirics.experiments.provenance import source_commit

    source = source_commit()
    tasks = [
        # the first task of each worker gets on whatever the budget, or calls might never end the work
        Task(todo.part(runs[0]), runs, index, kind, source, data_dir, saving, eager=place < todo.workers)
        for place, (index, runs) in enumerate(todo.stacks.items())
    ]
    # here, before any worker needs it: two of them would download the same file at once
    asked = {_run_id(todo.part(run), run, data_dir) for run in todo.runs} - existing
    written: dict[str, Record] = {}
    epochs, done = [0] * len(tasks), 0
    try:
        with reporter(progress, todo) as report:
            for event in run_tasks(train_task, tasks, todo.workers):
                if event.kind == "report":
                    epochs[event.task] = event.value
                elif event.value is not None:
                    new = {r.run_id: r for r in event.value if r.run_id in asked}
                    records.append(todo.path, new.values())
                    written |= new
                    done += len(tasks[event.task].runs)
                    _forget(tasks[event.task])
                report(Progress(done, todo.networks, sum(epochs), todo.epochs))
    except WorkerError as error:
        raise TrainingError(f"training stopped: {error}; {_kept(todo.path)}") from None
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"interrupted; {_kept(todo.path)}") from None
    return written


def _forget(task: Task) -> None:
    """The checkpoints of a stack that is recorded."""
    folder = checkpoint_folder(task)
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):  # others are still in there, or nothing ever was
            folder.parent.rmdir()


def _kept(path: Path) -> str:
    return f"finished stacks are in {path}, and the next call goes on there and from the last checkpoints"


def _run_id(part: Experiment, run: Run, data_dir: str | None) -> str:
    return records.run_id(configuration(part, run, data_dir))


def _folder(data_dir: str | os.PathLike[str] | None) -> str | None:
    return None if data_dir is None else os.fspath(data_dir)


def _device_kind(device: str) -> str:
    """Return "cpu" or "cuda", settled before any training; torch is imported only to look for CUDA."""
    if device == "cpu":
        return "cpu"
    from empirics.engine.device import resolve_device

    return resolve_device(device).type


def _usable_cpus() -> int:
    """The CPUs that this process may use, which may be fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _check_writable(path: Path) -> None:
    """Fail now, not after the first stack. An empty file stays behind, which holds no records."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab"):
            pass
    except OSError as error:
        raise type(error)(
            f"records_path must be writable, got records_path={str(path)!r}: {error.strerror}"
        ) from None
