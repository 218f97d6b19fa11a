"""The torch side of a loss: a drop-in for CrossEntropyLoss, and the loss matrix of a batch."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float, Integer
from torch import Tensor, nn

from lossmatters.theory.criteria import fallback
from lossmatters.theory.criteria.autograd import Saturated, single
from lossmatters.theory.criteria.check import check_batch, check_logits, check_settings, check_weight
from lossmatters.theory.criteria.kernels import kernel
from lossmatters.theory.criteria.mixed import is_mixed, mixed_matrix
from lossmatters.theory.criteria.split import every_label
from lossmatters.theory.criteria.value_and_gradient import row_losses
from lossmatters.theory.exact import check_num_classes, fail
from lossmatters.theory.losses.base import Loss


class Criterion(nn.Module):
    """(logits, target) -> loss, of each sample or reduced to a scalar, called like CrossEntropyLoss.

    Logits are (N, K), (N, K, d1, ...) or (K,); targets are integer labels without the K, or probabilities of
    the same shape as the logits. The loss of a probability target p is the expectation sum_j p_j L(u, j),
    which is what label noise and soft labels mean; it is not the formula with p in the one-hot's place,
    which for a loss that is not linear in the one-hot (MSE, MAE) is another loss.

    Half precisions are computed in float32 and rounded once; under autocast the result is float32. A loss
    beyond the largest number is that number.

    Attributes
    ----------
    loss, reduction, ignore_index : as given.
    weight : (K,) buffer, or None.
    """

    weight: Tensor | None

    def __init__(
        self, loss: Loss, reduction: str = "mean", weight: Tensor | None = None, ignore_index: int = -100
    ) -> None:
        super().__init__()
        check_settings(reduction, ignore_index)
        self.loss = loss
        self.reduction = reduction
        self.ignore_index = ignore_index
        self.register_buffer("weight", check_weight(weight))
        self._kernel = kernel(loss)

    def extra_repr(self) -> str:
        text = f"{self.loss.spec}, reduction={self.reduction!r}"
        return text if self.ignore_index == -100 else f"{text}, ignore_index={self.ignore_index}"

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """See the class.

        Raises
        ------
        TypeError : logits that are no floating tensor, targets that are neither labels nor probabilities.
        ValueError : shapes that do not fit, K < 2, a label out of range, weights of another K.
        """
        all_count = check_batch(logits, target, self.ignore_index)
        classes = 0 if logits.ndim == 1 else 1
        num_classes = logits.shape[classes]
        if self.weight is not None and len(self.weight) != num_classes:
            fail("weight", f"of shape ({num_classes},)", tuple(self.weight.shape))
        rows = logits.movedim(classes, -1).reshape(-1, num_classes)
        if target.is_floating_point():
            shape = target.shape[:classes] + target.shape[classes + 1 :]
            weights: Tensor | None
            values, weights = self._expected(rows, target.movedim(classes, -1).reshape(-1, num_classes))
        else:
            shape = target.shape
            values, weights = self._labelled(rows, target.reshape(-1).long(), all_count)
        return self._reduced(values, weights, shape, logits)

    def _labelled(self, logits: Tensor, labels: Tensor, all_count: bool) -> tuple[Tensor, Tensor | None]:
        """Return losses and weights of rows with labels, 0 where ignored; no weights where all are 1."""
        if all_count and self.weight is None:
            return _losses(self.loss, self._kernel, logits, labels), None
        counted = labels != self.ignore_index
        labels = torch.where(counted, labels, 0)
        values = _losses(self.loss, self._kernel, logits, labels)
        weights = counted.to(values.dtype)
        if self.weight is not None:
            weights = weights * self.weight.to(values.dtype)[labels]
        # torch.where, not a product: an ignored sample's loss may be infinite
        return torch.where(counted, values * weights, 0), weights

    def _expected(self, logits: Tensor, target: Tensor) -> tuple[Tensor, None]:
        """Return expected losses under probabilities; as in torch, weights scale losses, count no samples."""
        values = _matrix(self.loss, self._kernel, logits)
        shares = target.to(values.dtype)
        if self.weight is not None:
            shares = shares * self.weight.to(values.dtype)
        # a class of probability 0 counts for nothing, though its loss be infinite
        values = torch.where(shares == 0, 0, values * shares).sum(dim=1)
        return values, None

    def _reduced(self, values: Tensor, weights: Tensor | None, shape: torch.Size, logits: Tensor) -> Tensor:
        if self.reduction == "mean":
            values = values.mean() if weights is None else values.sum() / weights.sum()
        elif self.reduction == "sum":
            values = values.sum()
        else:
            values = values.reshape(shape)
        # last: a sum of float16 losses overflows where their mean does not
        autocast = torch.is_autocast_enabled(logits.device.type)
        return values.to(torch.float32 if autocast else logits.dtype)


def sample_losses(
    loss: Loss, logits: Float[Tensor, "*batch k"], labels: Integer[Tensor, "*batch"]
) -> Float[Tensor, "*batch"]:
    """Return the loss of each sample, (..., K) logits and (...) labels -> (...), unchecked and unreduced."""
    rows = logits.reshape(-1, logits.shape[-1])
    values = _losses(loss, kernel(loss), rows, labels.reshape(-1).long())
    return values.reshape(labels.shape).to(logits.dtype)


def loss_matrix(loss: Loss, logits: Tensor) -> Float[Tensor, "n k"]:
    """Return a matrix whose entry [n, j] is the loss of sample n had its label been j.

    Raises
    ------
    TypeError : logits that are no floating tensor.
    ValueError : logits not (N, K) with K >= 2.
    """
    check_logits(logits)
    if logits.ndim != 2:
        fail("logits", "of shape (N, K)", tuple(logits.shape))
    check_num_classes(logits.shape[1])
    return _matrix(loss, kernel(loss), logits).to(logits.dtype)


def _losses(loss: Loss, own: Any, logits: Tensor, labels: Tensor) -> Tensor:
    """Return the loss of each row, (N,), float64 where a kernel computes it."""
    if own is None and is_mixed(loss):
        return _matrix(loss, own, logits).gather(1, labels[:, None])[:, 0]
    if own is None:
        return fallback.losses(loss, logits, labels)
    return row_losses(logits, labels, own)


def _matrix(loss: Loss, own: Any, logits: Tensor) -> Tensor:
    if own is None and is_mixed(loss):  # from the losses of all labels, which the base's kernel may know
        base = loss.base  # type: ignore[attr-defined]
        return mixed_matrix(loss, _matrix(base, kernel(base), single(logits)))
    if own is None:
        return fallback.matrix(loss, logits)
    values = own.matrix(every_label(logits))
    found: Tensor = Saturated.apply(values, torch.finfo(logits.dtype).max)
    return found
