"""Losses made of others by division: by the label sum, or a share of weights.  (Sums are in `base`.)

Both are symmetric by S3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

import numpy as np

from lossmatters.theory.backends import N, Ops, Plain, backend
from lossmatters.theory.exact import fail
from lossmatters.theory.formula.errors import FormulaError
from lossmatters.theory.formula.subject import Value
from lossmatters.theory.losses.base import Loss

TRIED = tuple(
    tuple(n / sum(parts) for n in parts) for parts in ((5, 3), (7, 2, 4), (3, 11, 5, 2), (2, 3, 1, 5, 8))
)  # outputs like no others: where S is 0 at all of them, it is 0


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
        if all(_sum_is_zero(self.base, point) for point in TRIED):
            fail("base", "a loss whose sum over labels is not always 0", self.base.spec)
        super().__post_init__()

    @property
    def spec(self) -> str:
        return f"Normalized({self.base.spec})"

    @property
    def title(self) -> str:  # type: ignore[override]
        return f"normalised {self.base.title}"

    def formula(self, probs: N, onehot: N, ops: Ops[N]) -> N:
        return self.base.apply(probs, onehot, ops) / self.base.label_sum(probs, ops)

    def written(self, point: Sequence[Fraction]) -> list[Value]:
        from lossmatters.theory.formula import direct

        if not isinstance(self, Normalized):
            return super().written(point)
        row = self.base.written(point)
        return direct.shares(row, direct.total(row))

    def run_at(self, point: Sequence[Fraction], labels: Sequence[int]) -> None:
        from lossmatters.theory.formula import direct

        if not isinstance(self, Normalized):
            return super().run_at(point, labels)
        self.base.run_at(point, range(len(point)))  # S is made of every label's
        direct.note_divisor(direct.total(self.base.written(point)))
        return None


def _sum_is_zero(loss: Loss, point: tuple[float, ...]) -> bool:
    """Return whether S is 0 at an output, but for rounding; False where it has no value there."""
    try:
        with np.errstate(all="ignore"):
            row = np.asarray(loss.all_labels(np.array(point), backend("numpy")), dtype=float)
    except (FormulaError, TypeError, ValueError):
        return False
    return bool(abs(row.sum()) <= 1e-14 * np.abs(row).max())


class ShareLoss(Loss):
    """One minus the label's share of some weights: L(u, y) = 1 - w_y(u)/sum_j w_j(u).

    Symmetric by S3 with C = K - 1, wherever the weights are non-negative with a positive sum.
    """

    symmetric = True
    bounded = True
    _open: ClassVar[tuple[str, ...]] = ("weights", "raw")

    def weights(self, probs: N, ops: Ops[N]) -> N:
        """Return the weights w of all labels: (..., K) -> (..., K), non-negative, at least one positive."""
        raise NotImplementedError(f"{type(self).__name__} has no weights")

    def formula(self, probs: N, onehot: N, ops: Ops[N]) -> N:
        weights = self.weights(probs, ops)
        return 1 - ops.dot(weights, onehot) / ops.sum(weights)

    def written(self, point: Sequence[Fraction]) -> list[Value]:
        from lossmatters.theory.formula import direct

        if not isinstance(self, ShareLoss):
            return super().written(point)
        row = direct.weights(self, point)
        return [1 - x for x in direct.shares(row, direct.total(row))]

    def run_at(self, point: Sequence[Fraction], labels: Sequence[int]) -> None:
        from lossmatters.theory.formula import direct

        if not isinstance(self, ShareLoss):
            return super().run_at(point, labels)
        direct.note_divisor(direct.total(direct.weights(self, point)))  # of whichever label
        return None

    def upper_bound(self, num_classes: N | Plain, ops: Ops[N]) -> N | Plain | None:
        return ops.const(1)
