"""What each loss is robust to: four kinds of noise, two things that noise may leave as they are.

*Order*: the order of the risks of every two hypotheses, for every distribution. *Zero risk*: a
hypothesis whose clean risk is 0 minimises the noisy risk too, whatever it is compared with: asked of losses
that are never negative.

========================  ==========================================================================
uniform                   one rate eta < (K - 1)/K
class-conditional         any T with T[i, i] > T[i, j] for all j != i
pair                      class i becomes i + 1 at one rate eta < 1/2
instance-dependent        uniform at each input, at a rate eta(x) <= eta_max < (K - 1)/K
========================  ==========================================================================

What is proved rests on R1, R4, R5 or on concavity (`concave`); what is refuted comes with exact numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from lossmatters.theory.exact import check_num_classes, fail
from lossmatters.theory.losses.base import Loss
from lossmatters.theory.risk.finding import Finding
from lossmatters.theory.risk.noise_examples import NOISE_KINDS
from lossmatters.theory.risk.order_kept import decide_order
from lossmatters.theory.risk.zero_risk import decide_zero_risk
from lossmatters.theory.verdict import Status


class Keeps(StrEnum):
    """What a kind of noise leaves as it is."""

    ORDER = "keeps the order of all risks"
    ZERO_RISK = "keeps minimisers of zero risk, not the order of all risks"
    NEITHER = "keeps neither"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Robustness:
    """What a loss is robust to under one kind of noise, at one K.

    Attributes
    ----------
    order : is the order of risks of every pair of hypotheses kept?
    zero_risk : does a hypothesis of clean risk 0 minimise the noisy risk?
    """

    loss: str
    noise: str
    num_classes: int
    order: Finding
    zero_risk: Finding

    @property
    def says(self) -> Keeps:
        """Return what is kept, of the two."""
        if self.order.status is Status.PROVED:
            return Keeps.ORDER
        if self.zero_risk.status is Status.PROVED:
            return Keeps.ZERO_RISK
        return Keeps.NEITHER if self.zero_risk.status is Status.REFUTED else Keeps.UNDECIDED

    def to_dict(self) -> dict[str, object]:
        """Return the answers as plain JSON data."""
        return {
            "loss": self.loss,
            "noise": self.noise,
            "num_classes": self.num_classes,
            "says": self.says.value,
            "order": self.order.to_dict(),
            "zero_risk": self.zero_risk.to_dict(),
        }


@lru_cache(maxsize=256)
def robust_to(loss: Loss, noise: str, num_classes: int) -> Robustness:
    """Decide what a loss is robust to under one kind of noise (a key of `NOISE_KINDS`).

    Raises
    ------
    ValueError : an unknown kind of noise, K < 2.
    TypeError : K that is no integer.

    >>> from lossmatters.theory.losses import MAE, RLL
    >>> str(robust_to(MAE(), "pair", 10).says)
    'keeps minimisers of zero risk, not the order of all risks'
    >>> str(robust_to(RLL(), "pair", 10).zero_risk.status)
    'refuted'
    """
    k = check_num_classes(num_classes)
    if noise not in NOISE_KINDS:
        fail("noise", f"one of {', '.join(NOISE_KINDS)}", noise)
    if not loss.has_formula:
        finding = Finding(Status.UNDECIDED, "no formula")
        return Robustness(loss.spec, noise, k, finding, finding)
    kind = "uniform" if k == 2 and noise == "pair" else noise  # the same matrices
    return Robustness(loss.spec, noise, k, decide_order(loss, kind, k), decide_zero_risk(loss, kind, k))
