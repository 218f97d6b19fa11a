"""Runs for lanes, as declarations.  No torch here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lossmatters.empirics.experiments.experiment import Experiment, Run


@dataclass(frozen=True)
class Job:
    """One run to be trained in a lane.

    Attributes
    ----------
    experiment : the part that the run belongs to.
    saves : whether its state is saved now and then, and at the deadline.
    eager : whether it is begun, and gets on by an epoch, even if the deadline is over.
    index : whatever tells it apart for the caller.
    """

    experiment: Experiment
    run: Run
    saves: bool = False
    eager: bool = False
    index: int = 0

    @property
    def programme(self) -> tuple[Any, ...]:
        """Return what runs of one lane have in common."""
        part = self.experiment
        return part.dataset, part.model, part.training, self.run.loss


@dataclass
class Group:
    """Runs that share a number of lanes, in the order of their priority.

    Attributes
    ----------
    jobs : what is left to be done.
    lanes : how many of them are trained at a time.
    ready : whether they may begin yet, such as when data have come.
    priority : of their streams; -1 goes before 0.
    """

    name: str
    jobs: list[Job]
    lanes: int
    ready: Callable[[], bool] = lambda: True
    priority: int = 0


def about(job: Job) -> dict[str, Any]:
    """Return what tells a job apart in a log."""
    part, run = job.experiment, job.run
    return {
        "experiment": part.name,
        "model": part.model.name,
        "variant": part.variant,
        "epochs": part.training.epochs,
        "loss": run.loss,
        "rate": str(run.rate),
        "seed": run.seed,
    }
