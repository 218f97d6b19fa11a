"""Generalised cross-entropy."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from lossmatters.theory.backends import N, Ops, Plain
from lossmatters.theory.exact import fail
from lossmatters.theory.losses.base import SeparableLoss
from lossmatters.theory.losses.registry import register


@register
@dataclass(frozen=True)
class GCE(SeparableLoss):
    """Generalised cross-entropy: between CCE (q -> 0) and the unhinged loss (q = 1).

    Formula: L(u, y) = (1 - u_y^q)/q.
    Shapes: (..., K) probabilities and one-hot labels -> (...).
    Domain: the simplex; 0 at the label's vertex, 1/q at every other.
    Range: [0, 1/q].
    Symmetric: only at q = 1; for q < 1, S(u) ranges over [(K - K^(1-q))/q, (K - 1)/q].
    Differentiable: yes (infinite slope at u_y = 0).
    Raises: ValueError unless 0 < q <= 1.

    >>> float(GCE(q=0.5).values([[0.25, 0.75]], [0])[0])
    1.0

    Source: Zhang & Sabuncu, NeurIPS 2018, eq. 6.
    """

    q: Fraction = Fraction(7, 10)

    name = "gce"
    title = "GCE"
    latex = r"(1 - u_y^q)/q"
    source = "Zhang & Sabuncu 2018, eq. 6"
    bounded = True

    @property
    def symmetric(self) -> bool:  # type: ignore[override]
        return self.q == 1

    def check_parameters(self) -> None:
        if not 0 < self.q <= 1:
            fail("parameter q", "in (0, 1]", self.q)

    def on_label(self, t: N, num_classes: N | Plain, ops: Ops[N]) -> N | Plain:
        return (1 - ops.power(t, self.q)) / self.q

    def upper_bound(self, num_classes: N | Plain, ops: Ops[N]) -> N | Plain | None:
        return 1 / self.q
