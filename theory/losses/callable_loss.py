"""A loss of which nothing is known but what it returns."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from lossmatters.theory.backends import Ops
from lossmatters.theory.losses.base import Loss

if TYPE_CHECKING:
    from torch import Tensor


class CallableLoss(Loss):
    """A plain callable ``(logits (N, K), labels (N,)) -> (N,)`` of torch tensors, with no formula.

    It can be sampled, not proved. Probabilities are given to it as their logarithms.
    """

    has_formula = False

    def __init__(self, function: Callable[[Tensor, Tensor], Tensor], name: str = "") -> None:
        if not callable(function):
            raise TypeError(f"loss must be callable, got loss={function!r}")
        self.function = function
        self.name = name or getattr(function, "__name__", type(function).__name__)  # type: ignore[misc]
        self.title = self.name  # type: ignore[misc]

    def apply(self, probs: Any, onehot: Any, ops: Ops[Any]) -> Any:
        """Evaluate under NumPy alone: (..., K) float64 -> (...)."""
        if ops.name != "numpy":
            raise TypeError(f"{self.name} has no formula: it can only be evaluated on numbers")
        values = self._call(np.asarray(probs, dtype=float), np.argmax(onehot, axis=-1))
        return values.double().numpy().reshape(np.shape(probs)[:-1])

    def precision(self, num_classes: int) -> str:
        """Return the floating type of the values for float64 logits: "float64", "float32", ..."""
        values = self._call(np.full((1, num_classes), 1 / num_classes), np.zeros(1, dtype=int))
        return str(values.dtype).removeprefix("torch.")

    def _call(self, probs: np.ndarray, labels: np.ndarray) -> Tensor:
        import torch

        with np.errstate(divide="ignore"):
            logits = torch.from_numpy(np.log(probs).reshape(-1, probs.shape[-1]))
        flat = torch.from_numpy(labels.reshape(-1))
        try:
            with torch.no_grad():
                values = self.function(logits, flat)
        except Exception as error:
            raise ValueError(f"{self.name} raised {type(error).__name__}: {error}") from error
        if getattr(values, "shape", None) != flat.shape:
            got = tuple(getattr(values, "shape", ())) if hasattr(values, "shape") else type(values).__name__
            raise ValueError(
                f"{self.name} must return one loss a sample, shape ({len(flat)},), got shape={got}"
            )
        return values


def precision_of(loss: Loss, num_classes: int) -> str:
    """Return the floating type of the values of a loss: "float64" where it has a formula."""
    return loss.precision(num_classes) if isinstance(loss, CallableLoss) else "float64"
