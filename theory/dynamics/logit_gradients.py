"""D3: the gradient of a loss in the logits, by the chain rule of softmax and in closed form.

With u = softmax(z), dL/dz_k = u_k (dL/du_k - sum_i u_i dL/du_i), for every loss.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import sympy
from jaxtyping import Float
from numpy.typing import ArrayLike

from lossmatters.theory.backends import N, Ops, backend
from lossmatters.theory.backends.sympy_ops import OPS, exactly
from lossmatters.theory.exact import check_num_classes, fail
from lossmatters.theory.losses import (
    CCE,
    GCE,
    MAE,
    MSE,
    NMSE,
    RCE,
    RLL,
    SCE,
    Focal,
    Loss,
    Normalized,
    SeparableLoss,
    Unhinged,
)
from lossmatters.theory.losses.check import check_probs_and_labels
from lossmatters.theory.minimisers.alike import treats_classes_alike
from lossmatters.theory.symbolic.algebra import is_zero, refuse_comparisons, symbolic_loss

LABEL, CLEAN, OTHER = sympy.symbols("u_label u_clean u_other", positive=True)


def chain_rule(loss: Loss, num_classes: int, label: int = 0) -> tuple[sympy.Expr, ...]:
    """Return the K components of dL(u, label)/dz in the symbols u1..uK, by the chain rule of softmax.

    Raises
    ------
    TypeError : a callable without a formula, or a formula that compares probabilities.
    """
    _needs_formula(loss)
    symbols, value = symbolic_loss(loss, check_num_classes(num_classes), label)
    slopes = [sympy.diff(value, u) for u in symbols]
    mean = sum(u * g for u, g in zip(symbols, slopes, strict=True))
    return tuple(u * (g - mean) for u, g in zip(symbols, slopes, strict=True))


@lru_cache(maxsize=256)
def reduced_gradient(loss: Loss, num_classes: int) -> tuple[sympy.Expr, sympy.Expr, sympy.Expr]:
    """Return dL(u, label)/dz for outputs that treat the K - 2 classes other than label and clean alike.

    Three components, of the label, the clean class and each other class, in the symbols `LABEL`, `CLEAN`,
    `OTHER`; the last is 0 for K = 2. It is exact, not a restriction: a formula that treats classes alike has
    equal slopes in coordinates that are equal, so the flow never leaves these outputs, and the slope in one
    of K - 2 equal coordinates is 1/(K - 2) of the slope in all of them together.

    Raises
    ------
    TypeError : a callable without a formula, or a formula that compares probabilities.
    ValueError : a formula that tells classes apart.
    """
    _needs_formula(loss)
    others = check_num_classes(num_classes) - 2
    if not treats_classes_alike(loss, num_classes):
        fail("loss", "the same for all classes", loss.spec)
    probs = np.array([LABEL, CLEAN, *[OTHER] * others], dtype=object)
    value = exactly(np.asarray(loss.apply(probs, OPS.onehot(probs, 0), OPS), dtype=object).item())
    refuse_comparisons(value)
    slopes = [
        sympy.diff(value, LABEL),
        sympy.diff(value, CLEAN),
        sympy.diff(value, OTHER) / others if others else sympy.Integer(0),
    ]
    mean = LABEL * slopes[0] + CLEAN * slopes[1] + others * OTHER * slopes[2]
    label, clean, other = (u * (g - mean) for u, g in zip((LABEL, CLEAN, OTHER), slopes, strict=True))
    return label, clean, other if others else sympy.Integer(0)


def label_factor(loss: SeparableLoss, classes: int | sympy.Symbol) -> sympy.Expr | None:
    """Return w in `LABEL` with dL/dz = w(u_y)(u - e_y), where L is a function of u_y alone; else None.

    That is so where off_label is affine, as for MAE: a sum of the other entries is 1 - u_y. Then
    w(t) = -t (on_label'(t) - off_label'). `classes` is an integer or the symbol K.
    """
    view, number = loss.bound_to(OPS), sympy.sympify(classes)
    on = exactly(view.on_label(LABEL, number, OPS))
    off = exactly(view.off_label(LABEL, number, OPS)) if loss.has_off_label else sympy.Integer(0)
    if not is_zero(sympy.diff(off, LABEL, 2)):
        return None
    return sympy.powsimp(-LABEL * (sympy.diff(on, LABEL) - sympy.diff(off, LABEL)))


def _needs_formula(loss: Loss) -> None:
    if not loss.has_formula:
        raise TypeError(f"loss must have a formula, got loss={loss.name!r}")


def _column(x: N) -> N:
    """Turn (...) to (..., 1), to go with (..., K); the sum of one row of symbols is a bare number."""
    return x[..., None] if hasattr(x, "ndim") else x


def _along_label(weight: Callable[[Any, Any, Ops[Any]], Any]) -> Callable[..., Any]:
    """Return the gradient w(u_y) (u - e_y) of f(u_y), with w(t) = -t f'(t), as a function."""

    def gradient(loss: Any, probs: N, onehot: N, ops: Ops[N]) -> N:
        own = _column(ops.dot(probs, onehot))
        return weight(loss, own, ops) * (probs - onehot)

    return gradient


def _focal_weight(loss: Any, t: N, ops: Ops[N]) -> N:
    return ops.power(1 - t, loss.gamma) - loss.gamma * t * ops.power(1 - t, loss.gamma - 1) * ops.log(t)


