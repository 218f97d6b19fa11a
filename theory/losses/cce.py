"""Categorical cross-entropy."""

from __future__ import annotations

from dataclasses import dataclass

from lossmatters.theory.backends import N, Ops, Plain
from lossmatters.theory.losses.base import SeparableLoss
from lossmatters.theory.losses.registry import register


@register
@dataclass(frozen=True)
class CCE(SeparableLoss):
    """Categorical cross-entropy: the loss that memorises.

    Formula: L(u, y) = -log u_y.
    Shapes: (..., K) probabilities and one-hot labels -> (...).
    Domain: the simplex; infinite at u_y = 0, 0 at u_y = 1.
    Range: [0, infinity).
    Symmetric: no; S(u) = -sum log u_i ranges over [K log K, infinity). Differentiable: yes.
    Raises: nothing; it has no parameters.

    >>> float(CCE().values([[0.25, 0.75]], [0])[0])
    1.3862943611198906

    Source: the negative log-likelihood; Goodfellow, Bengio & Courville, Deep Learning (2016), sec. 6.2.2.
    """

    name = "cce"
    title = "CCE"
    latex = r"-\log u_y"
    source = "Goodfellow, Bengio & Courville 2016, sec. 6.2.2"
    symmetric = False
    bounded = False

    def on_label(self, t: N, num_classes: N | Plain, ops: Ops[N]) -> N | Plain:
        return -ops.log(t)
