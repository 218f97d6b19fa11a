"""Squared error on probabilities (Brier score)."""

from __future__ import annotations

from dataclasses import dataclass

from lossmatters.theory.backends import N, Ops, Plain
from lossmatters.theory.losses.base import SeparableLoss
from lossmatters.theory.losses.registry import register


@register
@dataclass(frozen=True)
class MSE(SeparableLoss):
    """Squared distance to the label's vertex, *summed* over classes (not averaged).

    Formula: L(u, y) = sum_i (u_i - e_i)^2 = 1 - 2 u_y + sum_i u_i^2, with e the one-hot label.
    Shapes: (..., K) probabilities and one-hot labels -> (...).
    Domain: the simplex; 0 at the label's vertex, 2 at every other.
    Range: [0, 2].
    Symmetric: no; S(u) = K sum u_i^2 + K - 2 ranges over [K - 1, 2K - 2]. Differentiable: yes.
    Raises: nothing; it has no parameters.

    >>> float(MSE().values([[0.25, 0.75]], [0])[0])
    1.125

    Source: Brier, Monthly Weather Review 1950; as a training loss Patel & Sastry, PAKDD 2021, sec. 2.
    """

    name = "mse"
    title = "MSE"
    latex = r"\sum_i (u_i - e_i)^2"
    source = "Brier 1950; Patel & Sastry 2021, sec. 2"
    symmetric = False
    bounded = True

    def on_label(self, t: N, num_classes: N | Plain, ops: Ops[N]) -> N | Plain:
        return (1 - t) ** 2

    def off_label(self, t: N, num_classes: N | Plain, ops: Ops[N]) -> N | Plain:
        return t**2

    def upper_bound(self, num_classes: N | Plain, ops: Ops[N]) -> N | Plain | None:
        return ops.const(2)
