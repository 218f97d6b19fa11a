"""Cross-entropy of the epsilon-softmax."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from lossmatters.theory.backends import N, Ops, Plain
from lossmatters.theory.exact import fail
from lossmatters.theory.losses.registry import register
from lossmatters.theory.losses.unbounded import UnboundedSumLoss


@register
@dataclass(frozen=True)
class EpsilonCE(UnboundedSumLoss):
    """Cross-entropy of the epsilon-softmax, which adds m to the largest probability and divides by m + 1.

    Formula: L(u, y) = log(m + 1) - log(u_y + m) where u_y is the largest entry, log(m + 1) - log u_y where it
    is not; the mean of these as ties are broken at random, where several are largest.
    Shapes: (..., K) probabilities and one-hot labels -> (...).
    Domain: the simplex; 0 at the label's vertex, infinite at u_y = 0.
    Range: [0, infinity).
    Symmetric: no; S = K log(m + 1) - log(1 + m/max u) - sum_i log u_i, which is continuous, least at the
    uniform output and infinite at the boundary.
    Differentiable: no: L jumps wherever the label ties for the first place. Elsewhere it has a gradient,
    that of CCE where the label is not first, and next to none (at most 1/m) where it is. Under noise its
    least risk is approached beside a tie where (m + 1) eta/(K - 1) > 1/K, and not attained.
    Raises: ValueError unless m > 0.

    Default: m = 10^5, the source's for CIFAR-10 with uniform noise, where it stands in
    `1/100*epsilon-ce + 5*mae`.

    >>> EpsilonCE(m=1).values([[0.5, 0.25, 0.25], [0.25, 0.5, 0.25]], [0, 0]).round(12)
    array([0.28768207, 2.07944154])

    Source: Wang et al., NeurIPS 2024 (arXiv 2508.02387).
    """

    m: Fraction = Fraction(10**5)

    name = "epsilon-ce"
    title = "eps-softmax CE"
    latex = r"-\log\frac{u_y + m\,[u_y = \max u]}{m+1}"
    source = "Wang et al. 2024, arXiv 2508.02387"
    differentiable = False

    def check_parameters(self) -> None:
        if self.m <= 0:
            fail("parameter m", "> 0", self.m)

    def formula(self, probs: N, onehot: N, ops: Ops[N]) -> N:
        first = ops.where(probs >= ops.max(probs), ops.const(1) + probs * 0, probs * 0)
        chance = ops.dot(first, onehot) / ops.sum(first)
        own = ops.dot(probs, onehot)
        # Where u_y = 0 it is not first, and where it alone is first u_y >= 1/K: never 0 times infinity.
        return ops.log(self.m + 1) - chance * ops.log(own + self.m) - (1 - chance) * ops.log(own)

    def label_sum(self, probs: N, ops: Ops[N]) -> N:
        m, largest = ops.const(self.m), ops.sum(ops.max(probs))  # the sum of one entry
        logs = ops.sum(ops.log(probs))
        return probs.shape[-1] * ops.log(m + 1) - ops.log(1 + m / largest) - logs

    def least_label_sum(self, num_classes: N | Plain, ops: Ops[N]) -> N | Plain:
        rest = ops.log(1 + self.m * num_classes)
        return num_classes * (ops.log(self.m + 1) + ops.log(num_classes)) - rest
