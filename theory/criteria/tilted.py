"""LDR-KL: cross-entropy of logits divided by lambda, with a margin on the other classes.

L = -lambda log v_y - lambda log K,   v = softmax((z + margin [. != y])/lambda),   dL/dz = v - e_y.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

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
        return self._of(self._moved(tilted.label), rows.num_classes)

    def matrix(self, every: LogOdds) -> Tensor:
        return self._of(self._moved(every_label(every.log_t / self.temp)), every.x.shape[1])

    def gradient(self, rows: Rows, summary: Tensor, upstream: Tensor) -> Tensor:
        tilted = self._split(rows)
        return tilted.contrast(upstream * self._moved(tilted.label).s)

    def _split(self, rows: Rows) -> Rows:
        return split(rows.logits / self.temp, rows.labels)

    def _moved(self, label: LogOdds) -> LogOdds:
        return type(label)(label.x - self.margin / self.temp)

    def _of(self, label: LogOdds, num_classes: int) -> Tensor:
        return -self.temp * (label.log_t + math.log(num_classes))
