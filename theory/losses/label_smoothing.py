"""Cross-entropy with smoothed labels."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from lossmatters.theory.backends import N, Ops, Plain
from lossmatters.theory.exact import fail
from lossmatters.theory.losses.base import SeparableLoss
from lossmatters.theory.losses.registry import register


@register
@dataclass(frozen=True)
class LabelSmoothing(SeparableLoss):
    """Label smoothing: cross-entropy to a label of which a share epsilon is spread over all classes.

    Formula: L(u, y) = -(1 - epsilon) log u_y - epsilon/K sum_i log u_i.
    Shapes: (..., K) probabilities and one-hot labels -> (...).
    Domain: the simplex; infinite wherever an entry is 0, at vertices too.
    Range: [H, infinity), with H the entropy of the smoothed label, attained there.
    Symmetric: no; S(u) = -sum log u_i, as for CCE, whatever epsilon is. Differentiable: yes.
    Raises: ValueError unless 0 < epsilon < 1.

    Training CCE on labels of uniform noise at rate eta is training this on clean labels, with
    epsilon = eta K/(K - 1), exactly. Default: the source's.

    >>> round(float(LabelSmoothing(epsilon=1/2).values([[0.25, 0.75]], [0])[0]), 12)
    1.111641288953

    Source: Szegedy et al., CVPR 2016, sec. 7.
    """

    epsilon: Fraction = Fraction(1, 10)

    name = "label-smoothing"
    title = "label smoothing"
    latex = r"-(1-\epsilon)\log u_y - \frac{\epsilon}{K}\sum_i \log u_i"
    source = "Szegedy et al. 2016, sec. 7"
    symmetric = False
    bounded = False

    def check_parameters(self) -> None:
        if not 0 < self.epsilon < 1:
            fail("parameter epsilon", "in (0, 1)", self.epsilon)

    def on_label(self, t: N, num_classes: N | Plain, ops: Ops[N]) -> N | Plain:
        return -(1 - self.epsilon + self.epsilon / num_classes) * ops.log(t)

    def off_label(self, t: N, num_classes: N | Plain, ops: Ops[N]) -> N | Plain:
        return -self.epsilon / num_classes * ops.log(t)
