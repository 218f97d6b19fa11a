"""Mixtures of -log u_y and the mean of -log u_i over all classes: label smoothing, unhinged on logits.

    L = a (-log u_y) + b (mean of -log u_i),   dL/dz_k = (a + b) u_k - a [k = y] - b/K.

With D the sum of z_d - z_i over the others, d the rival, log u_i = log s + log q_d - (z_d - z_i), so the mean
needs no logarithm of each. For a + b = 0 the probabilities cancel out of both on paper:
L = a (z-mean less z_y), and the gradient is a constant.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from lossmatters.theory.criteria.log_odds import LogOdds
from lossmatters.theory.criteria.rows import Rows


@dataclass(frozen=True)
class LogarithmsKernel:
    """a = `own`, b = `even`."""

    own: float
    even: float

    def summary(self, rows: Rows) -> Tensor:
        """Return D, the summed distances of the others below their greatest."""
        gaps = rows.put(rows.gaps(), torch.zeros_like(rows.rival_share)).to(rows.rival_share.dtype)
        end = torch.finfo(gaps.dtype).max / 8  # logits may be further apart than the largest number
        return (-gaps.sum(dim=1)).clamp(max=end)

    def value(self, rows: Rows, summary: Tensor) -> Tensor:
        label, k = rows.label, rows.num_classes
        if self.own + self.even == 0:
            # z_y - z_d = x - log q_d, and the mean of z_i - z_d is (that - D)/K
            lead = label.x - rows.rival_share.log()
            return -self.own * ((k - 1) * lead + summary) / k
        others = summary - (k - 1) * (label.log_s + rows.rival_share.log())
        return -(self.own + self.even / k) * label.log_t + self.even / k * others

    def matrix(self, every: LogOdds) -> Tensor:
        logs = every.log_t
        return -self.own * logs - self.even * logs.mean(dim=1, keepdim=True)

    def gradient(self, rows: Rows, summary: Tensor, upstream: Tensor) -> Tensor:
        k, total = rows.num_classes, self.own + self.even
        level = self.even / k
        at_label = -upstream * (total * rows.label.s - self.even * (1 - 1 / k))
        found = rows.shares(upstream * total * rows.label.s) - rows.column(upstream * level)
        return rows.put(found, at_label)
