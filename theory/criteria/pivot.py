"""Differences between the other classes' probabilities, to their last digits where it matters.

The gradient of a loss that is no function of u_y alone holds differences of the others' probabilities.
Where u_y is small and the others' mass lies on classes of nearly one logit, these are all that is left of
it, and the difference of two rounded numbers has few digits. expm1 has them all, at several times the cost.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from lossmatters.theory.criteria.rows import FEW_CLASSES, Rows, product, writable

# A difference of rounded numbers is off by 6e-8 of q_d: 6e-7 of this.
SMALL = 0.1

# Gaps below NEAR take the series of expm1, whose next term is NEAR^5/720 of the first: 1.4e-8. Above it, the
# rounding of the exponential is 6e-8/NEAR of its difference to 1.
NEAR, TERMS = 0.1, 5


def differences(rows: Rows, squares: Tensor | None = None) -> Tensor:
    """q_d - q_i, (N, K), fresh; q_d at the label. `squares` is the sum of q_i^2, (N,), where it is known."""
    others = rows.others
    if torch.compiler.is_compiling():
        return falls(rows) * rows.column(rows.pivot)
    if not rounded(rows):
        return _exact(rows)
    found = rows.column(rows.pivot) - others
    if squares is None:
        squares = torch.linalg.vector_norm(others, dim=1).square()
    # Near ties: the mean of 1 - q_i/q_d is small, and not because one class has all the mass.
    near = ((1 - squares / rows.pivot < SMALL) & (rows.pivot < 2 / 3)).nonzero()[:, 0]
    if len(near):
        found[near] = _exact(rows.part(near))
    return found


def rounded(rows: Rows) -> bool:
    """May differences be those of rounded numbers, where they are large enough, and be written to arrays?"""
    return writable() and rows.num_classes > FEW_CLASSES and rows.others.device.type == "cpu"


def spread(rows: Rows, squares: Tensor | None = None) -> tuple[Tensor, Tensor | float]:
    """q_i (q_d - q_i), (N, K), fresh, but for a factor of its row, and that factor: 0 at the label."""
    if torch.compiler.is_compiling():
        return falls(rows) * rows.gaps().exp(), rows.pivot * rows.pivot
    return product(differences(rows, squares), rows.others), 1.0


def falls(rows: Rows) -> Tensor:
    """1 - q_i/q_d, (N, K), for a compiler: 1 at the label."""
    gaps = rows.gaps()
    if gaps.dtype != torch.float32:
        return -torch.expm1(gaps)
    near: Tensor | float = 0.0  # the series of -expm1, by Horner and without quotients, which are slow
    for n in range(TERMS, 0, -1):
        near = gaps * (near - 1 / math.factorial(n))
    return torch.where(gaps > -NEAR, near, 1 - torch.exp(gaps))


def _exact(rows: Rows) -> Tensor:
    gaps = rows.gaps()
    return product(torch.expm1_(gaps) if writable() else torch.expm1(gaps), rows.column(-rows.pivot))
