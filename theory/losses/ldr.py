"""The label-distributionally robust loss with a Kullback-Leibler penalty."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from lossmatters.theory.exact import fail
from lossmatters.theory.losses.registry import register
from lossmatters.theory.losses.unbounded import LogSumExpLoss


@register
@dataclass(frozen=True)
class LDRKL(LogSumExpLoss):
    """LDR-KL: the worst mean margin over distributions on the classes, less temp times their divergence.

    Formula: L(u, y) = temp log((1 + e^(margin/temp) sum_{i != y} (u_i/u_y)^(1/temp))/K), which is
    max_p sum_k p_k (z_k - z_y + margin [k != y]) - temp KL(p, uniform) of logits z.
    Shapes: (..., K) probabilities and one-hot labels -> (...).
    Domain: the simplex; -temp log K at the label's vertex, infinite at u_y = 0.
    Range: [-temp log K, infinity).
    Symmetric: no; S is convex in the logits, so least at the uniform output. temp = 1 and margin = 0 is
    CCE - log K; temp -> infinity, with margin 0, is the unhinged loss on logits.
    Differentiable: yes.
    Raises: ValueError unless temp > 0 and margin >= 0.

    Defaults: lambda = 10 (here `temp`) and the margin 0.1 with which it is run on CIFAR-10 by the code of
    Wang et al. 2024 (epsilon-softmax). The source's adaptive form, which tunes lambda sample by sample, and
    its normalised scores are no function of one output's probabilities.

    >>> round(float(LDRKL(temp=1, margin=0).values([[0.25, 0.75]], [0])[0]), 12)
    0.69314718056

    Source: Zhu, Ying & Yang, ICML 2023 (arXiv 2112.14869).
    """

    temp: Fraction = Fraction(10)
    margin: Fraction = Fraction(1, 10)

    name = "ldr-kl"
    title = "LDR-KL"
    latex = r"\lambda\log\frac{1 + e^{m/\lambda}\sum_{i \neq y}(u_i/u_y)^{1/\lambda}}{K}"
    source = "Zhu, Ying & Yang 2023"
    symmetric = False
    bounded = False

    def check_parameters(self) -> None:
        if self.temp <= 0:
            fail("parameter temp", "> 0", self.temp)
        if self.margin < 0:
            fail("parameter margin", ">= 0", self.margin)
