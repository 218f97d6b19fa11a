"""The range of the label sum (S2), the range of a loss, and what noise can cost at most (R3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
import sympy

from theory.algebra import Generator, K, exact_generator, is_nonnegative, is_zero, tidy
from theory.backends import backend
from theory.backends.sympy_ops import OPS, exactly
from theory.enclosure import (
    Enclosure,
    NotTracedError,
    constant_by_algebra,
    enclose_label_sum,
    enclose_loss,
    trace,
)
from theory.enclosure.settle import T
from theory.exact import check_num_classes, check_rate, fail
from theory.losses.base import CallableLoss, Loss, SeparableLoss
from theory.losses.combinators import Combination, Normalized, ShareLoss
from theory.noise import threshold

SAMPLES = 4000
MAXIMUM_BUDGET = 40  # some 5000 boxes: a few tenths of a second


@dataclass(frozen=True)
class LabelSumRange:
    """The range of S(u) = sum_j L(u, j) over the simplex.

    Attributes
    ----------
    low, high : its ends, as expressions (in K where no K was given); infinite where S is unbounded.
    low_at, high_at : where they are attained (or approached, where infinite).
    rigorous : True for S1 to S4 and for intervals at one K; False where the ends are the extremes of samples,
        or were enclosed at one K when all were asked for.
    method : "S1" to "S4", "intervals" (S lies between the ends, which are sharp to the gap stated) or
        "sampling".
    """

    low: sympy.Expr
    high: sympy.Expr
    low_at: str
    high_at: str
    rigorous: bool
    method: str

    @property
    def low_is_positive(self) -> bool:
        """Is the lower end shown to be > 0, for every K >= 2?"""
        return _positive(self.low)

    @property
    def high_is_finite(self) -> bool:
        return not self.high.has(sympy.oo, sympy.zoo, sympy.nan)

    def to_dict(self) -> dict[str, Any]:
        """The `label_sum` object of ``lossmatters certify --json``."""
        return {
            "low": _number(self.low),
            "high": _number(self.high),
            "low_exact": str(self.low),
            "high_exact": str(self.high),
            "low_at": self.low_at,
            "high_at": self.high_at,
            "rigorous": self.rigorous,
            "method": self.method,
        }


def _positive(expression: sympy.Expr) -> bool:
    if expression.is_number:
        return bool(expression > 0)
    # K = k + 2 with k >= 0; logarithms and powers of K are left to SymPy's assumptions
    k = sympy.Symbol("k", integer=True, nonnegative=True)
    for form in (expression, sympy.factor(expression), sympy.simplify(expression)):
        if form.subs(K, k + 2).is_positive:
            return True
    return _positive_power_form(expression)


def _positive_power_form(expression: sympy.Expr) -> bool:
    """Positive because expression/K increases in K and is positive at K = 2, as K - K^p with p < 1 does."""
    factored = sympy.powsimp(sympy.expand(expression / K))
    derivative = sympy.diff(factored, K)
    continuous = sympy.Symbol("kappa", positive=True)
    return bool(
        sympy.simplify(derivative.subs(K, continuous)).is_positive and sympy.N(factored.subs(K, 2)) > 0
    )


def curvature(g: Generator) -> str:
    """The shape of G on (0, 1) as far as SymPy shows it: "affine", "convex", "concave" or "unknown"."""
    second = sympy.diff(g.expression, g.t, 2)
    if g.expression.has(sympy.Piecewise, sympy.Abs, sympy.Max, sympy.Min):
        return "unknown"  # the second derivative would miss the kinks
    if is_zero(second):
        return "affine"
    if is_nonnegative(second, g.t):
        return "convex"
    return "concave" if is_nonnegative(-second, g.t) else "unknown"


@lru_cache(maxsize=512)
def label_sum_range(loss: Loss, num_classes: int | None = None) -> LabelSumRange:
    """The sharp range of S over the simplex, for one K or (None) for all K in closed form.

    Separable losses, also in disguise, by S2, normalised ones by S3; sums by the range of the one term that
    varies. What these do not settle is enclosed by intervals at K (10 if none is given), and says so; a
    callable without a formula is sampled.

    >>> from theory.losses import MSE
    >>> span = label_sum_range(MSE(), 10)
    >>> span.low, span.high
    (9, 18)
    """
    classes = K if num_classes is None else check_num_classes(num_classes)
    if isinstance(loss, SeparableLoss):
        span = _by_curvature(exact_generator(loss, classes))
        if span is not None:
            return span
    elif isinstance(loss, Normalized | ShareLoss):
        constant = sympy.Integer(1) if isinstance(loss, Normalized) else sympy.sympify(classes) - 1
        return LabelSumRange(constant, constant, "everywhere", "everywhere", True, "S3")
    elif isinstance(loss, Combination):
        parts = [(OPS.const(c), label_sum_range(term, num_classes)) for c, term in loss.terms]
        varying = [p for _, p in parts if p.low != p.high]
        if len(varying) <= 1 and all(p.rigorous for _, p in parts):
            low, high = sum(c * p.low for c, p in parts), sum(c * p.high for c, p in parts)
            at = varying[0] if varying else parts[0][1]
            return LabelSumRange(tidy(low), tidy(high), at.low_at, at.high_at, True, "S3")
    found = _by_structure(loss, num_classes) if not isinstance(loss, SeparableLoss) else None
    return found or _enclosed_range(loss, num_classes) or _sampled_range(loss, num_classes or 10)


def _by_structure(loss: Loss, num_classes: int | None) -> LabelSumRange | None:
    """S1 or S2 where the formula's sums over classes show S to be constant, or separable in disguise."""
    try:
        traced = trace(loss, num_classes)
    except NotTracedError:
        return None
    constant = constant_by_algebra(traced)
    if constant is not None:
        return LabelSumRange(tidy(constant), tidy(constant), "everywhere", "everywhere", True, "S4")
    generator = traced.generator()
    return None if generator is None else _by_curvature(Generator(generator, T, traced.classes))


