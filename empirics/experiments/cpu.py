"""The `cpu` profile: 10 000 images of MNIST, a multilayer perceptron and a small convolutional network.

Under half an hour on two cores of a server CPU with AVX-512 and instructions for bfloat16; see
docs/experiments.md for what was measured and what was left out for that.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from empirics.engine.schedules import Linear
from empirics.engine.training import Training
from empirics.experiments.experiment import Experiment, Study
from empirics.experiments.quick import ALPHAS, EXTREME, MAIN, RATES, SOURCE, SYMMETRIC, WARM, WARM_RATE
from empirics.experiments.regularisers import variants
from empirics.models.base import MLP
from empirics.models.images import CNN

# Test samples are evaluated after each epoch: 2000 of them cost a twentieth of the time, all 10 000 a fifth.
DATASET = "mnist(train=10000, test=2000)"
TRAINING = Training(
    epochs=30,
    batch_size=128,
    learning_rate=Fraction(1, 500),
    schedule=Linear(Fraction(5, 8)),
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

# On the convolutional network the contrast of CCE and RLL at 2/5 and 3/5, with the control on clean labels.
CONVOLUTIONAL = replace(
    PERCEPTRON,
    model=CNN(),
    training=replace(TRAINING, epochs=20),
    grid=tuple((loss, rate) for loss in ("cce", RLL) for rate in (Fraction(0), E9_RATE, Fraction(3, 5))),
    warm=(),
    stack_size=6,
)

E9 = variants(
    CONVOLUTIONAL, (("cce", E9_RATE),), dropout=Fraction(1, 2), decay=Fraction(1, 10_000), mirror=False
)

CPU = Study("cpu", (PERCEPTRON, CONVOLUTIONAL, *E9))
