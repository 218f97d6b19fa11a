"""The range of the label sum (S2)."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import lru_cache

import numpy as np
import sympy

from lossmatters.theory.backends import backend
from lossmatters.theory.backends.sympy_ops import OPS, exactly
from lossmatters.theory.enclosure import (
    NotTracedError,
    constant_by_algebra,
    enclose_label_sum,
    trace,
)
from lossmatters.theory.enclosure.settle import T
from lossmatters.theory.exact import check_num_classes
from lossmatters.theory.formula import ClassesError, NoValueError
from lossmatters.theory.losses.base import Combination, Loss
from lossmatters.theory.losses.structure import by_structure
from lossmatters.theory.losses.unbounded import UnboundedSumLoss
from lossmatters.theory.symbolic.algebra import Generator, K, exact_generator, tidy
from lossmatters.theory.symbolic.piecewise import CASES, bend, curvature, keeps_to, pieces
from lossmatters.theory.symmetry.audit import ROUNDED, SAME, sizes, summary
from lossmatters.theory.symmetry.audit import number as digits
from lossmatters.theory.symmetry.domain import finite_inside
from lossmatters.theory.symmetry.regular import special_classes_of
from lossmatters.theory.symmetry.sum_range import SAMPLES, LabelSumRange
from lossmatters.theory.verdict import Method, Place, Scope

ALIKE = (Place.EVERYWHERE, Place.EVERYWHERE)


def _audited(loss: Loss, span: LabelSumRange, num_classes: int | None) -> LabelSumRange:
    """Hold a range against values of the formula as it is written; one that S leaves is none."""
    if not span.rigorous:
        return span
    if span.low != span.high and not finite_inside(loss, num_classes):  # extremes of what has values
        return _sampled_range(loss, num_classes or 10)
    slack = SAME if span.method is not Method.INTERVALS else ROUNDED
    for k in sizes(num_classes, span.scope):
        found = summary(loss, k)
        ends = digits(span.low, k, K), digits(span.high, k, K)
        if None in ends or not found.sums or found.leaves(*ends, slack) is not None:
            return _sampled_range(loss, num_classes or 10)
    return span


@lru_cache(maxsize=512)
def label_sum_range(loss: Loss, num_classes: int | None = None) -> LabelSumRange:
    """Return the sharp range of S over the simplex, for one K or (None) for all K in closed form.

    Separable losses, also in disguise, by S2, normalised ones by S3; sums by the range of the one term that
    varies. What these do not settle is enclosed by intervals at K (10 if none is given), and says so; a
    callable without a formula is sampled.

    >>> from lossmatters.theory.losses import MSE
    >>> span = label_sum_range(MSE(), 10)
    >>> span.low, span.high
    (9, 18)
    """
    if not loss.has_formula:
        return _sampled_range(loss, num_classes or 10)
    try:
        if num_classes is None and special_classes_of(loss):
            raise ClassesError("not one range for all K")
        return _audited(loss, _by_kind(loss, num_classes), num_classes)
    except (ClassesError, NoValueError):
        if num_classes is not None:
            raise
        return replace(label_sum_range(loss, 10), rigorous=False)


def _by_kind(loss: Loss, num_classes: int | None) -> LabelSumRange:
    classes = K if num_classes is None else check_num_classes(num_classes)

    def constant(value: sympy.Expr) -> LabelSumRange:
        number = sympy.sympify(value)
        return LabelSumRange(number, number, *ALIKE, True, Method.S3, Scope.at(num_classes))

    def unbounded(loss: UnboundedSumLoss) -> LabelSumRange:
        least = exactly(loss.bound_to(OPS).least_label_sum(sympy.sympify(classes), OPS))
        ends = (Place.UNIFORM, Place.VERTICES)
        return LabelSumRange(tidy(least), sympy.oo, *ends, True, Method.S2, Scope.at(num_classes))

    found = by_structure(
        loss,
        separable=lambda loss: _by_curvature(exact_generator(loss, classes)),
        total=lambda loss: _of_total(loss, num_classes) or _by_trace(loss, num_classes),
        normalised=lambda loss: constant(1),
        share=lambda loss: constant(classes - 1),
        mixture=lambda loss: _by_trace(loss, num_classes),
        unbounded=unbounded,
        formula=lambda loss: _by_trace(loss, num_classes),
        opaque=lambda loss: None,
    )
    return found or _enclosed_range(loss, num_classes) or _sampled_range(loss, num_classes or 10)


def _of_total(loss: Combination, num_classes: int | None) -> LabelSumRange | None:
    """Add the ranges of terms of which all but one have a constant label sum; None where more vary."""
    parts = [(OPS.const(c), label_sum_range(term, num_classes)) for c, term in loss.terms]
    varying = [p for _, p in parts if p.low != p.high]
    if len(varying) <= 1 and all(p.rigorous for _, p in parts):
        low, high = sum(c * p.low for c, p in parts), sum(c * p.high for c, p in parts)
        at = varying[0] if varying else parts[0][1]
        if at.method is Method.INTERVALS:
            gap = float(sum(c * (p.gap or 0) for c, p in parts))
            ends = sympy.Float(float(low)), sympy.Float(float(high))
            return replace(at, low=ends[0], high=ends[1], gap=gap)
        return LabelSumRange(tidy(low), tidy(high), at.low_at, at.high_at, True, Method.S3, at.scope)
    return None


def _by_trace(loss: Loss, num_classes: int | None) -> LabelSumRange | None:
    """Apply S1 or S2 where the formula's sums over classes show S constant, or separable in disguise."""
    try:
        traced = trace(loss, num_classes)
    except NotTracedError:
        return None
    constant = constant_by_algebra(traced)
    if constant is not None:
        return LabelSumRange(tidy(constant), tidy(constant), *ALIKE, True, Method.S4, Scope.at(num_classes))
    generator = traced.generator()
    return None if generator is None else _by_curvature(Generator(generator, T, traced.classes))


