"""The gains of NNCE and NNFL, of which `shares` takes the label's share."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor

from lossmatters.theory.criteria.label_only import FocalKernel, LabelOnlyKernel
from lossmatters.theory.criteria.log_odds import LogOdds


@dataclass(frozen=True)
class NNCEGain(LabelOnlyKernel):
    """log(max(t, p)/p), the gain of NNCE."""

    p: float

    def of(self, point: LogOdds) -> Tensor:
        return (point.log_t - math.log(self.p)).clamp(min=0)

    def weight(self, point: LogOdds) -> Tensor:
        return (point.t > self.p).to(point.x.dtype)


@dataclass(frozen=True)
class NNFLGain(LabelOnlyKernel):
    """F(p) - F(max(t, p)) with F the focal loss, the gain of NNFL."""

    gamma: float
    p: float

    @property
    def largest(self) -> float:
        """Return F(p)."""
        return -math.exp(self.gamma * math.log1p(-self.p)) * math.log(self.p)

    def of(self, point: LogOdds) -> Tensor:
        return (self.largest - FocalKernel(self.gamma).of(point)).clamp(min=0)

    def weight(self, point: LogOdds) -> Tensor:
        return FocalKernel(self.gamma).weight(point) * (point.t > self.p)
