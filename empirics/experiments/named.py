"""The experiments that have a name on the command line."""

from __future__ import annotations

import difflib

from lossmatters.empirics.experiments.cifar import CIFAR
from lossmatters.empirics.experiments.cpu import CPU
from lossmatters.empirics.experiments.experiment import Experiment, Study
from lossmatters.empirics.experiments.own import OWN
from lossmatters.empirics.experiments.pair import PAIR
from lossmatters.empirics.experiments.paper import PAPER
from lossmatters.empirics.experiments.quick import QUICK
from lossmatters.empirics.experiments.short import SHORT

EXPERIMENTS: dict[str, Experiment | Study] = {
    experiment.name: experiment for experiment in (QUICK, CPU, CIFAR, SHORT, PAIR, PAPER, OWN)
}


def get_experiment(name: str) -> Experiment | Study:
    """Return the experiment called `name`.

    Raises
    ------
    ValueError : an unknown name (with the nearest ones).
    """
    if name not in EXPERIMENTS:
        near = difflib.get_close_matches(name, EXPERIMENTS, n=3, cutoff=0.4)
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        raise ValueError(f"experiment must be one of {', '.join(EXPERIMENTS)}, got experiment={name!r}{hint}")
    return EXPERIMENTS[name]
