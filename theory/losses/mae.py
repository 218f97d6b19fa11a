"""Absolute error on probabilities."""

from __future__ import annotations

from dataclasses import dataclass

from lossmatters.theory.backends import N, Ops, Plain
from lossmatters.theory.losses.base import SeparableLoss
from lossmatters.theory.losses.registry import register


@register
@dataclass(frozen=True)
class MAE(SeparableLoss):
    """Absolute distance to the label's vertex, *summed* over classes (not averaged).

    Formula: L(u, y) = sum_i abs(u_i - e_i) = 2 (1 - u_y), with e the one-hot label.
    Shapes: (..., K) probabilities and one-hot labels -> (...).
    Domain: the simplex; 0 at the label's vertex, 2 at every other.
    Range: [0, 2] = [0, C/(K-1)].
    Symmetric: yes, C = 2 (K - 1). Differentiable: yes on the simplex, where it is linear.
    Raises: nothing; it has no parameters.

    >>> float(MAE().values([[0.25, 0.75]], [0])[0])
    1.5

    Source: Ghosh, Kumar & Sastry, AAAI 2017, sec. 4.
    """

    name = "mae"
    title = "MAE"
    latex = r"\sum_i |u_i - e_i| = 2(1 - u_y)"
    source = "Ghosh, Kumar & Sastry 2017, sec. 4"
    symmetric = True
    bounded = True

    def on_label(self, t: N, num_classes: N | Plain, ops: Ops[N]) -> N | Plain:
        return 1 - t

    def off_label(self, t: N, num_classes: N | Plain, ops: Ops[N]) -> N | Plain:
        return t

    def upper_bound(self, num_classes: N | Plain, ops: Ops[N]) -> N | Plain | None:
        return ops.const(2)
