"""Losses made of others by division: by the label sum, or a share of weights.  (Sums are in `base`.)

Both are symmetric by S3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

from lossmatters.theory.backends import Ops
from lossmatters.theory.formula import direct
from lossmatters.theory.losses.base import Loss


@dataclass(frozen=True)
class Normalized(Loss):
    """A loss divided by its sum over labels: L(u, y) / S(u).

    Formula: ``base(u, y) / sum_j base(u, j)``.
    Domain: points where 0 < S < infinity; symmetric there, with C = 1 (S3).
    Source: Ma et al., ICML 2020, eq. 3.

    >>> from lossmatters.theory.losses import MSE, NMSE
    >>> probs, labels = [[0.5, 0.25, 0.25]], [0]
    >>> Normalized(MSE()).values(probs, labels) == NMSE().values(probs, labels)
    array([ True])
    """

    base: Loss

    symmetric = True
    _open: ClassVar[tuple[str, ...]] = ("base", "make_base", "raw")

    def __post_init__(self) -> None:
        if not isinstance(self.base, Loss):
            raise TypeError(f"base must be a Loss, got base={self.base!r}")
        if not self.base.has_formula:
            raise TypeError(f"base must be a loss with a formula, got base={self.base.name!r}")
        super().__post_init__()

    @property
    def spec(self) -> str:
        return f"Normalized({self.base.spec})"

    @property
    def title(self) -> str:  # type: ignore[override]
        return f"normalised {self.base.title}"

    def formula(self, probs: Any, onehot: Any, ops: Ops) -> Any:
        return self.base.apply(probs, onehot, ops) / self.base.label_sum(probs, ops)

    def written(self, point: Sequence[Fraction]) -> list[Any]:
        if not isinstance(self, Normalized):
            return super().written(point)
        row = self.base.written(point)
        return direct.shares(row, direct.total(row))


class ShareLoss(Loss):
    """One minus the label's share of some weights: L(u, y) = 1 - w_y(u)/sum_j w_j(u).

    Symmetric by S3 with C = K - 1, wherever the weights are non-negative with a positive sum.
    """

    symmetric = True
    bounded = True
    _open: ClassVar[tuple[str, ...]] = ("weights", "raw")

    def weights(self, probs: Any, ops: Ops) -> Any:
        """Return the weights w of all labels: (..., K) -> (..., K), non-negative, at least one positive."""
        raise NotImplementedError(f"{type(self).__name__} has no weights")

    def formula(self, probs: Any, onehot: Any, ops: Ops) -> Any:
        weights = self.weights(probs, ops)
        return 1 - ops.dot(weights, onehot) / ops.sum(weights)

    def written(self, point: Sequence[Fraction]) -> list[Any]:
        if not isinstance(self, ShareLoss):
            return super().written(point)
        row = direct.weights(self, point)
        return [1 - x for x in direct.shares(row, direct.total(row))]

    def upper_bound(self, num_classes: Any, ops: Ops) -> Any:
        return ops.const(1)
