"""The bridge to autograd: a kernel's value forward, its gradient backward."""

from __future__ import annotations

from typing import Any, Protocol

import torch
from torch import Tensor

from lossmatters.theory.criteria.rows import Odds, Rows, others_again, split


class Kernel(Protocol):
    """What computes a loss. `kept` is a number of each row, (N,), that both value and gradient need."""

    def keep(self, rows: Rows) -> Tensor:
        """What is kept of a row."""

    def value(self, rows: Rows, kept: Tensor) -> Tensor:
        """The loss of each row, (N,)."""

    def matrix(self, every: Odds) -> Tensor:
        """The loss of every label, given their log-odds: (N, K)."""

    def gradient(self, rows: Rows, kept: Tensor, upstream: Tensor) -> Tensor:
        """Its gradient in the logits times `upstream` (N,): (N, K), fresh."""


class Losses(torch.autograd.Function):
    """(logits (N, K), labels (N,), kernel) -> the loss of each row (N,), and what the gradient needs.

    Where a gradient of the gradient may be wanted, the same formula is evaluated on the logits with
    differentiable operations.
    """

    @staticmethod
    def forward(logits: Tensor, labels: Tensor, kernel: Kernel) -> tuple[Tensor, ...]:
        rows = split(single(logits), labels)
        kept = kernel.keep(rows)
        end = torch.finfo(logits.dtype).max  # here, where it stops no gradient
        return (
            kernel.value(rows, kept).clamp(-end, end),
            rows.others,
            rows.top,
            rows.pivot,
            rows.label.x,
            kept.clone(),
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
        saved = ctx.saved_tensors
        if torch.compiler.is_compiling():
            found = _gradient(saved, upstream, ctx.kernel)
        elif torch.is_grad_enabled() or torch._C._functorch.is_legacy_batchedtensor(upstream):
            found = second(saved[0], saved[1], ctx.kernel, upstream)
        else:
            found = _gradient(saved, upstream, ctx.kernel)
        return found, None, None

    @staticmethod
    def vmap(
        info: Any, in_dims: tuple[int | None, ...], *inputs: Any
    ) -> tuple[tuple[Tensor, ...], tuple[int, ...]]:
        found = Losses.apply(*_more_rows(info.batch_size, in_dims, inputs))
        return tuple(v.unflatten(0, (info.batch_size, -1)) for v in found), (0,) * len(found)


class Saturated(torch.autograd.Function):
    """Numbers no further from 0 than `end`; the gradient passes unchanged."""

    generate_vmap_rule = True

    @staticmethod
    def forward(values: Tensor, end: float) -> Tensor:
        return values.clamp(-end, end)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        """Nothing is kept."""

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return gradient, None


def second(logits: Tensor, labels: Tensor, kernel: Kernel, upstream: Tensor) -> Tensor:
    """The gradient as a differentiable function, and one that is written to no array (is_grads_batched)."""
    with torch.enable_grad():
        rows = split(single(logits), labels)
        return kernel.gradient(rows, kernel.keep(rows), upstream).to(logits.dtype)


def _gradient(saved: tuple[Tensor, ...], upstream: Tensor, kernel: Kernel) -> Tensor:
    logits, labels, others, top, pivot, x, kept = saved
    if torch.compiler.is_compiling():
        others = others_again(single(logits), labels, top, pivot)
    rows = Rows(single(logits), labels, others, top, pivot, Odds(x))
    return kernel.gradient(rows, kept, upstream).to(logits.dtype)


def _more_rows(size: int, dims: tuple[int | None, ...], inputs: tuple[Any, ...]) -> list[Any]:
    """Tensors of B batches of N rows as one of B N rows: losses of rows know nothing of each other."""
    return [
        v
        if not isinstance(v, Tensor)
        else (v.expand(size, *v.shape) if d is None else v.movedim(d, 0)).flatten(0, 1)
        for v, d in zip(inputs, dims, strict=True)
    ]


def single(logits: Tensor) -> Tensor:
    """Half precisions as float32."""
    return logits.float() if logits.dtype in (torch.float16, torch.bfloat16) else logits
