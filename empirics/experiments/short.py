"""The `short` profile: the source's MNIST with ResNet-18 in fewer epochs, for a quarter of an hour of a GPU.

All images, and everything else as in `paper`, but for the number of epochs and one rule: the step size
falls to 0 in a straight line in the second half, so that a network ends at rest after so few. Its records
have a name of their own and never mix with those of 200 epochs.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from lossmatters.empirics.engine.schedules import Linear
from lossmatters.empirics.experiments import paper
from lossmatters.empirics.experiments.experiment import Study
from lossmatters.empirics.experiments.quick import EXTREME, SOURCE

RLL = "rll(alpha=1/10)"
HEADLINE = Fraction(2, 5)
OTHERS = (Fraction(1, 5), Fraction(3, 5))

RESNET_18 = replace(
    paper.RESNET_18,
    name="short",
    training=replace(paper.RESNET_18.training, epochs=25, schedule=Linear(Fraction(1, 2))),
    # What speaks most comes first.
    grid=(
        *((loss, HEADLINE) for loss in SOURCE),
        (RLL, Fraction(0)),
        ("nmse", Fraction(0)),
        *((loss, rate) for rate in OTHERS for loss in SOURCE),
        ("cce", Fraction(0)),
        ("mse", Fraction(0)),
        (RLL, EXTREME),
    ),
    stack_size=1,
)

SHORT = Study("short", (RESNET_18,))
