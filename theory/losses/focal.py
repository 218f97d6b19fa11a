"""Focal loss."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from lossmatters.theory.backends import N, Ops, Plain
from lossmatters.theory.exact import fail
from lossmatters.theory.losses.base import SeparableLoss
from lossmatters.theory.losses.registry import register


@register
@dataclass(frozen=True)
class Focal(SeparableLoss):
    """Focal loss: cross-entropy that gives well-fitted samples less weight.

    Formula: L(u, y) = -(1 - u_y)^gamma log u_y; gamma = 0 is CCE.
    Shapes: (..., K) probabilities and one-hot labels -> (...).
    Domain: the simplex; infinite at u_y = 0, 0 at u_y = 1.
    Range: [0, infinity).
    Symmetric: no; S is unbounded. Differentiable: yes.
    Raises: ValueError unless gamma >= 0.

    >>> float(Focal(gamma=0).values([[0.25, 0.75]], [0])[0])
    1.3862943611198906

    Source: Lin et al., ICCV 2017, eq. 4 (here for K classes on the softmax).
    """

    gamma: Fraction = Fraction(2)

    name = "focal"
    title = "focal"
    latex = r"-(1 - u_y)^\gamma \log u_y"
    source = "Lin et al. 2017, eq. 4"
    symmetric = False
    bounded = False

    def check_parameters(self) -> None:
        if self.gamma < 0:
            fail("parameter gamma", ">= 0", self.gamma)

    def on_label(self, t: N, num_classes: N | Plain, ops: Ops[N]) -> N | Plain:
        return -ops.power(1 - t, self.gamma) * ops.log(t)
