"""The whole catalogue as plain data: one row a registered loss."""

from __future__ import annotations

from typing import Any

from theory.bounds import label_sum_range, loss_maximum
from theory.losses import LOSSES, get
from theory.symmetry import decide


def catalogue(num_classes: int = 10) -> list[dict[str, Any]]:
    """One row a registered loss, at its default parameters.

    Symmetry and the range of the label sum are for every K at once; the largest loss is at `num_classes`.
    """
    rows = []
    for name in LOSSES:
        loss = get(name)
        largest = loss_maximum(loss, num_classes)
        rows.append(
            {
                "name": name,
                "title": loss.title,
                "latex": loss.latex,
                "parameters": {key: str(value) for key, value in loss.parameters.items()},
                "symmetry": decide(loss).to_dict(),
                "label_sum": label_sum_range(loss).to_dict(),
                "loss_max_exact": str(largest.value) if largest.value is not None else None,
                "bounded": bool(largest.value is not None and largest.value.is_finite),
                "differentiable": loss.differentiable,
                "source": loss.source,
            }
        )
    return rows
