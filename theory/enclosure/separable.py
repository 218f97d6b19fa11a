"""The least value of a sum of one-dimensional functions over the simplex, rigorously, for any K.

Minimise sum_i G_i(u_i) over u >= 0, sum_i u_i = 1, where all but a few of the G_i are the same function.

*Reduction.* Cut [0, 1] into pieces on which G is convex or concave. Some minimiser has, on each convex
piece, all its entries of one function equal (replace them by their mean: Jensen), and at most one entry in
the inside of concave pieces: two such entries, moved apart with their sum fixed, give a concave function,
which is least where one of them reaches an end of its piece. So only the *counts* of entries by piece and the
place of one entry are to be searched, whatever K is.

*Bound.* With each entry confined to a piece P_i, for every multiplier lambda the sum is at least
lambda + sum_i min over P_i of (G_i(t) - lambda t). On convex pieces the best lambda makes this exact; the
one entry on a concave piece is split until it is tight. A poorly chosen lambda only loosens the bound; that
the counts cover every output rests on the reduction above, and on the curvature shown for each piece. Pieces
whose curvature is open may hold any number of entries, and are bounded as they are.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import count, islice

import numpy as np

from lossmatters.theory.enclosure.curve import CONCAVE, Curve, Piece
from lossmatters.theory.enclosure.interval import Interval, interval
from lossmatters.theory.enclosure.nodes import (
    Node,
    Part,
    argmin,
    halved,
    multiplier,
    shared_pieces,
    ways_to_place,
)

BUDGET = 150  # nodes, some 5 ms each: below a second where it is spent
MOST_COUNTS = 3000  # ways to put the entries on pieces: each takes some 0.2 ms
SLOPES = 16  # multipliers at which every piece is bounded beforehand
TOLERANCE = 1e-11  # relative: ten roundings of a sum of ten terms; below, splitting only fights rounding


@dataclass(frozen=True)
class Group:
    """`number` entries of the output that share the function `curve`."""

    curve: Curve
    number: int


@dataclass(frozen=True)
class Least:
    """An enclosure of a minimum.

    Attributes
    ----------
    lo, hi : the minimum (or infimum) lies between.
    at : entries in the order of the groups, whose sum of values is at most `hi`; entries of 0 and 1 stand
        for limits.
    nodes : how many were bounded.
    """

    lo: float
    hi: float
    at: tuple[Fraction, ...]
    nodes: int


def minimise(groups: Sequence[Group], budget: int = BUDGET) -> Least:
    """Enclose the infimum of the sum over the open simplex."""
    search = _Search(groups)
    return search.run(budget)


class _Search:
    def __init__(self, groups: Sequence[Group]) -> None:
        self.groups = [g for g in groups if g.number]
        self.best: float = np.inf
        self.at: tuple[Fraction, ...] = ()
        self.nodes = 0
        self._least: dict[tuple[int, Piece], Interval] = {}

    def unbounded(self) -> bool:
        """Tell whether the sum tends to -infinity as one entry tends to 0, the last taking up the slack."""
        number = sum(g.number for g in self.groups)
        if number < 2 or any(g.curve.at(end).hi == np.inf for g in self.groups for end in (0.0, 1.0)):
            return False
        place = 0
        for group in self.groups:
            if group.curve.at(0.0).hi == -np.inf:
                entries = [Fraction(1, number - 1)] * number
                entries[place] = Fraction(0)
                self.at = tuple(entries)
                return True
            place += group.number
        return False

    def try_point(self, entries: Sequence[Fraction]) -> None:
        """Take a feasible point, whose value, rounded up, bounds the minimum from above."""
        total, place = interval(0), 0
        for group in self.groups:
            for t, times in _runs(entries[place : place + group.number]):
                total = total + group.curve.at(t) * times
            place += group.number
        if float(total.hi) < self.best:
            self.best, self.at = float(total.hi), tuple(entries)

    def try_simple(self) -> None:
        """Try even entries on m entries of a group, 0 elsewhere; one entry and the rest even."""
        total = sum(g.number for g in self.groups)
        for m in range(1, total + 1):
            self.try_point([Fraction(1, m)] * m + [Fraction(0)] * (total - m))
            self.try_point([Fraction(0)] * (total - m) + [Fraction(1, m)] * m)

    def try_near(self, node: Node, slope: float) -> None:
        """Try the entries that a multiplier proposes, made to sum to 1 by one or by all equal ones."""
        entries: list[float] = []
        for group in self.groups:
            for part in (p for p in node if p.curve is group.curve):
                # At a tie between pieces the multiplier alone cannot say how many entries go where.
                entries += [argmin(part, slope, fine=True)] * part.number
        if len(entries) != sum(g.number for g in self.groups):
            return
        exact = [Fraction(t).limit_denominator(10**12) for t in entries]
        gap = Fraction(1) - sum(exact)
        free = [i for i, t in enumerate(exact) if 0 < t < 1]
        for i in {exact[i]: i for i in free}.values():
            moved = [*exact[:i], exact[i] + gap, *exact[i + 1 :]]
            if min(moved) >= 0 and max(moved) <= 1:
                self.try_point(moved)
        same = [i for i in free if exact[i] == exact[free[0]]] if free else []
        if same:
            share = [t + gap / len(same) if i in same else t for i, t in enumerate(exact)]
            if min(share) >= 0 and max(share) <= 1:
                self.try_point(share)

    def bound(self, node: Node) -> float:
        """Return the rigorous dual bound of a node, at a multiplier found in float64."""
        self.nodes += 1
        slope = multiplier(node)
        if not np.isfinite(slope):
            return -np.inf
        total = Interval(slope, slope)
        for part in node:
            least = min(part.curve.least_above(piece, slope) for piece in part.pieces)
            total = total + Interval(least, least) * part.number
        if len(node) > 1 or len(node[0].pieces) == 1:
            self.try_near(node, slope)
        return float(total.lo)

    def guess(self, node: Node) -> float:
        """Return the dual bound of a node at multipliers fixed beforehand: as rigorous, cheap, less tight."""
        total = Interval(self.slopes, self.slopes)
        for part in node:
            total = total + self.least_at(part.curve, part.pieces[0]) * part.number
        return float(total.lo.max())

    def least_at(self, curve: Curve, piece: Piece) -> Interval:
        key = (id(curve), piece)
        if key not in self._least:
            least = np.array([curve.least_above(piece, slope) for slope in self.slopes])
            self._least[key] = Interval(least, least)
        return self._least[key]

    @cached_property
    def slopes(self) -> np.ndarray:
        found = [p for g in self.groups for piece in g.curve.pieces for p in g.curve.table(piece)[2]]
        finite = np.array(found)[np.isfinite(found)]
        spread = np.linspace(0.02, 0.98, SLOPES)
        return np.unique(np.quantile(finite, spread)) if len(finite) else np.zeros(1)

    def close(self, bound: float) -> bool:
        return bound >= self.best - TOLERANCE * max(abs(self.best), 1.0)

    def run(self, budget: int) -> Least:
        if self.unbounded():
            return Least(-np.inf, -np.inf, self.at, 0)
        self.try_simple()
        root = tuple(Part(g.curve, tuple(g.curve.pieces), g.number) for g in self.groups)
        floor = self.bound(root)
        nodes = [] if self.close(floor) else list(islice(self._counts(), MOST_COUNTS + 1))
        if not nodes or len(nodes) > MOST_COUNTS:
            return Least(floor, self.best, self.at, self.nodes)
        order = count()
        queue = [(max(floor, self.guess(node)), next(order), node) for node in nodes]
        heapq.heapify(queue)
        fresh = {id(node) for node in nodes}
        least_final = np.inf
        while queue and self.nodes < budget:
            bound, _, node = heapq.heappop(queue)
            if id(node) in fresh:  # bounded only when its turn comes
                fresh.discard(id(node))
                heapq.heappush(queue, (max(bound, self.bound(node)), next(order), node))
                continue
            if self.close(bound):
                heapq.heappush(queue, (bound, next(order), node))
                break
            halves = list(halved(node))
            if not halves:
                least_final = min(least_final, bound)
                continue
            for half in halves:
                heapq.heappush(queue, (max(bound, self.bound(half)), next(order), half))
        reached = min(queue[0][0] if queue else np.inf, least_final, self.best)
        return Least(reached, self.best, self.at, self.nodes)

    def _counts(self) -> Iterator[Node]:
        """Yield every way to put the entries on the shared pieces, at most one of them on a concave piece."""
        yield from self._fill(0, ())
        for which, group in enumerate(self.groups):
            for piece in group.curve.pieces:
                if piece.kind == CONCAVE:
                    yield from self._fill(0, (Part(group.curve, (piece,), 1),), which)

    def _fill(self, index: int, parts: Node, special: int = -1) -> Iterator[Node]:
        if index == len(self.groups):
            low = sum(p.number * p.pieces[0].lo for p in parts)
            high = sum(p.number * p.pieces[0].hi for p in parts)
            if low <= 1 + 1e-9 and high >= 1 - 1e-9:  # a sum that rounding alone puts out of reach stays
                yield parts
            return
        group = self.groups[index]
        pieces = shared_pieces(group.curve)
        room = 1 - sum(p.number * p.pieces[0].lo for p in parts)
        for counts in ways_to_place(group.number - (index == special), pieces, room):
            chosen = tuple(Part(group.curve, (p,), n) for p, n in zip(pieces, counts, strict=True) if n)
            yield from self._fill(index + 1, parts + chosen, special)


def _runs(entries: Sequence[Fraction]) -> Iterator[tuple[Fraction, int]]:
    for t in dict.fromkeys(entries):
        yield t, list(entries).count(t)
