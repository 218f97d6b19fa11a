"""The value and the logit gradient of any loss, from its formula, to many digits: what kernels must equal.

Nothing here is shared with the kernels: probabilities come from exp, derivatives in u from differences of
the formula, the chain rule of softmax from its definition. 120 digits are computed; differences of step
10^-45 relative leave over 30, also where 1 - u_y is as small as 10^-30.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import mpmath
import numpy as np

from lossmatters.theory.backends.mpmath_ops import MpmathOps
from lossmatters.theory.losses.base import Combination, Loss, SeparableLoss
from lossmatters.theory.losses.combinators import Normalized, ShareLoss
from lossmatters.theory.losses.negative import NNCE, NNFL
from lossmatters.theory.losses.structure import by_structure, separable_base

OPS = MpmathOps(120)
CONTEXT = OPS.context
STEP = CONTEXT.mpf(10) ** -45


def softmax(logits: Sequence[float]) -> np.ndarray:
    """Return the softmax of a row of finite logits, (K,), each the exact number that its float is."""
    numbers = [CONTEXT.mpf(float(z)) for z in logits]
    top = max(numbers)
    powers = [CONTEXT.exp(z - top) for z in numbers]
    total = CONTEXT.fsum(powers)
    return np.array([p / total for p in powers], dtype=object)


def value(loss: Loss, probs: np.ndarray, label: int) -> mpmath.mpf:
    """Return L(u, label)."""
    return loss.apply(probs[None], OPS.onehot(probs[None], label), OPS)[0]


def gradient(loss: Loss, probs: np.ndarray, label: int) -> np.ndarray:
    """Return dL/dz_k = u_k (dL/du_k - sum over i of u_i dL/du_i), (K,)."""
    slopes = partials(loss, probs, label)
    mean = CONTEXT.fsum(u * d for u, d in zip(probs, slopes, strict=True))
    return np.array([u * (d - mean) for u, d in zip(probs, slopes, strict=True)], dtype=object)


def partials(loss: Loss, probs: np.ndarray, label: int) -> list[mpmath.mpf]:
    """Return dL/du_k for each k, of the formula as it stands off the simplex too."""
    k = len(probs)

    def separable(loss: SeparableLoss) -> list[mpmath.mpf]:
        view = loss.bound_to(OPS)
        return [_slope(lambda t, on=(i == label): _term(view, t, k, on), u) for i, u in enumerate(probs)]

    def total(loss: Combination) -> list[mpmath.mpf]:
        parts = [(OPS.const(factor), partials(term, probs, label)) for factor, term in loss.terms]
        return [CONTEXT.fsum(factor * slopes[i] for factor, slopes in parts) for i in range(k)]

    def normalised(loss: Normalized) -> list[mpmath.mpf]:
        base = separable_base(loss)
        if base is None:
            return formula(loss)
        # (f/S)' = (f' - L S')/S: one pass over the classes instead of K^2 terms
        slopes = partials(base, probs, label)
        sums = [_slope(lambda t: base.generator(t, OPS.const(k), OPS), u) for u in probs]
        whole = base.label_sum(probs[None], OPS)[0]
        share = value(base, probs, label) / whole
        return [(d - share * g) / whole for d, g in zip(slopes, sums, strict=True)]

    def share(loss: ShareLoss) -> list[mpmath.mpf]:
        if not isinstance(loss, NNCE | NNFL):
            return formula(loss)
        # a weight is one of its class alone: two passes over the classes instead of 2 K
        low, high = probs * (1 - STEP), np.minimum(probs * (1 + STEP), CONTEXT.mpf(1))
        bound = loss.bound_to(OPS)
        rises = (bound.share_weights(high, OPS) - bound.share_weights(low, OPS)) / (high - low)
        weights = bound.share_weights(probs, OPS)
        whole = CONTEXT.fsum(weights)
        slopes = [weights[label] / whole * rise / whole for rise in rises]
        slopes[label] -= rises[label] / whole
        return slopes

    def formula(loss: Loss) -> list[mpmath.mpf]:
        return [
            _slope(lambda t, i=i: value(loss, _replaced(probs, i, t), label), u) for i, u in enumerate(probs)
        ]

    return by_structure(
        loss,
        separable=separable,
        total=total,
        normalised=normalised,
        share=share,
        mixture=formula,
        unbounded=formula,
        formula=formula,
        opaque=formula,
    )


def _term(view: Any, t: mpmath.mpf, k: int, on: bool) -> mpmath.mpf:
    return (view.on_label if on else view.off_label)(t, OPS.const(k), OPS)


def _replaced(probs: np.ndarray, index: int, t: mpmath.mpf) -> np.ndarray:
    found = probs.copy()
    found[index] = t
    return found


def _slope(function: Callable[..., mpmath.mpf], t: mpmath.mpf) -> mpmath.mpf:
    low, high = t * (1 - STEP), min(t * (1 + STEP), CONTEXT.mpf(1))  # formulas may have no value past 1
    return (function(high) - function(low)) / (high - low)
