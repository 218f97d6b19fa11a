"""The bridge to autograd of losses whose value and gradient share most of their work.

The gradient is computed with the value, block by block of rows, while a block lies in the processor's cache,
and kept as an array and a factor of each row: backward is one product. Float32 on a CPU only; elsewhere
(float64, compilers, `torch.func`, other devices) and for second derivatives such a loss goes through
`function.Losses` as all others do.
"""

from __future__ import annotations

from typing import Any, Protocol, TypeGuard

import torch
from torch import Tensor

from lossmatters.theory.backends.torch_ops import is_forward_mode
from lossmatters.theory.criteria.autograd import (
    Kernel,
    Losses,
    differentiable_gradient,
    follows_gradients,
    saturated,
    single,
)
from lossmatters.theory.criteria.block import SIZE, Block
from lossmatters.theory.criteria.differentiable import split_differentiably
from lossmatters.theory.criteria.transforms import is_traced, is_transformed


class JointKernel(Kernel, Protocol):
    """A kernel that has its value and its gradient together."""

    def is_joint(self) -> bool:
        """Tell whether `value_and_gradient` may be used."""

    def value_and_gradient(self, block: Block, out: Tensor | None) -> tuple[Tensor, Tensor]:
        """Return losses (N,), and with `out` (N, K) factors (N,): times what `out` holds, the gradient."""


class JointLosses(torch.autograd.Function):
    """(logits (N, K), labels (N,), kernel) -> the loss of each row (N,)."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor, labels: Tensor, kernel: JointKernel) -> Tensor:
        narrow = single(logits)
        size, num_classes = narrow.shape
        wanted = ctx.needs_input_grad[0]
        array = torch.empty_like(narrow, memory_format=torch.contiguous_format) if wanted else None
        # on the logits' device, whatever the default is
        values, factors = torch.empty(2, size, dtype=torch.float64, device=narrow.device)
        step, arrays = max(1, SIZE // num_classes), dict[str, Tensor]()
        for start in range(0, size, step):
            part = slice(start, start + step)
            block = Block(narrow[part], labels[part], arrays)
            values[part], factors[part] = kernel.value_and_gradient(
                block, None if array is None else array[part]
            )
        if array is not None:
            ctx.save_for_backward(logits, labels, array, factors)
            ctx.kernel = kernel
        end = torch.finfo(logits.dtype).max
        return values.clamp(-end, end)

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, None, None]:
        logits, labels, array, factors = ctx.saved_tensors
        if follows_gradients(upstream):
            return differentiable_gradient(logits, labels, ctx.kernel, upstream), None, None
        gradient = array * (upstream * factors).to(array.dtype)[:, None]
        return gradient.to(logits.dtype), None, None


def row_losses(logits: Tensor, labels: Tensor, kernel: Kernel) -> Tensor:
    """Return the loss of each row of (N, K) logits, (N,) float64, in the way that suits."""
    values: Tensor
    if is_forward_mode() or is_traced(logits) or is_traced(labels):
        # The value as a formula that torch itself differentiates, forwards too, and records as it is
        rows = split_differentiably(single(logits), labels)
        values = saturated(kernel.value(rows, kernel.summary(rows)), logits.dtype)
    elif _plain(logits, labels) and is_joint(kernel):
        values = JointLosses.apply(logits, labels, kernel)
    else:
        values = Losses.apply(logits, labels, kernel)[0]
    return values


def is_joint(kernel: Kernel) -> TypeGuard[JointKernel]:
    """Tell whether a kernel has its value and gradient together."""
    return hasattr(kernel, "is_joint") and kernel.is_joint()


def _plain(logits: Tensor, labels: Tensor) -> bool:
    """Tell whether these are narrow tensors of a CPU that no compiler or transform follows."""
    if torch.compiler.is_compiling() or logits.device.type != "cpu" or logits.dtype == torch.float64:
        return False
    return not (is_transformed(logits) or is_transformed(labels))
