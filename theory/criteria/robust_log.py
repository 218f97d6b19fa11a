"""RLL.

    L = log((alpha + 1)/(alpha + t)) + mean over i != y of log(1 + u_i/alpha)

is the published formula with its log alpha cancelled on paper; both terms are positive. With
p = s q_d the probability of the pivot class, psi_k = s (q_d - q_k)/((K - 1)(alpha + u_k)(alpha + p)) the
difference of g'(u_k) and g'(p), M the sum of u_i psi_i and B = 1/((K - 1)(alpha + p)) + 1/(alpha + t):

    dL/dz_k = u_k (psi_k - M + t B),  k != y;   -t (s B + M) at the label.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from lossmatters.theory.criteria.pivot import spread
from lossmatters.theory.criteria.rows import Odds, Rows, early, of_others, writable


@dataclass(frozen=True)
class RobustLog:
    """RLL with its alpha > 0."""

    alpha: float

    def keep(self, rows: Rows) -> Tensor:
        scaled = rows.shares(rows.label.s / self.alpha)
        found = rows.sum(scaled.log1p_() if writable() else scaled.log1p())
        return early(found, rows.sum(self._products(rows)[0])) if torch.compiler.is_compiling() else found

    def value(self, rows: Rows, kept: Tensor) -> Tensor:
        return torch.log1p(rows.label.s / (self.alpha + rows.label.t)) + kept / (rows.num_classes - 1)

    def matrix(self, every: Odds) -> Tensor:
        t, s = every.t, every.s
        others = of_others(torch.log1p(t / self.alpha), every)
        return torch.log1p(s / (self.alpha + t)) + others / (s.shape[1] - 1)

    def gradient(self, rows: Rows, kept: Tensor, upstream: Tensor) -> Tensor:
        products, scale = self._products(rows)
        factor, own, label = self._factors(rows, rows.sum(products) * scale, upstream)
        return rows.mixed(products, factor * scale, own, label)

    def _factors(self, rows: Rows, total: Tensor, upstream: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What of the products, of q and at the label makes the gradient; all else of a row is given back."""
        t, s = rows.label.t, rows.label.s
        share = 1 / ((rows.num_classes - 1) * (self.alpha + s * rows.pivot))
        factor = share * s * s
        total = factor * total  # M
        slope = share + 1 / (self.alpha + t)  # B
        return upstream * factor, upstream * s * (t * slope - total), -upstream * t * (s * slope + total)

    def _products(self, rows: Rows) -> tuple[Tensor, Tensor | float]:
        """u_k psi_k but for a factor of its row: q_k (q_d - q_k)/(alpha + u_k), (N, K), and a part of it."""
        products, scale = spread(rows)
        divisors = rows.shares(rows.label.s / self.alpha)
        divisors = divisors.add_(1) if writable() else divisors + 1
        return products.div_(divisors) if writable() else products / divisors, scale / self.alpha
