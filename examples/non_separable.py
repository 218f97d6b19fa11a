"""A loss that no pair of scalar functions gives: it divides by the length of the output.

lossmatters certify examples/non_separable.py:Spherical
lossmatters certify examples/non_separable.py:normalized_spherical
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lossmatters import Loss, Normalized


@dataclass(frozen=True)
class Spherical(Loss):
    """The spherical score: L(u, y) = 1 - u_y / |u|, |u| = sqrt(sum_i u_i^2). Its label sum is K - 1/|u|."""

    name = "spherical"
    symmetric = False
    bounded = True

    def formula(self, probs: Any, onehot: Any, ops: Any) -> Any:
        return 1 - ops.dot(probs, onehot) / ops.sqrt(ops.sum(probs * probs))


# Divided by its label sum, any loss whose label sum is positive and finite becomes symmetric (S3).
normalized_spherical = Normalized(Spherical())