def _enclosed_range(loss: Loss, num_classes: int | None) -> LabelSumRange | None:
    """Enclose the range by intervals at one K; None where an end could not be enclosed."""
    if not finite_inside(loss, num_classes or 10):
        return None
    span = enclose_label_sum(loss, num_classes or 10)
    low, high = span.low[0], span.high[1]
    if not all(np.isfinite(x) or x == y for x, y in (span.low, span.high[::-1])):
        return None
    gap = max((b - a for a, b in (span.low, span.high) if np.isfinite(b - a)), default=0.0)
    ends = [sympy.Float(x) if np.isfinite(x) else sympy.oo * (1 if x > 0 else -1) for x in (low, high)]
    return LabelSumRange(
        ends[0],
        ends[1],
        span.low_at,
        span.high_at,
        num_classes is not None,
        Method.INTERVALS,
        Scope.of(num_classes or 10),
        gap,
    )


def _scope(g: Generator) -> Scope:
    return Scope() if g.classes == K else Scope.of(int(g.classes))


def _by_curvature(g: Generator) -> LabelSumRange | None:
    shape = curvature(g)
    if shape == "unknown":
        return _by_lines(g)
    number, scope = sympy.sympify(g.classes), _scope(g)
    even = tidy(number * g.at(1 / number))
    edge = g.limit_at_zero()  # where infinite, K - 1 > 0 of it is as infinite; SymPy would say nan
    if edge is sympy.nan:
        return None
    corner = edge if edge.is_infinite else tidy(g.at(1) + (number - 1) * edge)
    if shape == "affine":
        return LabelSumRange(even, even, *ALIKE, True, Method.S1, scope)
    if shape == "convex":
        return LabelSumRange(even, corner, Place.UNIFORM, Place.VERTICES, True, Method.S2, scope)
    return LabelSumRange(corner, even, Place.VERTICES, Place.UNIFORM, True, Method.S2, scope)


def _by_lines(g: Generator) -> LabelSumRange | None:
    """Apply S2 by the lines through the ends of G and along its first piece, where 1/K is on that for all K.

    Above (below) the first, S is least (largest) at the vertices; the other for the uniform output.
    """
    found = pieces(g.expression, g.t) if g.expression.has(*CASES) else None
    if not found or found[0].hi < sympy.Rational(1, 2) or bend(found[0], g.t) != "affine":
        return None
    start, end = found[0].expression.subs(g.t, 0), found[-1].expression.subs(g.t, 1)
    if not (start.is_finite and end.is_finite):
        return None
    number, scope = sympy.sympify(g.classes), _scope(g)
    corner = tidy(end + (number - 1) * start)
    even = tidy(number * found[0].expression.subs(g.t, 1 / number))
    sides = keeps_to(found, g.t, start + g.t * (end - start)), keeps_to(found, g.t, found[0].expression)
    if sides == (1, -1):
        return LabelSumRange(corner, even, Place.VERTICES, Place.UNIFORM, True, Method.S2, scope)
    if sides == (-1, 1):
        return LabelSumRange(even, corner, Place.UNIFORM, Place.VERTICES, True, Method.S2, scope)
    return None


def _sampled_range(loss: Loss, num_classes: int) -> LabelSumRange:
    rng = np.random.default_rng(0)
    spread = rng.choice([0.1, 1.0, 10.0], size=SAMPLES)
    points = rng.gamma(np.repeat(spread[:, None], num_classes, axis=1)) + 1e-12
    corner = np.full(num_classes, 1e-9)
    corner[0] = 1
    points = np.vstack([points, np.ones(num_classes), corner])
    points /= points.sum(axis=1, keepdims=True)
    with np.errstate(all="ignore"):
        sums = np.asarray(loss.label_sum(points, backend("numpy")), dtype=float)
    sums = np.broadcast_to(sums, len(points))  # of a sum that depends on no output
    places = [tuple(map(Fraction, p.tolist())) for p in points]
    if loss.has_formula:  # borders of cases too
        more = summary(loss, num_classes).sums
        places += [p for p, _, _ in more]
        sums = np.concatenate([sums, [float(x) for _, x, _ in more]])
    if np.isnan(sums).all():
        raise NoValueError(f"{loss.spec} has no value (NaN) at any of {len(sums)} points of the simplex")
    low, high = int(np.nanargmin(sums)), int(np.nanargmax(sums))
    return LabelSumRange(
        sympy.Float(sums[low]),
        sympy.Float(sums[high]),
        places[low],
        places[high],
        False,
        Method.SAMPLING,
        Scope.of(num_classes),
    )
