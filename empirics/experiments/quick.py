"""The `quick` profile: digits and a small network, five to eleven minutes on two CPU cores.

The time is that of its networks, 1.6 s to 3.7 s each on one core, as fast as the core is, so some 350 of
them: every loss of the catalogue is in it, and what no claim rests on is trained with one seed.
"""

from __future__ import annotations

from fractions import Fraction

from lossmatters.empirics.experiments.experiment import Experiment
from lossmatters.theory.catalogue import own_names
from lossmatters.theory.losses import LOSSES

RATES = tuple(Fraction(text) for text in ("0", "1/5", "2/5", "3/5"))
FEW_RATES = tuple(Fraction(text) for text in ("0", "2/5"))
EXTREME = Fraction(17, 20)
WARM_RATE = Fraction(2, 5)

# The claims of the source (E1 to E8) speak of the first four, MAE and GCE stand beside them.
SOURCE = ("cce", "mse", "rll(alpha=1/10)", "nmse")
MAIN = (*SOURCE, "mae", "gce(q=7/10)")
ALPHAS = ("rll(alpha=1/100)", "rll(alpha=1/2)", "rll(alpha=1)")  # E10: alpha's effect on RLL

# A loss that a user registered is not part of this profile: worker processes do not know it.
_CATALOGUE = [LOSSES[name]() for name in own_names() if LOSSES[name].differentiable]
_OTHERS = [loss for loss in _CATALOGUE if loss.spec not in MAIN]
# Multiples of MAE: with another scale Adam makes the same steps but for its eps, so E10 speaks of MAE alone.
MULTIPLES = ("unhinged", "rce(A=4)")
SYMMETRIC = tuple(loss.spec for loss in _OTHERS if loss.symmetric is True and loss.spec not in MULTIPLES)
REST = tuple(loss.spec for loss in _OTHERS if loss.spec not in SYMMETRIC)

# N4: from a network that CCE has made to memorise, and from one that RLL has kept from it.
WARM = (
    ("cce", "rll(alpha=1/10)"),
    ("cce", "nmse"),
    ("cce", "mae"),
    ("rll(alpha=1/10)", "cce"),
    ("rll(alpha=1/10)", "rll(alpha=1/10)"),
)

QUICK = Experiment(
    name="quick",
    dataset="digits",
    grid=(
        *((loss, rate) for loss in MAIN for rate in RATES),
        *((loss, EXTREME) for loss in SOURCE),  # E7
        *((loss, rate) for loss in SYMMETRIC for rate in FEW_RATES),
        *((loss, FEW_RATES[1]) for loss in ALPHAS),
    ),
    warm=tuple((start, loss, WARM_RATE) for start, loss in WARM),
    first_seed_grid=(
        *((loss, FEW_RATES[0]) for loss in ALPHAS),
        *((loss, rate) for loss in REST for rate in FEW_RATES),
    ),
)
