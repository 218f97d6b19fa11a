"""Losses of the label's probability alone, continued: those that bend or cut cross-entropy and GCE."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from lossmatters.theory.criteria.label_only import LabelOnlyKernel
from lossmatters.theory.criteria.log_odds import LogOdds


@dataclass(frozen=True)
class TruncatedGCEKernel(LabelOnlyKernel):
    """(1 - max(t, k)^q)/q."""

    q: float
    k: float

    def of(self, point: LogOdds) -> Tensor:
        return torch.expm1(self.q * point.log_t.clamp(min=math.log(self.k))) / -self.q

    def weight(self, point: LogOdds) -> Tensor:
        return torch.exp(self.q * point.log_t) * (point.t > self.k)


@dataclass(frozen=True)
class PHuberCEKernel(LabelOnlyKernel):
    """-log t, continued by its tangent where it is steeper than tau."""

    tau: float

    def of(self, point: LogOdds) -> Tensor:
        steep = (1 - self.tau * point.t).clamp(min=0)
        return steep - point.log_t.clamp(min=-math.log(self.tau))

    def weight(self, point: LogOdds) -> Tensor:
        return (self.tau * point.t).clamp(max=1)


@dataclass(frozen=True)
class PHuberGCEKernel(LabelOnlyKernel):
    """(1 - t^q)/q, continued by its tangent where it is steeper than tau."""

    q: float
    tau: float

    def of(self, point: LogOdds) -> Tensor:
        log_joint = -math.log(self.tau) / (1 - self.q)
        steep = self.tau * (math.exp(log_joint) - point.t).clamp(min=0)
        return steep - torch.expm1(self.q * point.log_t.clamp(min=log_joint)) / self.q

    def weight(self, point: LogOdds) -> Tensor:
        return torch.minimum(torch.exp(self.q * point.log_t), self.tau * point.t)


@dataclass(frozen=True)
class AGCEKernel(LabelOnlyKernel):
    """((a + 1)^q - (a + t)^q)/q, where (a + t)/(a + 1) = 1 - s/(a + 1): AGCE."""

    a: float
    q: float

    def of(self, point: LogOdds) -> Tensor:
        scale = (self.a + 1) ** self.q / self.q
        return -scale * torch.expm1(self.q * torch.log1p(point.s / -(self.a + 1)))

    def weight(self, point: LogOdds) -> Tensor:
        return point.t * (self.a + point.t) ** (self.q - 1)


@dataclass(frozen=True)
class AULKernel(LabelOnlyKernel):
    """((a - t)^q - (a - 1)^q)/q, where (a - t)/(a - 1) = 1 + s/(a - 1): AUL."""

    a: float
    q: float

    def of(self, point: LogOdds) -> Tensor:
        scale = (self.a - 1) ** self.q / self.q
        return scale * torch.expm1(self.q * torch.log1p(point.s / (self.a - 1)))

    def weight(self, point: LogOdds) -> Tensor:
        return point.t * (self.a - 1 + point.s) ** (self.q - 1)


@dataclass(frozen=True)
class AELKernel(LabelOnlyKernel):
    """exp(-t/a): AEL."""

    a: float

    def of(self, point: LogOdds) -> Tensor:
        return torch.exp(point.t / -self.a)

    def weight(self, point: LogOdds) -> Tensor:
        return point.t / self.a * torch.exp(point.t / -self.a)


@dataclass(frozen=True)
class TaylorCEKernel(LabelOnlyKernel):
    """The sum of s^m/m for m = 1..n; w = t times the sum of s^(m - 1)."""

    n: int

    def of(self, point: LogOdds) -> Tensor:
        s = point.s
        total = torch.full_like(s, 1 / self.n)
        for m in range(self.n - 1, 0, -1):
            total = total * s + 1 / m
        return total * s

    def weight(self, point: LogOdds) -> Tensor:
        s = point.s
        total = torch.ones_like(s)
        for _ in range(self.n - 1):
            total = total * s + 1
        return total * point.t


@dataclass(frozen=True)
class JSKernel(LabelOnlyKernel):
    """(-m log m + r (t log t - s log r))/Z with r = 1 - pi1, m = 1 - r s and Z = -r log r.

    w = t r log(m/(r t))/Z.
    """

    rest: float

    def of(self, point: LogOdds) -> Tensor:
        r, s = self.rest, point.s
        log_m = torch.log1p(-r * s)
        inside = r * (point.t * point.log_t - s * math.log(r)) - (1 - r * s) * log_m
        return inside / (-r * math.log(r))

    def weight(self, point: LogOdds) -> Tensor:
        r = self.rest
        ratio = torch.log1p(-r * point.s) - math.log(r) - point.log_t
        return point.t * ratio / -math.log(r)


@dataclass(frozen=True)
class ShiftedCEKernel(LabelOnlyKernel):
    """log((1 + alpha)/(alpha + t)), where (alpha + t)/(1 + alpha) = 1 - s/(1 + alpha): shifted CE."""

    alpha: float

    def of(self, point: LogOdds) -> Tensor:
        return -torch.log1p(point.s / -(1 + self.alpha))

    def weight(self, point: LogOdds) -> Tensor:
        return point.t / (self.alpha + point.t)


@dataclass(frozen=True)
class MAEStarKernel(LabelOnlyKernel):
    """s/(1 + (c - 1) t): MAE*; w = c t/(1 + (c - 1) t)^2."""

    c: float

    def of(self, point: LogOdds) -> Tensor:
        return point.s / (1 + (self.c - 1) * point.t)

    def weight(self, point: LogOdds) -> Tensor:
        return self.c * point.t / (1 + (self.c - 1) * point.t).square()
