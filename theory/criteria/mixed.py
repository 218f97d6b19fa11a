"""Mixtures p L + q S + c of a loss with its label sum.

For L = f(u_y), of weight w(t) = -t f'(t), the gradient of f(u_j) is w(u_j) (u - e_j), so with W the sum of
all w(u_i)

    dL'/dz_k = q (u_k W - w(u_k)) + p w(u_y) (u_k - [k = y]).

Mixtures of other losses are mixed from the loss matrix, and autograd follows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeGuard

import torch
from torch import Tensor

from lossmatters.theory.backends.torch_ops import OPS
from lossmatters.theory.criteria.label_only import LabelOnlyKernel
from lossmatters.theory.criteria.log_odds import LogOdds
from lossmatters.theory.criteria.rows import Rows
from lossmatters.theory.criteria.split import every_label
from lossmatters.theory.losses.averaging import LabelMean
from lossmatters.theory.losses.base import Loss
from lossmatters.theory.losses.corrected import Corrected
from lossmatters.theory.losses.mixtures import GeneralMixture, SeparableMixture
from lossmatters.theory.losses.symmetrising import Symmetrised


def numbers(loss: SeparableMixture | GeneralMixture, num_classes: int) -> tuple[float, float, float]:
    """Return p, q and c at one K."""
    view = loss.bound_to(OPS)
    p, q = view.weights(float(num_classes))
    if isinstance(loss, Symmetrised):
        return float(p), float(q), float(loss.constant(num_classes))
    return float(p), float(q), float(view.shift(float(num_classes), OPS))


@dataclass(frozen=True)
class MixtureKernel:
    """A mixture of a loss f(u_y)."""

    mixture: SeparableMixture
    base: LabelOnlyKernel

    def summary(self, rows: Rows) -> Tensor:
        return rows.rival_share.clone()

    def value(self, rows: Rows, summary: Tensor) -> Tensor:
        p, q, c = numbers(self.mixture, rows.num_classes)
        return p * self.base.of(rows.label) + q * self.base.of(every_label(rows.logits)).sum(dim=1) + c

    def matrix(self, every: LogOdds) -> Tensor:
        p, q, c = numbers(self.mixture, every.x.shape[1])
        values = self.base.of(every)
        return p * values + q * values.sum(dim=1, keepdim=True) + c

    def gradient(self, rows: Rows, summary: Tensor, upstream: Tensor) -> Tensor:
        p, q, _ = numbers(self.mixture, rows.num_classes)
        every = every_label(rows.logits)
        weights = self.base.weight(every) * torch.ones_like(every.x)
        free = every.t * weights.sum(dim=1, keepdim=True) - weights
        own = rows.contrast(p * upstream * self.base.weight(rows.label) * rows.label.s)
        return own + (q * upstream[:, None] * free).to(own.dtype)


def is_mixed(loss: Loss) -> TypeGuard[Corrected | GeneralMixture | SeparableMixture]:
    """Tell whether a loss is linear in the losses of all labels."""
    if isinstance(loss, Corrected):
        return loss.way == "backward"
    return isinstance(loss, GeneralMixture | SeparableMixture) and not isinstance(loss, LabelMean)


def mixed_matrix(loss: Corrected | SeparableMixture | GeneralMixture, values: Tensor) -> Tensor:
    """Return the loss matrix of a mixture from that of its base, (N, K) -> (N, K)."""
    k = values.shape[1]
    if isinstance(loss, Corrected):
        rows = [[float(x) for x in row] for row in loss.label_weights(k)]
        return values @ values.new_tensor(rows).T
    p, q, c = numbers(loss, k)
    return p * values + q * values.sum(dim=1, keepdim=True) + c
