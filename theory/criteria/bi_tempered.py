"""The bi-tempered loss.

With a = 1 - t1 and b = a + 1:

    L = I(s) + (sum over i != y of u_i^b)/b,   I(s) = the integral of v (1 - v)^(a - 1) over v in 0..s,

which is (1 - t^a)/a - (1 - t^b)/b without its cancellation at s = 0. With p = s q_d the probability of the
rival, psi_k = u_k^a - p^a, M the sum of u_i psi_i and t B = t p^a + s t^a:

    dL/dz_k = u_k (psi_k - M + t B),  k != y;   -(s t B + t M) at the label.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from lossmatters.theory.criteria.log_odds import LogOdds
from lossmatters.theory.criteria.rows import Rows
from lossmatters.theory.criteria.split import of_others

# The series of I, below SMALL: its n-th term is under SMALL^n of the first. Above, the closed form loses
# 1/SMALL of float64's digits at most.
SMALL = 0.1
TERMS = 16


@dataclass(frozen=True)
class BiTemperedKernel:
    """The bi-tempered loss, a = 1 - t1 in (0, 1]."""

    a: float

    def summary(self, rows: Rows) -> Tensor:
        logs = rows.gaps() + rows.column(rows.rival_share.log())
        return rows.sum(torch.exp((self.a + 1) * logs))

    def value(self, rows: Rows, summary: Tensor) -> Tensor:
        b = self.a + 1
        return self._label(rows.label) + torch.exp(b * rows.label.log_s) * summary / b

    def matrix(self, every: LogOdds) -> Tensor:
        b = self.a + 1
        return self._label(every) + of_others(torch.exp(b * every.log_t), every) / b

    def gradient(self, rows: Rows, summary: Tensor, upstream: Tensor) -> Tensor:
        t, s = rows.label.t, rows.label.s
        power = torch.exp(self.a * (rows.label.log_s + rows.rival_share.log()))
        products = rows.product(torch.expm1(self.a * rows.gaps()), rows.others)
        total = s * power * rows.sum(products)  # M
        own = t * power + s * torch.exp(self.a * rows.label.log_t)  # t B
        factor = upstream * s
        return rows.mixed(products, factor * power, factor * (own - total), -upstream * (s * own + t * total))

    def _label(self, point: LogOdds) -> Tensor:
        """Return I(s), the integral of v (1 - v)^(a - 1) over v in 0..s."""
        a, s = self.a, point.s
        closed = torch.expm1((a + 1) * point.log_t) / (a + 1) - torch.expm1(a * point.log_t) / a
        small = s.clamp(max=SMALL)
        total, factor = torch.zeros_like(s), 1.0
        for n in range(TERMS):
            total = total + factor / (n + 2) * small ** (n + 2)
            factor *= (n + 1 - a) / (n + 1)
        return torch.where(s < SMALL, total, closed)
