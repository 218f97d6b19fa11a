"""How long training takes, estimated.  No torch but where layers are counted, or bfloat16 is tried."""

from __future__ import annotations

import time
from functools import cache

from lossmatters.empirics.data import sizes
from lossmatters.empirics.experiments.experiment import Experiment

# Multiply-adds a second of the whole engine in float32, evaluation included, on one core of a server CPU
# (AVX-512) whose other core is as busy: a rough yardstick. Convolutions by benchmarks/models.py.
ON_A_CPU = {
    "mlp": 5.0e10,  # batches of 256
    "cnn": 1.6e10,
    "resnet18": 1.9e10,
    "resnet32": 5.0e10,
    "inception-lite": 4.9e10,
}
OTHERS = 2e10  # a user's module: a guess between dense layers and convolutions
SMALL, IN_SMALL = 2e5, 2.4e10  # an mlp of fewer multiply-adds than this is slowed down by all the rest
# Times as fast in bfloat16, where the CPU has instructions for it; where it has none, `bfloat16_speed` says.
BFLOAT16_MLP, BFLOAT16_CONVOLUTIONS = 2.7, 1.4
# The same of a GPU and all its lanes, measured on an H200 (docs/models.md): ResNet-18 in eight lanes,
# ResNet-32 beside eighteen other lanes. Of other networks it is a guess.
ON_A_GPU, OTHERS_ON_A_GPU = {"resnet18": 2.1e13, "resnet32": 5.6e12}, 5e12


def seconds(experiment: Experiment, networks: int, device: str) -> float:
    """Estimate how long one worker takes for so many networks: thrice a forward pass for each training sample
    that is trained on, and one for each sample that is evaluated.
    """
    found, training = sizes(experiment.dataset), experiment.training
    work = experiment.model.multiply_adds(found.input_shape, found.num_classes)
    speed = ON_A_GPU.get(experiment.model.name, OTHERS_ON_A_GPU)
    if device == "cpu":
        speed = ON_A_CPU.get(experiment.model.name, OTHERS) if work > SMALL else IN_SMALL
        if training.precision == "bfloat16":
            faster = BFLOAT16_MLP if experiment.model.name == "mlp" else BFLOAT16_CONVOLUTIONS
            speed *= faster if bfloat16_speed() >= 1 else bfloat16_speed()
    return networks * training.epochs * work * (4 * found.train + found.test) / speed


@cache
def bfloat16_speed() -> float:
    """Try how many times as fast as in float32 this processor multiplies matrices in bfloat16.

    Without instructions for bfloat16 that may be a fortieth.
    """
    import torch

    def took(kind: torch.dtype) -> float:
        left, right = torch.ones(64, 512, dtype=kind), torch.ones(512, 512, dtype=kind)
        left @ right  # the first product prepares the others
        began = time.perf_counter()
        for _ in range(3):
            left @ right
        return time.perf_counter() - began

    return took(torch.float32) / took(torch.bfloat16)


def bfloat16_is_slow(experiment: Experiment, device: str) -> bool:
    """Tell whether an experiment computes in bfloat16 on a processor that takes twice as long for it."""
    return device == "cpu" and experiment.training.precision == "bfloat16" and bfloat16_speed() < 0.5
