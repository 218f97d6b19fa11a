"""Running an experiment: what is missing, in worker processes, into a file of records.

Records of a run do not depend on the number of workers, on the order in which stacks are done, or on an
interruption: a stack is always trained whole, as declared, in a fresh process on one thread, and what was
not asked for or is recorded already is not written.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from empirics import records
from empirics.engine.training import check_count
from empirics.experiments.experiment import Experiment, Run
from empirics.experiments.pool import WorkerError, run_tasks
from empirics.experiments.selection import choose
from empirics.experiments.stack import Task, configuration, dataset, train_task
from empirics.records import Record
from theory.exact import fail

# A rough yardstick for `Plan.seconds`: multiply-adds a second of the whole engine, evaluation included,
# on one core of a server CPU whose other core is as busy (alone it does 3e10).
MULTIPLY_ADDS_PER_SECOND = 2.4e10


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
    seconds : a rough estimate of the time on a CPU; 0 if there is nothing to do.
    """

    experiment: Experiment
    path: Path
    runs: tuple[Run, ...]
    recorded: tuple[Run, ...]
    stacks: dict[int, tuple[Run, ...]]
    workers: int
    seconds: float

    @property
    def networks(self) -> int:
        """How many networks will be trained; more than are missing where a stack is wanted in part."""
        return sum(len(stack) for stack in self.stacks.values())


def plan(
    experiment: str | Experiment,
    *,
    records_path: str | os.PathLike[str],
    seeds: int | Sequence[int] | None = None,
    epochs: int | None = None,
    only: Mapping[str, Any] | None = None,
    device: str = "auto",
    workers: int | None = None,
    resume: bool = True,
) -> Plan:
    """What `train` would do with the same arguments; trains nothing and writes nothing."""
    return _plan(experiment, records_path, seeds, epochs, only, _device_kind(device), workers, resume)[0]


def train(
    experiment: str | Experiment,
    *,
    records_path: str | os.PathLike[str],
    seeds: int | Sequence[int] | None = None,
    epochs: int | None = None,
    only: Mapping[str, Any] | None = None,
    device: str = "auto",
    workers: int | None = None,
    resume: bool = True,
    progress: bool | Callable[[Progress], None] = True,
) -> list[Record]:
    """Train what is missing and return the records of all runs asked for, in the order of the grid.

    Parameters
    ----------
    experiment : a name in `EXPERIMENTS`, or an Experiment.
    records_path : a file, or a folder in which the file is ``<experiment>.jsonl``. A path that does not
        exist is a file if it ends in ``.jsonl``.
    seeds : other seeds; a number N means 0..N-1.
    epochs : another number of epochs. These are other runs: their records do not mix.
    only : see `empirics.experiments.selection.choose`.
    device : "auto", "cpu" or "cuda".
    workers : processes, each on one thread; by default as many as the CPUs that this process may use, or
        one for a GPU.
    resume : go on with an existing file; if False, the file must not hold records.
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
    kind = _device_kind(device)
    todo, existing = _plan(experiment, records_path, seeds, epochs, only, kind, workers, resume)
    _check_writable(todo.path)
    if todo.stacks:
        existing |= _train(todo, kind, set(existing), progress)
    ids = [_run_id(todo.experiment, run) for run in todo.runs]
    return [existing[i] for i in ids]


def records_file(path: str | os.PathLike[str], experiment: str) -> Path:
    """The file of an experiment at `path`, which may be a folder."""
    path = Path(path)
    is_file = path.is_file() or (path.suffix == ".jsonl" and not path.is_dir())
    return path if is_file else path / f"{experiment}.jsonl"


def _plan(
    experiment: str | Experiment,
    records_path: str | os.PathLike[str],
    seeds: Any,
    epochs: Any,
    only: Mapping[str, Any] | None,
    kind: str,
    workers: int | None,
    resume: bool,
) -> tuple[Plan, dict[str, Record]]:
    """The plan, and the records that the file holds by their run_id."""
    if isinstance(experiment, str):
        from empirics.experiments import get_experiment

        experiment = get_experiment(experiment)
    experiment = experiment.with_changes(seeds, epochs)
    if workers is None:
        workers = 1 if kind == "cuda" else _usable_cpus()
    check_count("workers", workers)
    wanted = choose(experiment, only or {})
    path = records_file(records_path, experiment.name)
    existing = {r.run_id: r for r in records.read(path)} if path.is_file() else {}
    if existing and not resume:
        fail("records_path", "a file without records where resume is off", str(path))
    recorded = [run for run in wanted if _run_id(experiment, run) in existing]
    missing = set(wanted) - set(recorded)
    stacks = {i: stack for i, stack in enumerate(experiment.stacks()) if missing & set(stack)}
    seconds = _estimate(experiment, sum(map(len, stacks.values()))) / max(1, min(workers, len(stacks)))
    return Plan(experiment, path, tuple(wanted), tuple(recorded), stacks, workers, seconds), existing


def _train(
    todo: Plan, kind: str, existing: set[str], progress: bool | Callable[[Progress], None]
) -> dict[str, Record]:
    from empirics.experiments.progress import reporter
    from empirics.experiments.provenance import source_commit

    source = source_commit()
    tasks = [Task(todo.experiment, runs, index, kind, source) for index, runs in todo.stacks.items()]
    asked = {_run_id(todo.experiment, run) for run in todo.runs} - existing
    written: dict[str, Record] = {}
    epochs, done = [0] * len(tasks), 0
    total = todo.networks * todo.experiment.training.epochs
    try:
        with reporter(progress, todo) as report:
            for event in run_tasks(train_task, tasks, todo.workers):
                if event.kind == "report":
                    epochs[event.task] = event.value
                else:
                    new = {r.run_id: r for r in event.value if r.run_id in asked}
                    records.append(todo.path, new.values())
                    written |= new
                    done += len(tasks[event.task].runs)
                report(Progress(done, todo.networks, sum(epochs), total))
    except WorkerError as error:
        raise TrainingError(f"training stopped: {error}; {_kept(todo.path)}") from None
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"interrupted; {_kept(todo.path)}") from None
    return written


def _kept(path: Path) -> str:
    return f"finished stacks are in {path}, and the next call goes on there"


def _run_id(experiment: Experiment, run: Run) -> str:
    return records.run_id(configuration(experiment, run))


def _estimate(experiment: Experiment, networks: int) -> float:
    """Seconds on one core: three products for each training sample, one for each that is evaluated."""
    found = dataset(experiment.dataset)
    size, test_size = len(found.train_labels), len(found.test_labels)
    work = experiment.model.multiply_adds(found.input_shape, found.num_classes)
    return networks * experiment.training.epochs * work * (4 * size + test_size) / MULTIPLY_ADDS_PER_SECOND


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
