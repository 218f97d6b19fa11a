"""torch: tensors with gradients; logarithms of probabilities are taken in log space."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor
from torch.autograd import forward_ad

from lossmatters.theory.backends.base import Ops
from lossmatters.theory.backends.number import Condition, Exact, Nested, Plain
from lossmatters.theory.backends.numpy_ops import OPS as CONSTANTS

T = TypeVar("T", Tensor, Plain)


class TorchOps(Ops[Tensor]):
    """Operations on tensors.

    With `logits` and `onehot`, the probabilities come from them, and ``log(probs)`` and
    ``log(dot(probs, onehot))`` are read from ``log_softmax`` instead: the logarithm of a softmax that
    has underflowed to 0 would be minus infinity, with no gradient. This is why a formula needs no
    epsilon (which breaks symmetry). A log-probability below about -1e28 (in float32) reads as that number.

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
            floor = _ForwardFloor if is_forward_mode() else _Floor
            log_probs = floor.apply(torch.log_softmax(logits, dim=-1))
            self.probs = log_probs.exp()
            self._known_logs.append((self.probs, log_probs))

    def _known_log(self, x: Tensor) -> Tensor | None:
        return next((logarithm for known, logarithm in self._known_logs if known is x), None)

    def const(self, value: Tensor | Exact) -> float:
        return float(value)

    def array(self, rows: Nested) -> Tensor:
        return torch.from_numpy(np.array(rows, dtype=object).astype(float))

    # A function of a constant is a float: a tensor made of it would be float32, whatever the logits are.

    def log(self, x: T) -> T:
        if not isinstance(x, Tensor):
            return float(CONSTANTS.log(x))
        known = self._known_log(x)
        return torch.log(x) if known is None else known

    def exp(self, x: T) -> T:
        return torch.exp(x) if isinstance(x, Tensor) else float(CONSTANTS.exp(x))

    def sqrt(self, x: T) -> T:
        return torch.sqrt(x) if isinstance(x, Tensor) else float(CONSTANTS.sqrt(x))

    def abs(self, x: T) -> T:
        return abs(x)  # type: ignore[return-value]

    def power(self, x: T, p: Any) -> T:
        if not isinstance(x, Tensor):
            return float(CONSTANTS.power(x, p))
        known = self._known_log(x)
        if known is not None:  # exp(p log x): x may have underflowed, x**p need not have
            return torch.exp(p * known)
        if isinstance(p, float) and 0 < p < 1:
            # The slope at 0 is infinite; where rounding alone made x = 1 - u vanish, its factor is 0: NaN.
            positive = x > 0
            return torch.where(positive, torch.pow(torch.where(positive, x, 1), p), 0)
        return torch.pow(x, p)

    def integer_power(self, x: T, n: int) -> T:
        return x**n if n >= 0 and isinstance(x, Tensor) else self.power(x, n)

    def minimum(self, x: Any, y: Any) -> Any:
        return torch.minimum(*_pair(x, y)) if _any_tensor(x, y) else min(x, y)

    def maximum(self, x: Any, y: Any) -> Any:
        return torch.maximum(*_pair(x, y)) if _any_tensor(x, y) else max(x, y)

    def where(self, condition: Condition, x: Any, y: Any) -> Any:
        if isinstance(condition, Tensor):
            return torch.where(condition, x, y)
        return x if condition else y

    def onehot(self, like: Tensor, j: int) -> Tensor:
        rows = torch.zeros_like(like)
        rows[..., j] = 1
        return rows

    def stack(self, columns: Sequence[Tensor | Plain]) -> Tensor:
        return torch.stack(tuple(columns), dim=-1)  # type: ignore[arg-type]  # none is a constant

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


def is_forward_mode() -> bool:
    """Tell whether derivatives may be taken forwards (``jvp``, ``jacfwd``, ``forward_ad``)."""
    return forward_ad._current_level >= 0  # torch has no public name for it


class _Floor(torch.autograd.Function):
    """Numbers no lower than minus the largest finite one to the power 3/4; the gradient passes unchanged.

    Finite logits further apart than the largest number have a log-probability of minus infinity, and
    0 times that, or that over that, would be NaN. The floor leaves room for sums and small multiples.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(log_probs: Tensor) -> Tensor:
        return log_probs.clamp(min=-(torch.finfo(log_probs.dtype).max ** 0.75))

    @staticmethod
    def setup_context(ctx: Any, inputs: object, output: object) -> None:
        """Keep nothing for the backward pass."""

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return gradient


class _ForwardFloor(_Floor):
    """The same in forward mode, of which torch's compiler wants to see nothing."""

    @staticmethod
    def jvp(ctx: Any, tangent: Tensor) -> Tensor:
        return tangent.view_as(tangent)


def _any_tensor(*values: object) -> bool:
    return any(isinstance(v, Tensor) for v in values)


def _pair(x: Tensor | Plain, y: Tensor | Plain) -> tuple[Tensor, Tensor]:
    like = x if isinstance(x, Tensor) else y
    return tuple(v if isinstance(v, Tensor) else torch.full_like(like, float(v)) for v in (x, y))  # type: ignore[arg-type, return-value]


OPS = TorchOps()
