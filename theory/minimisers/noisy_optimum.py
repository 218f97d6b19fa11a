"""D1: the output that training on noise drives a loss to, the minimiser of sum_j T[c, j] L(u, j)."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import Any

import mpmath
import numpy as np
import sympy

from lossmatters.theory.backends import backend
from lossmatters.theory.backends.sympy_ops import OPS, const, exactly
from lossmatters.theory.enclosure import certify_sign
from lossmatters.theory.enclosure.settle import X
from lossmatters.theory.exact import check_num_classes, check_rate, fail
from lossmatters.theory.losses import CallableLoss, Combination, Loss, Normalized, SeparableLoss, ShareLoss
from lossmatters.theory.losses.mixtures import GeneralMixture
from lossmatters.theory.losses.structure import by_structure
from lossmatters.theory.minimisers.audit import beaten_vertex
from lossmatters.theory.minimisers.closed_forms import conditional_minimiser, has_closed_form
from lossmatters.theory.minimisers.exchange import (
    attains,
    limits_at_zero,
    monotone,
    near,
    positive,
    treats_classes_alike,
)
from lossmatters.theory.noise import SymmetricNoise, threshold
from lossmatters.theory.symbolic.algebra import K as CLASSES
from lossmatters.theory.symbolic.algebra import is_zero
from lossmatters.theory.symbolic.piecewise import CASES, Piece, pieces
from lossmatters.theory.symbolic.points import sign_of
from lossmatters.theory.symmetry.decide import decide
from lossmatters.theory.symmetry.regular import is_share
from lossmatters.theory.verdict import Known, Method, Status

GRID = 400  # values of the clean class's log-odds, -GRID_END to GRID_END, before the best is refined
GRID_END = 40.0
FAR = 10.0  # log-odds: there entries are 5e-5, and squares of them near the roundings of a risk
FAR_END = 100.0  # log-odds up to which an optimum is looked for; entries are 4e-44
LEVEL = 1e-14  # of a risk: differences that are rounding
DIGITS = 70  # for 1 - (K-1) x at such entries, with 25 to spare
BUDGET = 4000  # boxes for a sign: a few tenths of a second


@dataclass(frozen=True)
class NoisyOptimum:
    """The minimiser u* of the conditional risk under uniform noise, for a sample of class c.

    It treats the K - 1 wrong classes alike, so two numbers say it.

    Attributes
    ----------
    clean, other : u*_c and u*_j for each j != c, in float64.
    clean_exact : u*_c in closed form, or None.
    vertex : True where u* is exactly e_c, False where it is not.
    status : how it is known.
    method : what it rests on.
    detail : the same in a sentence.
    unique : is it the only minimiser? None where that is not known.
    """

    clean: float
    other: float
    clean_exact: sympy.Expr | None
    vertex: bool
    status: Known
    method: Method
    detail: str
    unique: bool | None

    def to_dict(self) -> dict[str, Any]:
        """Return the `noisy_optimum` object of ``lossmatters certify --json``."""
        return {
            "clean": float(self.clean),
            "other": float(self.other),
            "clean_exact": None if self.clean_exact is None else str(self.clean_exact),
            "vertex": self.vertex,
            "status": self.status.value,
            "method": self.detail,
            "unique": self.unique,
        }

    @property
    def probs(self) -> tuple[float, float, float]:
        """Return the probabilities of (altered label, clean class, each other class)."""
        return self.other, self.clean, self.other


@lru_cache(maxsize=1024)
def _noisy_optimum(loss: Loss, k: int, eta: Fraction) -> NoisyOptimum:
    below = eta < threshold(k)
    if below and decide(loss, k).status is Status.PROVED:
        found = _of_symmetric(loss, k)
        if found is not None:
            return found
    if has_closed_form(loss):
        return _closed(loss, k, eta)
    return _of_terms(loss, k, eta) or _numerical(loss, k, eta)


def noisy_optimum(loss: Loss, num_classes: int, noise_rate: Any) -> NoisyOptimum:
    """Return the minimiser of sum_j T[c, j] L(u, j) under uniform noise.

    A symmetric loss below the threshold has noisy conditional risk b C + a L(u, c) with a > 0 (R1), so u*
    minimises L(., c), whatever the rate: the vertex e_c, where L(., c) is least. Else in closed form by N3,
    else the best of the outputs that are alike on the wrong classes: whether another output of a loss that
    is not convex does better is then left open.

    Raises
    ------
    ValueError, TypeError : K < 2, a rate outside [0, 1], a loss that tells classes apart.

    >>> from lossmatters.theory.losses import MSE, NMSE
    >>> noisy_optimum(NMSE(), 10, 0.4).vertex, noisy_optimum(MSE(), 10, 0.4).clean_exact
    (True, 3/5)
    """
    k, eta = check_num_classes(num_classes), check_rate(noise_rate)
    if not treats_classes_alike(loss, k):
        fail("loss", "the same for all classes", loss.spec)
    found = _noisy_optimum(loss, k, eta)
    if found.vertex and not isinstance(loss, CallableLoss):
        better = beaten_vertex(loss, k, tuple(SymmetricNoise(eta).transition_matrix(k)[0]))
        if better is not None:
            shown = ", ".join(map(str, better))
            return replace(
                found,
                clean=float(better[0]),
                other=float(max(better[1:])),
                clean_exact=None,
                vertex=False,
                status=Known.NUMERICAL,
                method=Method.NUMERICAL,
                detail=f"at the vertex the risk is above that at ({shown})",
                unique=None,
            )
    return found


def least_at_vertex(loss: Loss, num_classes: int | None = None) -> tuple[Known, str, bool] | None:
    """Return how L(., c) of a symmetric loss is known to be least at e_c: (status, why, only there).

    K L(u, c) = C + sum_i (F(u_c; A) - F(u_i; A)) for a symmetric loss L(u, y) = F(u_y; A). Separable: F is
    h = on_label - off_label plus A, and every h(u_c) - h(u_i) is least at u_c = 1, u_i = 0 where h falls.
    L/S >= 0 with base >= 0, and it is 0 where base(u, c) is: at e_c, and where S is infinite.
    """

    def separable(loss: SeparableLoss) -> tuple[Known, str, bool] | None:
        known_by = monotone(loss, num_classes)
        if known_by is None:
            return None
        status = Known.PROVED if known_by == "symbolic" else Known.CERTIFIED
        if any(end.is_infinite for end in limits_at_zero(loss, num_classes)):
            why = "h falls without bound, and L(., c) with it: e_c is approached, no output is best"
            return status, why, False
        return status, "K L(u, c) = C + sum_i (h(u_c) - h(u_i)), h falls", True

    def total(loss: Combination) -> tuple[Known, str, bool] | None:
        parts = [least_at_vertex(term, num_classes) for _, term in loss.terms]
        known = [p for p in parts if p is not None]
        if len(known) < len(parts):
            return None
        status = Known.PROVED if all(p[0] is Known.PROVED for p in known) else Known.CERTIFIED
        return status, "every term is least at e_c", any(p[2] for p in known)

    def mixture(loss: GeneralMixture) -> tuple[Known, str, bool] | None:
        # p L + const: the base is symmetric with it, unless p + K q = 0
        p, _ = (0, 0) if num_classes is None else loss.weights(Fraction(num_classes))
        return (
            least_at_vertex(loss.base, num_classes)
            if p > 0 and _is_symmetric(loss.base, num_classes)
            else None
        )

    def share(loss: ShareLoss) -> tuple[Known, str, bool] | None:
        if num_classes is None or not (
            is_share(loss, num_classes) and _all_weight_at_vertex(loss, num_classes)
        ):
            return None
        return Known.PROVED, "1 - w_c/sum w >= 0, and 0 at e_c, where every other weight is 0", False

    def normalised(loss: Normalized) -> tuple[Known, str, bool] | None:
        base = loss.base
        ways = _zero_at_vertex(base, num_classes) if isinstance(base, SeparableLoss) else None
        if ways is None:
            return None
        only = attains(loss, num_classes)
        where = "only at e_c" if only else "at e_c, and wherever S is infinite"
        return Known.CERTIFIED if "interval" in ways else Known.PROVED, f"L >= 0, and 0 {where}", only

    return by_structure(
        loss,
        separable=separable,
        total=total,
        normalised=normalised,
        share=share,
        mixture=mixture,
        unbounded=lambda loss: None,
        formula=lambda loss: None,
        opaque=lambda loss: None,
    )


def _is_symmetric(loss: Loss, num_classes: int | None) -> bool:
    return decide(loss, num_classes).status is Status.PROVED


def _all_weight_at_vertex(loss: ShareLoss, k: int) -> bool:
    """Return whether w_c > 0 at e_c and every other weight is 0, exactly."""
    vertex = OPS.array([1, *[0] * (k - 1)])
    first, *others = (exactly(w) for w in loss.bound_to(OPS).share_weights(vertex, OPS))
    return sign_of(first)[0] == 1 and all(is_zero(w) for w in others)


def _zero_at_vertex(base: SeparableLoss, num_classes: int | None) -> list[str] | None:
    """Say how base(u, c) is known to be >= 0, 0 only at e_c: on_label falls to 0, off_label rises from 0."""
    view = base.bound_to(OPS)
    number = CLASSES if num_classes is None else sympy.Integer(num_classes)
    on = exactly(view.on_label(X, number, OPS))
    off = exactly(view.off_label(X, number, OPS)) if base.has_off_label else sympy.Integer(0)
    if not (is_zero(on.subs(X, 1)) and is_zero(off.subs(X, 0) if off.has(X) else off)):
        return None
    ways = [positive(-sympy.diff(on, X), None)]
    if off != 0:
        ways.append(positive(sympy.diff(off, X), None))
    return None if None in ways else ways  # type: ignore[return-value]


def _of_symmetric(loss: Loss, k: int) -> NoisyOptimum | None:
    found = least_at_vertex(loss, k)
    if found is None:
        return None
    status, why, only = found
    detail = f"L is symmetric, so u* minimises L(., c) at every rate below the threshold; {why}"
    return NoisyOptimum(1.0, 0.0, sympy.Integer(1), True, status, Method.SYMMETRIC, detail, only)


def _of_terms(loss: Loss, k: int, eta: Fraction) -> NoisyOptimum | None:
    """Find e_c best for a sum of losses whose risks are all least at e_c, or approach their infima there."""
    if not isinstance(loss, Combination):
        return None
    parts = [_noisy_optimum(term, k, eta) for _, term in loss.terms]
    if not all(p.vertex and p.status in (Known.PROVED, Known.CERTIFIED) for p in parts):
        return None
    status = Known.PROVED if all(p.status is Known.PROVED for p in parts) else Known.CERTIFIED
    only = True if any(p.unique for p in parts) else None
    detail = "every term's optimum is e_c"
    return NoisyOptimum(1.0, 0.0, sympy.Integer(1), True, status, Method.TERMS, detail, only)


def _closed(loss: Loss, k: int, eta: Fraction) -> NoisyOptimum:
    found = conditional_minimiser(loss, SymmetricNoise(eta).transition_matrix(k)[0])
    assert found.exact is not None
    clean, other = float(found.probs[0]), float(found.probs[1])
    vertex = found.exact[0] == 1
    return NoisyOptimum(
        clean, other, found.exact[0], vertex, Known.PROVED, Method.CLOSED_FORM, found.method, found.unique
    )


def _numerical(loss: Loss, k: int, eta: Fraction) -> NoisyOptimum:
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
        detail = "the risk exceeds that of e_c, shown by intervals along outputs alike on the wrong classes"
        one = sympy.Integer(1)
        return NoisyOptimum(1.0, 0.0, one, True, Known.CERTIFIED, Method.INTERVALS, detail, None)
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


def _risk_at(loss: Loss, k: int, eta: Fraction) -> Callable[[Any], Any]:
    """Return the conditional risk in float64, of log-odds (...) of the clean class against each other."""
    numpy = backend("numpy")
    pi = np.array([float(p) for p in SymmetricNoise(eta).transition_matrix(k)[0]])

    def risk(odds: Any) -> Any:
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
    if isinstance(loss, CallableLoss):
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


def _sign(expression: sympy.Expr, low: Any, high: Any) -> str | None:
    return certify_sign(expression, {X: (low, high)}, BUDGET).sign


def _stationary(line: sympy.Expr, k: int, low: float, high: float) -> float | None:
    """Find the log-odds where the slope of the risk changes its sign, to 15 digits by bisection; or None."""
    slope = sympy.lambdify(X, sympy.diff(line, X), "mpmath")

    def rises(odds: Any) -> bool:
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


def _refined(risk: Callable[[Any], Any], low: float, high: float) -> float:
    from scipy.optimize import minimize_scalar

    found = minimize_scalar(
        lambda x: float(risk(x)), bounds=(low, high), method="bounded", options={"xatol": 1e-12}
    )
    return float(found.x)
