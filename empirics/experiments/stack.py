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
    return {
        "experiment": experiment.name,
        "dataset": found.description,
        "model": experiment.model.description(found.train_inputs.shape[1], found.num_classes),
        "training": experiment.training.description,
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
    """Train a stack on one thread and return its records; `report` is given each epoch's number."""
    import torch

    from empirics.engine.train import Network, train_stack
    from empirics.experiments.provenance import provenance

    torch.set_num_threads(1)
    experiment, runs = task.experiment, task.runs
    labels = [noisy_labels(experiment, run) for run in runs]
    networks = [
        Network(get(run.loss), run.seed, drawn.noisy_labels) for run, drawn in zip(runs, labels, strict=True)
    ]
    found = dataset(experiment.dataset)
    start = time.perf_counter()
    curves, _ = train_stack(
        found, experiment.model, experiment.training, networks, device=task.device, on_epoch=report
    )
    seconds = time.perf_counter() - start
    samples = len(runs) * len(found.train_labels) * experiment.training.epochs
    shared = provenance(
        device=task.device,
        seconds=seconds,
        samples=samples,
        source=task.source,
        stack={"index": task.index, "size": len(runs)},
    )
    records = []
    for place, (run, drawn, curve) in enumerate(zip(runs, labels, curves, strict=True)):
        asked = configuration(experiment, run)
        noise = {**asked.pop("noise"), "realised_rate": float(drawn.realised_rate)}
        stack = {**shared["stack"], "place": place}
        records.append(Record(**asked, noise=noise, curves=curve, provenance={**shared, "stack": stack}))
    return records
