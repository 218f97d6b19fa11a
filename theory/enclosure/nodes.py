"""Nodes of the search for a least sum over the simplex: which entries lie in which pieces."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from lossmatters.theory.enclosure.curve import CONCAVE, POINT, Curve, Piece


@dataclass(frozen=True)
class Part:
    """`number` entries of one function, each in any of some pieces."""

    curve: Curve
    pieces: tuple[Piece, ...]
    number: int


Node = tuple[Part, ...]


def ways_to_place(number: int, pieces: Sequence[Piece], room: float) -> Iterator[tuple[int, ...]]:
    """Yield counts of entries by piece whose least sum does not exceed `room` (by more than rounding)."""
    if not pieces:
        if number == 0:
            yield ()
        return
    first, *rest = pieces
    for times in range(number + 1):
        left = room - times * first.lo
        if left < -1e-9:
            break
        for others in ways_to_place(number - times, rest, left):
            yield (times, *others)


def shared_pieces(curve: Curve) -> list[Piece]:
    """Return the pieces for several entries: all but the concave ones, and the ends those leave bare."""
    out = [p for p in curve.pieces if p.kind != CONCAVE]
    if curve.pieces[0].kind == CONCAVE:
        out.insert(0, Piece(0.0, 0.0, POINT))
    if curve.pieces[-1].kind == CONCAVE:
        out.append(Piece(1.0, 1.0, POINT))
    return out


def halved(node: Node) -> Iterator[Node]:
    """Halve the one piece on which an entry is alone and the function concave."""
    for i, part in enumerate(node):
        piece = part.pieces[0]
        middle = (piece.lo + piece.hi) / 2
        if len(part.pieces) == 1 and piece.kind == CONCAVE and piece.lo < middle < piece.hi:
            for lo, hi in ((piece.lo, middle), (middle, piece.hi)):
                half = Part(part.curve, (Piece(lo, hi, CONCAVE),), part.number)
                yield (*node[:i], half, *node[i + 1 :])
            return


def argmin(part: Part, slope: float, fine: bool = False) -> float:
    """Return about where an entry of the part has the least G(t) - slope t, in float64."""
    places = [part.curve.nearest(piece, slope, fine) for piece in part.pieces]
    if len(places) == 1:
        return places[0]
    values = part.curve.floats(np.clip(places, 1e-14, 1 - 1e-14)) - slope * np.array(places)
    return places[int(np.nanargmin(values))]


def multiplier(node: Node) -> float:
    """Return the lambda at which the entries that it proposes sum to 1: they move up with it."""
    slopes: list[np.ndarray] = []
    for part in node:
        for piece in part.pieces:
            own = part.curve.table(piece)[2]
            slopes.append(own[np.isfinite(own)])
            values = part.curve.table(piece)[1]
            finite = values[np.isfinite(values)]
            if len(finite):
                slopes.append(np.array([-np.ptp(finite) - 1.0, np.ptp(finite) + 1.0]))
    every = np.concatenate(slopes) if slopes else np.array([])
    if not len(every):
        return np.nan
    low, high = float(every.min()) - 1.0, float(every.max()) + 1.0
    fine = False
    for step in range(110):
        fine = step >= 50
        middle = (low + high) / 2
        if not low < middle < high:
            break
        if sum(p.number * argmin(p, middle, fine) for p in node) < 1:
            low = middle
        else:
            high = middle
        if step == 49:  # the tables are coarse: give back what their error may have cut off
            reach = 1e-5 * max(1.0, abs(middle)) + 4 * (high - low)
            low, high = low - reach, high + reach
    return (low + high) / 2
