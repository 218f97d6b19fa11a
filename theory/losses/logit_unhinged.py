"""The multi-class unhinged loss: linear in the logits."""

from __future__ import annotations

from dataclasses import dataclass

from lossmatters.theory.backends import N, Ops, Plain
from lossmatters.theory.losses.base import SeparableLoss
from lossmatters.theory.losses.registry import register


@register
@dataclass(frozen=True)
class LogitUnhinged(SeparableLoss):
    """The multi-class unhinged loss on logits: cross-entropy less its mean over labels.

    Formula: L(u, y) = -log u_y + mean_i log u_i = -z_y + mean_i z_i, with u = softmax(z): what the logits
    have in common cancels, so a loss on logits is a loss on the open simplex.
    Shapes: (..., K) probabilities and one-hot labels -> (...).
    Domain: the open simplex (a softmax output); infinite where only u_y is 0, -infinity where only others
    are.
    Range: (-infinity, infinity), both ends approached at the boundary.
    Symmetric: yes, C = 0. Differentiable: yes; the gradient in the logits is 1/K - e_y, whatever they are.
    Raises: nothing; it has no parameters.

    It has no least value and no minimiser: under uniform noise the risk falls without bound as the clean
    class's logit grows, and for K >= 3 as any logit less likely than 1/K falls. So it is calibrated for
    K = 2 alone, and bounds that need a least or a largest loss say nothing of it.

    >>> round(float(LogitUnhinged().values([[0.5, 0.25, 0.25]], [0])[0]), 12)
    -0.462098120373

    Source: van Rooyen, Menon & Williamson, NeurIPS 2015 (binary); for K classes the label-sum-0 part of
    cross-entropy.
    """

    name = "logit-unhinged"
    title = "logit unhinged"
    latex = r"-\log u_y + \frac{1}{K}\sum_i \log u_i = -z_y + \frac{1}{K}\sum_i z_i"
    source = "van Rooyen, Menon & Williamson 2015"
    symmetric = True
    bounded = False

    def on_label(self, t: N, num_classes: N | Plain, ops: Ops[N]) -> N | Plain:
        return (1 / num_classes - 1) * ops.log(t)

    def off_label(self, t: N, num_classes: N | Plain, ops: Ops[N]) -> N | Plain:
        return ops.log(t) / num_classes
