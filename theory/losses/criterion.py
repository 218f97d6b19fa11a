"""The torch side of a loss: a drop-in for CrossEntropyLoss, and the loss matrix of a batch."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from theory.backends.torch_ops import TorchOps
from theory.exact import check_num_classes, fail
from theory.losses.base import CallableLoss, Loss

REDUCTIONS = ("mean", "sum", "none")


class Criterion(nn.Module):
    """(logits (N, K), labels (N,)) -> loss, per sample (N,) or reduced to a scalar.

    Half precisions are computed in float32 and rounded once. Labels are integers in 0..K-1, or
    `ignore_index`.
    """

    weight: Tensor | None

    def __init__(
        self, loss: Loss, reduction: str = "mean", weight: Tensor | None = None, ignore_index: int = -100
    ) -> None:
        super().__init__()
        if reduction not in REDUCTIONS:
            fail("reduction", "one of mean, sum, none", reduction)
        self.loss = loss
        self.reduction = reduction
        self.ignore_index = ignore_index
        self.register_buffer("weight", weight, persistent=False)

    def extra_repr(self) -> str:
        return f"{self.loss.spec}, reduction={self.reduction!r}"

    def forward(self, logits: Tensor, labels: Tensor) -> Float[Tensor, " n"] | Float[Tensor, ""]:
        """See the class.

        Raises
        ------
        TypeError : labels of a float type.
        ValueError : logits not (N, K) with K >= 2, or a label out of range.
        """
        check_batch(logits, labels, self.ignore_index)
        counted = labels != self.ignore_index
        safe = torch.where(counted, labels, 0)
        values = sample_losses(self.loss, logits, safe)
        weights = counted.to(values.dtype)
        if self.weight is not None:
            weights = weights * self.weight.to(values.dtype)[safe]
        # torch.where, not a product: an ignored sample's loss may be infinite
        values = torch.where(counted, values * weights, torch.zeros_like(values))
        if self.reduction == "none":
            return values
        return values.sum() if self.reduction == "sum" else values.sum() / weights.sum()


def check_batch(logits: Tensor, labels: Tensor, ignore_index: int = -100) -> None:
    """Shapes, kinds and range of a batch; one reduction over the labels, no copy of the logits."""
    if labels.dtype.is_floating_point or labels.dtype.is_complex or labels.dtype == torch.bool:
        raise TypeError(f"labels must be integers, got dtype={labels.dtype}")
    if logits.ndim != 2 or labels.shape != logits.shape[:1]:
        fail("logits and labels", "of shapes (N, K) and (N,)", (tuple(logits.shape), tuple(labels.shape)))
    num_classes = check_num_classes(logits.shape[1])
    outside = ((labels < 0) | (labels >= num_classes)) & (labels != ignore_index)
    if bool(outside.any()):
        fail("labels", f"in 0..{num_classes - 1}", int(labels[outside][0]))


def sample_losses(
    loss: Loss, logits: Float[Tensor, "*batch k"], labels: Int[Tensor, "*batch"]
) -> Float[Tensor, "*batch"]:
    """The loss of each sample, (..., K) logits and (...) labels -> (...), unchecked and unreduced."""
    if isinstance(loss, CallableLoss):
        shape = labels.shape
        return loss.function(logits.reshape(-1, logits.shape[-1]), labels.reshape(-1)).reshape(shape)
    wide = logits.float() if logits.dtype in (torch.float16, torch.bfloat16) else logits
    onehot = torch.nn.functional.one_hot(labels.long(), logits.shape[-1]).to(wide.dtype)
    ops = TorchOps(wide, onehot)
    return loss.apply(ops.probs, onehot, ops).to(logits.dtype)


def loss_matrix(loss: Loss, logits: Tensor) -> Float[Tensor, "n k"]:
    """Entry [n, j] is the loss of sample n had its label been j.

    Raises
    ------
    ValueError : logits not (N, K) with K >= 2.
    """
    if logits.ndim != 2:
        fail("logits", "of shape (N, K)", tuple(logits.shape))
    size, num_classes = logits.shape[0], check_num_classes(logits.shape[1])
    columns = [
        sample_losses(loss, logits, torch.full((size,), j, dtype=torch.long, device=logits.device))
        for j in range(num_classes)
    ]
    return torch.stack(columns, dim=-1)
