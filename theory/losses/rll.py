"""The robust log loss."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from lossmatters.theory.backends import N, Ops, Plain
from lossmatters.theory.exact import fail
from lossmatters.theory.losses.base import SeparableLoss
from lossmatters.theory.losses.registry import register


@register
@dataclass(frozen=True)
class RLL(SeparableLoss):
    """Robust log loss: cross-entropy's logarithm, made bounded and symmetric.

    Formula: L(u, y) = log((alpha + 1)/alpha) - log(alpha + u_y)
    + sum_{i != y} log(alpha + u_i)/(K - 1).
    Shapes: (..., K) probabilities and one-hot labels -> (...).
    Domain: the simplex; 0 at the label's vertex, C/(K - 1) at every other.
    Range: [0, log(1 + 1/alpha) + log(1 + 1/(alpha (K - 1)))], the maximum at u_y = 0 with the rest
    spread evenly, which for K > 2 is above C/(K - 1).
    Symmetric: yes, C = K log((alpha + 1)/alpha). Differentiable: yes.
    Raises: ValueError unless alpha > 0.

    >>> float(RLL(alpha=1).values([[1.0, 0.0, 0.0]], [0])[0])
    0.0

    Source: Kumar & Sastry, IEEE SMC 2018; Patel & Sastry, PAKDD 2021, sec. 2.
    """

    alpha: Fraction = Fraction(1, 10)

    name = "rll"
    title = "RLL"
    latex = r"\log\frac{\alpha+1}{\alpha} - \log(\alpha+u_y) + \sum_{i \neq y} \frac{\log(\alpha+u_i)}{K-1}"
    source = "Kumar & Sastry 2018; Patel & Sastry 2021, sec. 2"
    symmetric = True
    bounded = True

    def check_parameters(self) -> None:
        if self.alpha <= 0:
            fail("parameter alpha", "> 0", self.alpha)

    def on_label(self, t: N, num_classes: N | Plain, ops: Ops[N]) -> N | Plain:
        return ops.log((self.alpha + 1) / self.alpha) - ops.log(self.alpha + t)

    def off_label(self, t: N, num_classes: N | Plain, ops: Ops[N]) -> N | Plain:
        return ops.log(self.alpha + t) / (num_classes - 1)

    def upper_bound(self, num_classes: N | Plain, ops: Ops[N]) -> N | Plain | None:
        return ops.log(1 + 1 / self.alpha) + ops.log(1 + 1 / (self.alpha * (num_classes - 1)))