def _enclosed_range(loss: Loss, num_classes: int | None) -> LabelSumRange | None:
    """The range by intervals at one K; None where an end could not be enclosed."""
    if isinstance(loss, CallableLoss):
        return None
    span = enclose_label_sum(loss, num_classes or 10)
    low, high = span.low[0], span.high[1]
    if not all(np.isfinite(x) or x == y for x, y in (span.low, span.high[::-1])):
        return None
    gap = max((b - a for a, b in (span.low, span.high) if np.isfinite(b - a)), default=0.0)
    method = f"intervals at K = {num_classes or 10}, ends sharp to {gap:.1g}"
    ends = [sympy.Float(x) if np.isfinite(x) else sympy.oo * (1 if x > 0 else -1) for x in (low, high)]
    return LabelSumRange(
        ends[0], ends[1], _shown(span.low_at), _shown(span.high_at), num_classes is not None, method
    )


def _shown(point: Sequence[Fraction]) -> str:
    return "(" + ", ".join(f"{float(x):.4g}" for x in point) + ")"


def _by_curvature(g: Generator) -> LabelSumRange | None:
    shape = curvature(g)
    if shape == "unknown":
        return None
    number = sympy.sympify(g.classes)
    even = tidy(number * g.at(1 / number))
    edge = g.limit_at_zero()  # where infinite, K - 1 > 0 of it is as infinite; SymPy would say nan
    corner = edge if edge.is_infinite else tidy(g.at(1) + (number - 1) * edge)
    if shape == "affine":
        return LabelSumRange(even, even, "everywhere", "everywhere", True, "S1")
    if shape == "convex":
        return LabelSumRange(even, corner, "uniform output", "vertices", True, "S2")
    return LabelSumRange(corner, even, "vertices", "uniform output", True, "S2")


def _sampled_range(loss: Loss, num_classes: int) -> LabelSumRange:
    rng = np.random.default_rng(0)
    spread = rng.choice([0.1, 1.0, 10.0], size=SAMPLES)
    points = rng.gamma(np.repeat(spread[:, None], num_classes, axis=1)) + 1e-12
    corner = np.full(num_classes, 1e-9)
    corner[0] = 1
    points = np.vstack([points, np.ones(num_classes), corner])
    points /= points.sum(axis=1, keepdims=True)
    sums = np.asarray(loss.label_sum(points, backend("numpy")), dtype=float)
    if np.isnan(sums).any():
        raise ValueError(f"{loss.spec} has no value (NaN) at some points of the simplex")
    low, high = int(sums.argmin()), int(sums.argmax())
    shown = [np.array2string(points[i], precision=3, separator=", ") for i in (low, high)]
    return LabelSumRange(
        sympy.Float(sums[low]),
        sympy.Float(sums[high]),
        shown[0],
        shown[1],
        False,
        f"sampling, {SAMPLES} points",
    )


def excess_risk_bound(loss: Loss, num_classes: int | None, noise_rate: Any) -> sympy.Expr:
    """R3: how much clean risk minimising the noisy risk can cost, eta (C_U - C_L)/(K - 1 - eta K).

    0 for a symmetric loss, infinite where S is unbounded. `noise_rate` is a number below the threshold
    (K - 1)/K, or a SymPy symbol.

    Raises
    ------
    ValueError : a rate outside [0, 1], or at or beyond the threshold, where nothing is bounded.

    >>> from theory.losses import MSE
    >>> excess_risk_bound(MSE(), 10, 0.4)
    18/25
    """
    span = label_sum_range(loss, num_classes)
    number = K if num_classes is None else sympy.Integer(num_classes)
    if isinstance(noise_rate, sympy.Basic):
        eta = noise_rate
    else:
        rate: Fraction = check_rate(noise_rate)
        if num_classes is not None and rate >= threshold(num_classes):
            fail("eta", f"below the threshold {threshold(num_classes)}", noise_rate)
        eta = OPS.const(rate)
    if is_zero(span.high - span.low):
        return sympy.Integer(0)
    if eta == 0:
        return sympy.Integer(0)
    if not span.high_is_finite:
        return sympy.oo
    return tidy(eta * (span.high - span.low) / (number - 1 - eta * number))


