"""Experiments by name, and `train`, which runs them.  torch is imported by what trains, not before."""

from __future__ import annotations

from lossmatters.empirics.experiments.experiment import Experiment, Run, Study
from lossmatters.empirics.experiments.named import EXPERIMENTS, get_experiment
from lossmatters.empirics.experiments.own import with_own
from lossmatters.empirics.experiments.planning import Plan, plan
from lossmatters.empirics.experiments.progress import Progress
from lossmatters.empirics.experiments.runner import TrainingError, train

__all__ = [
    "EXPERIMENTS",
    "Experiment",
    "Plan",
    "Progress",
    "Run",
    "Study",
    "TrainingError",
    "get_experiment",
    "plan",
    "train",
    "with_own",
]
