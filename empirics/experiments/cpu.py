"""The `cpu` profile: 10 000 images of MNIST, a multilayer perceptron and a small convolutional network.

Under half an hour on two cores of a server CPU with AVX-512 and instructions for bfloat16; see
docs/experiments.md for what was measured and what was left out for that.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from lossmatters.empirics.engine.schedules import Linear
from lossmatters.empirics.engine.training import Training
from lossmatters.empirics.experiments.experiment import Experiment, Study
from lossmatters.empirics.experiments.quick import (
    ALPHAS,
    EXTREME,
    MAIN,
    RATES,
    SOURCE,
    SYMMETRIC,
    WARM,
    WARM_RATE,
)
from lossmatters.empirics.experiments.regularisers import variants
from lossmatters.empirics.models.base import MLP
from lossmatters.empirics.models.images import CNN

# Test samples are evaluated after each epoch: 2000 of them cost a twentieth of the time, all 10 000 a fifth.
DATASET = "mnist(train=10000, test=2000)"
# How far CCE memorises depends on the number of epochs more than on that of steps, so batches are large.
# After 60 epochs of a trial at eta = 0.6 CCE had J1 = .995; with batches of 128 and 30 epochs .967.
TRAINING = Training(
    epochs=56,
    batch_size=256,
    learning_rate=Fraction(1, 500),
    schedule=Linear(Fraction(3, 4)),
    precision="bfloat16",
)
E9_RATE = Fraction(2, 5)
RLL = "rll(alpha=1/10)"

PERCEPTRON = Experiment(
    name="cpu",
    dataset=DATASET,
    model=MLP(hidden=(512, 256)),
    training=TRAINING,
    grid=(
        *((loss, rate) for loss in SOURCE for rate in RATES),
        *((loss, rate) for loss in MAIN[len(SOURCE) :] for rate in (RATES[0], WARM_RATE)),
        (RLL, EXTREME),  # E7
        *((loss, WARM_RATE) for loss in ALPHAS),
        *((loss, rate) for loss in SYMMETRIC for rate in (RATES[0], WARM_RATE)),
    ),
    warm=tuple((start, loss, WARM_RATE) for start, loss in WARM),
)

# On the convolutional network the contrast of CCE and RLL, with the control on clean labels: it shows that
# the perceptron is no exception, and three seeds will do for that.
CONVOLUTIONAL = replace(
    PERCEPTRON,
    model=CNN(),
    training=replace(TRAINING, epochs=20, batch_size=128, schedule=Linear(Fraction(5, 8))),
    grid=tuple((loss, rate) for loss in ("cce", RLL) for rate in (Fraction(0), E9_RATE, Fraction(3, 5))),
    warm=(),
    seeds=(0, 1, 2),
    stack_size=6,
)

# "Do not stop" takes longer to see: after 20 epochs a network with dropout had J1 = .78 and J2 = .80.
E9 = variants(
    replace(CONVOLUTIONAL, training=replace(CONVOLUTIONAL.training, epochs=40), seeds=PERCEPTRON.seeds),
    (("cce", E9_RATE),),
    dropout=Fraction(1, 2),
    decay=Fraction(1, 10_000),
    mirror=False,
    norm=True,
)

CPU = Study("cpu", (PERCEPTRON, CONVOLUTIONAL, *E9))