@dataclass(frozen=True)
class LossMaximum:
    """The supremum of L over the simplex and labels.

    Attributes
    ----------
    value : closed form; infinite where L is unbounded; None where it is not known.
    at : where it is attained or approached.
    method : "curvature" (derived), "intervals" (an upper bound, sharp to the gap stated), "declared,
        certified" (the class says so, and intervals enclose it to the gap stated), or "declared, sampled"
        (the class says so and no sample exceeded it).
    """

    value: sympy.Expr | None
    at: str
    method: str


@lru_cache(maxsize=512)
def loss_maximum(loss: Loss, num_classes: int) -> LossMaximum:
    """The supremum of L for one K: derived for separable losses of known curvature, else enclosed.

    A separable loss that is convex in u is largest at a vertex. With concave off_label it is largest
    with the other classes even, and decreasing in u_y if its slope along that line is nowhere positive.

    Raises
    ------
    ValueError : a declared maximum that a sampled point, or a certified value, exceeds.
    """
    k = check_num_classes(num_classes)
    if isinstance(loss, SeparableLoss):
        found = _maximum_by_curvature(loss, k)
        if found is not None:
            return found
    declared = loss.bound_to(OPS).upper_bound(sympy.Integer(k), OPS)
    span = None if isinstance(loss, CallableLoss) else enclose_loss(loss, k, MAXIMUM_BUDGET)
    sharp = span is not None and (span.high[0] == np.inf or np.isfinite(span.high[1]))
    if declared is None:
        if span is None or not sharp:
            return LossMaximum(None, "not derived and not declared", "undecided")
        high = sympy.Float(span.high[1]) if np.isfinite(span.high[1]) else sympy.oo
        return LossMaximum(high, _where(span), _sharpness("intervals", span))
    numpy = backend("numpy")
    rng = np.random.default_rng(0)
    points = rng.dirichlet(np.full(k, 0.3), size=SAMPLES) + 1e-15
    points /= points.sum(axis=1, keepdims=True)
    largest = float(np.max(loss.all_labels(points, numpy)))
    if largest > float(declared) * (1 + 1e-9):
        raise ValueError(f"{loss.spec} declares the maximum {declared}, but a sampled value is {largest}")
    if span is not None and float(declared) < span.high[0] * (1 - 1e-12):  # rounding of the declared value
        raise ValueError(
            f"{loss.spec} declares the maximum {declared}, but a certified value is {span.high[0]}"
        )
    if span is not None and sharp and float(declared) <= span.high[1]:
        return LossMaximum(tidy(declared), "u_y = 0", _sharpness("declared, certified", span))
    return LossMaximum(tidy(declared), "u_y = 0", f"declared, sampled at {SAMPLES} points")


def _where(span: Enclosure) -> str:
    label, *others = span.high_at
    return f"u_y = {float(label):.4g}, the others {_shown(others)}"


def _sharpness(method: str, span: Enclosure) -> str:
    low, high = span.high
    return f"{method} to {high - low:.1g}" if np.isfinite(high) else method


def _maximum_by_curvature(loss: SeparableLoss, k: int) -> LossMaximum | None:
    t = sympy.Symbol("t", positive=True)
    number, view = sympy.Integer(k), loss.bound_to(OPS)
    on = Generator(exactly(view.on_label(t, number, OPS)), t, number)
    off = Generator(exactly(view.off_label(t, number, OPS) if loss.has_off_label else 0), t, number)
    shapes = curvature(on), curvature(off)
    if shapes[0] in ("convex", "affine") and shapes[1] in ("convex", "affine"):
        own = on.at(1) + (k - 1) * off.limit_at_zero()
        wrong = on.limit_at_zero() + off.at(1) + (k - 2) * off.limit_at_zero()
        value = sympy.Max(own, wrong)
        return LossMaximum(
            tidy(value), "a wrong vertex" if value == wrong else "the label's vertex", "curvature"
        )
    if shapes[1] in ("concave", "affine"):
        line = on.expression + (k - 1) * off.at((1 - t) / (k - 1))
        if is_nonnegative(-sympy.diff(line, t), t):
            value = on.limit_at_zero() + (k - 1) * off.at(1 / (number - 1))
            return LossMaximum(tidy(value), "u_y = 0, the rest even", "curvature")
    return None


def _number(expression: sympy.Expr) -> float | None:
    """A float; None where infinite (JSON has no infinity) or where K is open."""
    return float(expression) if expression.is_number and expression.is_finite else None
