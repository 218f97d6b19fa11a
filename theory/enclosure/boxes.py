"""Any formula: bounds over boxes of outputs that meet the simplex. Tight for few classes only."""

from __future__ import annotations

import numpy as np

from lossmatters.theory.enclosure.interval import Interval, interval
from lossmatters.theory.enclosure.interval_ops import OPS
from lossmatters.theory.enclosure.search import BOXES
from lossmatters.theory.enclosure.separable import BUDGET
from lossmatters.theory.losses.base import Loss


def least_over_boxes(
    loss: Loss, k: int, known: float, sign: int, budget: int, total: bool
) -> tuple[float, int]:
    """Bound sign * S (or L for any label) from below over boxes of outputs that meet the simplex."""
    lo, hi = np.zeros((1, k)), np.ones((1, k))
    goal = known - 1e-9 * max(abs(known), 1.0)
    settled, used = np.inf, 0
    value = np.array([-np.inf])
    while len(lo) and used < budget * BOXES // BUDGET // 4:
        widest = np.argmax(hi - lo, axis=1)
        rows = np.arange(len(lo))
        middle = (lo[rows, widest] + hi[rows, widest]) / 2
        left, right = hi.copy(), lo.copy()
        left[rows, widest], right[rows, widest] = middle, middle
        lo, hi = np.concatenate([lo, right]), np.concatenate([left, hi])
        for i in range(k):  # what the others leave; float slack outward
            others_lo, others_hi = lo.sum(axis=1) - lo[:, i], hi.sum(axis=1) - hi[:, i]
            lo[:, i] = np.maximum(lo[:, i], 1 - others_hi - 1e-12)
            hi[:, i] = np.minimum(hi[:, i], 1 - others_lo + 1e-12)
        keep = (lo <= hi).all(axis=1)
        lo, hi = lo[keep], hi[keep]
        if not len(lo):
            break
        value = _values_on(loss, Interval(lo, hi), total, sign)
        used += len(lo)
        open_ = value < goal
        settled = min(settled, value[~open_].min(initial=np.inf))
        lo, hi, value = lo[open_], hi[open_], value[open_]
        if len(lo) > 2 * BOXES:
            break
    return float(min(settled, value.min(initial=np.inf))), used


def _values_on(loss: Loss, box: Interval, total: bool, sign: int) -> np.ndarray:
    try:
        found = interval(loss.label_sum(box, OPS)) if total else interval(loss.all_labels(box, OPS))
    except (TypeError, AttributeError, IndexError):  # NumPy's own functions in a formula, or a branch
        return np.full(len(box.lo), -np.inf)
    low = found.lo if sign == 1 else -found.hi
    return np.broadcast_to(low, len(box.lo)) if total else low.min(axis=-1)
