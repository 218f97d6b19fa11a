"""NCE, which divides by a sum over all labels: the formulas are those of `shares`.

f = -log t and w = 1, so that h_k = 1 - e_k, and the sum over the others needs no logarithm of each.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from lossmatters.theory.criteria.log_odds import LogOdds
from lossmatters.theory.criteria.rows import Rows


@dataclass(frozen=True)
class NCEKernel:
    """NCE: -log t over the sum of -log u_i."""

    def summary(self, rows: Rows) -> Tensor:
        distances = self._distances(rows)
        end = torch.finfo(distances.dtype).max / 8  # logits may be further apart than the largest number
        logarithms = (rows.num_classes - 1) * (rows.label.log_s + rows.rival_share.log())
        return rows.with_sum(distances.clamp(max=end) - logarithms, lambda: rows.sum(self._deficits(rows)[0]))

    def _distances(self, rows: Rows) -> Tensor:
        """Return the sum of z_d - z_i over the others, (N,)."""
        if not rows.rounds:
            return -rows.sum(rows.put(rows.gaps(), torch.zeros_like(rows.rival_share)))
        own = rows.logits.gather(1, rows.labels[:, None])[:, 0].to(rows.rival_share.dtype)
        level = (rows.num_classes - 1) * rows.rival_logit.to(rows.rival_share.dtype)
        distances = level - (rows.sum(rows.logits) - own)
        # Of logits that are large beside their distances the sum has lost these.
        left = (~(distances > level.abs() / 2) | distances.isinf()).nonzero()[:, 0]
        if len(left):
            few = rows.part(left)
            distances[left] = -few.sum(few.put(few.gaps(), torch.zeros_like(few.rival_share)))
        return distances

    def value(self, rows: Rows, summary: Tensor) -> Tensor:
        label = -rows.label.log_t
        return label / (label + summary)

    def matrix(self, every: LogOdds) -> Tensor:
        terms = -every.log_t
        return terms / terms.sum(dim=1, keepdim=True)

    def gradient(self, rows: Rows, summary: Tensor, upstream: Tensor) -> Tensor:
        if not rows.rounds:
            return self._by_differences(rows, summary, upstream)
        total = (rows.num_classes - 1) - 1 / rows.rival_share  # the sum of h
        factor, own, label = self._factors(rows, summary, total, upstream)
        # By numbers of the row: where h is but differences, the label's entry is far greater than they.
        gradient = rows.others * rows.column(own - factor / rows.rival_share)
        return rows.put(gradient.add_(rows.column(factor)), label)

    def _by_differences(self, rows: Rows, summary: Tensor, upstream: Tensor) -> Tensor:
        deficits, scale = self._deficits(rows)
        factor, own, label = self._factors(rows, summary, rows.sum(deficits) * scale, upstream)
        return rows.mixed(deficits, factor * scale, own, label)

    def _factors(
        self, rows: Rows, summary: Tensor, total: Tensor, upstream: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return what of h, of q and at the label makes the gradient, (N,) each."""
        t, s, label = rows.label.t, rows.label.s, -rows.label.log_t
        upstream = upstream / (label + summary) / (label + summary)  # one by one: the square may overflow
        own = s * (summary - label * total) + label * t / rows.rival_share
        at_label = -upstream * (summary * s + label * (rows.num_classes - 1) * t)
        return upstream * label, upstream * own, at_label

    def _deficits(self, rows: Rows) -> tuple[Tensor, Tensor | float]:
        """Return h_k, 0 at the label, (N, K), fresh, but for a factor of its row, and that."""
        deficits, scale = rows.deficits()
        return rows.put(deficits, torch.zeros_like(rows.rival_share)), scale
