"""The largest value of a loss over the simplex and the labels."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np
import sympy

from lossmatters.theory.backends import backend
from lossmatters.theory.backends.sympy_ops import OPS, exactly
from lossmatters.theory.enclosure import Enclosure, enclose_loss
from lossmatters.theory.exact import check_num_classes
from lossmatters.theory.losses.base import Combination, Loss, SeparableLoss
from lossmatters.theory.losses.combinators import Normalized, ShareLoss
from lossmatters.theory.losses.structure import by_structure, is_separable
from lossmatters.theory.symbolic.algebra import Generator, K, is_nonnegative, is_zero, tidy
from lossmatters.theory.symbolic.piecewise import curvature
from lossmatters.theory.symmetry.audit import ROUNDED, summary
from lossmatters.theory.symmetry.audit import number as digits
from lossmatters.theory.symmetry.domain import finite_inside
from lossmatters.theory.symmetry.regular import is_share
from lossmatters.theory.verdict import Method, Place, Point

SAMPLES = 4000
NEARLY = 20_000  # u_y = 10^-20000 stands for the limit at 0
MAXIMUM_BUDGET = 40  # some 5000 boxes: a few tenths of a second


@dataclass(frozen=True)
class LossMaximum:
    """The supremum of L over the simplex and labels.

    Attributes
    ----------
    value : sympy.Expr or None
        In closed form; infinite where L is unbounded; None where it is not known.
    at : Place or tuple of Fraction
        Where it is attained or approached; of a point the label's entry comes first.
    method : Method
        CURVATURE (derived), SHARE (at most 1 because a share of the label sum, or 1 less a share, of terms
        >= 0), TERMS (the sum of the terms' largest values, which the class says is approached), INTERVALS (an
        upper bound), DECLARED_CERTIFIED (the class says so, and intervals enclose it), DECLARED_SAMPLED (the
        class says so and no sample exceeded it) or NONE.
    gap : float or None
        For intervals, how sharp the bound is; None where it is infinite.
    """

    value: sympy.Expr | None
    at: Place | Point
    method: Method
    gap: float | None = None

    @property
    def is_exact(self) -> bool:
        """Return whether the value is shown to be the supremum, not by intervals or a declaration."""
        return self.method in (Method.CURVATURE, Method.SHARE, Method.TERMS)

    @property
    def is_certified(self) -> bool:
        """Return whether the value is enclosed by intervals."""
        return self.method in (Method.INTERVALS, Method.DECLARED_CERTIFIED)

    @property
    def is_declared(self) -> bool:
        """Return whether the value rests on what the class says of itself."""
        return self.method in (Method.DECLARED_CERTIFIED, Method.DECLARED_SAMPLED)

    @property
    def how(self) -> str:
        """Return what the value rests on, in words."""
        if self.method is Method.DECLARED_SAMPLED:
            return f"{self.method} at {SAMPLES} points"
        return self.method.value if self.gap is None else f"{self.method} to {self.gap:.1g}"

    @property
    def where(self) -> str:
        """Return where it is attained, in words."""
        if isinstance(self.at, Place):
            return self.at.value
        label, *others = self.at
        shown = "(" + ", ".join(f"{float(x):.4g}" for x in others) + ")"
        return f"u_y = {float(label):.4g}, the others {shown}"


@lru_cache(maxsize=512)
def loss_maximum(loss: Loss, num_classes: int) -> LossMaximum:
    """Return the supremum of L for one K: derived for separable losses of known curvature, else enclosed.

    A separable loss that is convex in u is largest at a vertex. With concave off_label it is largest
    with the other classes even, and decreasing in u_y if its slope along that line is nowhere positive.

    Raises
    ------
    ValueError : a declared maximum that a sampled point, or a certified value, exceeds.
    """
    k = check_num_classes(num_classes)
    return _audited(loss, _by_kind(loss, k), k)


def _audited(loss: Loss, largest: LossMaximum, k: int) -> LossMaximum:
    """Hold a maximum against values of the formula as it is written; one that L exceeds is none."""
    if largest.value is None or not loss.has_formula:
        return largest
    found, most = summary(loss, k).largest, digits(largest.value, k, K)
    if (
        largest.value.is_finite
        and not isinstance(loss, Normalized | ShareLoss)
        and not finite_inside(loss, k)
    ):
        return LossMaximum(None, Place.UNKNOWN, Method.NONE)
    if found is None or (most is not None and found[0] <= most + ROUNDED * max(abs(most), 1)):
        return largest
    return LossMaximum(None, Place.UNKNOWN, Method.NONE)


def _by_kind(loss: Loss, k: int) -> LossMaximum:
    found = by_structure(
        loss,
        separable=lambda loss: _maximum_by_curvature(loss, k),
        total=_nothing,
        normalised=_nothing,
        share=_nothing,
        mixture=_nothing,
        unbounded=lambda loss: LossMaximum(sympy.oo, Place.LABEL_ZERO, Method.CURVATURE),
        formula=_nothing,
        opaque=_nothing,
    )
    if found is not None:
        return found
    declared = loss.bound_to(OPS).upper_bound(sympy.Integer(k), OPS)
    if isinstance(loss, ShareLoss) and not is_share(loss, k) and _is_of_shares(loss):
        declared = None  # 1 bounds what weights >= 0 leave of a whole, and no more was said
    found = None if declared is None else _maximum_of_parts(loss, k, sympy.sympify(declared))
    if found is not None:
        return found
    span = enclose_loss(loss, k, MAXIMUM_BUDGET) if finite_inside(loss, k) else None
    sharp = span is not None and (span.high[0] == np.inf or np.isfinite(span.high[1]))
    if declared is None:
        if span is None or not sharp:
            return LossMaximum(None, Place.UNKNOWN, Method.NONE)
        high = sympy.Float(span.high[1]) if np.isfinite(span.high[1]) else sympy.oo
        return LossMaximum(high, span.high_at, Method.INTERVALS, _gap(span))
    numpy = backend("numpy")
    rng = np.random.default_rng(0)
    points = rng.dirichlet(np.full(k, 0.3), size=SAMPLES) + 1e-15
    points /= points.sum(axis=1, keepdims=True)
    with np.errstate(all="ignore"):  # it may have no value at some
        values = np.asarray(loss.all_labels(points, numpy), dtype=float)
    largest = float(np.max(values, where=~np.isnan(values), initial=-np.inf))
    if largest > float(declared) * (1 + 1e-9):
        raise ValueError(f"{loss.spec} declares the maximum {declared}, but a sampled value is {largest}")
    if span is not None and float(declared) < span.high[0] * (1 - 1e-12):  # rounding of the declared value
        raise ValueError(
            f"{loss.spec} declares the maximum {declared}, but a certified value is {span.high[0]}"
        )
    if span is not None and sharp and float(declared) <= span.high[1]:
        return LossMaximum(tidy(declared), Place.LABEL_ZERO, Method.DECLARED_CERTIFIED, _gap(span))
    return LossMaximum(tidy(declared), Place.LABEL_ZERO, Method.DECLARED_SAMPLED)


def _maximum_of_parts(loss: Loss, k: int, declared: sympy.Expr) -> LossMaximum | None:
    """Return a declared maximum that is a bound by what the loss is made of, and nearly attained."""
    found = _bound_of_parts(loss, k)
    if found is None:
        return None
    method, bound = found
    ops = backend("mpmath")
    try:
        near = max(float(loss.apply(u, ops.onehot(u, 0), ops)) for u in _nearly_wrong(k))
    except (ZeroDivisionError, TypeError):  # no value there, or a complex one
        return None
    # A ratio of logarithms tends to its supremum like 1/log: at 10^-20000 to a part in 1000.
    attained = near >= float(bound) * (1 - 1e-3)
    if not (attained and is_zero(bound - declared)):
        return None
    return LossMaximum(tidy(declared), Place.LABEL_ZERO, method)


@lru_cache(maxsize=16)  # numbers of so many digits take longer to read than a loss of them
def _nearly_wrong(k: int) -> tuple[np.ndarray, ...]:
    """Return two outputs with next to nothing for the label: the rest even, and nearly all on one class."""
    edge = Fraction(1, 10**NEARLY)
    even = (1 - edge) / (k - 1)
    small = min(Fraction(1, 2000), even)
    outputs = [edge, *[even] * (k - 1)], [edge, *[small] * (k - 2), 1 - edge - (k - 2) * small]
    ops = backend("mpmath")
    read = {x: ops.const(x) for u in outputs for x in set(u)}
    return tuple(ops.array([read[x] for x in u]) for u in outputs)


def _bound_of_parts(loss: Loss, k: int) -> tuple[Method, sympy.Expr] | None:
    """Return a bound of L by what the loss is made of, and how it is known."""

    def share(holds: bool) -> tuple[Method, sympy.Expr] | None:
        return (Method.SHARE, sympy.Integer(1)) if holds else None

    def total(loss: Combination) -> tuple[Method, sympy.Expr] | None:
        parts = [(OPS.const(c), loss_maximum(term, k)) for c, term in loss.terms]
        if any(m.value is None or not m.is_exact for _, m in parts):
            return None
        return Method.TERMS, sum((c * m.value for c, m in parts), sympy.Integer(0))

    return by_structure(
        loss,
        separable=_nothing,
        total=total,
        normalised=lambda loss: share(_is_nonnegative(loss.base, k)),
        share=lambda loss: share(is_share(loss, k)),
        mixture=_nothing,
        unbounded=_nothing,
        formula=_nothing,
        opaque=_nothing,
    )


def _nothing(loss: Loss) -> None:
    """Say nothing of a loss of a kind that nothing follows from."""


def _is_of_shares(loss: Loss) -> bool:
    """Return whether the maximum is the one that every share has, not one that a class declares."""
    return type(loss).upper_bound is ShareLoss.upper_bound


def _is_nonnegative(loss: Loss, k: int) -> bool:
    """Return whether L is visibly >= 0, a function of u_y alone."""
    if not is_separable(loss) or loss.has_off_label:
        return False
    t = sympy.Symbol("t", positive=True)
    return is_nonnegative(exactly(loss.bound_to(OPS).on_label(t, sympy.Integer(k), OPS)), t)


def _gap(span: Enclosure) -> float | None:
    low, high = span.high
    return high - low if np.isfinite(high) else None


def _maximum_by_curvature(loss: SeparableLoss, k: int) -> LossMaximum | None:
    t = sympy.Symbol("t", positive=True)
    number, view = sympy.Integer(k), loss.bound_to(OPS)
    on = Generator(exactly(view.on_label(t, number, OPS)), t, number)
    off = Generator(exactly(view.off_label(t, number, OPS) if loss.has_off_label else 0), t, number)
    shapes = curvature(on), curvature(off)
    if shapes[0] in ("convex", "affine") and shapes[1] in ("convex", "affine"):
        own = on.at(1) + (k - 1) * off.limit_at_zero()
        wrong = on.limit_at_zero() + off.at(1) + (k - 2) * off.limit_at_zero()
        if not (own.is_extended_real and wrong.is_extended_real):  # no value at a vertex
            return None
        value = sympy.Max(own, wrong)
        at = Place.WRONG_VERTEX if value == wrong else Place.LABELS_VERTEX
        return LossMaximum(tidy(value), at, Method.CURVATURE)
    if shapes[1] in ("concave", "affine"):
        line = on.expression + (k - 1) * off.at((1 - t) / (k - 1))
        if is_nonnegative(-sympy.diff(line, t), t):
            value = on.limit_at_zero() + (k - 1) * off.at(1 / (number - 1))
            if value is not sympy.nan:
                return LossMaximum(tidy(value), Place.LABEL_ZERO_EVEN, Method.CURVATURE)
    return None
