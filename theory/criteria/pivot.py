"""Differences between the other classes' probabilities, to their last digits where it matters.

The gradient of a loss that is no function of u_y alone holds differences of the others' probabilities.
Where u_y is small and the others' mass lies on classes of nearly one logit, these are all that is left of
it, and the difference of two rounded numbers has few digits. expm1 has them all, at several times the cost.
"""

from __future__ import annotations

import torch
from torch import Tensor

from theory.criteria.rows import FEW_CLASSES, Rows, product, writable

# A difference of rounded numbers is off by 6e-8 of q_d: 1.2e-6 of this.
SMALL = 0.05


def differences(rows: Rows) -> Tensor:
    """q_d - q_i, (N, K), fresh; q_d at the label."""
    others = rows.others
    if torch.compiler.is_compiling() and others.dtype == torch.float32:
        return _series(rows)
    if not writable() or rows.num_classes <= FEW_CLASSES or others.device.type != "cpu":
        return _exact(rows)
    found = rows.column(rows.pivot) - others
    # Near ties: the mean of 1 - q_i/q_d is small, and not because one class has all the mass.
    squares = torch.linalg.vector_norm(others, dim=1).square()
    near = ((1 - squares / rows.pivot < SMALL) & (rows.pivot < 2 / 3)).nonzero()[:, 0]
    if len(near):
        found[near] = _exact(rows.part(near))
    return found


def _series(rows: Rows) -> Tensor:
    """As `_exact` in float32, where a choice between two expressions is free: the compiler fuses it."""
    x = -rows.gaps()
    near = x * (1 - x / 2 * (1 - x / 3 * (1 - x / 4 * (1 - x / 5))))  # 1 - exp(-x); the next term is x^5/720
    return torch.where(x < 0.1, near, 1 - torch.exp(-x)) * rows.column(rows.pivot)


def _exact(rows: Rows) -> Tensor:
    gaps = rows.gaps()
    return product(torch.expm1_(gaps) if writable() else torch.expm1(gaps), rows.column(-rows.pivot))
