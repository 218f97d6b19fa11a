"""Losses without a kernel: a user's own formula, by autograd, or a plain callable."""

from __future__ import annotations

import torch
from jaxtyping import Float, Integer
from torch import Tensor
from torch.nn.functional import one_hot

from lossmatters.theory.backends.torch_ops import TorchOps
from lossmatters.theory.criteria.autograd import single
from lossmatters.theory.losses.base import Loss
from lossmatters.theory.losses.callable_loss import CallableLoss


def losses(loss: Loss, logits: Float[Tensor, "n k"], labels: Integer[Tensor, " n"]) -> Float[Tensor, " n"]:
    """Return the loss of each row: (N, K) logits and (N,) labels -> (N,)."""
    if isinstance(loss, CallableLoss):
        found: Tensor = loss.function(logits, labels)
        return found
    wide = single(logits)
    onehot = one_hot(labels, logits.shape[1]).to(wide.dtype)
    ops = TorchOps(wide, onehot)
    value: Tensor = loss.apply(ops.probs, onehot, ops)
    return value


def matrix(loss: Loss, logits: Tensor) -> Tensor:
    """Return the loss [n, j] of row n had its label been j: (N, K) -> (N, K), label by label."""
    size, num_classes = logits.shape
    return torch.stack(
        [losses(loss, logits, torch.full((size,), j, device=logits.device)) for j in range(num_classes)],
        dim=1,
    )
