"""A function G on (0, 1): where it is convex or concave, rigorously, and its least distance above a line."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np
import sympy
from numpy.typing import ArrayLike

from lossmatters.theory.enclosure.domain import defined_on
from lossmatters.theory.enclosure.evaluate import evaluate, sign_forms, signs, smooth_on
from lossmatters.theory.enclosure.interval import Interval, interval
from lossmatters.theory.enclosure.settle import T
from lossmatters.theory.symbolic.algebra import enclose, limit_at_one, limit_at_zero

CONVEX, CONCAVE, OPEN, POINT = "convex", "concave", "open", "point"
FINEST = (
    2.0**-44
)  # an inflection or a kink is closed in to this width: K of them move a sum by K slopes of it
MOST_OPEN = 2048  # cells of undecided curvature; where there are more, G'' is near 0 over a stretch
WHOLE = {T: (0.0, 1.0)}
TABLE = 513  # points at which a convex piece is tabulated, to guess multipliers


@dataclass(frozen=True)
class Piece:
    """A closed interval of [0, 1] on which the curvature of G is `kind`; "open" where it is not known."""

    lo: float
    hi: float
    kind: str


@lru_cache(maxsize=64)
def _cells(expression: sympy.Expr) -> tuple[tuple[float, float, int], ...]:
    """Return cells of [0, 1] in order, each with the sign of G'': 1, -1, 2 where zero, 0 where not known."""
    first = sympy.diff(expression, T)
    forms = sign_forms(sympy.diff(first, T))
    edges = np.linspace(0, 1, 9)
    lo, hi = edges[:-1], edges[1:]
    done: list[tuple[float, float, int]] = []
    while len(lo):
        cells = {T: Interval(lo, hi)}
        slope = evaluate(first, cells, smooth=True)
        # A pole on a common edge of two cells: neither is smooth there, but for the ends of [0, 1].
        tame = (np.isfinite(slope.lo) & np.isfinite(slope.hi)) | (lo == 0) | (hi == 1)
        smooth = smooth_on(expression, cells) & tame & defined_on(expression, cells, WHOLE)
        kinds = np.broadcast_to(np.where(smooth, signs(forms, cells), 0), lo.shape)
        open_ = kinds == 0
        stop = (hi - lo)[0] <= FINEST or open_.sum() > MOST_OPEN
        keep = np.ones_like(open_) if stop else ~open_
        done += list(zip(lo[keep].tolist(), hi[keep].tolist(), kinds[keep].tolist(), strict=True))
        if stop:
            break
        lo, hi = lo[open_], hi[open_]
        middle = (lo + hi) / 2
        lo, hi = np.column_stack([lo, middle]).reshape(-1), np.column_stack([middle, hi]).reshape(-1)
    return tuple(sorted(done))


class Curve:
    """G on (0, 1), with limits at the ends, and the pieces between its inflections.

    Attributes
    ----------
    expression : G as an expression in `T`.
    pieces : from 0 to 1, each end shared by its two neighbours.
    """

    def __init__(self, expression: sympy.Expr) -> None:
        self.expression = sympy.sympify(expression)
        self.first = sympy.diff(self.expression, T)
        self.second = sympy.diff(self.first, T)
        self._value = sympy.lambdify(T, self.expression, "numpy")
        self._slope = sympy.lambdify(T, self.first, "numpy")
        self.pieces, self._leaves = self._partition()
        self._tables: dict[Piece, tuple[np.ndarray, np.ndarray, np.ndarray]] = {}
        self._lines: dict[Piece, _Leaves] = {}
        self._ends: dict[float, Interval] = {}

    def _partition(self) -> tuple[list[Piece], np.ndarray]:
        mirrored = self.expression.could_extract_minus_sign()  # a curve and its negative have the same cells
        cells = _cells(-self.expression if mirrored else self.expression)
        names = {0: OPEN, 2: CONVEX, 1: CONCAVE if mirrored else CONVEX, -1: CONVEX if mirrored else CONCAVE}
        pieces: list[Piece] = []
        for start, end, sign in cells:
            kind = names[sign]
            if pieces and pieces[-1].kind == kind:
                pieces[-1] = Piece(pieces[-1].lo, end, kind)
            else:
                pieces.append(Piece(start, end, kind))
        return pieces, np.array([(start, end) for start, end, sign in cells if sign == 0])

    def at(self, t: Fraction | float) -> Interval:
        """Enclose G(t), or its limit at 0 and 1."""
        key = float(t)
        if key not in (0.0, 1.0):
            return evaluate(self.expression, {T: interval(Fraction(t))})
        if key not in self._ends:
            self._ends[key] = self._limit(key)
        return self._ends[key]

    def _limit(self, end: float) -> Interval:
        value = evaluate(self.expression, {T: interval(end)})
        if np.isfinite(value.lo) and np.isfinite(value.hi):
            return value
        limit = limit_at_zero(self.expression, T) if end == 0 else limit_at_one(self.expression, T)
        if limit.is_infinite and limit.is_extended_real:
            return Interval(*([np.inf] * 2 if limit == sympy.oo else [-np.inf] * 2))
        if not limit.is_finite:
            return Interval(-np.inf, np.inf)
        ball = enclose(limit)
        return Interval(np.nextafter(float(ball.lower()), -np.inf), np.nextafter(float(ball.upper()), np.inf))

    def floats(self, t: ArrayLike) -> np.ndarray:
        """Compute G in float64, for guesses."""
        with np.errstate(all="ignore"):
            return np.asarray(self._value(np.asarray(t, dtype=float)) + 0.0 * np.asarray(t), dtype=float)

    def slope(self, t: ArrayLike) -> np.ndarray:
        with np.errstate(all="ignore"):
            return np.asarray(self._slope(np.asarray(t, dtype=float)) + 0.0 * np.asarray(t), dtype=float)

    def table(self, piece: Piece) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return points of a piece, dense near 0, with G and G' there in float64."""
        if piece not in self._tables:
            share = np.linspace(0, 1, TABLE)
            t = piece.lo + (piece.hi - piece.lo) * (share**4 if piece.lo == 0 else share)
            t = np.clip(t, 1e-14, 1 - 1e-14) if piece.kind != POINT else np.array([piece.lo])
            self._tables[piece] = t, self.floats(t), self.slope(t)
        return self._tables[piece]

    def nearest(self, piece: Piece, slope: float, fine: bool = False) -> float:
        """Return where G(t) - slope t is smallest on a piece, in float64."""
        if piece.kind == POINT:
            return piece.lo
        t, values, slopes = self.table(piece)
        if piece.kind != CONVEX:
            return float(t[np.nanargmin(values - slope * t)])
        i = int(np.searchsorted(slopes, slope))
        if i == 0 or i == len(t):
            return float(t[0] if i == 0 else t[-1])
        low, high = float(t[i - 1]), float(t[i])
        if not fine:
            rise = slopes[i] - slopes[i - 1]
            share = (slope - slopes[i - 1]) / rise if rise > 0 else 0.5
            return low + (high - low) * float(share)
        return self._solve(slope, low, high)

    def _solve(self, slope: float, low: float, high: float) -> float:
        """Find where the slope takes a value between those at `low` and `high`: regula falsi, Illinois."""
        at_low, at_high = float(self.slope(low)) - slope, float(self.slope(high)) - slope
        if not (at_low < 0 < at_high):
            return low if at_low >= 0 else high
        best, least = (low, -at_low) if -at_low < at_high else (high, at_high)
        for _ in range(40):
            t = high - at_high * (high - low) / (at_high - at_low)
            if not low < t < high:
                break
            at = float(self.slope(t)) - slope
            if abs(at) < least:
                best, least = t, abs(at)
            elif least < 1e-13 * (1 + abs(slope)):
                break  # rounding decides from here
            if at < 0:
                low, at_low, at_high = t, at, at_high / 2
            else:
                high, at_high, at_low = t, at, at_low / 2
        return best

    def least_above(self, piece: Piece, slope: float) -> float:
        """Return a rigorous lower bound of G(t) - slope t over a piece."""
        if piece.kind == POINT:
            return float((self.at(piece.lo) - Interval(slope, slope) * interval(piece.lo)).lo)
        line = Interval(slope, slope)
        ends = Interval(np.array([piece.lo, piece.hi]), np.array([piece.lo, piece.hi]))
        if piece.kind == CONCAVE:
            return min(float((self.at(t) - line * interval(Fraction(t))).lo) for t in (piece.lo, piece.hi))
        if piece.kind == CONVEX:
            # The tangent at a point close to the smallest one: any point will do, a close one is tight.
            margin = (piece.hi - piece.lo) * 2.0**-40
            t0 = min(max(self.nearest(piece, slope, fine=True), piece.lo + margin), piece.hi - margin)
            touch = Interval(t0, t0)
            box = {T: touch}
            tilt = evaluate(self.first, box) - line
            value = evaluate(self.expression, box) - line * touch + tilt * (ends - touch)
            return float(value.lo.min())
        return self._leaves_of(piece).least_above(line)

    def _leaves_of(self, piece: Piece) -> _Leaves:
        if piece not in self._lines:
            inside = (self._leaves[:, 0] >= piece.lo) & (self._leaves[:, 1] <= piece.hi)
            self._lines[piece] = _Leaves(self, self._leaves[inside])
        return self._lines[piece]


