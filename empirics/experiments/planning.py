"""What training would do, before it does: which runs, which of them are recorded, which stacks, how long."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lossmatters.empirics import records
from lossmatters.empirics.engine.training import check_count
from lossmatters.empirics.experiments.cluster import is_cluster
from lossmatters.empirics.experiments.cost import bfloat16_is_slow, bfloat16_speed, seconds
from lossmatters.empirics.experiments.experiment import Experiment, Run, Study
from lossmatters.empirics.experiments.gpu import LANES
from lossmatters.empirics.experiments.named import get_experiment
from lossmatters.empirics.experiments.selection import choose
from lossmatters.empirics.experiments.stack import configuration
from lossmatters.empirics.records import Record
from lossmatters.theory.exact import fail
from lossmatters.theory.processes import usable_cores

if TYPE_CHECKING:
    from distributed import Client


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
    workers : how many processes, lanes of a GPU, or workers of a cluster.
    device : "cpu" or "cuda"; for a cluster also "auto".
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
        """Return how many networks will be trained; more than are missing where a stack is wanted in part."""
        return sum(len(stack) for stack in self.stacks.values())

    @property
    def epochs(self) -> int:
        """Return how many epochs of networks those are."""
        return sum(len(stack) * self.part(stack[0]).training.epochs for stack in self.stacks.values())

    def part(self, run: Run) -> Experiment:
        """Return the part of the study that a run belongs to."""
        return self.experiment.parts[run.part]

    @property
    def warning(self) -> str:
        """Return what will make it slow on this machine, or an empty text."""
        if not any(bfloat16_is_slow(self.part(stack[0]), self.device) for stack in self.stacks.values()):
            return ""
        return f"this processor computes bfloat16 {1 / bfloat16_speed():.0f} times slower than float32"


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
    executor: str | Client = "local",
) -> Plan:
    """Return what `train` would do with the same arguments; trains nothing and writes nothing.

    Files of data sets are needed only if there are records already, to see which of the runs they are of.
    A cluster is not asked: `workers` is for how many of its workers the time is estimated, by default one.
    """
    asked_for = changed(experiment, seeds, epochs, subset, precision)
    elsewhere = is_cluster(executor)
    # a GPU need not be here to plan for one
    kind = "cuda" if device == "cuda" else device_kind(device, elsewhere)
    folder = absolute(data_dir)
    workers = 1 if elsewhere and workers is None else workers
    return planned(asked_for, records_path, only, kind, workers, resume, folder, elsewhere)[0]


def records_file(path: str | os.PathLike[str], experiment: str) -> Path:
    """Return the file of an experiment at `path`, which may be a folder."""
    path = Path(path)
    is_file = path.is_file() or (path.suffix == ".jsonl" and not path.is_dir())
    return path if is_file else path / f"{experiment}.jsonl"


def changed(
    experiment: str | Experiment | Study, seeds: Any, epochs: Any, subset: Any, precision: str | None
) -> Experiment | Study:
    """Return the experiment that is meant, with its changes."""
    if isinstance(experiment, str):
        experiment = get_experiment(experiment)
    return experiment.with_changes(seeds, epochs, subset, precision)


def planned(
    experiment: Experiment | Study,
    records_path: str | os.PathLike[str],
    only: Mapping[str, Any] | None,
    kind: str,
    workers: int | None,
    resume: bool,
    data_dir: str | None,
    elsewhere: bool = False,
) -> tuple[Plan, dict[str, Record]]:
    """Return the plan, and the records that the file holds by their run_id.

    Parameters
    ----------
    elsewhere : bool
        Whether the workers are those of a cluster, each with a GPU of its own where there are GPUs.
    """
    if workers is None:
        workers = LANES if kind == "cuda" else usable_cores()
    check_count("workers", workers)
    wanted = choose(experiment, only or {})
    path = records_file(records_path, experiment.name)
    existing = {r.run_id: r for r in records.read(path)} if path.is_file() else {}
    if existing and not resume:
        fail("records_path", "a file without records where resume is off", str(path))
    recorded = []
    if existing:
        parts = experiment.parts
        recorded = [run for run in wanted if run_id(parts[run.part], run, data_dir) in existing]
    missing = set(wanted) - set(recorded)
    stacks = {i: stack for i, stack in enumerate(experiment.stacks()) if missing & set(stack)}
    guess = "cuda" if kind == "cuda" else "cpu"
    each = [seconds(experiment.parts[stack[0].part], len(stack), guess) for stack in stacks.values()]
    # lanes here share one GPU, whose speed is that of all of them together
    lanes = kind == "cuda" and not elsewhere
    time_needed = sum(each) / (1 if lanes else max(1, min(workers, len(stacks))))
    return Plan(
        experiment, path, tuple(wanted), tuple(recorded), stacks, workers, kind, time_needed
    ), existing


def run_id(part: Experiment, run: Run, data_dir: str | None) -> str:
    """Return the run_id of the record of `run`."""
    return records.run_id(configuration(part, run, data_dir))


def absolute(data_dir: str | os.PathLike[str] | None) -> str | None:
    """Return the folder of the data sets as a worker finds it, wherever it was started."""
    return None if data_dir is None else os.path.abspath(os.path.expanduser(data_dir))


def device_kind(device: str, elsewhere: bool = False) -> str:
    """Return "cpu" or "cuda", settled before any training; torch is imported only to look for CUDA.

    What other machines have is not known here: for these "auto" and "cuda" stay what they are.
    """
    if device == "cpu":
        return "cpu"
    from lossmatters.empirics.engine.device import DEVICES, resolve_device

    return device if elsewhere and device in DEVICES else resolve_device(device).type
