"""What a worker process does with one stack: data, labels, training, records."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from empirics import data
from empirics.experiments.experiment import Experiment, Run
from empirics.randomness import label_stream
from empirics.records import Record
from theory.losses import get
from theory.noise import NoisyLabels, SymmetricNoise

NOISE_KIND, NOISE_DRAW = "symmetric", "exact"


@dataclass(frozen=True)
class Task:
    """One stack of an experiment.

    Attributes
    ----------
    index : its place among the stacks of the experiment.
    device : "cpu" or "cuda".
    source : the commit of the source, if known.
    """

    experiment: Experiment
    runs: tuple[Run, ...]
    index: int
    device: str
    source: str | None = None


@functools.cache
def dataset(name: str) -> data.Dataset:
    """`empirics.data.load`, once a process."""
    return data.load(name)


def configuration(experiment: Experiment, run: Run) -> dict[str, Any]:
    """What a record of `run` has as its configuration."""
    found = dataset(experiment.dataset)
    training = experiment.training.description
    return {
        "experiment": experiment.name,
        "dataset": found.description,
        "model": experiment.model.description(found.input_shape, found.num_classes),
        "training": training if run.start is None else {**training, "start": run.start},
        "loss": run.loss,
        "noise": {"kind": NOISE_KIND, "draw": NOISE_DRAW, "rate": str(run.rate)},
        "seed": run.seed,
    }


def noisy_labels(experiment: Experiment, run: Run) -> NoisyLabels:
    """The altered labels of `run`: from its seed and rate alone, whatever its loss."""
    found = dataset(experiment.dataset)
    rng = label_stream(run.seed, run.rate)
    return SymmetricNoise(run.rate).apply(found.train_labels, found.num_classes, rng, draw=NOISE_DRAW)


def train_task(task: Task, report: Callable[[int], None]) -> list[Record]:
    """Train a stack on one thread and return its records.

    Warm starts come last in their stack, and are trained together when the runs before them have ended.

    Parameters
    ----------
    report : given the epochs of all networks that are done so far (3 of each of 10 networks are 30).
    """
    import torch

    from empirics.engine.risks import final_risks
    from empirics.engine.train import Network, train_stack
    from empirics.experiments.provenance import provenance

    torch.set_num_threads(1)
    experiment, runs = task.experiment, task.runs
    labels = [noisy_labels(experiment, run) for run in runs]
    networks = [
        Network(get(run.loss), run.seed, drawn.noisy_labels) for run, drawn in zip(runs, labels, strict=True)
    ]
    found = dataset(experiment.dataset)
    cold = sum(run.start is None for run in runs)
    began = time.perf_counter()
    curves, risks, start = [], [], None
    for phase in (slice(0, cold), slice(cold, len(runs))):
        if not runs[phase]:
            continue
        if phase.start and start is not None:
            places = {(run.loss, run.rate, run.seed): place for place, run in enumerate(runs[:cold])}
            start = start.copies([places[str(run.start), run.rate, run.seed] for run in runs[phase]])
        new, start = train_stack(
            found,
            experiment.model,
            experiment.training,
            networks[phase],
            start=start,
            device=task.device,
            on_epoch=_counted(report, phase.start * experiment.training.epochs, len(runs[phase])),
        )
        curves += new
        risks += final_risks(
            found,
            experiment.model,
            start,
            networks[phase],
            [run.rate for run in runs[phase]],
            experiment.training.precision,
        )
    seconds = time.perf_counter() - began
    samples = len(runs) * len(found.train_labels) * experiment.training.epochs
    shared = provenance(
        device=task.device,
        seconds=seconds,
        samples=samples,
        source=task.source,
        stack={"index": task.index, "size": len(runs)},
    )
    records = []
    for place, (run, drawn, curve, risk) in enumerate(zip(runs, labels, curves, risks, strict=True)):
        asked = configuration(experiment, run)
        noise = {**asked.pop("noise"), "realised_rate": float(drawn.realised_rate)}
        stack = {**shared["stack"], "place": place}
        about = {**shared, "stack": stack}
        records.append(Record(**asked, noise=noise, curves=curve, provenance=about, risks=risk))
    return records


def _counted(report: Callable[[int], None], before: int, networks: int) -> Callable[[int], None]:
    return lambda epoch: report(before + epoch * networks)
