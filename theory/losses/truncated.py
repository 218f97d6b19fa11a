"""Truncated generalised cross-entropy."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from lossmatters.theory.backends import N, Ops, Plain
from lossmatters.theory.exact import fail
from lossmatters.theory.losses.base import SeparableLoss
from lossmatters.theory.losses.registry import register


@register
@dataclass(frozen=True)
class TruncatedGCE(SeparableLoss):
    """Truncated generalised cross-entropy: GCE that gives up on labels of probability below k.

    Formula: L(u, y) = (1 - max(u_y, k)^q)/q.
    Shapes: (..., K) probabilities and one-hot labels -> (...).
    Domain: the simplex; 0 at the label's vertex, (1 - k^q)/q wherever u_y <= k.
    Range: [0, (1 - k^q)/q].
    Symmetric: no. Flat up to k, convex from there: at the defaults S is smallest at the vertices and largest
    wherever no u_i exceeds k, the other way round than for GCE.
    Differentiable: but for a kink at u_y = k; there is no gradient below it.
    Raises: ValueError unless 0 < q <= 1 and 0 < k < 1.

    An untrained network with K > 1/k classes has hardly an output above k, so training cannot start on this
    loss. The source trains on GCE first, and then drops and re-admits samples by the threshold between
    epochs; here is its loss alone, for a warm start. Defaults: those of the source.

    >>> TruncatedGCE(q=1).values([[0.25, 0.75], [0.0, 1.0]], [0, 0])
    array([0.5, 0.5])

    Source: Zhang & Sabuncu, NeurIPS 2018, sec. 3.3.
    """

    q: Fraction = Fraction(7, 10)
    k: Fraction = Fraction(1, 2)

    name = "truncated-gce"
    title = "truncated GCE"
    latex = r"(1 - \max(u_y, k)^q)/q"
    source = "Zhang & Sabuncu 2018, sec. 3.3"
    symmetric = False
    bounded = True

    def check_parameters(self) -> None:
        if not 0 < self.q <= 1:
            fail("parameter q", "in (0, 1]", self.q)
        if not 0 < self.k < 1:
            fail("parameter k", "in (0, 1)", self.k)

    def on_label(self, t: N, num_classes: N | Plain, ops: Ops[N]) -> N | Plain:
        return (1 - ops.power(ops.maximum(t, self.k), self.q)) / self.q

    def upper_bound(self, num_classes: N | Plain, ops: Ops[N]) -> N | Plain | None:
        return (1 - ops.power(self.k, self.q)) / self.q
