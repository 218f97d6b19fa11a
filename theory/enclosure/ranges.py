"""Rigorous enclosures of the range of S, and of L, over the whole simplex.

The true infimum lies in `low`, the true supremum in `high`. How tight they are depends on the formula:
a separable one (also in disguise) is enclosed to rounding for every K, a function of few aggregates as far
as the budget allows, anything else by boxes of outputs, which is tight for few classes only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache

import numpy as np
import sympy

from lossmatters.theory.backends.sympy_ops import OPS as SYMPY
from lossmatters.theory.backends.sympy_ops import exactly
from lossmatters.theory.enclosure.boxes import least_over_boxes
from lossmatters.theory.enclosure.curve import curve
from lossmatters.theory.enclosure.cuts import Cuts
from lossmatters.theory.enclosure.evaluate import evaluate, signs
from lossmatters.theory.enclosure.interval import Interval, interval
from lossmatters.theory.enclosure.points import Point, best_points
from lossmatters.theory.enclosure.search import BOXES, Found, least_value
from lossmatters.theory.enclosure.separable import BUDGET, Group, minimise
from lossmatters.theory.enclosure.settle import T, X, settle
from lossmatters.theory.enclosure.structure import NotTracedError, Trace
from lossmatters.theory.enclosure.tracing import trace
from lossmatters.theory.exact import check_num_classes
from lossmatters.theory.losses.base import Loss, SeparableLoss
from lossmatters.theory.losses.combinators import Normalized
from lossmatters.theory.losses.structure import is_separable
from lossmatters.theory.symbolic.algebra import is_zero

# S is called constant where its certified spread is below this share of its size: far above the rounding of
# an enclosure (1e-13), far below any departure that a float32 training run could feel (6e-8 an operation,
# some tens of operations a label sum). It certifies near-constancy, and says so.
CONSTANCY = 1e-6

Ends = tuple[float, float]


@dataclass(frozen=True)
class Enclosure:
    """Where the infimum and the supremum of a quantity over the open simplex certainly lie.

    Attributes
    ----------
    low : (lo, hi), the infimum lies between; (-inf, hi) where no bound was found.
    high : (lo, hi), the supremum lies between; (inf, inf) where it is infinite, which is then a limit.
    low_at, high_at : exact points whose value is at most low[1], at least high[0]; entries of 0 stand for
        the limit towards 0.
    rigorous : False only for callables without a formula, of which nothing can be enclosed.
    boxes : pieces of the simplex that were bounded.
    method : "separable", "algebra", "aggregates" or "boxes".
    """

    low: Ends
    high: Ends
    low_at: Point
    high_at: Point
    rigorous: bool
    boxes: int
    method: str

    @property
    def width(self) -> float:
        """Return a number by which every two values differ at most."""
        if np.isinf(self.low[0]) or np.isinf(self.high[1]):
            return float("inf")
        return float(np.nextafter(self.high[1] - self.low[0], np.inf))

    @property
    def varies(self) -> bool:
        """Return whether it is certainly not constant: some value lies below some other."""
        return self.low[1] < self.high[0]

    @property
    def relative_width(self) -> float:
        return self.width / max(abs(self.low[0]), abs(self.high[1]), 1e-300)

    def to_dict(self) -> dict[str, object]:
        """Return plain JSON data; None where infinite."""

        def ends(pair: Ends) -> list[float | None]:
            return [x if np.isfinite(x) else None for x in pair]

        return {
            "low": ends(self.low),
            "high": ends(self.high),
            "low_at": [str(x) for x in self.low_at],
            "high_at": [str(x) for x in self.high_at],
            "rigorous": self.rigorous,
            "boxes": self.boxes,
            "method": self.method,
        }


def _check(loss: Loss) -> None:
    if not loss.has_formula:
        raise TypeError(f"loss must have a formula to be enclosed, got loss={loss.name!r}")


@lru_cache(maxsize=256)
def enclose_label_sum(loss: Loss, num_classes: int, budget: int = BUDGET) -> Enclosure:
    """Enclose the range of S(u) = sum_j L(u, j) over the open simplex.

    Parameters
    ----------
    budget : how many nodes (separable), or hundreds of boxes (otherwise), to spend on each end at most.

    Raises
    ------
    TypeError : a callable without a formula.
    ValueError : K < 2.

    >>> from lossmatters.theory.losses import GCE
    >>> span = enclose_label_sum(GCE(), 10)
    >>> [round(x, 6) for x in (*span.low, *span.high)]
    [11.43534, 11.43534, 12.857143, 12.857143]
    """
    _check(loss)
    check_num_classes(num_classes)
    return _tried(lambda: _label_sum(loss, num_classes, budget), num_classes)


def _tried(enclose: Callable[[], Enclosure], k: int) -> Enclosure:
    """Return an enclosure, or the whole line for a formula without values at the places that it rests on."""
    with np.errstate(all="ignore"):
        try:
            return enclose()
        except (TypeError, ValueError, ZeroDivisionError, OverflowError):
            uniform, line = (Fraction(1, k),) * k, (-np.inf, np.inf)
            return Enclosure(line, line, uniform, uniform, True, 0, "boxes")


def _label_sum(loss: Loss, k: int, budget: int) -> Enclosure:
    if is_separable(loss):
        return _of_groups(((loss_functions(loss, k)[2], k),), budget)
    try:
        found = trace(loss, k)
    except NotTracedError:
        return _of_boxes(loss, k, budget, total=True)
    constant = constant_by_algebra(found)
    if constant is not None:
        value = evaluate(constant, {})
        uniform = (Fraction(1, k),) * k
        ends = float(value.lo), float(value.hi)
        return Enclosure(ends, ends, uniform, uniform, True, 0, "algebra")
    generator = found.generator()
    if generator is not None:
        return _of_groups(((generator, k),), budget)
    return _of_aggregates(loss, k, found, found.total, budget, total=True)


@lru_cache(maxsize=256)
def enclose_loss(loss: Loss, num_classes: int, budget: int = BUDGET) -> Enclosure:
    """Enclose the range of L(u, y) over the open simplex and all labels; points have the label's entry first.

    Raises
    ------
    TypeError : a callable without a formula.
    ValueError : K < 2.

    >>> from lossmatters.theory.losses import MSE
    >>> round(enclose_loss(MSE(), 10).high[1], 6)
    2.0
    """
    _check(loss)
    check_num_classes(num_classes)
    return _tried(lambda: _any_label(loss, num_classes, budget), num_classes)


def _any_label(loss: Loss, k: int, budget: int) -> Enclosure:
    if is_separable(loss):
        on, off, _ = loss_functions(loss, k)
        return _of_groups(((on, 1), (off, k - 1)), budget)
    try:
        found = trace(loss, k)
    except NotTracedError:
        return _of_boxes(loss, k, budget, total=False)
    parts = found.parts()
    if parts is not None:
        return _of_groups(((settle(parts[0]), 1), (settle(parts[1]), k - 1)), budget)
    if isinstance(loss, Normalized) and _nowhere_negative(loss.base, k):  # then 0 <= L/S <= 1
        span = _of_aggregates(loss, k, found, found.loss, budget, total=False, within=(0.0, 1.0))
        low, high = max(span.low[0], 0.0), min(span.high[1], 1.0)
        return replace(span, low=(low, max(span.low[1], low)), high=(min(span.high[0], high), high))
    return _of_aggregates(loss, k, found, found.loss, budget, total=False)


def _nowhere_negative(base: Loss, num_classes: int) -> bool:
    if not is_separable(base):
        return False
    box = {T: Interval(0.0, 1.0)}
    return all(int(signs(part, box)) in (1, 2) for part in loss_functions(base, num_classes)[:2])


def loss_functions(loss: SeparableLoss, num_classes: int) -> tuple[sympy.Expr, sympy.Expr, sympy.Expr]:
    """Return on_label, off_label and G of a separable loss, as expressions in `T`."""
    view, number = loss.bound_to(SYMPY), sympy.Integer(num_classes)
    on = exactly(view.on_label(T, number, SYMPY))
    off = exactly(view.off_label(T, number, SYMPY)) if loss.has_off_label else sympy.Integer(0)
    return settle(on), settle(off), settle(exactly(loss.generator(T, number, SYMPY)))


def constant_by_algebra(found: Trace) -> sympy.Expr | None:
    """Return S in closed form (in K, or at one K), where shown not to depend on the aggregates; else None."""
    total = sympy.sympify(found.total)
    if not total.free_symbols & found.symbols:
        return total
    even = found.at_uniform(total)
    if even.has(sympy.nan, sympy.zoo, sympy.oo) or even.free_symbols & found.symbols:
        return None
    return even if is_zero(total - even) else None


def _of_groups(groups: tuple[tuple[sympy.Expr, int], ...], budget: int) -> Enclosure:
    low = minimise([Group(curve(g), n) for g, n in groups], budget)
    high = minimise([Group(curve(-sympy.sympify(g)), n) for g, n in groups], budget)
    return Enclosure(
        (low.lo, low.hi), (-high.hi, -high.lo), low.at, high.at, True, low.nodes + high.nodes, "separable"
    )


def _of_aggregates(
    loss: Loss,
    k: int,
    found: Trace,
    value: sympy.Expr,
    budget: int,
    total: bool,
    within: Ends = (-np.inf, np.inf),
) -> Enclosure:
    """Enclose the range of a function of aggregates; beyond bounds that are known nothing is looked for."""
    value = sympy.sympify(value)
    box = aggregate_ranges(found, k)
    box = {s: ends for s, ends in {X: (0.0, 1.0), **box}.items() if value.has(s)}
    bounded = bool(np.isfinite(list(box.values())).all())
    cuts = Cuts(found, k) if X in box and bounded else None
    low_at, low, high_at, high = best_points(loss, k, total)
    feasible = cuts.feasible if cuts else None
    boxes = budget * BOXES // BUDGET
    below = least_value(value, box, low, feasible, budget=boxes) if low > within[0] else Found(within[0], 0)
    above = (
        least_value(-value, box, -high, feasible, budget=boxes) if high < within[1] else Found(-within[1], 0)
    )
    used = below.boxes + above.boxes
    return Enclosure(
        (min(below.lo, low), low), (high, max(-above.lo, high)), low_at, high_at, True, used, "aggregates"
    )


def aggregate_ranges(found: Trace, k: int) -> dict[sympy.Symbol, Ends]:
    """Return bounds of every aggregate over the simplex."""
    box: dict[sympy.Symbol, Ends] = {}
    for a in found.aggregates:
        if a.kind == "sum" and not a.psi.free_symbols & found.symbols:
            span = _of_groups(((a.psi, k),), BUDGET)
            box[a.symbol] = span.low[0], span.high[1]
            continue
        if a.kind == "max" and a.psi == T:
            box[a.symbol] = float(interval(Fraction(1, k)).lo), 1.0
            continue
        ranges = {s: Interval(*ends) for s, ends in box.items()}
        one = evaluate(a.psi, {T: Interval(0.0, 1.0), **ranges})
        whole = one * k if a.kind == "sum" else one
        box[a.symbol] = float(whole.lo), float(whole.hi)
    return box


def _of_boxes(loss: Loss, k: int, budget: int, total: bool) -> Enclosure:
    low_at, low, high_at, high = best_points(loss, k, total)
    below, used = least_over_boxes(loss, k, low, 1, budget, total)
    above, more = least_over_boxes(loss, k, -high, -1, budget, total)
    return Enclosure(
        (min(below, low), low), (high, max(-above, high)), low_at, high_at, True, used + more, "boxes"
    )
