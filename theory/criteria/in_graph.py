"""Losses whose Python torch's compiler cannot follow: a user's formula, which is traced; a mixture's numbers.

Each enters the compiler's graph as one step, which is then recorded operation by operation with the rest. The
step is named by a number, on which a compiled graph depends: losses of one class differ in their parameters.
"""

from __future__ import annotations

import torch
from torch import Tensor

from lossmatters.theory.criteria.autograd import Kernel
from lossmatters.theory.criteria.mixed import MixtureKernel
from lossmatters.theory.criteria.ways import row_values, value_matrix
from lossmatters.theory.losses.base import Loss

_LOSSES: list[tuple[Loss, Kernel | None]] = []
_NUMBERS: dict[Loss, int] = {}


def number_of(loss: Loss, own: Kernel | None) -> int | None:
    """Return the number of a loss that is computed by the kernel `own`; None where a compiler can follow it.

    So it is with most kernels, and so it must be with a plain callable, of which nothing is known.
    """
    if not loss.has_formula or (own is not None and not isinstance(own, MixtureKernel)):
        return None
    if not _LOSSES:
        # Only here: it takes torch's compiler a second to be imported.
        torch.compiler.allow_in_graph(losses_in_graph)
        torch.compiler.allow_in_graph(matrix_in_graph)
    if loss not in _NUMBERS:
        _NUMBERS[loss] = len(_LOSSES)
        _LOSSES.append((loss, own))
    return _NUMBERS[loss]


def losses_in_graph(number: int, logits: Tensor, labels: Tensor) -> Tensor:
    """Return the loss of each row, (N,), of the loss with this number."""
    return row_values(*_LOSSES[number], logits, labels)


def matrix_in_graph(number: int, logits: Tensor) -> Tensor:
    """Return the loss of every label, (N, K), of the loss with this number."""
    return value_matrix(*_LOSSES[number], logits)
