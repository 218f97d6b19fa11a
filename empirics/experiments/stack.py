"""What a worker process does with one stack: data, labels, training, records."""

from __future__ import annotations

import functools
import hashlib
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lossmatters.empirics import data
from lossmatters.empirics.experiments.experiment import Experiment, Run
from lossmatters.empirics.noise_kinds import Annotated, realised
from lossmatters.empirics.records import Record, run_id
from lossmatters.theory.losses import get
from lossmatters.theory.losses.fingerprint import fingerprint
from lossmatters.theory.noise import NoisyLabels

if TYPE_CHECKING:
    from lossmatters.empirics.engine.metrics import Curves


@dataclass(frozen=True)
class Saving:
    """Where checkpoints are, how often they are written, and until when training may go on.

    Attributes
    ----------
    folder : of the checkpoints of all stacks.
    every : seconds between two of one stack.
    deadline : in seconds since 1970; None for none.
    """

    folder: Path
    every: float
    deadline: float | None = None


@dataclass(frozen=True)
class Task:
    """One stack of an experiment.

    Attributes
    ----------
    index : its place among the stacks of the experiment, or of the study.
    device : "cpu" or "cuda"; "auto" only on its way to a worker of a cluster.
    source : the commit of the source, if known.
    data_dir : where the files of data sets are.
    saving : of checkpoints; None for none.
    eager : whether it gets on by an epoch even if the deadline is over.
    """

    experiment: Experiment
    runs: tuple[Run, ...]
    index: int
    device: str
    source: str | None = None
    data_dir: str | None = None
    saving: Saving | None = None
    eager: bool = False


@functools.cache
def dataset(name: str | data.Dataset, data_dir: str | None = None) -> data.Dataset:
    """Load a data set as `lossmatters.empirics.data.load` does, once a process."""
    return data.load(name, data_dir)


def configuration(experiment: Experiment, run: Run, data_dir: str | None = None) -> dict[str, Any]:
    """Return what a record of `run`, of this very part of a study, has as its configuration."""
    found = dataset(experiment.dataset, data_dir)
    training = experiment.training.description
    if experiment.variant:
        training["variant"] = experiment.variant
    if run.start is not None:
        training["start"] = run.start
    return {
        "experiment": experiment.name,
        "dataset": found.description,
        "model": experiment.model.description(found.input_shape, found.num_classes),
        "training": training,
        "loss": run.loss,
        "noise": experiment.noise.describe(found, run.rate),
        "seed": run.seed,
        **_formula(run.loss, found.num_classes),
    }


def _formula(loss: str, num_classes: int) -> dict[str, str]:
    """Return what the loss of a run computes, where its text is not enough to tell."""
    known = fingerprint(get(loss), num_classes)
    return {} if known is None else {"formula": known}


def noisy_labels(experiment: Experiment, run: Run, data_dir: str | None = None) -> NoisyLabels:
    """Return the altered labels of `run`: from its seed and rate alone, whatever its loss."""
    found = dataset(experiment.dataset, data_dir)
    return experiment.noise.draw(found, run.rate, run.seed)


def stack_folder(task: Task) -> Path | None:
    """Return the folder of a task's checkpoints, by whatever worker: a name that stands for its runs."""
    if task.saving is None:
        return None
    names = (run_id(configuration(task.experiment, run, task.data_dir)) for run in task.runs)
    return checkpoints_for(task.saving.folder, names)


def checkpoints_for(folder: Path, run_ids: Iterable[str]) -> Path:
    """Return the folder of the checkpoints of runs that are trained together."""
    return folder / _short(run_ids)


def checkpoint_folder(task: Task) -> Path | None:
    """Return the folder of checkpoints that this process may go on from: its name has all that bits depend
    on.
    """
    folder = stack_folder(task)
    if folder is None:
        return None
    import torch

    from lossmatters.empirics.engine.device import device_name

    about = [task.device, torch.__version__, torch.backends.cpu.get_cpu_capability()]
    if task.device == "cuda":  # another kind of GPU rounds otherwise
        about.append(device_name(torch.device("cuda")))
    return folder / _short(about)


def _short(names: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(names).encode()).hexdigest()[:16]


