"""Two separable losses that differ in one divisor: the first is symmetric for every K, the second is not.

lossmatters certify examples/separable.py:RootRatio
lossmatters certify examples/separable.py:NearlyRootRatio
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lossmatters import SeparableLoss


@dataclass(frozen=True)
class RootRatio(SeparableLoss):
    """L(u, y) = 1 - sqrt(u_y) + sum_{i != y} sqrt(u_i) / (K - 1).

    G(t) = on_label + (K - 1) off_label = 1, so the sum over labels is K, whatever the output (S1).
    """

    name = "root-ratio"
    symmetric = True

    def on_label(self, t: Any, num_classes: Any, ops: Any) -> Any:
        return 1 - ops.sqrt(t)

    def off_label(self, t: Any, num_classes: Any, ops: Any) -> Any:
        return ops.sqrt(t) / (num_classes - 1)


@dataclass(frozen=True)
class NearlyRootRatio(RootRatio):
    """The same with K in place of K - 1: its label sum, K - sum_i sqrt(u_i) / K, moves with the output."""

    name = "nearly-root-ratio"
    symmetric = False

    def off_label(self, t: Any, num_classes: Any, ops: Any) -> Any:
        return ops.sqrt(t) / num_classes
