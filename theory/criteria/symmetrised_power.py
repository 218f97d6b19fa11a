"""SGCE: GCE less its mean over labels.

    K L = (K - 1)(1 - t^q)/q + the sum over i != y of u_i^q/q, all terms positive; with w_k = u_k^q
    K dL/dz_k = w_k - u_k W' + (K - 1) t^q u_k,  k != y;   -((K - 1) t^q s + t W') at the label,

W' the sum of the others' w_i. From the rival d, with e_k = q_k/q_d and h_k = w_k - e_k w_d, which is
-w_d e_k^q expm1((1 - q) log e_k), and H their sum,
w_k - u_k W' = h_k - u_k H + t e_k w_d, as in `normalized`.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from lossmatters.theory.criteria.log_odds import LogOdds
from lossmatters.theory.criteria.rows import Rows
from lossmatters.theory.criteria.split import of_others


@dataclass(frozen=True)
class SGCEKernel:
    """With its q in (0, 1]."""

    q: float

    def summary(self, rows: Rows) -> Tensor:
        """Return the sum of the others' u_i^q."""
        return self._top(rows) * torch.exp(self.q * self._gaps(rows)).sum(dim=1)

    def value(self, rows: Rows, summary: Tensor) -> Tensor:
        k = rows.num_classes
        own = -torch.expm1(self.q * rows.label.log_t)
        return ((k - 1) * own + summary) / (k * self.q)

    def matrix(self, every: LogOdds) -> Tensor:
        k, powers = every.x.shape[1], torch.exp(self.q * every.log_t)
        own = -torch.expm1(self.q * every.log_t)
        return ((k - 1) * own + of_others(powers, every)) / (k * self.q)

    def gradient(self, rows: Rows, summary: Tensor, upstream: Tensor) -> Tensor:
        k, label = rows.num_classes, rows.label
        gaps, top = self._gaps(rows), self._top(rows)
        ratios = torch.exp(gaps)
        differences = torch.exp(self.q * gaps) * -torch.expm1((1 - self.q) * gaps)
        differences = top[:, None] * rows.put(differences, torch.zeros_like(top))
        power = (k - 1) * torch.exp(self.q * label.log_t)
        level = label.s * rows.rival_share * (power - differences.sum(dim=1)) + label.t * top
        found = (differences + ratios * level[:, None]) * (upstream / k)[:, None]
        at_label = -(power * label.s + label.t * summary) * upstream / k
        return rows.put(found, at_label).to(rows.logits.dtype)

    def _top(self, rows: Rows) -> Tensor:
        """Return u_d^q."""
        return torch.exp(self.q * (rows.label.log_s + rows.rival_share.log()))

    @staticmethod
    def _gaps(rows: Rows) -> Tensor:
        """Return z_i - z_d as wide as what there is one of a row; the lowest number at the label.

        Never minus infinity, as masked logits have it: q = 1 multiplies by 1 - q = 0.
        """
        return rows.gaps().to(rows.rival_share.dtype).clamp(min=torch.finfo(rows.rival_share.dtype).min)
