"""The `pair` experiment: does a bound that knows no network decide who resists noise that is not uniform?

Each class is taken for the next one at rates 0.2 and 0.4 (E11). Under such noise the clean label is the
likeliest one, and yet symmetry alone protects nothing: the question is whether the vertex of the clean label
still minimises the noisy risk (A3). The losses were chosen for what that predicts: kept at both rates, at the
lower one alone, at neither. Those that it must protect are trained on clean labels too, as their control.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from lossmatters.empirics.experiments.experiment import Experiment, Study
from lossmatters.empirics.noise_kinds import Family
from lossmatters.theory.losses import get

RATES = (Fraction(1, 5), Fraction(2, 5))
PROTECTED = tuple(get(name).spec for name in ("mae", "agce", "aul", "ael", "taylor-ce"))
OTHERS = tuple(get(name).spec for name in ("cce", "mse", "rll", "nmse", "gce", "phuber-ce"))

DIGITS = Experiment(
    name="pair",
    dataset="digits",
    noise=Family("pair"),
    grid=(
        *((loss, rate) for loss in (*OTHERS, *PROTECTED) for rate in RATES),
        *((loss, Fraction(0)) for loss in PROTECTED),
    ),
    stack_size=9,
)
MNIST = replace(
    DIGITS,
    dataset="mnist(train=2000, test=1000)",
    grid=(
        *((loss, rate) for loss in ("cce", "rll", "gce", "mae", "agce", "taylor-ce") for rate in RATES),
        *((loss, Fraction(0)) for loss in ("mae", "agce", "taylor-ce")),
    ),
)

PAIR = Study("pair", (DIGITS, MNIST))
