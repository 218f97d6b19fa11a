"""Losses of the label's probability alone: L = f(u_y).

Their gradient is w (u - e_y) with w(t) = -t f'(t) >= 0, and u - e_y = (1 - u_y)(q - e_y). So a loss is two
functions of t = u_y, written in log t, t and s = 1 - t so that neither loses digits at t = 0 or t = 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from lossmatters.theory.criteria.log_odds import LogOdds
from lossmatters.theory.criteria.rows import Rows


@dataclass(frozen=True)
class LabelOnlyKernel:
    """A loss f(u_y)."""

    def of(self, point: LogOdds) -> Tensor:
        """Return f, elementwise."""
        raise NotImplementedError(f"{type(self).__name__} has no value")  # each loss gives it

    def weight(self, point: LogOdds) -> Tensor | float:
        """Return w(t) = -t f'(t), elementwise."""
        raise NotImplementedError(f"{type(self).__name__} has no weight")  # each loss gives it

    def summary(self, rows: Rows) -> Tensor:
        return rows.rival_share.clone()  # nothing more, but no tensor is given out twice

    def value(self, rows: Rows, summary: Tensor) -> Tensor:
        return self.of(rows.label)

    def matrix(self, every: LogOdds) -> Tensor:
        return self.of(every)

    def gradient(self, rows: Rows, summary: Tensor, upstream: Tensor) -> Tensor:
        return rows.contrast(upstream * self.weight(rows.label) * rows.label.s)


@dataclass(frozen=True)
class CCEKernel(LabelOnlyKernel):
    """-log t."""

    def of(self, point: LogOdds) -> Tensor:
        return -point.log_t

    def weight(self, point: LogOdds) -> Tensor | float:
        return 1.0


@dataclass(frozen=True)
class LinearKernel(LabelOnlyKernel):
    """a (1 - t): MAE, RCE, unhinged."""

    a: float

    def of(self, point: LogOdds) -> Tensor:
        return self.a * point.s

    def weight(self, point: LogOdds) -> Tensor | float:
        return self.a * point.t


@dataclass(frozen=True)
class GCEKernel(LabelOnlyKernel):
    """(1 - t^q)/q."""

    q: float

    def of(self, point: LogOdds) -> Tensor:
        return torch.expm1(self.q * point.log_t) / -self.q

    def weight(self, point: LogOdds) -> Tensor | float:
        return torch.exp(self.q * point.log_t)


@dataclass(frozen=True)
class FocalKernel(LabelOnlyKernel):
    """-(1 - t)^gamma log t; w = s^gamma (1 + gamma t (-log t)/s)."""

    gamma: float

    def of(self, point: LogOdds) -> Tensor:
        return -torch.exp(self.gamma * point.log_s) * point.log_t

    def weight(self, point: LogOdds) -> Tensor | float:
        # -t log(t)/s tends to 1 at s = 0. Where s underflows, so does s^gamma w, whatever this is.
        slope = -point.t * point.log_t / point.s.clamp(min=torch.finfo(point.x.dtype).tiny)
        return torch.exp(self.gamma * point.log_s) * (1 + self.gamma * slope)
