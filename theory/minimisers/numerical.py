"""The least conditional risk of any loss, numerically: gradients from SymPy, several starts, a residual."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
import sympy
from numpy.typing import ArrayLike

from lossmatters.theory.backends import backend
from lossmatters.theory.losses import Loss
from lossmatters.theory.minimisers.alike import treats_classes_alike
from lossmatters.theory.symbolic.algebra import symbolic_loss, symbolic_losses

EDGE = 1e-15  # entries stay above it: some losses have no value, or no slope, at 0
STEP = 1e-6  # of central differences in float64: errors of about STEP^2 and 2^-53/STEP
MOST_STEPS = 500, 100  # of a descent with exact slopes, and with differences: those of a kink never settle
STOP = 1e-15  # change of the risk at which the search ends; SLSQP then stands within about its root

Risk = Callable[[np.ndarray, np.ndarray], np.ndarray]


@lru_cache(maxsize=64)
def _compiled(loss: Loss, num_classes: int) -> tuple[Risk, Risk] | None:
    """Return the risk and its gradient in u as functions of (u, pi); None without a formula for them.

    SymPy takes a minute for the slopes of a maximum over ten classes, and writes conditions that NumPy
    refuses: a formula with one is left to differences.
    """
    if not loss.has_formula:
        return None
    if treats_classes_alike(loss, num_classes):
        return _of_one_label(loss, num_classes)
    try:
        symbols, columns = symbolic_losses(loss, num_classes)
    except TypeError:  # the formula compares probabilities
        return None
    if any(column.has(sympy.Max, sympy.Min) for column in columns):
        return None
    weights = sympy.symbols(f"pi1:{num_classes + 1}", nonnegative=True)
    risk = sympy.Add(*(w * c for w, c in zip(weights, columns, strict=True)))
    slopes = [sympy.diff(risk, u) for u in symbols]
    return tuple(sympy.lambdify([symbols, weights], e, "numpy", cse=True) for e in (risk, slopes))


def _of_one_label(loss: Loss, k: int) -> tuple[Risk, Risk] | None:
    """Return them by two slopes of the first label's loss, in its own probability and in one other.

    The slope of any label's loss in any entry is one of them, with that label and that entry in front: two
    derivatives for K^2.
    """
    try:
        symbols, column = symbolic_loss(loss, k)
    except TypeError:
        return None
    if column.has(sympy.Max, sympy.Min):
        return None
    forms = column, sympy.diff(column, symbols[0]), sympy.diff(column, symbols[1])
    value_of, own_slope, other_slope = (sympy.lambdify([symbols], f, "numpy", cse=True) for f in forms)
    order = np.array([[j, *(i for i in range(k) if i != j)] for j in range(k)]).T
    off = ~np.eye(k, dtype=bool)
    pairs = np.array([[j, i, *(n for n in range(k) if n not in (j, i))] for j, i in np.argwhere(off)]).T

    def risk(u: np.ndarray, pi: np.ndarray) -> np.ndarray:
        return np.full(k, value_of(u[order])) @ pi

    def gradient(u: np.ndarray, pi: np.ndarray) -> np.ndarray:
        slopes = np.diag(np.full(k, own_slope(u[order]), dtype=float))  # row j: of label j's loss
        slopes[off] = other_slope(u[pairs])
        return pi @ slopes

    return risk, gradient


def risk_and_slopes(
    loss: Loss, posterior: ArrayLike
) -> tuple[Callable[..., float], Callable[..., np.ndarray]]:
    """Return the conditional risk u -> sum_j pi_j L(u, j) in float64, and its gradient in u, (K,) -> (K,)."""
    pi = np.asarray(posterior, dtype=float)
    both = _compiled(loss, len(pi))
    if both is not None:
        risk, slopes = both
        return lambda u: float(risk(u, pi)), lambda u: np.array(slopes(u, pi), dtype=float)
    numpy = backend("numpy")

    def values(points: Sequence[np.ndarray] | np.ndarray) -> np.ndarray:
        rows = np.asarray(points)
        if not loss.has_formula:
            return np.asarray(loss.all_labels(rows, numpy), dtype=float) @ pi
        found = loss.apply(rows[:, None, :], np.eye(len(pi)), numpy)  # all labels in one go
        return np.broadcast_to(np.asarray(found, dtype=float), rows.shape) @ pi

    def differences(u: np.ndarray) -> np.ndarray:
        """Return the gradient along the simplex, (K,), by difference quotients; one-sided near 0."""
        k = len(pi)
        away = (np.eye(k) * k - 1) / (k - 1)  # row i: 1 at i, the others -1/(k - 1)
        down = np.where((np.minimum(u, 1 - u) > 2 * STEP) & (u.min() > 2 * STEP), STEP, 0.0)
        ends = np.concatenate([u + STEP * away, u - down[:, None] * away])
        found = values([_onto_simplex(end) for end in ends])
        # row i of `away` is k / (k - 1) times e_i less its mean
        return (found[:k] - found[k:]) / (STEP + down) * (k - 1) / k

    def value(u: np.ndarray) -> float:
        return float(values([u])[0])

    return value, differences


def _onto_simplex(u: np.ndarray) -> np.ndarray:
    inside = np.clip(u, EDGE, 1)
    return inside / inside.sum()


def minimise(loss: Loss, posterior: ArrayLike) -> tuple[np.ndarray, float]:
    """Return the best of several descents on the simplex, (K,), and its KKT residual.

    The residual is the largest of u_i |g_i - m| and m - g_i, with g the gradient and m = sum u_i g_i: 0 at
    a minimum on the simplex, and at any other stationary point too, which is why there are several starts.
    """
    from scipy.optimize import minimize

    pi = np.asarray(posterior, dtype=float)
    k = len(pi)
    risk, slopes = risk_and_slopes(loss, pi)
    steps = MOST_STEPS[_compiled(loss, k) is None]
    sharp = pi**4 / (pi**4).sum()
    starts = [0.98 * s + 0.02 / k for s in (pi, np.full(k, 1 / k), sharp, *np.eye(k)[np.argsort(-pi)[:3]])]
    best, least = starts[0], np.inf
    with np.errstate(all="ignore"):
        for start in starts:
            found = minimize(
                risk,
                start,
                jac=slopes,
                method="SLSQP",
                bounds=[(EDGE, 1.0)] * k,
                constraints={"type": "eq", "fun": lambda u: u.sum() - 1, "jac": lambda u: np.ones(k)},
                options={"ftol": STOP, "maxiter": steps},
            )
            point = _onto_simplex(found.x)
            value = risk(point)
            if np.isfinite(point).all() and value < least:
                best, least = point, value
        gradient = slopes(best)
    mean = float(best @ gradient)
    residual = max(float(np.max(best * np.abs(gradient - mean))), float(np.max(mean - gradient)), 0.0)
    return best, residual
