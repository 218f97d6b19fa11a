"""How exact the values of a loss are: measured, since the type in which they come does not tell.

A loss that computes in float32 inside and returns float64 is good to float32. The differences of high order
of a smooth function vanish with the step, those of rounding do not (Moré and Wild, Estimating computational
noise, SIAM J. Sci. Comput. 33, 2011).
"""

from __future__ import annotations

from math import comb
from typing import TYPE_CHECKING, Any

from lossmatters.proofs_checks.conformance.probing import probe

if TYPE_CHECKING:
    from torch import Tensor

    from lossmatters.proofs_checks.conformance.adapt import Subject

ORDER = 5  # of the differences
# The step must exceed the spacing of the numbers inside, and a fifth difference of a smooth loss, step^5
# times its derivative, stay below what counts: the noise of float32, of bfloat16 (spaced 2^-7 at 1).
STEPS = ((1e-6, 0.0), (0.03, 1e-5))
ROWS = 8


def measured(subject: Subject) -> float:
    """Return the noise of the values at moderate logits, as a share of their size."""
    import torch

    logits, labels = probe(subject.interface.num_classes, ROWS)
    way = torch.cos(2.3 * torch.arange(logits.numel(), dtype=torch.float64)).reshape(logits.shape)
    size = subject.typical
    if not 0 < size < float("inf"):
        return 0.0
    found = 0.0
    for step, least in STEPS:
        lines = [_values(subject, logits + i * step * way, labels) for i in range(ORDER + 2)]
        v = torch.stack(lines)
        weights = [(-1) ** i * comb(ORDER, i) for i in range(ORDER + 1)]
        differences = torch.stack([sum(w * v[i + s] for i, w in enumerate(weights)) for s in (0, 1)])
        sigma = (differences.square().mean(dim=0) / comb(2 * ORDER, ORDER)).sqrt() / size
        # a kink on a line shows as noise there: what the better half of the lines shows is noise
        share = float(sigma.sort().values[ROWS // 2 if least == 0.0 else ROWS // 4])
        if share > least:
            found = max(found, share)
    return found if found < 1 else 0.0


def _values(subject: Subject, logits: Tensor, labels: Tensor) -> Any:
    import torch

    with torch.no_grad():
        return subject.values(logits, labels).double()
