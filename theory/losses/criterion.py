"""The torch side of a loss: a drop-in for CrossEntropyLoss, and the loss matrix of a batch."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float, Integer
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
        if isinstance(ignore_index, bool) or not isinstance(ignore_index, int):
            raise TypeError(f"ignore_index must be an integer, got ignore_index={ignore_index!r}")
        self.loss = loss
        self.reduction = reduction
        self.ignore_index = ignore_index
        self.register_buffer("weight", _check_weight(weight), persistent=False)

    def extra_repr(self) -> str:
        return f"{self.loss.spec}, reduction={self.reduction!r}"

    def forward(self, logits: Tensor, labels: Tensor) -> Float[Tensor, " n"] | Float[Tensor, ""]:
        """See the class.

        Raises
        ------
        TypeError : logits that are no floating tensor, labels that are no integer tensor.
        ValueError : logits not (N, K) with K >= 2, a label out of range, weights of another K.
        """
        check_batch(logits, labels, self.ignore_index)
        counted = labels != self.ignore_index
        safe = torch.where(counted, labels, 0)
        values = _wide_losses(self.loss, logits, safe)
        weights = counted.to(values.dtype)
        if self.weight is not None:
            if len(self.weight) != logits.shape[1]:
                fail("weight", f"of shape ({logits.shape[1]},)", tuple(self.weight.shape))
            weights = weights * self.weight.to(values.dtype)[safe]
        # torch.where, not a product: an ignored sample's loss may be infinite
        values = torch.where(counted, values * weights, torch.zeros_like(values))
        if self.reduction == "mean":
            values = values.sum() / weights.sum()
        elif self.reduction == "sum":
            values = values.sum()
        return values.to(logits.dtype)  # last: a sum of float16 losses overflows where their mean does not


def _check_weight(weight: Any) -> Tensor | None:
    if weight is None:
        return None
    if not isinstance(weight, Tensor) or not weight.is_floating_point():
        raise TypeError(f"weight must be a floating tensor or None, got weight={weight!r}")
    if weight.ndim != 1:
        fail("weight", "of shape (K,)", tuple(weight.shape))
    if not bool(((weight >= 0) & weight.isfinite()).all()):
        fail("weight", "finite and >= 0", weight.tolist())
    return weight


def check_batch(logits: Tensor, labels: Tensor, ignore_index: int = -100) -> None:
    """Shapes, kinds and range of a batch; one reduction over the labels, no copy of the logits."""
    _check_logits(logits)
    if not isinstance(labels, Tensor):
        raise TypeError(f"labels must be a tensor, got labels={labels!r}")
    if labels.dtype.is_floating_point or labels.dtype.is_complex or labels.dtype == torch.bool:
        raise TypeError(f"labels must be integers, got dtype={labels.dtype}")
    if logits.ndim != 2 or labels.shape != logits.shape[:1]:
        fail("logits and labels", "of shapes (N, K) and (N,)", (tuple(logits.shape), tuple(labels.shape)))
    num_classes = check_num_classes(logits.shape[1])
    outside = ((labels < 0) | (labels >= num_classes)) & (labels != ignore_index)
    if bool(outside.any()):
        fail("labels", f"in 0..{num_classes - 1}", int(labels[outside][0]))


def _check_logits(logits: Any) -> None:
    if not isinstance(logits, Tensor):
        raise TypeError(f"logits must be a tensor, got logits={logits!r}")
    if not logits.is_floating_point():
        raise TypeError(f"logits must be floating, got dtype={logits.dtype}")


def sample_losses(
    loss: Loss, logits: Float[Tensor, "*batch k"], labels: Integer[Tensor, "*batch"]
) -> Float[Tensor, "*batch"]:
    """The loss of each sample, (..., K) logits and (...) labels -> (...), unchecked and unreduced."""
    return _wide_losses(loss, logits, labels).to(logits.dtype)


def _wide_losses(
    loss: Loss, logits: Float[Tensor, "*batch k"], labels: Integer[Tensor, "*batch"]
) -> Float[Tensor, "*batch"]:
    """As `sample_losses`, but float32 for half precisions."""
    if isinstance(loss, CallableLoss):
        shape = labels.shape
        return loss.function(logits.reshape(-1, logits.shape[-1]), labels.reshape(-1)).reshape(shape)
    wide = logits.float() if logits.dtype in (torch.float16, torch.bfloat16) else logits
    onehot = torch.nn.functional.one_hot(labels.long(), logits.shape[-1]).to(wide.dtype)
    ops = TorchOps(wide, onehot)
    return loss.apply(ops.probs, onehot, ops)


def loss_matrix(loss: Loss, logits: Tensor) -> Float[Tensor, "n k"]:
    """Entry [n, j] is the loss of sample n had its label been j.

    Raises
    ------
    TypeError : logits that are no floating tensor.
    ValueError : logits not (N, K) with K >= 2.
    """
    _check_logits(logits)
    if logits.ndim != 2:
        fail("logits", "of shape (N, K)", tuple(logits.shape))
    size, num_classes = logits.shape[0], check_num_classes(logits.shape[1])
    columns = [
        sample_losses(loss, logits, torch.full((size,), j, dtype=torch.long, device=logits.device))
        for j in range(num_classes)
    ]
    return torch.stack(columns, dim=-1)