def train_task(task: Task, report: Callable[[int], None]) -> list[Record] | None:
    """Train a stack on one thread and return its records; None if its time is over before it ends.

    Warm starts come last in their stack, and are trained together when the runs before them have ended.

    Parameters
    ----------
    report : given the epochs of all networks that are done so far (3 of each of 10 networks are 30).
    """
    import torch

    from lossmatters.empirics.engine.checkpoint import Checkpoints, OutOfTime
    from lossmatters.empirics.engine.risks import final_risks
    from lossmatters.empirics.engine.train import Network, train_stack

    torch.set_num_threads(1)
    experiment, runs = task.experiment, task.runs
    labels = [noisy_labels(experiment, run, task.data_dir) for run in runs]
    networks = [
        Network(get(run.loss), run.seed, drawn.noisy_labels) for run, drawn in zip(runs, labels, strict=True)
    ]
    found = dataset(experiment.dataset, task.data_dir)
    cold = sum(run.start is None for run in runs)
    folder = checkpoint_folder(task)
    began, before = time.perf_counter(), 0.0
    curves, risks, start, eager = [], [], None, task.eager
    for name, phase in (("cold", slice(0, cold)), ("warm", slice(cold, len(runs)))):
        if not runs[phase]:
            continue
        checkpoints = None
        if folder is not None and task.saving is not None:
            # the end of the cold runs is kept for the warm ones to go on from
            checkpoints = Checkpoints(
                folder / f"{name}.pt",
                task.saving.every,
                task.saving.deadline,
                last=phase.stop < len(runs),
                eager=eager,
            )
        if phase.start and start is not None:
            places = {(run.loss, run.rate, run.seed): place for place, run in enumerate(runs[:cold])}
            start = start.copies([places[str(run.start), run.rate, run.seed] for run in runs[phase]])
        try:
            new, start = train_stack(
                found,
                experiment.model,
                experiment.training,
                networks[phase],
                start=start,
                device=task.device,
                on_epoch=_counted(report, phase.start * experiment.training.epochs, len(runs[phase])),
                checkpoints=checkpoints,
            )
        except OutOfTime:
            return None
        if checkpoints is not None:
            before, eager = before + checkpoints.seconds_before, checkpoints.eager
        curves += new
        risks += final_risks(
            found,
            experiment.model,
            start,
            networks[phase],
            [experiment.noise.fresh(found, run.rate) for run in runs[phase]],
            experiment.training.precision,
        )
    return _records(task, labels, curves, risks, before + time.perf_counter() - began)


def train_task_elsewhere(task: Task, report: Callable[[int], None]) -> list[Record] | None:
    """Do `train_task` on a worker of a cluster, which itself knows best its device and its source."""
    from lossmatters.empirics.engine.device import resolve_device
    from lossmatters.empirics.experiments.provenance import source_commit

    own = replace(task, device=resolve_device(task.device).type, source=source_commit())
    return train_task(own, report)


def _records(
    task: Task,
    labels: Sequence[NoisyLabels],
    curves: Sequence[Curves],
    risks: Sequence[dict[str, float] | None],
    seconds: float,
) -> list[Record]:
    size = len(task.runs)
    parts = zip(task.runs, labels, curves, risks, strict=True)
    return [
        record_of(task, run, drawn, curve, risk, seconds, {"index": task.index, "size": size, "place": place})
        for place, (run, drawn, curve, risk) in enumerate(parts)
    ]


def record_of(
    task: Task,
    run: Run,
    labels: NoisyLabels,
    curves: Curves,
    risks: dict[str, float] | None,
    seconds: float,
    stack: dict[str, Any],
) -> Record:
    """Return the record of one run of a task.

    Parameters
    ----------
    seconds : what all runs of the task took.
    stack : where the run was among those trained with it.
    """
    from lossmatters.empirics.experiments.provenance import provenance

    experiment = task.experiment
    samples = len(dataset(experiment.dataset, task.data_dir).train_labels)
    about = provenance(
        device=task.device,
        seconds=seconds,
        samples=len(task.runs) * samples * experiment.training.epochs,
        source=task.source,
        stack=stack,
    )
    asked = configuration(experiment, run, task.data_dir)
    found = dataset(experiment.dataset, task.data_dir)
    noise = {**asked.pop("noise"), **realised(labels, experiment.noise, found.num_classes)}
    known: dict[str, Any] = dict(curves)
    classes: dict[str, Any] | None = curves.classes
    if isinstance(experiment.noise, Annotated):  # what was counted against the labels as annotated
        epochs = len(curves["train_loss"])
        known |= dict.fromkeys(
            ("clean_train_accuracy", "memorization_rate", "recovery_rate"), [None] * epochs
        )
        classes = None
    return Record(**asked, noise=noise, curves=known, provenance=about, risks=risks, classes=classes)


def _counted(report: Callable[[int], None], before: int, networks: int) -> Callable[[int], None]:
    return lambda epoch: report(before + epoch * networks)
