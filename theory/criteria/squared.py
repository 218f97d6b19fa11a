"""MSE, NMSE and AMSE.

With R = sum of q_i^2 over the others, t = u_y and s = 1 - t:

    N = s^2 (1 + R)                        MSE: all terms are positive
    D = K (t^2 + s^2 R) + K - 2            the sum of MSE over labels
    dN/dz_k = 2 s^2 q_k ((q_k - R) + t (1 + R)),  k != y;   -2 t N at the label
    d(N/D)/dz_k = 2 s^2/D q_k (a (q_k - R) + b t (1 + R));  -2 t b N/D at the label
        with a = 2 (K t - 1)/D, b = (K t + K - 2)/D.

q_k - R is a difference of differences from the pivot class: with m the sum of q_i (q_d - q_i),
R = q_d - m and q_k - R = m - (q_d - q_k). AMSE is (N + 2 (a - 1) s + (a - 1)^2)/K.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from lossmatters.theory.criteria.pivot import SMALL, rounded, spread
from lossmatters.theory.criteria.rows import Odds, Rows, of_others, put

MANY = 0.25  # of the rows: to do these again takes as long as all of them the longer way


@dataclass(frozen=True)
class Squared:
    """MSE, or NMSE where `normalized`, or AMSE where `pull` a is given."""

    normalized: bool = False
    pull: float | None = None

    def keep(self, rows: Rows) -> Tensor:
        if torch.compiler.is_compiling():  # in the pass that sums q; the gradient needs m
            products, scale = spread(rows)
            return rows.sum(products) * scale
        norm = torch.linalg.vector_norm(rows.others, dim=1).to(rows.pivot.dtype)
        return norm * norm

    def value(self, rows: Rows, kept: Tensor) -> Tensor:
        concentration = rows.pivot - kept if torch.compiler.is_compiling() else kept
        distance, divisor = self._parts(rows, concentration)
        return self._pulled(distance / divisor, rows.label.s, rows.num_classes)

    def matrix(self, every: Odds) -> Tensor:
        t, s = every.t, every.s
        distances = s * s + of_others(t * t, every)
        if self.normalized:
            return distances / distances.sum(dim=1, keepdim=True)
        return self._pulled(distances, s, s.shape[1])

    def gradient(self, rows: Rows, kept: Tensor, upstream: Tensor) -> Tensor:
        if not rounded(rows):
            return self._by_differences(rows, kept, upstream)
        # Where m = q_d - R is small, of near ties or since d has all the mass, it is not to be had from R.
        few = (1 - kept / rows.pivot < SMALL).nonzero()[:, 0]
        if len(few) > MANY * len(kept):
            return self._by_differences(rows, kept, upstream)
        factor, own, label = self._factors(rows, rows.pivot - kept, upstream)
        found = rows.others * rows.column(-factor)  # q (factor (q_d - q) + own), by numbers of the row
        found.add_(rows.column(factor * rows.pivot + own)).mul_(rows.others)
        if len(few):
            found[few] = self._by_differences(rows.part(few), kept[few], upstream[few])
        return put(found, rows.labels, label)

    def _by_differences(self, rows: Rows, kept: Tensor, upstream: Tensor) -> Tensor:
        products, scale = spread(rows, None if torch.compiler.is_compiling() else kept)
        mean = kept if torch.compiler.is_compiling() else rows.sum(products)
        factor, own, label = self._factors(rows, mean, upstream)
        return rows.mixed(products, factor * scale, own, label)

    def _factors(self, rows: Rows, mean: Tensor, upstream: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What of q (q_d - q), of q and at the label makes the gradient; all else of a row is given back."""
        concentration = rows.pivot - mean
        distance, divisor = self._parts(rows, concentration)
        t, s, k = rows.label.t, rows.label.s, rows.num_classes
        a, b = (2 * (k * t - 1) / divisor, (k * t + (k - 2)) / divisor) if self.normalized else (1.0, 1.0)
        if self.pull is not None:
            upstream = upstream / k
        factor = 2 * upstream / divisor
        outer = factor * s * s
        inner = outer * (a * mean + b * t * (1 + concentration))
        label = factor * t * b * distance
        if self.pull is not None:
            linear = factor * (self.pull - 1) * t * s
            inner, label = inner + linear, label + linear
        return -a * outer, inner, -label

    def _parts(self, rows: Rows, concentration: Tensor) -> tuple[Tensor, Tensor | float]:
        """N and D, given R; D is 1 where the loss is not normalised."""
        t, s, k = rows.label.t, rows.label.s, rows.num_classes
        divisor = k * (t * t + s * s * concentration) + (k - 2) if self.normalized else 1.0
        return s * s * (1 + concentration), divisor

    def _pulled(self, distance: Tensor, s: Tensor, num_classes: int) -> Tensor:
        if self.pull is None:
            return distance
        extra = self.pull - 1
        return (distance + 2 * extra * s + extra * extra) / num_classes
