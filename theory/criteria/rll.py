"""RLL.

    L = log((alpha + 1)/(alpha + t)) + mean over i != y of log(1 + u_i/alpha)

is the published formula with its log alpha cancelled on paper; both terms are positive. With
p = s q_d the probability of the rival, psi_k = s (q_d - q_k)/((K - 1)(alpha + u_k)(alpha + p)) the
difference of g'(u_k) and g'(p), M the sum of u_i psi_i and B = 1/((K - 1)(alpha + p)) + 1/(alpha + t):

    dL/dz_k = u_k (psi_k - M + t B),  k != y;   -t (s B + M) at the label.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from lossmatters.theory.criteria.log_odds import LogOdds
from lossmatters.theory.criteria.rows import Rows
from lossmatters.theory.criteria.split import of_others


@dataclass(frozen=True)
class RLLKernel:
    """RLL with its alpha > 0."""

    alpha: float

    def summary(self, rows: Rows) -> Tensor:
        logarithms = rows.sum(rows.log1p(rows.shares(rows.label.s / self.alpha)))
        return rows.with_sum(logarithms, lambda: rows.sum(self._products(rows)[0]))

    def value(self, rows: Rows, summary: Tensor) -> Tensor:
        return torch.log1p(rows.label.s / (self.alpha + rows.label.t)) + summary / (rows.num_classes - 1)

    def matrix(self, every: LogOdds) -> Tensor:
        t, s = every.t, every.s
        others = of_others(torch.log1p(t / self.alpha), every)
        return torch.log1p(s / (self.alpha + t)) + others / (s.shape[1] - 1)

    def gradient(self, rows: Rows, summary: Tensor, upstream: Tensor) -> Tensor:
        products, scale = self._products(rows)
        factor, own, label = self._factors(rows, rows.sum(products) * scale, upstream)
        return rows.mixed(products, factor * scale, own, label)

    def _factors(self, rows: Rows, total: Tensor, upstream: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return what of the products, of q and at the label makes the gradient, (N,) each."""
        t, s = rows.label.t, rows.label.s
        share = 1 / ((rows.num_classes - 1) * (self.alpha + s * rows.rival_share))
        factor = share * s * s
        total = factor * total  # M
        slope = share + 1 / (self.alpha + t)  # B
        return upstream * factor, upstream * s * (t * slope - total), -upstream * t * (s * slope + total)

    def _products(self, rows: Rows) -> tuple[Tensor, Tensor | float]:
        """Return u_k psi_k but for a factor of its row, q_k (q_d - q_k)/(alpha + u_k), and a part of that."""
        products, scale = rows.weighted_differences()
        divisors = rows.plus_one(rows.shares(rows.label.s / self.alpha))
        return rows.quotient(products, divisors), scale / self.alpha
