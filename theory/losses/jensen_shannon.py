"""The Jensen-Shannon loss."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from lossmatters.theory.backends import N, Ops, Plain
from lossmatters.theory.exact import fail
from lossmatters.theory.losses.base import SeparableLoss
from lossmatters.theory.losses.registry import register


@register
@dataclass(frozen=True)
class JS(SeparableLoss):
    """Jensen-Shannon loss: the weighted divergence of label and output, scaled; between CCE and MAE.

    Formula: L(u, y) = (pi1 KL(e_y, m) + (1 - pi1) KL(u, m))/Z, with m = pi1 e_y + (1 - pi1) u and
    Z = -(1 - pi1) log(1 - pi1). Off the label m_i/u_i = 1 - pi1 whatever u is, so L is a function of u_y:
    Z L = -m_y log m_y + (1 - pi1) (u_y log u_y - (1 - u_y) log(1 - pi1)).
    Shapes: (..., K) probabilities and one-hot labels -> (...).
    Domain: the simplex (0 log 0 = 0); 0 at the label's vertex, 1 - pi1 log(pi1)/Z at every other.
    Range: [0, 1 - pi1 log(pi1)/Z].
    Symmetric: no; convex in u_y. It tends to CCE as pi1 -> 0 and to half of MAE as pi1 -> 1.
    Differentiable: yes (infinite slope at u_y = 0).
    Raises: ValueError unless 0 < pi1 < 1.

    The generalised loss, GJS, compares the outputs of several augmented views of one sample, so it is no
    function of one output; with equal views it is this loss. Default: the source's for CIFAR-10 with 40% of
    uniform noise.

    >>> float(JS(pi1=1/2).values([[0.0, 1.0]], [0])[0])
    2.0

    Source: Englesson & Azizpour, NeurIPS 2021.
    """

    pi1: Fraction = Fraction(7, 10)

    name = "js"
    title = "JS"
    latex = (
        r"\frac{\pi_1 KL(e_y \| m) + (1-\pi_1) KL(u \| m)}{-(1-\pi_1)\log(1-\pi_1)},"
        r"\quad m = \pi_1 e_y + (1-\pi_1)u"
    )
    source = "Englesson & Azizpour 2021"
    symmetric = False
    bounded = True

    def check_parameters(self) -> None:
        if not 0 < self.pi1 < 1:
            fail("parameter pi1", "in (0, 1)", self.pi1)

    def on_label(self, t: N, num_classes: N | Plain, ops: Ops[N]) -> N | Plain:
        rest = 1 - self.pi1
        mixed = self.pi1 + rest * t
        # 0 log 0 = 0: the logarithm is taken of 1 there.
        entropy = t * ops.log(ops.where(t > 0, t, 1 + 0 * t))
        inside = rest * (entropy - (1 - t) * ops.log(rest)) - mixed * ops.log(mixed)
        return inside / (-rest * ops.log(rest))

    def upper_bound(self, num_classes: N | Plain, ops: Ops[N]) -> N | Plain | None:
        rest = 1 - self.pi1
        return 1 + self.pi1 * ops.log(self.pi1) / (rest * ops.log(rest))
