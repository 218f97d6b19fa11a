"""The bridge to autograd: a kernel's value forward, its gradient backward."""

from __future__ import annotations

from typing import Any, Protocol

import torch
from torch import Tensor

from lossmatters.theory.backends.torch_ops import is_forward_mode
from lossmatters.theory.criteria.log_odds import LogOdds
from lossmatters.theory.criteria.rows import Rows
from lossmatters.theory.criteria.split import again, numbers_of, split
from lossmatters.theory.criteria.transforms import is_batched_gradient


class Kernel(Protocol):
    """What computes a loss, in the operations of `Rows` and `LogOdds`, whoever follows."""

    def summary(self, rows: Rows) -> Tensor:
        """Return one number of each row, (N,), that both value and gradient need."""

    def value(self, rows: Rows, summary: Tensor) -> Tensor:
        """Return the loss of each row, (N,)."""

    def matrix(self, every: LogOdds) -> Tensor:
        """Return the loss of every label, given their log-odds: (N, K)."""

    def gradient(self, rows: Rows, summary: Tensor, upstream: Tensor) -> Tensor:
        """Return its gradient in the logits times `upstream` (N,): (N, K), fresh."""


class Losses(torch.autograd.Function):
    """(logits (N, K), labels (N,), kernel) -> the loss of each row (N,), and what the gradient needs.

    Where a gradient of the gradient may be wanted, the same formula is evaluated on the logits with
    differentiable operations.
    """

    @staticmethod
    def forward(logits: Tensor, labels: Tensor, kernel: Kernel) -> tuple[Tensor, ...]:
        rows = split(single(logits), labels)
        summary = kernel.summary(rows)
        end = torch.finfo(logits.dtype).max  # here, where it stops no gradient
        return (
            kernel.value(rows, summary).clamp(-end, end),
            *numbers_of(rows),
            summary.clone(),
        )

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        logits, labels, ctx.kernel = inputs
        ctx.save_for_backward(logits, labels, *output[1:])
        ctx.mark_non_differentiable(*output[1:])
        ctx.set_materialize_grads(False)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor | None, None, None]:
        upstream = gradients[0]
        if upstream is None:
            return None, None, None
        logits, labels, *numbers, summary = ctx.saved_tensors
        if follows_gradients(upstream):
            gradient = differentiable_gradient(logits, labels, ctx.kernel, upstream)
        else:
            rows = again(single(logits), labels, tuple(numbers))
            gradient = ctx.kernel.gradient(rows, summary, upstream).to(logits.dtype)
        return gradient, None, None

    @staticmethod
    def vmap(
        info: Any, in_dims: tuple[int | None, ...], *inputs: object
    ) -> tuple[tuple[Tensor, ...], tuple[int, ...]]:
        outputs = Losses.apply(*_more_rows(info.batch_size, in_dims, inputs))
        return tuple(v.unflatten(0, (info.batch_size, -1)) for v in outputs), (0,) * len(outputs)


class Saturated(torch.autograd.Function):
    """Numbers no further from 0 than `end`; the gradient passes unchanged."""

    generate_vmap_rule = True

    @staticmethod
    def forward(values: Tensor, end: float) -> Tensor:
        return values.clamp(-end, end)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        """Keep nothing."""

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return gradient, None


class ForwardSaturated(Saturated):
    """`Saturated` in forward mode, of which torch's compiler wants to see nothing."""

    @staticmethod
    def jvp(ctx: Any, tangent: Tensor, _: None) -> Tensor:
        return tangent.view_as(tangent)


def saturated(values: Tensor, kind: torch.dtype) -> Tensor:
    """Return numbers no further from 0 than the largest of a type; the gradient passes unchanged."""
    way = ForwardSaturated if is_forward_mode() else Saturated
    found: Tensor = way.apply(values, torch.finfo(kind).max)
    return found


def follows_gradients(upstream: Tensor) -> bool:
    """Tell whether the gradient itself is followed, by autograd (create_graph) or is_grads_batched."""
    if torch.compiler.is_compiling():
        return False
    return torch.is_grad_enabled() or is_batched_gradient(upstream)


def differentiable_gradient(logits: Tensor, labels: Tensor, kernel: Kernel, upstream: Tensor) -> Tensor:
    """Return the gradient as a differentiable function of the logits, written to no array."""
    with torch.enable_grad():
        rows = split(single(logits), labels)
        return kernel.gradient(rows, kernel.summary(rows), upstream).to(logits.dtype)


def _more_rows(size: int, dims: tuple[int | None, ...], inputs: tuple[object, ...]) -> list[object]:
    """Return tensors of B batches of N rows as one of B N rows: losses of rows know nothing of each other."""
    return [
        v
        if not isinstance(v, Tensor)
        else (v.expand(size, *v.shape) if d is None else v.movedim(d, 0)).flatten(0, 1)
        for v, d in zip(inputs, dims, strict=True)
    ]


def single(logits: Tensor) -> Tensor:
    """Return half precisions as float32."""
    return logits.float() if logits.dtype in (torch.float16, torch.bfloat16) else logits