class _Leaves:
    """Cells of unknown curvature: bounds by values, by slopes and by curvatures, whichever is best."""

    def __init__(self, curve: Curve, ends: np.ndarray) -> None:
        self.cells = Interval(ends[:, 0], ends[:, 1])
        middle = (ends[:, 0] + ends[:, 1]) / 2
        self.middle = Interval(middle, middle)
        self.offset = self.cells - self.middle
        cells, points = {T: self.cells}, {T: self.middle}
        shape = self.cells.shape

        def full(value: Interval) -> Interval:
            return Interval(np.broadcast_to(value.lo, shape), np.broadcast_to(value.hi, shape))

        self.whole = full(evaluate(curve.expression, cells))
        self.values = full(evaluate(curve.expression, points))
        smooth = smooth_on(curve.expression, cells) & defined_on(curve.expression, cells, WHOLE)
        self.smooth = np.broadcast_to(smooth, shape)
        self.slopes = full(evaluate(curve.first, cells, smooth=True))
        self.slope = full(evaluate(curve.first, points, smooth=True))
        self.bend = full(evaluate(curve.second, cells, smooth=True))

    def least_above(self, line: Interval) -> float:
        by_value = self.whole - line * self.cells
        start = self.values - line * self.middle
        by_slope = start + (self.slopes - line) * self.offset
        by_bend = start + (self.slope - line) * self.offset + self.bend * self.offset**2 / 2
        by_formula = np.maximum(by_slope.lo, by_bend.lo)  # void across a kink or a jump
        return float(np.maximum(by_value.lo, np.where(self.smooth, by_formula, -np.inf)).min())


@lru_cache(maxsize=64)
def curve(expression: sympy.Expr) -> Curve:
    """Return the curve of an expression in `T`, worked out once."""
    return Curve(expression)
