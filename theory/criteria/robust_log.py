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

from theory.criteria.pivot import differences
from theory.criteria.rows import Odds, Rows, of_others, product, writable


@dataclass(frozen=True)
class RobustLog:
    """RLL with its alpha > 0."""

    alpha: float

    def keep(self, rows: Rows) -> Tensor:
        scaled = rows.others * rows.column(rows.label.s / self.alpha)
        return rows.sum(scaled.log1p_() if writable() else scaled.log1p())

    def value(self, rows: Rows, kept: Tensor) -> Tensor:
        return torch.log1p(rows.label.s / (self.alpha + rows.label.t)) + kept / (rows.num_classes - 1)

    def matrix(self, every: Odds) -> Tensor:
        t, s = every.t, every.s
        others = of_others(torch.log1p(t / self.alpha), every)
        return torch.log1p(s / (self.alpha + t)) + others / (s.shape[1] - 1)

    def gradient(self, rows: Rows, kept: Tensor, upstream: Tensor) -> Tensor:
        t, s = rows.label.t, rows.label.s
        share = 1 / ((rows.num_classes - 1) * (self.alpha + s * rows.pivot))
        # q_k (q_d - q_k)/(alpha + u_k) is u_k psi_k up to a factor of its row
        products = product(differences(rows), rows.others)
        divisors = rows.others * rows.column(s)
        divisors = divisors.add_(self.alpha) if writable() else divisors + self.alpha
        products = products.div_(divisors) if writable() else products / divisors
        factor = share * s * s
        total = factor * rows.sum(products)  # M
        slope = share + 1 / (self.alpha + t)  # B
        inner = upstream * s * (t * slope - total)
        return rows.mixed(products, upstream * factor, inner, -upstream * t * (s * slope + total))
