"""MSE, NMSE and AMSE.

With R = sum of q_i^2 over the others, t = u_y and s = 1 - t:

    N = s^2 (1 + R)                        MSE: all terms are positive
    D = K (t^2 + s^2 R) + K - 2            the sum of MSE over labels
    dN/dz_k = 2 s^2 q_k ((q_k - R) + t (1 + R)),  k != y;   -2 t N at the label
    d(N/D)/dz_k = 2 s^2/D q_k (a (q_k - R) + b t (1 + R));  -2 t b N/D at the label
        with a = 2 (K t - 1)/D, b = (K t + K - 2)/D.

q_k - R is a difference of differences from the rival: with m the sum of q_i (q_d - q_i),
R = q_d - m and q_k - R = m - (q_d - q_k). AMSE is (N + 2 (a - 1) s + (a - 1)^2)/K.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from lossmatters.theory.criteria.differences import NEAR_TIE
from lossmatters.theory.criteria.log_odds import LogOdds
from lossmatters.theory.criteria.rows import Rows
from lossmatters.theory.criteria.split import of_others

MANY = 0.25  # of the rows: to do these again takes as long as all of them the longer way


@dataclass(frozen=True)
class SquaredErrorKernel:
    """MSE, or NMSE where `normalized`, or AMSE where its `target` a is given."""

    normalized: bool = False
    target: float | None = None

    def summary(self, rows: Rows) -> Tensor:
        return rows.spread_summary()

    def value(self, rows: Rows, summary: Tensor) -> Tensor:
        distance, divisor = self._parts(rows, rows.concentration(summary))
        return self._with_target(distance / divisor, rows.label.s, rows.num_classes)

    def matrix(self, every: LogOdds) -> Tensor:
        t, s = every.t, every.s
        distances = s * s + of_others(t * t, every)
        if self.normalized:
            return distances / distances.sum(dim=1, keepdim=True)
        return self._with_target(distances, s, s.shape[1])

    def gradient(self, rows: Rows, summary: Tensor, upstream: Tensor) -> Tensor:
        if not rows.rounds:
            return self._by_differences(rows, summary, upstream)
        # Where m = q_d - R is small, of near ties or since d has all the mass, it is not to be had from R.
        concentration = rows.concentration(summary)
        few = (1 - concentration / rows.rival_share < NEAR_TIE).nonzero()[:, 0]
        if len(few) > MANY * len(summary):
            return self._by_differences(rows, summary, upstream)
        factor, own, label = self._factors(rows, rows.rival_share - concentration, upstream)
        gradient = rows.others * rows.column(-factor)  # q (factor (q_d - q) + own), by numbers of the row
        gradient.add_(rows.column(factor * rows.rival_share + own)).mul_(rows.others)
        if len(few):
            gradient[few] = self._by_differences(rows.part(few), summary[few], upstream[few])
        return rows.put(gradient, label)

    def _by_differences(self, rows: Rows, summary: Tensor, upstream: Tensor) -> Tensor:
        products, scale, mean = rows.spread(summary)
        factor, own, label = self._factors(rows, mean, upstream)
        return rows.mixed(products, factor * scale, own, label)

    def _factors(self, rows: Rows, mean: Tensor, upstream: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return what of q (q_d - q), of q and at the label makes the gradient, (N,) each."""
        concentration = rows.rival_share - mean
        distance, divisor = self._parts(rows, concentration)
        t, s, k = rows.label.t, rows.label.s, rows.num_classes
        a, b = (2 * (k * t - 1) / divisor, (k * t + (k - 2)) / divisor) if self.normalized else (1.0, 1.0)
        if self.target is not None:
            upstream = upstream / k
        factor = 2 * upstream / divisor
        outer = factor * s * s
        inner = outer * (a * mean + b * t * (1 + concentration))
        label = factor * t * b * distance
        if self.target is not None:
            linear = factor * (self.target - 1) * t * s
            inner, label = inner + linear, label + linear
        return -a * outer, inner, -label

    def _parts(self, rows: Rows, concentration: Tensor) -> tuple[Tensor, Tensor | float]:
        """Return N and D, given R; D is 1 where the loss is not normalised."""
        t, s, k = rows.label.t, rows.label.s, rows.num_classes
        divisor = k * (t * t + s * s * concentration) + (k - 2) if self.normalized else 1.0
        return s * s * (1 + concentration), divisor

    def _with_target(self, distance: Tensor, s: Tensor, num_classes: int) -> Tensor:
        if self.target is None:
            return distance
        extra = self.target - 1
        return (distance + 2 * extra * s + extra * extra) / num_classes
