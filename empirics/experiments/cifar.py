"""The `cifar` profile: a tenth and a fifth of CIFAR-10, for a CPU with patience or minutes of a GPU.

A small convolutional network, as wide as cross-entropy needs to fit altered labels (docs/experiments.md has
the trials), and the source's ResNet-32 on fewer images.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from lossmatters.empirics.engine.schedules import Linear
from lossmatters.empirics.engine.training import Training
from lossmatters.empirics.experiments import paper
from lossmatters.empirics.experiments.experiment import Experiment, Study
from lossmatters.empirics.experiments.quick import EXTREME, FEW_RATES, MAIN, RATES, SOURCE
from lossmatters.empirics.experiments.regularisers import variants
from lossmatters.empirics.models.images import CNN

RATE = Fraction(2, 5)
RLL = "rll(alpha=1/10)"

CONVOLUTIONAL = Experiment(
    name="cifar",
    dataset="cifar10(train=10000, test=2000)",
    model=CNN(channels=(32, 64), hidden=256),
    training=Training(
        epochs=40, batch_size=128, learning_rate=Fraction(1, 1000), schedule=Linear(Fraction(5, 8))
    ),
    grid=(
        *((loss, rate) for loss in SOURCE for rate in RATES),
        *((loss, rate) for loss in MAIN[len(SOURCE) :] for rate in FEW_RATES),
        (RLL, EXTREME),  # E7
    ),
    stack_size=1,  # a record as soon as a network is done
)
E9 = variants(
    CONVOLUTIONAL,
    (("cce", RATE),),
    dropout=Fraction(1, 2),
    decay=Fraction(1, 10_000),
    mirror=True,
    norm=True,
)

# The source's ResNet-32 on a tenth of the images. For a CPU its training is cut by one rule: a quarter of
# the epochs, in batches of a quarter, which are as many steps as before; and, as the step size goes with the
# batch (the linear rule, Goyal et al. 2017), at a quarter of it.
FEWER = 4
RESNET_32 = replace(
    paper.RESNET_32,
    name="cifar",
    dataset="cifar10(train=5000, test=2000)",
    training=replace(
        paper.RESNET_32.training,
        epochs=paper.RESNET_32.training.epochs // FEWER,
        batch_size=paper.RESNET_32.training.batch_size // FEWER,
        learning_rate=paper.RESNET_32.training.learning_rate / FEWER,
    ),
    grid=(
        *((loss, rate) for rate in (RATE, Fraction(0)) for loss in ("cce", RLL)),
        *((loss, RATE) for loss in ("mse", "nmse")),
    ),
    stack_size=1,
)

CIFAR = Study("cifar", (CONVOLUTIONAL, *E9, RESNET_32))
