"""The `paper` profile: the three set-ups of the source, for a GPU.

MNIST with ResNet-18, CIFAR-10 with ResNet-32 and with Inception-Lite; steps and epochs as the source gives
them. What it does not give, and what is chosen here, is in docs/experiments.md.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from lossmatters.empirics.engine.schedules import Drops, Exponential, Linear
from lossmatters.empirics.engine.training import Training
from lossmatters.empirics.experiments.experiment import Experiment, Study
from lossmatters.empirics.experiments.quick import ALPHAS, MAIN, SOURCE
from lossmatters.empirics.experiments.regularisers import variants
from lossmatters.empirics.models.images import InceptionLite, ResNet18, ResNet32

# What speaks most comes first: grids are trained in pieces.
RATES = tuple(Fraction(text) for text in ("2/5", "1/5", "0", "3/5"))
EXTREMES = (Fraction(4, 5), Fraction(17, 20))  # E7
E9_RATE = Fraction(2, 5)

GRID = (
    *((loss, rate) for rate in RATES for loss in SOURCE),
    *((loss, rate) for rate in RATES for loss in MAIN[len(SOURCE) :]),
    *((loss, rate) for rate in EXTREMES for loss in ("rll(alpha=1/10)", "cce")),
    *((loss, E9_RATE) for loss in ALPHAS),
)

RESNET_32 = Experiment(
    name="paper",
    dataset="cifar10",
    model=ResNet32(),
    training=Training(
        epochs=200,
        batch_size=128,
        learning_rate=Fraction(1, 10),
        schedule=Drops(Fraction(1, 10), (Fraction(1, 2), Fraction(3, 4))),
        optimiser="sgd",
        momentum=Fraction(9, 10),
        weight_decay=Fraction(1, 10_000),
        precision="bfloat16",
    ),
    grid=GRID,
    stack_size=8,
)
INCEPTION = replace(
    RESNET_32,
    model=InceptionLite(),
    training=Training(
        epochs=100,
        batch_size=128,
        learning_rate=Fraction(1, 100),
        schedule=Exponential(Fraction(19, 20)),
        optimiser="sgd",
        momentum=Fraction(9, 10),
        precision="bfloat16",
    ),
    grid=(*GRID, ("rll(alpha=1/1000)", E9_RATE)),
)
RESNET_18 = replace(
    RESNET_32,
    dataset="mnist",
    model=ResNet18(),
    training=Training(
        epochs=200,
        batch_size=128,
        learning_rate=Fraction(1, 1000),
        schedule=Linear(Fraction(1)),
        precision="bfloat16",
    ),
)

BARE, DECAYED, *OTHERS = variants(
    INCEPTION, (("cce", E9_RATE),), dropout=Fraction(1, 2), decay=Fraction(1, 2000), mirror=True
)
E9 = (
    replace(
        BARE, grid=(*BARE.grid, ("rll(alpha=1/10)", E9_RATE))
    ),  # the loss alone, in place of regularisers
    DECAYED,
    replace(
        DECAYED,
        training=replace(DECAYED.training, weight_decay=Fraction(1, 10_000)),
        variant="less weight decay",
    ),
    *OTHERS,
)

PAPER = Study("paper", (RESNET_32, INCEPTION, RESNET_18, *E9))
