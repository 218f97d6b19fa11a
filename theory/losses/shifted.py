"""Shifted cross-entropy."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from lossmatters.theory.backends import N, Ops, Plain
from lossmatters.theory.exact import fail
from lossmatters.theory.losses.base import SeparableLoss
from lossmatters.theory.losses.registry import register


@register
@dataclass(frozen=True)
class ShiftedCE(SeparableLoss):
    """Shifted cross-entropy: cross-entropy with u_y moved by alpha, away from the logarithm's pole.

    Formula: L(u, y) = log((1 + alpha)/(alpha + u_y)), which is -log(alpha + u_y) plus what makes its least
    value 0.
    Shapes: (..., K) probabilities and one-hot labels -> (...).
    Domain: the simplex; 0 at the label's vertex, log(1 + 1/alpha) at every other.
    Range: [0, log(1 + 1/alpha)].
    Symmetric: no; convex in u_y. alpha -> 0 is CCE; for large alpha it nears a multiple of the unhinged loss.
    Less its mean over labels it is RLL, up to the factor K/(K - 1).
    Differentiable: yes.
    Raises: ValueError unless alpha > 0.

    Default: that of RLL, of which it is the label's own term.

    >>> round(float(ShiftedCE(alpha=1).values([[0.0, 1.0]], [0])[0]), 12)
    0.69314718056

    Source: the first term of RLL, Kumar & Sastry, IEEE SMC 2018.
    """

    alpha: Fraction = Fraction(1, 10)

    name = "shifted-ce"
    title = "shifted CE"
    latex = r"\log\frac{1+\alpha}{\alpha+u_y}"
    source = "Kumar & Sastry 2018"
    symmetric = False
    bounded = True

    def check_parameters(self) -> None:
        if self.alpha <= 0:
            fail("parameter alpha", "> 0", self.alpha)

    def on_label(self, t: N, num_classes: N | Plain, ops: Ops[N]) -> N | Plain:
        return ops.log((1 + self.alpha) / (self.alpha + t))

    def upper_bound(self, num_classes: N | Plain, ops: Ops[N]) -> N | Plain | None:
        return ops.log(1 + 1 / self.alpha)
