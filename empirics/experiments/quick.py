"""The `quick` profile: digits and a small network, a few minutes on two CPU cores."""

from __future__ import annotations

from fractions import Fraction

from empirics.experiments.experiment import Experiment

RATES = tuple(Fraction(text) for text in ("0", "1/5", "2/5", "3/5", "17/20"))
FEW_RATES = tuple(Fraction(text) for text in ("0", "2/5"))

# The claims of the source (E1 to E8) speak of the first four, at every rate; 17/20 is for E7.
MAIN = ("cce", "mse", "rll(alpha=1/10)", "nmse", "mae", "gce(q=7/10)")
# E10: the rest of the catalogue that has gradients, and alpha's effect on RLL.
OTHERS = (
    "focal(gamma=2)",
    "sce(alpha=1/10, beta=1, A=4)",
    "nce",
    "nfl(gamma=2)",
    "ngce(q=7/10)",
    "unhinged",
    "rce(A=4)",
    "rll(alpha=1/100)",
    "rll(alpha=1/2)",
    "rll(alpha=1)",
)

QUICK = Experiment(
    name="quick",
    dataset="digits",
    grid=(
        *((loss, rate) for loss in MAIN for rate in RATES),
        *((loss, rate) for loss in OTHERS for rate in FEW_RATES),
    ),
)
