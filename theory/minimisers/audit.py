"""Verdicts on minimisers held against values of the formula as it is written, before they are given out."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from lossmatters.theory.formula import direct
from lossmatters.theory.formula.subject import Value
from lossmatters.theory.losses.base import Loss
from lossmatters.theory.symmetry.audit import FEW, SAME, values
from lossmatters.theory.verdict import Point

CTX = direct.CONTEXT
GROSS = CTX.mpf(10) ** -3  # of a risk beside the vertex, where values stand for their limit
CLEAR = CTX.mpf(10) ** -12  # of a risk: the battery is no minimisation, and a tie decides nothing


def _risk(row: Sequence[Value], pi: Point) -> Value:
    parts = [direct.times(p, x) for p, x in zip(pi, row, strict=True) if p]
    return direct.to_float(direct.total(parts)) if all(map(direct.is_finite, parts)) else None


def _risks(loss: Loss, k: int, pi: Point, inside: bool) -> list[tuple[Value, Point]]:
    found = []
    for point, row in values(loss, k).rows():
        risk = None if inside and min(point) == 0 else _risk(row, pi)
        if risk is not None:
            found.append((risk, point))
    return found


def beaten_vertex(loss: Loss, k: int, pi: Point) -> Point | None:
    """Return an output of smaller conditional risk than the vertex of the first class, or None."""
    vertex = (Fraction(1), *[Fraction(0)] * (k - 1))
    at = _risk(values(loss, k).row(vertex), pi)
    every = _risks(loss, k, pi, inside=False)
    if at is None or not every:
        return None
    risk, point = min(every)
    return point if risk < at - SAME * max(abs(at), abs(risk)) else None


def better_inside(loss: Loss, k: int, pi: Point) -> Point | None:
    """Return an output of the open simplex of clearly less risk than next to the first vertex, or None.

    The limit inferior at the vertex is not known, only values on the way: as near as 10^-3000, as a term like
    1/log(1/s) comes down slowly.
    """
    known = values(loss, k)
    there = [_risk(known.row(p), pi) for p in _towards_vertex(k)]
    at = [r for r in (*there, _risk(known.row(_vertex(k)), pi)) if r is not None]
    every = _risks(loss, k, pi, inside=True)
    if not at or not every:
        return None
    risk, point = min(every)
    return point if risk < min(at) - GROSS * max(abs(min(at)), abs(risk), 1) else None


def better_beside(loss: Loss, k: int, pi: Point) -> bool:
    """Return whether an output next to the first vertex has less risk, or there is no value to compare."""
    known = values(loss, k)
    at = _risk(known.row(_vertex(k)), pi)
    if at is None:
        return True
    beside = [_risk(known.row(p), pi) for p in _beside_vertex(k)]
    return any(r is not None and r < at for r in beside)


def _vertex(k: int) -> Point:
    return (Fraction(1), *[Fraction(0)] * (k - 1))


def _towards_vertex(k: int) -> list[Point]:
    steps = [Fraction(1, 10**n) for n in (6, 30, 300, 3000)]
    return [(1 - s - (k - 2) * s * s, s, *[s * s] * (k - 2)) for s in steps] + _evenly(k, steps)


def _beside_vertex(k: int) -> list[Point]:
    steps = [Fraction(1, 10**n) for n in (1, 2, 3, 4, 6, 9, 12)]
    return [(1 - s, s, *[Fraction(0)] * (k - 2)) for s in steps] + _evenly(k, steps)


def _evenly(k: int, steps: Sequence[Fraction]) -> list[Point]:
    return [(1 - (k - 1) * s, *[s] * (k - 1)) for s in steps if (k - 1) * s < 1]


def miscalibrated(loss: Loss, num_classes: int | None) -> str | None:
    """Return a sentence on an output of the wrong order that no output of the right order beats, or None."""
    for k in FEW[:2] if num_classes is None else (num_classes,):
        for weights in ([3, 2], [9, 1], [k + 1, k]):
            shape = [*weights, *[1] * (k - 2)]
            pi = tuple(Fraction(w, sum(shape)) for w in shape)
            every = _risks(loss, k, pi, inside=True)
            right = [r for r, p in every if p[0] > max(p[1:])]
            wrong = [(r, p) for r, p in every if p[0] <= max(p[1:])]
            wrong += [(r, p) for r, p in _exchanged(loss, k, pi, every)]
            if not wrong:
                continue
            risk, point = min(wrong)
            if right and min(right) <= risk + CLEAR * max(abs(risk), 1):
                continue
            if not _better(loss, k, pi, risk, point):
                shown = ", ".join(map(str, point))
                return f"at K = {k} the output ({shown}) has less risk than any of the right order tried"
    return None


def _exchanged(
    loss: Loss, k: int, pi: Point, every: Sequence[tuple[Value, Point]]
) -> list[tuple[Value, Point]]:
    """Return right outputs with their first two entries exchanged."""
    known, out = values(loss, k), []
    for _, p in every:
        if p[0] > max(p[1:]):
            q = (p[1], p[0], *p[2:])
            risk = _risk(known.row(q), pi)
            if risk is not None and q[0] <= max(q[1:]):
                out.append((risk, q))
    return out


def _better(loss: Loss, k: int, pi: Point, risk: Value, point: Point) -> bool:
    """Look for an output of the right order of a risk as small: near the vertex, or beside the wrong one."""
    known = values(loss, k)
    tried: list[Point] = []
    for n in (3, 6, 9, 15, 30):
        for m in (1, k - 1):
            rest = [Fraction(1, 10**n)] * m + [Fraction(1, 100**n)] * (k - 1 - m)
            tried.append((1 - sum(rest, Fraction(0)), *rest))
    largest = max(range(1, k), key=point.__getitem__)
    exchanged = list(point)
    exchanged[0], exchanged[largest] = point[largest], point[0]
    tried.append(tuple(exchanged))
    for base in (point, tuple(exchanged)):  # where two are as large, some mass from one to the other
        for share in (2, 20, 10**4):
            moved = list(base)
            step = base[largest] / share
            moved[0], moved[largest] = base[0] + step, base[largest] - step
            tried.append(tuple(moved))
    for p in tried:
        found = _risk(known.row(p), pi) if p[0] > max(p[1:]) else None
        if found is not None and found <= risk + CLEAR * max(abs(risk), 1):
            return True
    return False
