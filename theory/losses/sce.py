"""Symmetric cross-entropy, which is not a symmetric loss."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from lossmatters.theory.backends import N, Ops, Plain
from lossmatters.theory.exact import fail
from lossmatters.theory.losses.base import SeparableLoss
from lossmatters.theory.losses.registry import register


@register
@dataclass(frozen=True)
class SCE(SeparableLoss):
    """The so-called symmetric cross-entropy, CCE plus reverse CCE: its sum over labels is *not* constant.

    Formula: L(u, y) = alpha (-log u_y) + beta A (1 - u_y).
    Shapes: (..., K) probabilities and one-hot labels -> (...).
    Domain: the simplex; infinite at u_y = 0, 0 at u_y = 1.
    Range: [0, infinity).
    Symmetric: no; S is unbounded. Differentiable: yes.
    Raises: ValueError unless alpha > 0, beta > 0 and A > 0.

    >>> float(SCE(alpha=1, beta=1, A=4).values([[1.0, 0.0]], [0])[0])
    0.0

    Source: Wang et al., ICCV 2019, eq. 7.
    """

    alpha: Fraction = Fraction(1, 10)
    beta: Fraction = Fraction(1)
    A: Fraction = Fraction(4)

    name = "sce"
    title = "SCE"
    latex = r"-\alpha \log u_y + \beta A\,(1 - u_y)"
    source = "Wang et al. 2019, eq. 7"
    symmetric = False
    bounded = False

    def check_parameters(self) -> None:
        for key, value in self.parameters.items():
            if value <= 0:
                fail(f"parameter {key}", "> 0", value)

    def on_label(self, t: N, num_classes: N | Plain, ops: Ops[N]) -> N | Plain:
        return self.beta * self.A * (1 - t) - self.alpha * ops.log(t)
