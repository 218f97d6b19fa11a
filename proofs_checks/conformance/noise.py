"""How exact the values of a loss are: measured, since the type in which they come does not tell.

A loss that computes in float32 inside and returns float64 is good to float32. The differences of high order
of a smooth function vanish with the step, those of rounding do not (Moré and Wild, Estimating computational
noise, SIAM J. Sci. Comput. 33, 2011).
"""

from __future__ import annotations

from math import comb
from typing import TYPE_CHECKING

from lossmatters.proofs_checks.conformance.probing import probe

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    Values = Callable[[Tensor, Tensor], Tensor]

ORDER = 5  # of the differences
# A step must exceed the spacing of the numbers inside, and a fifth difference of a smooth loss, step^5 times
# its derivative, stay below what counts. The wide one is for 16 bits (bfloat16 is spaced 2^-7 at 1); there a
# loss that swings quickly looks like noise too, and only one that stands still over narrow steps counts.
NARROW, WIDE = 1e-6, 0.03
COUNTS = 1e-5
ROWS = 8


def measured(values: Values, num_classes: int, typical: float) -> float:
    """Return the noise of the values at moderate logits, as a share of their size.

    Parameters
    ----------
    values
        The losses of logits (N, K) and labels (N,).
    num_classes
        K.
    typical
        The size of the values.
    """
    if not 0 < typical < float("inf"):
        return 0.0
    lines = _lines(values, num_classes, NARROW)
    found = _noise(lines, ROWS // 2) / typical
    if float((lines[1:] == lines[:-1]).double().mean()) > 0.5:
        wide = _noise(_lines(values, num_classes, WIDE), ROWS // 4) / typical
        found = max(found, wide if wide > COUNTS else 0.0)
    return found if found < 1 else 0.0


def _lines(values: Values, num_classes: int, step: float) -> Tensor:
    """Return the values along a line through each of some rows: (places, rows)."""
    import torch

    logits, labels = probe(num_classes, ROWS)
    way = torch.cos(2.3 * torch.arange(logits.numel(), dtype=torch.float64)).reshape(logits.shape)
    with torch.no_grad():
        places = [values(logits + i * step * way, labels).double() for i in range(ORDER + 2)]
    return torch.stack(places)


def _noise(lines: Tensor, rank: int) -> float:
    """Return the deviation of the noise on the line of this rank: a kink on a line shows as noise there."""
    import torch

    weights = [(-1) ** i * comb(ORDER, i) for i in range(ORDER + 1)]
    differences = torch.stack([sum(w * lines[i + s] for i, w in enumerate(weights)) for s in (0, 1)])
    return float((differences.square().mean(dim=0) / comb(2 * ORDER, ORDER)).sqrt().sort().values[rank])
