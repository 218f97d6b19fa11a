"""Symmetrised generalised cross-entropy."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from lossmatters.theory.backends import N, Ops, Plain
from lossmatters.theory.exact import fail
from lossmatters.theory.losses.base import SeparableLoss
from lossmatters.theory.losses.registry import register


@register
@dataclass(frozen=True)
class SGCE(SeparableLoss):
    """Symmetrised generalised cross-entropy: GCE less its mean over labels, from 0 on.

    Formula: L(u, y) = ((K - 1)(1 - u_y^q) + sum_{i != y} u_i^q)/(K q).
    Shapes: (..., K) probabilities and one-hot labels -> (...).
    Domain: the simplex; 0 at the label's vertex, 1/q at every other.
    Range: [0, (K - 1 + (K - 1)^(1-q))/(K q)], the maximum at u_y = 0 with the rest spread evenly, which for
    q < 1 and K > 2 is above C/(K - 1) = 1/q.
    Symmetric: yes, C = (K - 1)/q. q = 1 is the unhinged loss; less what grows without bound, q -> 0 is the
    unhinged loss on logits.
    Differentiable: yes (infinite slope at u_i = 0).
    Raises: ValueError unless 0 < q <= 1.

    Default: that of GCE.

    >>> float(SGCE(q=0.5).values([[0.25, 0.75, 0.0]], [0])[0]).__round__(12)
    1.244016935856

    Source: arXiv 2605.20347, whose operator it is of GCE (Zhang & Sabuncu, NeurIPS 2018).
    """

    q: Fraction = Fraction(7, 10)

    name = "sgce"
    title = "SGCE"
    latex = r"\frac{(K-1)(1-u_y^q) + \sum_{i \neq y} u_i^q}{K q}"
    source = "arXiv 2605.20347"
    symmetric = True
    bounded = True

    def check_parameters(self) -> None:
        if not 0 < self.q <= 1:
            fail("parameter q", "in (0, 1]", self.q)

    def on_label(self, t: N, num_classes: N | Plain, ops: Ops[N]) -> N | Plain:
        return (num_classes - 1) * (1 - ops.power(t, self.q)) / (num_classes * self.q)

    def off_label(self, t: N, num_classes: N | Plain, ops: Ops[N]) -> N | Plain:
        return ops.power(t, self.q) / (num_classes * self.q)

    def upper_bound(self, num_classes: N | Plain, ops: Ops[N]) -> N | Plain | None:
        rest = num_classes - ops.const(1)
        return (rest + ops.power(rest, 1 - self.q)) / (num_classes * self.q)
