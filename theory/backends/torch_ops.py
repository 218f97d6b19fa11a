"""torch: tensors with gradients; logarithms of probabilities are taken in log space."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from theory.backends.base import Ops


class TorchOps(Ops):
    """Operations on tensors.

    With `logits` and `onehot`, the probabilities come from them, and ``log(probs)`` and
    ``log(dot(probs, onehot))`` are read from ``log_softmax`` instead: the logarithm of a softmax that
    has underflowed to 0 would be minus infinity, with no gradient. This is why a formula needs no
    epsilon (which breaks symmetry).

    Attributes
    ----------
    probs : softmax of the logits, or None.
    """

    name = "torch"

    def __init__(self, logits: Tensor | None = None, onehot: Tensor | None = None) -> None:
        self.probs: Tensor | None = None
        self._onehot = onehot
        self._known_logs: list[tuple[Tensor, Tensor]] = []  # holds references, so identity stays valid
        if logits is not None:
            log_probs = torch.log_softmax(logits, dim=-1)
            self.probs = log_probs.exp()
            self._known_logs.append((self.probs, log_probs))

    def _known_log(self, x: Any) -> Tensor | None:
        return next((logarithm for known, logarithm in self._known_logs if known is x), None)

    def const(self, value: Any) -> float:
        return float(value)

    def array(self, rows: Any) -> Tensor:
        return torch.from_numpy(np.array(rows, dtype=object).astype(float))

    def log(self, x: Any) -> Tensor:
        known = self._known_log(x)
        return torch.log(torch.as_tensor(x)) if known is None else known

    def exp(self, x: Any) -> Tensor:
        return torch.exp(torch.as_tensor(x))

    def sqrt(self, x: Any) -> Tensor:
        return torch.sqrt(torch.as_tensor(x))

    def abs(self, x: Any) -> Tensor:
        return torch.abs(torch.as_tensor(x))

    def power(self, x: Any, p: Any) -> Tensor:
        known = self._known_log(x)
        if known is not None:  # exp(p log x): x may have underflowed, x**p need not have
            return torch.exp(p * known)
        return torch.pow(torch.as_tensor(x), p)

    def minimum(self, x: Any, y: Any) -> Tensor:
        return torch.minimum(*_pair(x, y))

    def maximum(self, x: Any, y: Any) -> Tensor:
        return torch.maximum(*_pair(x, y))

    def where(self, condition: Any, x: Any, y: Any) -> Tensor:
        return torch.where(condition, x, y)

    def onehot(self, like: Tensor, j: int) -> Tensor:
        rows = torch.zeros_like(like)
        rows[..., j] = 1
        return rows

    def stack(self, columns: Any) -> Tensor:
        return torch.stack(tuple(columns), dim=-1)

    def sum(self, x: Tensor) -> Tensor:
        return x.sum(dim=-1)

    def max(self, x: Tensor) -> Tensor:
        return x.max(dim=-1, keepdim=True).values

    def dot(self, x: Tensor, y: Tensor) -> Tensor:
        result = (x * y).sum(dim=-1)
        known = self._known_log(x)
        if known is not None and y is self._onehot:
            self._known_logs.append((result, (known * y).sum(dim=-1)))
        return result


def _pair(x: Any, y: Any) -> tuple[Tensor, Tensor]:
    like = x if isinstance(x, Tensor) else y
    return tuple(v if isinstance(v, Tensor) else torch.full_like(like, float(v)) for v in (x, y))  # type: ignore[return-value]


OPS = TorchOps()
