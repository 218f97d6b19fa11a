"""LDR-KL: cross-entropy of logits divided by lambda, with a margin on the other classes.

L = -lambda log v_y - lambda log K,   v = softmax((z + margin [. != y])/lambda),   dL/dz = v - e_y.

Logits divided by a lambda below 1 may be greater than their type holds, where the loss is not. They are taken
below the greatest, and no lower than the type allows; where that cuts one off, the loss is the bound

    L >= max_{i != y} (z_i - z_y) - lambda log K >= -log u_y - (1 + lambda) log K

but for rounding, since the logarithms are nothing beside such logits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from lossmatters.theory.criteria.log_odds import LogOdds
from lossmatters.theory.criteria.rows import Rows
from lossmatters.theory.criteria.split import every_label, split


@dataclass(frozen=True)
class LDRKLKernel:
    """With its lambda as `temp`, and its margin."""

    temp: float
    margin: float

    def summary(self, rows: Rows) -> Tensor:
        return rows.rival_share.clone()  # nothing more, but no tensor is given out twice

    def value(self, rows: Rows, summary: Tensor) -> Tensor:
        tilted = self._split(rows)
        return self._of(self._moved(tilted.label), rows.label, rows.num_classes)

    def matrix(self, every: LogOdds) -> Tensor:
        return self._of(self._moved(every_label(self._divided(every.log_t))), every, every.x.shape[1])

    def gradient(self, rows: Rows, summary: Tensor, upstream: Tensor) -> Tensor:
        tilted = self._split(rows)
        return tilted.contrast(upstream * self._moved(tilted.label).s)

    def _split(self, rows: Rows) -> Rows:
        return split(self._divided(rows.logits), rows.labels)

    def _divided(self, logits: Tensor) -> Tensor:
        if self.temp >= 1:
            return logits / self.temp
        below = logits - logits.detach().amax(dim=1, keepdim=True)
        return (below / self.temp).clamp(min=torch.finfo(below.dtype).min)

    def _moved(self, label: LogOdds) -> LogOdds:
        return type(label)(label.x - self.margin / self.temp)

    def _of(self, moved: LogOdds, label: LogOdds, num_classes: int) -> Tensor:
        value = -self.temp * (moved.log_t + math.log(num_classes))
        if self.temp >= 1:
            return value
        return torch.maximum(value, -label.log_t - (1 + self.temp) * math.log(num_classes))
