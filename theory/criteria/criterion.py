"""The torch side of a loss: a drop-in for CrossEntropyLoss, and the loss matrix of a batch."""

from __future__ import annotations

import torch
from jaxtyping import Float, Integer
from torch import Tensor, nn

from lossmatters.theory.criteria.autograd import saturated
from lossmatters.theory.criteria.check import check_batch, check_logits, check_settings, check_weight
from lossmatters.theory.criteria.expected import expected_losses
from lossmatters.theory.criteria.in_graph import losses_in_graph, matrix_in_graph, number_of
from lossmatters.theory.criteria.kernels import kernel
from lossmatters.theory.criteria.transforms import is_autocast, is_compiled, sizes
from lossmatters.theory.criteria.ways import row_values, value_matrix
from lossmatters.theory.exact import check_num_classes, fail
from lossmatters.theory.losses.base import Loss


class Criterion(nn.Module):
    """(logits, target) -> loss, of each sample or reduced to a scalar, called like CrossEntropyLoss.

    Logits are (N, K), (N, K, d1, ...) or (K,); targets are integer labels without the K, or probabilities of
    the same shape as the logits. The loss of a probability target p is the expectation sum_j p_j L(u, j),
    which is what label noise and soft labels mean; it is not the formula with p in the one-hot's place,
    which for a loss that is not linear in the one-hot (MSE, MAE) is another loss.

    With `label_smoothing` s the loss is such an expectation too, of the label with probability 1 - s and of
    an even draw with s: (1 - s) L(u, y) + s/K times the sum of L(u, j), as CrossEntropyLoss has it for CCE.

    Half precisions are computed in float32 and rounded once; under autocast the result is float32. A loss
    beyond the largest number is that number.

    Attributes
    ----------
    loss, reduction, ignore_index, label_smoothing : as given.
    weight : (K,) buffer, or None.
    """

    weight: Tensor | None

    def __init__(
        self,
        loss: Loss,
        weight: Tensor | None = None,
        ignore_index: int = -100,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__()
        numbers = check_settings(reduction, ignore_index, label_smoothing)
        self.loss = loss
        self.reduction = reduction
        self.ignore_index, self.label_smoothing = numbers
        self.register_buffer("weight", check_weight(weight))
        self._kernel = kernel(loss)
        self._number = number_of(loss, self._kernel)

    def __setstate__(self, state: dict[str, object]) -> None:
        """Take up what was pickled, perhaps in another process, where losses have other numbers."""
        super().__setstate__(state)
        self._number = number_of(self.loss, self._kernel)

    def extra_repr(self) -> str:
        text = f"{self.loss.spec}, reduction={self.reduction!r}"
        if self.ignore_index != -100:
            text += f", ignore_index={self.ignore_index}"
        return f"{text}, label_smoothing={self.label_smoothing:g}" if self.label_smoothing else text

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """See the class.

        Raises
        ------
        TypeError : logits that are no floating tensor, targets that are neither labels nor probabilities.
        ValueError : shapes that do not fit, K < 2, a label out of range, weights of another K.
        """
        num_classes, all_count = check_batch(logits, target, self.ignore_index)
        classes = 0 if logits.ndim == 1 else 1
        if self.weight is not None and sizes(self.weight) != (num_classes,):
            fail("weight", f"of shape ({num_classes},)", tuple(self.weight.shape))
        rows = logits.movedim(classes, -1).reshape(-1, num_classes)
        if target.is_floating_point():
            shape = target.shape[:classes] + target.shape[classes + 1 :]
            shares = target.movedim(classes, -1).reshape(-1, num_classes)
            weights: Tensor | None = None
            values = self._expected(rows, shares, self.label_smoothing)
        else:
            shape = target.shape
            values, weights = self._labelled(rows, target.reshape(-1).long(), all_count)
        return self._reduced(values, weights, shape, logits)

    def _labelled(self, logits: Tensor, labels: Tensor, all_count: bool) -> tuple[Tensor, Tensor | None]:
        """Return losses and weights of rows with labels, 0 where ignored; no weights where all are 1."""
        counted = None if all_count else labels != self.ignore_index
        labels = labels if counted is None else torch.where(counted, labels, 0)
        if self._number is not None and is_compiled():
            values = losses_in_graph(self._number, logits, labels)
        else:
            values = row_values(self.loss, self._kernel, logits, labels)
        weights = None if self.weight is None else self.weight.to(values.dtype)[labels]
        values = values if weights is None else values * weights
        if self.label_smoothing:
            nothing = torch.zeros((), dtype=logits.dtype, device=logits.device).expand_as(logits)
            spread = self._expected(logits, nothing, smoothing=1.0)
            values = (1 - self.label_smoothing) * values + self.label_smoothing * spread
        if counted is not None:
            weights = counted.to(values.dtype) if weights is None else torch.where(counted, weights, 0)
            # torch.where, not a product: an ignored sample's loss may be infinite
            values = torch.where(counted, values, 0)
        return values, weights

    def _expected(self, logits: Tensor, target: Tensor, smoothing: float) -> Tensor:
        """Return expected losses; as in torch, weights scale losses of labels and count for no sample."""

        def every(rows: Tensor) -> Tensor:
            if self._number is not None and is_compiled():
                found = matrix_in_graph(self._number, rows)
            else:
                found = value_matrix(self.loss, self._kernel, rows)
            return found if self.weight is None else found * self.weight.to(found.dtype)

        return expected_losses(every, logits, target, smoothing)

    def _reduced(self, values: Tensor, weights: Tensor | None, shape: torch.Size, logits: Tensor) -> Tensor:
        if self.reduction == "mean":
            values = values.mean() if weights is None else values.sum() / weights.sum()
        elif self.reduction == "sum":
            values = values.sum()
        else:
            values = values.reshape(shape)
        # last: a sum of float16 losses overflows where their mean does not
        kind = torch.float32 if is_autocast(logits.device.type) else logits.dtype
        # Losses as they are, and their means in float64, end at the largest number already; what a plain
        # callable returns is its own affair.
        beyond = self.reduction == "sum" or self.weight is not None or self._kernel is None
        beyond = beyond or kind == torch.float64
        if beyond and self.loss.has_formula:
            values = saturated(values, kind)
        return values.to(kind)


def sample_losses(
    loss: Loss, logits: Float[Tensor, "*batch k"], labels: Integer[Tensor, "*batch"]
) -> Float[Tensor, "*batch"]:
    """Return the loss of each sample, (..., K) logits and (...) labels -> (...), unchecked and unreduced."""
    rows = logits.reshape(-1, logits.shape[-1])
    values = row_values(loss, kernel(loss), rows, labels.reshape(-1).long())
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
    return value_matrix(loss, kernel(loss), logits).to(logits.dtype)
