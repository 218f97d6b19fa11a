"""The best of the outputs that are alike on the wrong classes: a line, searched by numbers and intervals."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from fractions import Fraction

import mpmath
import numpy as np
import sympy

from lossmatters.theory.backends import backend
from lossmatters.theory.backends.sympy_ops import OPS, const, exactly
from lossmatters.theory.enclosure import certify_sign
from lossmatters.theory.enclosure.settle import X
from lossmatters.theory.exact import fail
from lossmatters.theory.losses import Loss
from lossmatters.theory.minimisers.optimum import NoisyOptimum
from lossmatters.theory.minimisers.slopes import near
from lossmatters.theory.noise import SymmetricNoise
from lossmatters.theory.symbolic.algebra import is_zero
from lossmatters.theory.symbolic.piecewise import CASES, Piece, pieces
from lossmatters.theory.verdict import Known, Method

GRID = 400  # values of the clean class's log-odds, -GRID_END to GRID_END, before the best is refined
GRID_END = 40.0
FAR = 10.0  # log-odds: there entries are 5e-5, and squares of them near the roundings of a risk
FAR_END = 100.0  # log-odds up to which an optimum is looked for; entries are 4e-44
LEVEL = 1e-14  # of a risk: differences that are rounding
DIGITS = 70  # for 1 - (K-1) x at such entries, with 25 to spare
BUDGET = 4000  # boxes for a sign: a few tenths of a second


def numerical_optimum(loss: Loss, k: int, eta: Fraction) -> NoisyOptimum:
    """Return the best of a grid of log-odds, refined; a vertex where the risk is shown to be least there."""
    odds = np.linspace(-GRID_END, GRID_END, GRID + 1)
    risk = _risk_at(loss, k, eta)
    values = np.where(np.isfinite(values := risk(odds)), values, np.inf)
    if np.isinf(values).all():
        fail("loss", "finite at some output alike on the wrong classes", loss.spec)
    if np.isfinite(values).all() and np.ptp(values) <= LEVEL * np.abs(values).max():
        return _level(loss, k, eta)
    best, step = float(odds[values.argmin()]), float(odds[1] - odds[0])
    line = _on_line(loss, k, eta)
    # Beyond FAR the risk hardly moves in float64; closer in, the least value is beside that of the grid.
    far = best >= FAR
    if far and line is not None and _least_at_zero(line, k):
        detail = (
            "the risk exceeds that of e_c, shown by intervals, along outputs alike on the wrong classes, and "
            "at others that were tried"
        )
        one = sympy.Integer(1)
        return NoisyOptimum(1.0, 0.0, one, True, Known.NUMERICAL, Method.INTERVALS, detail, None)
    found = None if line is None else _stationary(line, k, best - step, FAR_END if far else best + step)
    if found is None and not far:
        found = float(_refined(risk, best - step, best + step))
    if found is None:
        detail = "next to e_c, and not shown to be there"
        return NoisyOptimum(1.0, 0.0, None, False, Known.NUMERICAL, Method.NUMERICAL, detail, None)
    detail = "least over outputs alike on the wrong classes, numerically"
    other = 1 / (k - 1 + np.exp(found))
    clean = 1 / (1 + (k - 1) * np.exp(-found))
    return NoisyOptimum(clean, other, None, False, Known.NUMERICAL, Method.NUMERICAL, detail, None)


def _level(loss: Loss, k: int, eta: Fraction) -> NoisyOptimum:
    """Return the uniform output for a risk that is the same at all outputs alike on the wrong classes."""
    line = _on_line(loss, k, eta)
    exact = line is not None and is_zero(sympy.diff(line, X))
    detail = "the risk is the same at all outputs alike on the wrong classes; the uniform one stands for them"
    return NoisyOptimum(
        1 / k,
        1 / k,
        sympy.Rational(1, k) if exact else None,
        False,
        Known.NUMERICAL,
        Method.NUMERICAL,
        detail,
        False if exact else None,
    )


def _risk_at(loss: Loss, k: int, eta: Fraction) -> Callable[[np.ndarray | float], np.ndarray]:
    """Return the conditional risk in float64, of log-odds (...) of the clean class against each other."""
    numpy = backend("numpy")
    pi = np.array([float(p) for p in SymmetricNoise(eta).transition_matrix(k)[0]])

    def risk(odds: np.ndarray | float) -> np.ndarray:
        odds = np.asarray(odds, dtype=float)[..., None]
        below, up = np.exp(-np.abs(odds)), odds >= 0
        clean, other = np.where(up, 1.0, below), np.where(up, below, 1.0)
        u = np.concatenate([clean, np.repeat(other, k - 1, axis=-1)], axis=-1)
        u /= u.sum(axis=-1, keepdims=True)
        with np.errstate(all="ignore"):
            return np.where(pi > 0, loss.all_labels(u, numpy) * pi, 0.0).sum(axis=-1)

    return risk


def _on_line(loss: Loss, k: int, eta: Fraction) -> sympy.Expr | None:
    """Return the conditional risk at (1 - (K-1) x, x, ..., x) in `X`; None without a formula for it."""
    if not loss.has_formula:
        return None
    point = np.array([1 - (k - 1) * X, *[X] * (k - 1)], dtype=object)
    pi = SymmetricNoise(eta).transition_matrix(k)[0]
    try:  # all labels but the first are alike
        clean, other = (exactly(loss.apply(point, OPS.onehot(point, j), OPS)) for j in (0, 1))
    except TypeError:  # the formula compares probabilities
        return None
    risk = const(pi[0]) * clean + const(1 - pi[0]) * other
    return None if risk.has(sympy.zoo, sympy.nan) else risk


def _least_at_zero(line: sympy.Expr, k: int) -> bool:
    """Decide whether R(x) >= R(0) up to x = 1/(K-1): it rises up to some x, and exceeds R(0) from there on.

    Case by case where the formula has cases: an interval across a kink has no slope.
    """
    whole = line.subs(X, X / (k - 1))
    found = pieces(whole, X) if whole.has(*CASES) else (Piece(sympy.Integer(0), sympy.Integer(1), whole),)
    start = whole.subs(X, 0)
    if found is None or not start.is_finite:
        return False
    if any(not is_zero((b.expression - a.expression).subs(X, a.hi)) for a, b in itertools.pairwise(found)):
        return False
    try:
        ends = [(p.expression, near(p.lo, -1), near(p.hi, 1)) for p in found]
        while ends and _sign(sympy.diff(ends[0][0], X), *ends[0][1:]) in ("positive", "non-negative", "zero"):
            ends.pop(0)
        if len(ends) == len(found):  # it turns within the first piece: does it rise at least next to 0?
            first, _, high = ends[0]
            part = next(
                (n for n in (8, 64, 512) if _sign(sympy.diff(first, X), 0, high / n) == "positive"), None
            )
            if part is None:
                return False
            ends[0] = (first, high / part, high)
        return all(_sign(e - start, lo, hi) == "positive" for e, lo, hi in ends)
    except TypeError:  # not elementary
        return False


def _sign(expression: sympy.Expr, low: sympy.Expr | Fraction, high: sympy.Expr | Fraction) -> str | None:
    return certify_sign(expression, {X: (low, high)}, BUDGET).sign


def _stationary(line: sympy.Expr, k: int, low: float, high: float) -> float | None:
    """Find the log-odds where the slope of the risk changes its sign, to 15 digits by bisection; or None."""
    slope = sympy.lambdify(X, sympy.diff(line, X), "mpmath")

    def rises(odds: mpmath.mpf) -> bool:
        return bool(slope(1 / (k - 1 + mpmath.exp(odds))) > 0)

    with mpmath.workdps(DIGITS):
        try:
            steps = mpmath.linspace(low, high, 1 + max(2, int(high - low)))
            signs = [rises(x) for x in steps]  # the risk rises in x, and so falls in the log-odds
            turns = [i for i, (a, b) in enumerate(itertools.pairwise(signs)) if a and not b]
            if len(turns) != 1:
                return None
            first, last = steps[turns[0]], steps[turns[0] + 1]
            while last - first > 1e-15 * max(1, abs(last)):
                middle = (first + last) / 2
                first, last = (middle, last) if rises(middle) else (first, middle)
        except (TypeError, ValueError, NameError, ZeroDivisionError):  # no slope there, or not for mpmath
            return None
        return float((first + last) / 2)


def _refined(risk: Callable[[np.ndarray | float], np.ndarray], low: float, high: float) -> float:
    from scipy.optimize import minimize_scalar

    found = minimize_scalar(
        lambda x: float(risk(x)), bounds=(low, high), method="bounded", options={"xatol": 1e-12}
    )
    return float(found.x)
