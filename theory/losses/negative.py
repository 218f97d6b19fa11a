"""Normalised negative losses: the distance of a loss from its largest value, as a share of all labels'."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from lossmatters.theory.backends import N, Ops
from lossmatters.theory.exact import fail
from lossmatters.theory.losses.combinators import ShareLoss
from lossmatters.theory.losses.registry import register

YE = "Ye et al. 2023"
LARGEST_P_MIN = Fraction(1, 1000)  # below 1/K for all K < 1000: some u_i > p_min, some weight > 0


def _check_p_min(p_min: Fraction) -> None:
    if not 0 < p_min <= LARGEST_P_MIN:
        fail("parameter p_min", f"in (0, {LARGEST_P_MIN}]", p_min)


@register
@dataclass(frozen=True)
class NNCE(ShareLoss):
    """Normalised negative cross-entropy: one minus the label's share of A - CCE.

    Formula: L(u, y) = 1 - (A + log v_y)/sum_i (A + log v_i), with v = max(u, p_min) and A = -log p_min.
    Shapes: (..., K) probabilities and one-hot labels -> (...).
    Domain: the simplex, for K < 1/p_min; 0 at the label's vertex, 1 wherever u_y <= p_min.
    Range: [0, 1] = [0, C/(K-1)].
    Symmetric: yes, C = K - 1: a share, so the 1s sum to K and the shares to 1.
    Differentiable: but for a kink at u_i = p_min; there is no gradient of u_i below it.
    Raises: ValueError unless 0 < p_min <= 1/1000.

    A is the largest value of the clamped CCE, so A - CCE >= 0: a smaller A would make weights negative.
    Default: the source's, in whose ANL-CE it stands as 5 NCE + 5 NNCE for CIFAR-10.

    >>> float(NNCE().values([[0.5, 0.5]], [0])[0])
    0.5

    Source: Ye et al., NeurIPS 2023 (Active Negative Loss Functions).
    """

    p_min: Fraction = Fraction(1, 10**7)

    name = "nnce"
    title = "NNCE"
    latex = r"1 - \frac{\log (v_y/p_{min})}{\sum_i \log (v_i/p_{min})},\quad v = \max(u, p_{min})"
    source = YE

    def check_parameters(self) -> None:
        _check_p_min(self.p_min)

    def weights(self, probs: N, ops: Ops[N]) -> N:
        return ops.log(ops.maximum(probs, self.p_min) / self.p_min)


@register
@dataclass(frozen=True)
class NNFL(ShareLoss):
    """Normalised negative focal loss: one minus the label's share of A - focal.

    Formula: L(u, y) = 1 - (A - F(v_y))/sum_i (A - F(v_i)), with F(t) = -(1 - t)^gamma log t,
    v = max(u, p_min) and A = F(p_min).
    Shapes: (..., K) probabilities and one-hot labels -> (...).
    Domain: the simplex, for K < 1/p_min; 0 at the label's vertex, 1 wherever u_y <= p_min.
    Range: [0, 1] = [0, C/(K-1)].
    Symmetric: yes, C = K - 1. Differentiable: but for a kink at u_i = p_min.
    Raises: ValueError unless gamma >= 0 and 0 < p_min <= 1/1000.

    Defaults: p_min is the source's, in whose ANL-FL it stands beside NFL; gamma is the pairs'.

    >>> NNFL(gamma=0).values([[0.25, 0.75]], [0]).round(12) == NNCE().values([[0.25, 0.75]], [0]).round(12)
    array([ True])

    Source: Ye et al., NeurIPS 2023 (Active Negative Loss Functions).
    """

    gamma: Fraction = Fraction(1, 2)
    p_min: Fraction = Fraction(1, 10**7)

    name = "nnfl"
    title = "NNFL"
    latex = r"1 - \frac{A - F(v_y)}{\sum_i (A - F(v_i))},\quad F(t) = -(1-t)^\gamma \log t,\ A = F(p_{min})"
    source = YE

    def check_parameters(self) -> None:
        if self.gamma < 0:
            fail("parameter gamma", ">= 0", self.gamma)
        _check_p_min(self.p_min)

    def weights(self, probs: N, ops: Ops[N]) -> N:
        clamped = ops.maximum(probs, self.p_min)
        largest = -ops.power(1 - self.p_min, self.gamma) * ops.log(self.p_min)
        return largest + ops.power(1 - clamped, self.gamma) * ops.log(clamped)
