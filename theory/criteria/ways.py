"""Losses of rows, in whichever way a loss is computed: by its kernel, as a mixture, or by its formula."""

from __future__ import annotations

import torch
from torch import Tensor

from lossmatters.theory.criteria import fallback
from lossmatters.theory.criteria.autograd import Kernel, saturated, single
from lossmatters.theory.criteria.kernels import kernel
from lossmatters.theory.criteria.mixed import is_mixed, mixed_matrix
from lossmatters.theory.criteria.split import every_label, split
from lossmatters.theory.criteria.value_and_gradient import row_losses
from lossmatters.theory.losses.base import Loss


def row_values(loss: Loss, own: Kernel | None, logits: Tensor, labels: Tensor) -> Tensor:
    """Return the loss of each row, (N,), float64 where the kernel `own` computes it."""
    if own is None and is_mixed(loss):
        return value_matrix(loss, own, logits).gather(1, labels[:, None])[:, 0]
    if own is None:
        return fallback.losses(loss, logits, labels)
    return row_losses(logits, labels, own)


def row_gradients(own: Kernel, logits: Tensor, labels: Tensor) -> Tensor:
    """Return the gradient of each row's loss in its logits, (N, K), by the kernel that computes it.

    Bit by bit what autograd gives of float64 logits, in less than half the time; it has no gradient itself.
    """
    with torch.no_grad():
        rows = split(single(logits), labels)
        upstream = torch.ones(len(logits), dtype=torch.float64, device=logits.device)
        return own.gradient(rows, own.summary(rows), upstream).to(logits.dtype)


def value_matrix(loss: Loss, own: Kernel | None, logits: Tensor) -> Tensor:
    """Return the loss of every label, (N, K)."""
    if own is None and is_mixed(loss):  # from the losses of all labels, which the base's kernel may know
        base = loss.base
        return mixed_matrix(loss, value_matrix(base, kernel(base), single(logits)))
    if own is None:
        # As they are: an infinite loss is one, and counts only where its label can occur.
        return fallback.matrix(loss, logits)
    return saturated(own.matrix(every_label(logits)), logits.dtype)
