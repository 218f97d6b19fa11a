"""Rows where nothing follows what is done: results are written to fresh arrays.

A memory page taken costs more than a product.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from lossmatters.theory.criteria.differences import NEAR_TIE, SOLE
from lossmatters.theory.criteria.log_odds import EagerLogOdds
from lossmatters.theory.criteria.rows import FEW_CLASSES, Rows, wide
from lossmatters.theory.criteria.transforms import is_traced, is_transformed


class EagerRows(Rows):
    """Rows that are written in place."""

    @property
    def rounds(self) -> bool:
        return self.num_classes > FEW_CLASSES and self.others.device.type == "cpu"

    def chunks(self, entries: int) -> list[slice]:
        size = max(1, entries // self.num_classes)
        return [slice(i, i + size) for i in range(0, max(1, len(self.labels)), size)]

    def gaps(self) -> Tensor:
        return _without_label(self.logits, self.labels).sub_(self.rival_logit[:, None])

    def put(self, fresh: Tensor, values: Tensor) -> Tensor:
        return fresh.scatter_(1, self.labels[:, None], values.to(fresh.dtype)[:, None])

    def product(self, fresh: Tensor, factors: Tensor) -> Tensor:
        return fresh.mul_(factors)

    def quotient(self, fresh: Tensor, divisors: Tensor) -> Tensor:
        return fresh.div_(divisors)

    def plus_one(self, fresh: Tensor) -> Tensor:
        return fresh.add_(1)

    def log1p(self, fresh: Tensor) -> Tensor:
        return fresh.log1p_()

    def mixed(self, fresh: Tensor, factors: Tensor, own: Tensor, at_label: Tensor) -> Tensor:
        fresh = self.product(fresh, self.column(factors))
        if self.num_classes > FEW_CLASSES:
            # slow in short rows, but it takes no other array
            return self.put(fresh.addcmul_(self.others, self.column(own)), at_label)
        return self.put(fresh.add_(self.shares(own)), at_label)

    def differences(self, squares: Tensor | None = None) -> Tensor:
        if not self.rounds:
            return self._exact_differences()
        rounded = self.column(self.rival_share) - self.others
        if squares is None:
            squares = torch.linalg.vector_norm(self.others, dim=1).square()
        # Near ties: the mean of 1 - q_i/q_d is small, and not because one class has all the mass.
        near = ((1 - squares / self.rival_share < NEAR_TIE) & (self.rival_share < SOLE)).nonzero()[:, 0]
        if len(near):
            rounded[near] = self.part(near)._exact_differences()
        return rounded

    def _exact_differences(self) -> Tensor:
        return torch.expm1_(self.gaps()).mul_(self.column(-self.rival_share))


def split_eagerly(logits: Tensor, labels: Tensor) -> EagerRows:
    """Return the rows of (N, K) logits, K >= 2."""
    kind = wide(logits)
    masked = _without_label(logits, labels)
    rival_logit = masked.amax(dim=1)
    # Should a user have masked all the other classes: none has a part in the rest, the label is certain.
    alone = rival_logit == -torch.inf
    rival_logit = rival_logit.clamp(min=torch.finfo(logits.dtype).min)
    if logits.shape[1] <= FEW_CLASSES and logits.device.type == "cpu":
        others = masked.sub_(rival_logit[:, None]).exp_()
        rival_share = others.sum(dim=1).clamp(min=1).to(kind).reciprocal()
        others.mul_(rival_share.to(others.dtype)[:, None])
    else:
        level = torch.where(alone, 0, -torch.inf).to(masked.dtype)
        masked = masked.scatter_(1, labels[:, None], level[:, None])
        # On a CPU in its own place: a pass over a row writes where it has read, and memory is dear to take
        in_place = masked.device.type == "cpu"
        others = torch.softmax(masked, 1, out=masked) if in_place else masked.softmax(dim=1)
        rival_share = others.amax(dim=1).to(kind)
    x = _ordinary_log_odds(logits, labels, rival_logit, rival_share)
    label = EagerLogOdds(label_log_odds(logits, labels, rival_logit, rival_share) if x is None else x)
    return EagerRows(logits, labels, others, rival_logit, rival_share, label)


def label_log_odds(logits: Tensor, labels: Tensor, rival_logit: Tensor, rival_share: Tensor) -> Tensor:
    """Return the log-odds x of the labels, (N,): NaN where softmax is: a logit +inf, or all -inf."""
    own = logits.gather(1, labels[:, None])[:, 0]
    x = _log_odds(own, rival_logit, rival_share)
    # where all the others are masked, the greatest of them stands at the lowest number
    nobody = (own == -torch.inf) & (rival_logit <= torch.finfo(logits.dtype).min)
    endless = (own == torch.inf) | (rival_logit == torch.inf)
    return torch.where(nobody | endless, torch.nan, _ended(x))


def _ordinary_log_odds(
    logits: Tensor, labels: Tensor, rival_logit: Tensor, rival_share: Tensor
) -> Tensor | None:
    """Return the log-odds of the labels if a look at them is free and all are finite, as they mostly are."""
    if logits.device.type != "cpu" or is_transformed(logits) or is_traced(logits):
        return None
    x = _log_odds(logits.gather(1, labels[:, None])[:, 0], rival_logit, rival_share)
    return _ended(x) if math.isfinite(x.sum()) else None


def _log_odds(own: Tensor, rival_logit: Tensor, rival_share: Tensor) -> Tensor:
    kind = rival_share.dtype
    return own.to(kind) - rival_logit.to(kind) + rival_share.log()


def _ended(x: Tensor) -> Tensor:
    end = torch.finfo(x.dtype).max / 8  # the difference of two float64 logits may overflow
    return x.clamp(-end, end)


def _without_label(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the logits with the label's at minus infinity. Fresh."""
    return logits.scatter(1, labels[:, None], logits.new_full((len(labels), 1), -torch.inf))
