"""Which kernel computes which loss.

By the names of the catalogue's own classes: a subclass may have another formula. A loss that is not here
(a user's own) has no kernel and goes through its formula.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from lossmatters.theory.criteria.bounded import (
    BentLinear,
    Exponential,
    HuberLog,
    HuberPower,
    JensenShannon,
    ShiftedPower,
    Taylor,
    Truncated,
)
from lossmatters.theory.criteria.function import Kernel
from lossmatters.theory.criteria.mixed import Mixed
from lossmatters.theory.criteria.normalized import FocalGain, LogGain, NormalizedLog, Share
from lossmatters.theory.criteria.robust_log import RobustLog
from lossmatters.theory.criteria.single import CrossEntropy, FocalPower, Linear, Power, Single
from lossmatters.theory.criteria.squared import Squared
from lossmatters.theory.criteria.tempered import Tempered
from lossmatters.theory.criteria.total import SingleTotal, Total
from lossmatters.theory.losses.base import Combination, Loss, SeparableCombination
from lossmatters.theory.losses.combinators import Normalized
from lossmatters.theory.losses.mixtures import SeparableMixture


def _power(q: Fraction) -> Single:
    return Linear(1.0) if q == 1 else Power(float(q))


KERNELS: dict[str, Callable[[Any], Kernel]] = {
    "cce": lambda loss: CrossEntropy(),
    "mae": lambda loss: Linear(2.0),
    "unhinged": lambda loss: Linear(1.0),
    "rce": lambda loss: Linear(float(loss.A)),
    "sce": lambda loss: SingleTotal(
        ((float(loss.alpha), CrossEntropy()), (float(loss.beta * loss.A), Linear(1.0)))
    ),
    "gce": lambda loss: _power(loss.q),
    "truncated-gce": lambda loss: Truncated(float(loss.q), float(loss.k)),
    "focal": lambda loss: FocalPower(float(loss.gamma)),
    "phuber-ce": lambda loss: HuberLog(float(loss.tau)),
    "phuber-gce": lambda loss: HuberPower(float(loss.q), float(loss.tau)),
    "agce": lambda loss: ShiftedPower(float(loss.a), float(loss.q)),
    "aul": lambda loss: BentLinear(float(loss.a), float(loss.q)),
    "ael": lambda loss: Exponential(float(loss.a)),
    "taylor-ce": lambda loss: Taylor(int(loss.n)),
    "js": lambda loss: JensenShannon(float(1 - loss.pi1)),
    "mse": lambda loss: Squared(),
    "nmse": lambda loss: Squared(normalized=True),
    "amse": lambda loss: Squared(pull=float(loss.a)),
    "rll": lambda loss: RobustLog(float(loss.alpha)),
    "bi-tempered": lambda loss: Tempered(float(1 - loss.t1)),
    "nce": lambda loss: NormalizedLog(),
    "ngce": lambda loss: Share(_power(loss.q)),
    "nfl": lambda loss: Share(FocalPower(float(loss.gamma))),
    "nnce": lambda loss: Share(LogGain(float(loss.p_min)), gain=True),
    "nnfl": lambda loss: Share(FocalGain(float(loss.gamma), float(loss.p_min)), gain=True),
}


def kernel(loss: Loss) -> Kernel | None:
    """The kernel of a loss, of a sum of losses that have one, of a normalised loss of u_y; or None."""
    if type(loss).__module__.startswith("lossmatters.theory.losses.") and loss.name in KERNELS:
        return KERNELS[loss.name](loss)
    if type(loss) is Normalized:
        base = kernel(loss.base)
        if isinstance(base, Squared) and base == Squared():
            return Squared(normalized=True)
        if isinstance(base, CrossEntropy):
            return NormalizedLog()
        return Share(base) if isinstance(base, Single) else None
    if isinstance(loss, SeparableMixture):
        base = kernel(loss.base)
        return Mixed(loss, base) if isinstance(base, Single) else None
    if isinstance(loss, Combination | SeparableCombination) and _sums_its_terms(loss):
        terms = [(float(factor), kernel(term)) for factor, term in loss.terms]
        found = [(factor, term) for factor, term in terms if term is not None]
        if len(found) < len(terms):
            return None
        singles = [(factor, term) for factor, term in found if isinstance(term, Single)]
        return SingleTotal(tuple(singles)) if len(singles) == len(found) else Total(tuple(found))
    return None


def _sums_its_terms(loss: Any) -> bool:
    """A subclass that has its own formula is no sum, whatever its terms."""
    kind = type(loss)
    if isinstance(loss, Combination):
        return kind.formula is Combination.formula
    return kind is SeparableCombination
