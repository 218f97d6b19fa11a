"""The bi-tempered logistic loss, on the simplex."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from lossmatters.theory.backends import N, Ops, Plain
from lossmatters.theory.exact import fail
from lossmatters.theory.losses.base import SeparableLoss
from lossmatters.theory.losses.registry import register


@register
@dataclass(frozen=True)
class BiTempered(SeparableLoss):
    """Bi-tempered logistic loss of softmax outputs: a tempered Bregman divergence.

    Formula: L(u, y) = (1 - u_y^(1-t1))/(1 - t1) - (1 - sum_i u_i^(2-t1))/(2 - t1).
    Shapes: (..., K) probabilities and one-hot labels -> (...).
    Domain: the simplex; 0 at the label's vertex, 1/(1 - t1) at every other.
    Range: [0, 1/(1 - t1)].
    Symmetric: no; the function G of S1 is convex. t1 = 0 is MSE/2, and t1 -> 1 is CCE.
    Differentiable: yes (infinite slope at u_y = 0, for t1 > 0).
    Raises: ValueError unless 0 <= t1 < 1.

    The source has two temperatures: t1 < 1 of the divergence, which bounds the loss, and t2 >= 1 of a
    "tempered softmax" from logits to outputs. A loss here is a function of the output, and logits are read
    by softmax, t2 = 1; so this is the divergence, which with outputs of another link is theirs in full.
    Default: t1 = 4/5, the source's for CIFAR (with t2 = 6/5).

    >>> float(BiTempered(t1=0).values([[0.25, 0.75]], [0])[0])
    0.5625

    Source: Amid et al., NeurIPS 2019.
    """

    t1: Fraction = Fraction(4, 5)

    name = "bi-tempered"
    title = "bi-tempered"
    latex = r"\frac{1 - u_y^{1-t_1}}{1-t_1} - \frac{1 - \sum_i u_i^{2-t_1}}{2-t_1}"
    source = "Amid et al. 2019"
    symmetric = False
    bounded = True

    def check_parameters(self) -> None:
        if not 0 <= self.t1 < 1:
            fail("parameter t1", "in [0, 1)", self.t1)

    def on_label(self, t: N, num_classes: N | Plain, ops: Ops[N]) -> N | Plain:
        gain = (1 - ops.power(t, 1 - self.t1)) / (1 - self.t1)
        return gain - (1 - ops.power(t, 2 - self.t1)) / (2 - self.t1)

    def off_label(self, t: N, num_classes: N | Plain, ops: Ops[N]) -> N | Plain:
        return ops.power(t, 2 - self.t1) / (2 - self.t1)

    def upper_bound(self, num_classes: N | Plain, ops: Ops[N]) -> N | Plain | None:
        return 1 / (1 - self.t1)
