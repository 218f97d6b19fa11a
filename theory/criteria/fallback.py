"""Losses without a kernel: a user's own formula, by autograd, or a plain callable."""

from __future__ import annotations

import torch
from torch import Tensor

from lossmatters.theory.backends.torch_ops import TorchOps
from lossmatters.theory.criteria.autograd import single
from lossmatters.theory.criteria.transforms import sizes
from lossmatters.theory.formula import classes_of, evaluate, trace_formula
from lossmatters.theory.losses.base import Loss
from lossmatters.theory.losses.callable_loss import CallableLoss


def losses(loss: Loss, logits: Tensor, labels: Tensor) -> Tensor:
    """Return the loss of each row: (N, K) logits and (N,) labels -> (N,)."""
    if isinstance(loss, CallableLoss):
        found: Tensor = loss.function(logits, labels)
        return found
    wide = single(logits)
    onehot = torch.zeros_like(wide).scatter(1, labels[:, None], 1)  # one_hot() looks at the values
    ops = TorchOps(wide, onehot)
    num_classes = classes_of(
        sizes(wide)[1]
    )  # not that of the probabilities, which under a tracer is no number
    value: Tensor = evaluate(
        trace_formula(loss, num_classes), ops, probs=ops.probs, onehot=onehot, classes=num_classes
    )
    return value


def matrix(loss: Loss, logits: Tensor) -> Tensor:
    """Return the loss [n, j] of row n had its label been j: (N, K) -> (N, K), label by label."""
    size, num_classes = sizes(logits)
    return torch.stack(
        [losses(loss, logits, torch.full((size,), j, device=logits.device)) for j in range(num_classes)],
        dim=1,
    )
