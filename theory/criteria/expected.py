"""Expected losses under probability targets: sum over j of p_j L(u, j), of each row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from lossmatters.theory.backends.torch_ops import is_forward_mode
from lossmatters.theory.criteria.autograd import follows_gradients
from lossmatters.theory.criteria.block import SIZE
from lossmatters.theory.criteria.transforms import is_traced, is_transformed

Matrix = Callable[[Tensor], Tensor]  # of the losses of every label, (N, K) logits -> (N, K)


def expected_losses(matrix: Matrix, logits: Tensor, shares: Tensor, smoothing: float = 0.0) -> Tensor:
    """Return the expected loss of each row, (N,), given (N, K) logits and probabilities.

    With `smoothing` s, the label is drawn evenly with probability s.

    The loss of every label takes a dozen arrays of float64. Where the batch is large (K = 100 000, say) they
    are those of a block of rows at a time, and what is kept for backward is the gradient.
    """
    large = logits.shape[0] > 1 and logits.numel() > SIZE if _plain(logits, shares) else False
    if not large:
        return _sum(matrix(logits), shares, smoothing)
    found: Tensor = BlockwiseExpected.apply(logits, shares, matrix, smoothing)
    return found


class BlockwiseExpected(torch.autograd.Function):
    """(logits (N, K), shares (N, K), matrix, smoothing) -> expected losses (N,), block by block."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor, shares: Tensor, matrix: Matrix, smoothing: float) -> Tensor:
        follows, of_shares = ctx.needs_input_grad[:2]
        gradient = torch.empty_like(logits) if follows else None
        losses = torch.empty_like(shares) if of_shares else None
        step, values = max(1, SIZE // logits.shape[1]), []
        for start in range(0, logits.shape[0], step):
            part = slice(start, start + step)
            with torch.set_grad_enabled(follows):
                leaf = logits[part].detach().requires_grad_(follows)
                every = matrix(leaf)
                value = _sum(every, shares[part].detach(), smoothing)
            if gradient is not None:
                (gradient[part],) = torch.autograd.grad(value, leaf, torch.ones_like(value))
            if losses is not None:
                losses[part] = (every.detach() * (1 - smoothing)).to(losses.dtype)
            values.append(value.detach())
        ctx.matrix, ctx.smoothing = matrix, smoothing
        ctx.save_for_backward(logits, shares, gradient, losses)
        return torch.cat(values)

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, Tensor | None, None, None]:
        logits, shares, gradient, losses = ctx.saved_tensors
        if follows_gradients(upstream):
            given = [v for v, n in zip((logits, shares), ctx.needs_input_grad, strict=False) if n]
            with torch.enable_grad():
                value = _sum(ctx.matrix(logits), shares, ctx.smoothing)
            found = iter(torch.autograd.grad(value, given, upstream, create_graph=True))
            gradient, losses = (next(found) if n else None for n in ctx.needs_input_grad[:2])
            return gradient, losses, None, None
        column = upstream[:, None]
        return (
            None if gradient is None else gradient * column.to(gradient.dtype),
            None if losses is None else losses * column.to(losses.dtype),
            None,
            None,
        )


def _sum(every: Tensor, shares: Tensor, smoothing: float) -> Tensor:
    # A class of probability 0 counts for nothing, and its loss is at most the largest number: the gradient in
    # its probability is that loss nevertheless.
    value = (every * shares.to(every.dtype)).sum(dim=1)
    return (1 - smoothing) * value + smoothing * every.mean(dim=1) if smoothing else value


def _plain(logits: Tensor, shares: Tensor) -> bool:
    """Tell whether nobody but autograd follows, so that sizes may be asked for."""
    if torch.compiler.is_compiling() or is_forward_mode():
        return False
    return not any(is_transformed(v) or is_traced(v) for v in (logits, shares))