def _mse(loss: Any, probs: N, onehot: N, ops: Ops[N]) -> N:
    own, square = _column(ops.dot(probs, onehot)), _column(ops.sum(probs * probs))
    return 2 * probs * (probs - onehot - (square - own))


def _nmse(loss: Any, probs: N, onehot: N, ops: Ops[N]) -> N:
    k = probs.shape[-1]
    own, square = _column(ops.dot(probs, onehot)), _column(ops.sum(probs * probs))
    divisor = k * square + k - 2
    value = (1 - 2 * own + square) / divisor
    return 2 * probs * ((1 - k * value) * (probs - square) - (onehot - own)) / divisor


def _rll(loss: Any, probs: N, onehot: N, ops: Ops[N]) -> N:
    share = probs / (loss.alpha + probs)
    pulls = ((1 - onehot) / (probs.shape[-1] - 1) - onehot) * share
    return pulls - probs * _column(ops.sum(pulls))


CLOSED: dict[type[Loss], tuple[str, Callable[..., Any]]] = {
    CCE: ("u - e_y", _along_label(lambda loss, t, ops: ops.const(1))),
    Focal: ("((1 - u_y)^g - g u_y (1 - u_y)^(g-1) log u_y)(u - e_y)", _along_label(_focal_weight)),
    GCE: ("u_y^q (u - e_y)", _along_label(lambda loss, t, ops: ops.power(t, loss.q))),
    MAE: ("2 u_y (u - e_y)", _along_label(lambda loss, t, ops: 2 * t)),
    RCE: ("A u_y (u - e_y)", _along_label(lambda loss, t, ops: loss.A * t)),
    SCE: (
        "(alpha + beta A u_y)(u - e_y)",
        _along_label(lambda loss, t, ops: loss.alpha + loss.beta * loss.A * t),
    ),
    Unhinged: ("u_y (u - e_y)", _along_label(lambda loss, t, ops: t)),
    MSE: ("2 u_k (u_k - e_k - s + u_y), s = sum u_i^2", _mse),
    NMSE: ("2 u_k ((1 - K L)(u_k - s) - (e_k - u_y))/(K s + K - 2)", _nmse),
    RLL: (
        "v_k - u_k sum_i v_i, v_y = -u_y/(alpha + u_y), v_i = u_i/((K - 1)(alpha + u_i)) for i != y",
        _rll,
    ),
}


def has_closed_gradient(loss: Loss) -> bool:
    """Tell whether dL/dz is one of the closed forms, or made of one by normalisation."""
    return type(loss) in CLOSED or (isinstance(loss, Normalized) and has_closed_gradient(loss.base))


def closed_gradient(loss: Loss, probs: N, onehot: N, ops: Ops[N]) -> N:
    """Return dL/dz in closed form: (..., K) probabilities and one-hot labels -> (..., K), any backend.

    A normalised loss L = l/S has (grad l - L grad S)/S, with grad S the sum of grad l over all labels.

    Raises
    ------
    TypeError : a loss without one, see `has_closed_gradient`.
    """
    if type(loss) in CLOSED:
        return CLOSED[type(loss)][1](loss.bound_to(ops), probs, onehot, ops)
    if not has_closed_gradient(loss):
        fail("loss", f"one of {', '.join(c.__name__ for c in CLOSED)}, or normalised", loss.spec, TypeError)
    base = loss.base  # type: ignore[attr-defined]
    labels = [ops.onehot(probs, j) for j in range(probs.shape[-1])]
    total = sum(closed_gradient(base, probs, label, ops) for label in labels)
    value, divisor = _column(loss.apply(probs, onehot, ops)), _column(base.label_sum(probs, ops))
    return (closed_gradient(base, probs, onehot, ops) - value * total) / divisor


def logit_gradient(loss: Loss, probs: ArrayLike, labels: ArrayLike) -> Float[np.ndarray, "n k"]:
    """Return dL/dz of each sample in float64, z the logits: (N, K) probabilities, (N,) labels -> (N, K).

    In closed form where `has_closed_gradient`, else by the chain rule on the formula's derivatives. Entries
    should be > 0, as softmax makes them: at 0 some losses have no slope, and the result may be NaN.

    Raises
    ------
    TypeError : a callable without a formula, or a formula that compares probabilities (0-1).
    ValueError : rows that are no probabilities, labels out of range, unequal lengths.

    >>> from lossmatters.theory.losses import MAE
    >>> logit_gradient(MAE(), [[0.75, 0.25]], [0])
    array([[-0.375,  0.375]])
    """
    probs, onehot = check_probs_and_labels(probs, labels)
    if has_closed_gradient(loss):
        return np.asarray(closed_gradient(loss, probs, onehot, backend("numpy")), dtype=float)
    _needs_formula(loss)
    k = probs.shape[1]
    alike = treats_classes_alike(loss, k)  # then, with the label in front, one gradient serves every label
    out = np.empty_like(probs)
    for row, u, label in zip(out, probs, onehot.argmax(axis=1), strict=True):
        place = [label, *(i for i in range(k) if i != label)] if alike else np.arange(k)
        row[place] = _compiled(loss, k, 0 if alike else int(label))(*u[place])
    return out


@lru_cache(maxsize=64)
def _compiled(loss: Loss, num_classes: int, label: int) -> Callable[..., tuple[np.ndarray | float, ...]]:
    symbols, _ = symbolic_loss(loss, num_classes, label)
    return sympy.lambdify(symbols, chain_rule(loss, num_classes, label), "numpy", cse=True)
