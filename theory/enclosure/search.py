"""Branch and bound over boxes: the least value of an expression, and its sign.

Each box is bounded by the expression itself and by its mean-value form f(m) + f'(box)(box - m), whose excess
shrinks with the square of the box; boxes that cannot hold the minimum are dropped, the others halved.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import sympy

from lossmatters.theory.backends.sympy_ops import const
from lossmatters.theory.enclosure.domain import defined_on
from lossmatters.theory.enclosure.evaluate import evaluate, sign_forms, signs, smooth_on
from lossmatters.theory.enclosure.interval import Interval
from lossmatters.theory.exact import Number, exact, fail

BOXES = (
    20_000  # evaluated in all, thousands at a time: about a second for a formula of some tens of operations
)
BATCH = 2048
HOPELESS = 500  # boxes after which a formula that is still unbounded somewhere stays so
Feasible = Callable[[dict[sympy.Symbol, Interval]], np.ndarray]


@dataclass(frozen=True)
class Found:
    """Bounds of a minimum: the least lower bound of the boxes left, and how many boxes were looked at."""

    lo: float
    boxes: int


class _Bounds:
    """An expression with its derivatives, to be bounded on many boxes."""

    def __init__(self, expression: sympy.Expr, symbols: tuple[sympy.Symbol, ...]) -> None:
        self.expression = sympy.sympify(expression)
        self.symbols = symbols
        self.slopes = [sympy.diff(self.expression, s) for s in symbols]

    def __call__(self, lo: np.ndarray, hi: np.ndarray) -> Interval:
        """Enclose the values on boxes given as (N, d) ends."""
        box = self.box(lo, hi)
        whole = evaluate(self.expression, box)
        middle = np.clip(lo / 2 + hi / 2, lo, hi)
        points = self.box(middle, middle)
        centred = evaluate(self.expression, points)
        for i, s in enumerate(self.symbols):
            centred = centred + evaluate(self.slopes[i], box, smooth=True) * (box[s] - points[s])
        smooth = smooth_on(self.expression, box) & defined_on(self.expression, box)
        low = np.where(smooth, np.maximum(whole.lo, centred.lo), whole.lo)
        high = np.where(smooth, np.minimum(whole.hi, centred.hi), whole.hi)
        return Interval(np.broadcast_to(low, len(lo)), np.broadcast_to(high, len(lo)))

    def box(self, lo: np.ndarray, hi: np.ndarray) -> dict[sympy.Symbol, Interval]:
        return {s: Interval(lo[:, i], hi[:, i]) for i, s in enumerate(self.symbols)}


def _halve(lo: np.ndarray, hi: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    with np.errstate(invalid="ignore"):
        widest = np.argmax(np.nan_to_num(hi - lo, nan=0.0, posinf=1e300), axis=1)
    rows = np.arange(len(lo))
    middle = (lo[rows, widest] + hi[rows, widest]) / 2
    left, right = hi.copy(), lo.copy()
    left[rows, widest] = middle
    right[rows, widest] = middle
    return np.concatenate([lo, right]), np.concatenate([left, hi])


def least_value(
    expression: sympy.Expr,
    box: Mapping[sympy.Symbol, tuple[float, float]],
    known: float = np.inf,
    feasible: Feasible | None = None,
    tolerance: float = 1e-9,
    budget: int = BOXES,
) -> Found:
    """Return a rigorous lower bound of an expression on a box, as tight as the budget allows.

    Parameters
    ----------
    box : the ends of each symbol's range.
    known : a value that the minimum does not exceed; the search stops `tolerance` (relative) below it.
    feasible : False for boxes that hold no admissible point.
    """
    symbols = tuple(box)
    bounds = _Bounds(expression, symbols)
    lo = np.array([[box[s][0] for s in symbols]], dtype=float)
    hi = np.array([[box[s][1] for s in symbols]], dtype=float)
    goal = known - tolerance * max(abs(known), 1.0) if np.isfinite(known) else np.inf
    value, used = bounds(lo, hi).lo, 1
    settled = np.inf  # the least bound of boxes that were put aside
    while len(lo) and used < budget:
        if used > HOPELESS and np.isneginf(value.min()):
            break  # no bound at all after so many boxes: a pole that smaller boxes will not remove
        open_ = value < goal
        settled = min(settled, value[~open_].min(initial=np.inf))
        lo, hi, value = lo[open_], hi[open_], value[open_]
        if not len(lo):
            break
        first = np.argsort(value, kind="stable")
        take, rest = first[:BATCH], first[BATCH:]
        new_lo, new_hi = _halve(lo[take], hi[take])
        parent = np.concatenate([value[take], value[take]])
        if feasible is not None:
            keep = feasible(bounds.box(new_lo, new_hi))
            new_lo, new_hi, parent = new_lo[keep], new_hi[keep], parent[keep]
        used += len(new_lo)
        new = np.maximum(bounds(new_lo, new_hi).lo, parent) if len(new_lo) else parent
        lo, hi = np.concatenate([lo[rest], new_lo]), np.concatenate([hi[rest], new_hi])
        value = np.concatenate([value[rest], new])
    return Found(float(min(settled, value.min(initial=np.inf) if len(lo) else np.inf)), used)


@dataclass(frozen=True)
class Sign:
    """The sign of an expression on a box.

    Attributes
    ----------
    sign : "positive", "negative", "non-negative", "non-positive", "zero" or "both"; None where undecided.
    boxes : how many boxes were looked at.
    open_share : the share of the box's volume on which the sign was not decided.
    witnesses : for "both", a point with a positive and one with a negative value, as floats by name.
    """

    sign: str | None
    boxes: int
    open_share: float = 0.0
    witnesses: tuple[dict[str, float], ...] = ()


def certify_sign(
    expression: sympy.Expr, box: Mapping[sympy.Symbol, tuple[Number, Number]], budget: int = BOXES
) -> Sign:
    """Return the sign of an expression of SymPy on a whole box, proved by intervals, or None.

    It has one only where it is defined and finite everywhere inside the box: none across a pole. On a face of
    the box it may be infinite, or undefined.

    Parameters
    ----------
    expression : elementary functions of the symbols of `box`; a weak sign ("non-negative") is about the
        inside of the box.
    box : symbol -> (low, high), numbers or numeric strings, exact where rational.
    budget : how many boxes to look at.

    Raises
    ------
    ValueError : an empty range, or a symbol of the expression without a range.

    >>> x = sympy.Symbol("x")
    >>> certify_sign(x**2 - 2 * x + 2, {x: (0, 3)}).sign
    'positive'
    >>> certify_sign(x**2 - 2, {x: (0, 3)}).sign
    'both'
    """
    expression = sympy.sympify(expression)
    symbols = tuple(box)
    missing = expression.free_symbols - set(symbols)
    if missing:
        fail("box", f"a range for every symbol, also {min(map(str, missing))}", sorted(map(str, box)))
    ends = {s: (exact(a, str(s)), exact(b, str(s))) for s, (a, b) in box.items()}
    for s, (a, b) in ends.items():
        if a > b:
            fail(f"range of {s}", "(low, high) with low <= high", (str(a), str(b)))
    # An end that is no float would be rounded outward, and a sign that is weak there lost: scale to [0, 1].
    scaled = {s: ends[s] for s in symbols if any(Fraction(float(e)) != e for e in ends[s])}
    expression = expression.subs({s: const(a) + const(b - a) * s for s, (a, b) in scaled.items()})
    ends.update(dict.fromkeys(scaled, (Fraction(0), Fraction(1))))
    bounds, forms = _Bounds(expression, symbols), sign_forms(expression)
    lo = np.array([[float(ends[s][0]) for s in symbols]])
    hi = np.array([[float(ends[s][1]) for s in symbols]])
    whole = {s: (float(a), float(b)) for s, (a, b) in ends.items()}
    volume = float(np.prod(np.maximum(hi - lo, 1e-300)))
    seen: set[int] = set()  # 2 and -2: strict; 1 and -1: weak; 0: identically zero
    shown: dict[int, dict[str, float]] = {}
    used = 0
    while len(lo) and used < budget:
        cells = bounds.box(lo, hi)
        value = bounds(lo, hi)
        weak = np.where(smooth_on(expression, cells), signs(forms, cells), 0)
        used += len(lo)
        strict = np.where(value.lo > 0, 2, np.where(value.hi < 0, -2, 0))
        kind = np.where(strict != 0, strict, np.where(weak == 2, 0, weak))
        decided = ((strict != 0) | (weak != 0)) & defined_on(expression, cells, whole)
        seen |= set(kind[decided].tolist())
        middles = bounds.box((lo + hi) / 2, (lo + hi) / 2)
        centre, there = evaluate(expression, middles), defined_on(expression, middles)
        for which, holds in ((2, there & (centre.lo > 0)), (-2, there & (centre.hi < 0))):
            holds = np.broadcast_to(holds, len(lo))
            if which not in shown and holds.any():
                i = int(np.argmax(holds))
                middle = dict(zip(symbols, ((lo[i] + hi[i]) / 2).tolist(), strict=True))
                middle.update({s: float(a + (b - a) * Fraction(middle[s])) for s, (a, b) in scaled.items()})
                shown[which] = {str(s): m for s, m in middle.items()}
        if 2 in shown and -2 in shown:
            return Sign("both", used, 0.0, (shown[2], shown[-2]))
        lo, hi = lo[~decided], hi[~decided]
        if used + 2 * len(lo) > budget or (len(lo) and float((hi - lo).max()) < 1e-13):
            break
        lo, hi = _halve(lo, hi) if len(lo) else (lo, hi)
    if len(lo):
        share = float(np.prod(np.maximum(hi - lo, 1e-300), axis=1).sum()) / volume
        return Sign(None, used, min(share, 1.0))
    names = {
        (True, False): "positive" if seen == {2} else "non-negative",
        (False, True): "negative" if seen == {-2} else "non-positive",
        (False, False): "zero",
    }
    return Sign(names.get((max(seen) > 0, min(seen) < 0)), used)
