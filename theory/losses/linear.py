"""Losses that are linear in the label's probability: unhinged and reverse cross-entropy."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from lossmatters.theory.backends import N, Ops, Plain
from lossmatters.theory.exact import fail
from lossmatters.theory.losses.base import SeparableLoss
from lossmatters.theory.losses.registry import register


@register
@dataclass(frozen=True)
class Unhinged(SeparableLoss):
    """The unhinged loss on probabilities: half of MAE.

    Formula: L(u, y) = 1 - u_y.
    Shapes: (..., K) probabilities and one-hot labels -> (...).
    Domain: the simplex; 0 at the label's vertex, 1 at every other.
    Range: [0, 1] = [0, C/(K-1)].
    Symmetric: yes, C = K - 1. Differentiable: yes, linear.
    Raises: nothing; it has no parameters.

    >>> float(Unhinged().values([[0.25, 0.75]], [0])[0])
    0.75

    Source: van Rooyen, Menon & Williamson, NeurIPS 2015 (binary); here on the simplex.
    """

    name = "unhinged"
    title = "unhinged"
    latex = r"1 - u_y"
    source = "van Rooyen, Menon & Williamson 2015"
    symmetric = True
    bounded = True

    def on_label(self, t: N, num_classes: N | Plain, ops: Ops[N]) -> N | Plain:
        return 1 - t

    def upper_bound(self, num_classes: N | Plain, ops: Ops[N]) -> N | Plain | None:
        return ops.const(1)


@register
@dataclass(frozen=True)
class RCE(SeparableLoss):
    """Reverse cross-entropy -sum_i u_i log e_i with log 0 read as -A: A/2 times MAE.

    Formula: L(u, y) = A (1 - u_y).
    Shapes: (..., K) probabilities and one-hot labels -> (...).
    Domain: the simplex; 0 at the label's vertex, A at every other.
    Range: [0, A] = [0, C/(K-1)].
    Symmetric: yes, C = A (K - 1). Differentiable: yes, linear.
    Raises: ValueError unless A > 0.

    Published constants differ: texts set log 0 = -4 (A = 4, the default), code that clamps the one-hot
    label at 1e-4 has A = -log(1e-4) = 9.21. A only scales the loss.

    >>> float(RCE(A=4).values([[0.25, 0.75]], [0])[0])
    3.0

    Source: Wang et al., ICCV 2019, sec. 3.1; Ma et al., ICML 2020.
    """

    A: Fraction = Fraction(4)

    name = "rce"
    title = "RCE"
    latex = r"A\,(1 - u_y)"
    source = "Wang et al. 2019, sec. 3.1"
    symmetric = True
    bounded = True

    def check_parameters(self) -> None:
        if self.A <= 0:
            fail("parameter A", "> 0", self.A)

    def on_label(self, t: N, num_classes: N | Plain, ops: Ops[N]) -> N | Plain:
        return self.A * (1 - t)

    def upper_bound(self, num_classes: N | Plain, ops: Ops[N]) -> N | Plain | None:
        return self.A * ops.const(1)
