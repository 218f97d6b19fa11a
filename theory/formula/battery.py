"""Points of the simplex at which a verdict is likely to be wrong, if it is: borders of cases above all."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from functools import lru_cache

from lossmatters.theory.formula import direct
from lossmatters.theory.formula.errors import FormulaError
from lossmatters.theory.formula.subject import Value, WrittenOut

Point = tuple[Fraction, ...]

STEPS = 24  # halvings of an interval that holds a border
GUESSES = (4, 9)  # of them, after which the border is guessed: most are simple numbers
BESIDE = (Fraction(1, 10**7), Fraction(1, 10**15))  # on both sides of a border
MOST_BORDERS = 8
MANY, FEW_POINTS = 12, 8  # a formula of whole outputs takes K^2 operations a point
TENTHS = tuple(Fraction(p, q) for q in (2, 3, 4, 5, 7, 8, 10) for p in range(1, q))
NEAR = tuple(Fraction(1, 10**n) for n in (2, 4, 8, 12))


@lru_cache(maxsize=128)
def simple_points(k: int, seed: int = 1, draws: int = 4) -> tuple[Point, ...]:
    """Return vertices, faces, ties, the uniform point, simple ratios, points near vertices, and draws."""
    rng = random.Random(seed)
    shapes = [
        [1] * k,
        [1],
        [1, 1],
        [2, 1],
        [3, 1],
        [3, 2],
        [9, 1],
        [1, 1, 1],
        [2, 1, 1],
        [3, 2, 1],
        [5, 3, 2],
    ]
    shapes += [[2] + [1] * (k - 1), [3, 2] + [1] * (k - 2), [1] * (k - 1), [k - 1] + [1] * (k - 1)]
    shapes += [
        [10**3] + [1] * (k - 1),
        [10**7] + [1] * (k - 1),
        [10**12, 1],
        [99, 1],
        [0, 2, 1, 1],
        [1, 0, 1],
    ]
    shapes += [[rng.randint(1, 30) for _ in range(k)] for _ in range(draws)]
    fit = ([*shape, *[0] * (k - len(shape))] for shape in shapes if len(shape) <= k)
    return tuple(dict.fromkeys(tuple(Fraction(w, sum(s)) for w in s) for s in fit))


def points_with(t: Fraction, k: int) -> list[Point]:
    """Return points that have t as an entry: once, several times, beside zeros and beside equal entries."""
    if not 0 <= t <= 1:
        return []
    rest = 1 - t
    found = [[t, rest, *[Fraction(0)] * (k - 2)], [rest, t, *[Fraction(0)] * (k - 2)]]
    found.append([t, *[rest / (k - 1)] * (k - 1)])
    for n in range(2, k):
        if n * t <= 1 and (n == 2 or (n + 1) * t > 1):
            found.append([t] * n + [1 - n * t] + [Fraction(0)] * (k - n - 1))
            found.append([t] * n + [(1 - n * t) / (k - n)] * (k - n))
    return [tuple(p) for p in found]


Signs = tuple[object, ...]  # of every comparison that a formula makes at a number
Signature = Callable[[Fraction], Signs]


def borders(signature: Signature, places: Iterable[Fraction]) -> list[Fraction]:
    """Return numbers in [0, 1] at which what a formula compares changes, with some on both sides.

    Parameters
    ----------
    signature : function
        The signs of all comparisons at a number.
    places : iterable of Fraction
        Where to look; between neighbours of different signature the border is closed in on.
    """
    known = sorted(set(places))
    signs = [signature(t) for t in known]
    found: list[Fraction] = []
    for (low, at_low), (high, at_high) in zip(
        zip(known, signs, strict=True), zip(known[1:], signs[1:], strict=True), strict=False
    ):
        if at_low == at_high or len(found) > 5 * MOST_BORDERS:
            continue
        left, right, others = _closed_in(signature, low, at_low, high, at_high)
        guess = _simplest(left, right)
        found += [*others, guess, left, right, *(guess + s * d for d in BESIDE for s in (1, -1))]
    return [t for t in dict.fromkeys(found) if 0 <= t <= 1]


def _closed_in(
    signature: Signature,
    low: Fraction,
    at_low: Signs,
    high: Fraction,
    at_high: Signs,
) -> tuple[Fraction, Fraction, list[Fraction]]:
    """Return the two sides of a border, and numbers at which the signs are those of neither end."""
    finest = (high - low) / 2**STEPS
    others: list[Fraction] = []

    def is_border(guess: Fraction) -> bool:
        return signature(guess - finest) == at_low and signature(guess + finest) == at_high

    beside = _beside(signature, low, at_low, high, at_high)
    left, right = beside or (low, high)
    for step in range(0 if beside else STEPS):
        if step in GUESSES and is_border(simple := _simplest(left, right)):
            return simple - finest, simple + finest, others
        middle = (left + right) / 2
        at = signature(middle)
        if at == at_low:
            left = middle
            continue
        right = middle
        if at != at_high:
            others.append(middle)
            if is_border(middle):
                return middle - finest, middle + finest, others
    return left, right, others


def _beside(
    signature: Signature,
    low: Fraction,
    at_low: Signs,
    high: Fraction,
    at_high: Signs,
) -> tuple[Fraction, Fraction] | None:
    """Return a border that is at an end itself, as at an entry 0; None where it may be between."""
    step, middle = (high - low) / 2**STEPS, (low + high) / 2
    for end, other, at_end in ((low, low + step, at_high), (high, high - step, at_low)):
        if all(signature(t) == at_end for t in (other, (end + middle) / 2, middle)):
            return min(end, other), max(end, other)
    return None


def _simplest(low: Fraction, high: Fraction) -> Fraction:
    """Return the fraction of the least denominator in an interval."""
    a = low.numerator // low.denominator
    if low == a or a + 1 <= high:
        return Fraction(a if low == a else a + 1)
    return a + 1 / _simplest(1 / (high - a), 1 / (low - a))


def _noted(function: Callable[[], object]) -> tuple[int, ...]:
    direct.SIGNS.clear()
    try:
        function()
    except FormulaError:
        return (3,)
    return tuple(direct.SIGNS)


def _line(a: Point, b: Point) -> Callable[[Fraction], Point]:
    """Return the function that gives the point at a share s of the way from one point to another."""
    pairs = list(zip(a, b, strict=True))
    steps = {pair: pair[1] - pair[0] for pair in pairs}  # few entries differ from each other
    distinct = list(steps)
    places = [distinct.index(pair) for pair in pairs]

    def at(s: Fraction) -> Point:
        values = [x + s * step for (x, _), step in steps.items()]
        return tuple(values[i] for i in places)

    return at


def _numbers_seen() -> list[Fraction]:
    return [Fraction(p, q) for p, q in sorted(direct.SEEN, key=lambda pair: pair[::-1])]


def _special_entries(entries: direct.Entries, k: int) -> list[Fraction]:
    """Return entries at and beside which a separable loss changes its case, and some between."""
    names = ("on_label", "off_label")

    def signature(t: Fraction) -> Signs:
        return tuple(_noted(lambda n=n: entries.note(n, t)) for n in names)  # type: ignore[misc]

    places = [Fraction(0), *NEAR, *TENTHS, *(1 - t for t in NEAR), Fraction(1), Fraction(1, k)]
    found = borders(signature, places)
    seen = _numbers_seen()[:MOST_BORDERS]
    near = [t for c in seen for t in (c, 1 - c, c / 2, c + (1 - c) / 1000, c - c / 1000)]
    inside = [(a + b) / 2 for a, b in zip(sorted(found), sorted(found)[1:], strict=False)]
    return list(dict.fromkeys([*found, *inside[:8], *near, *TENTHS[:3]]))


Seen = frozenset[tuple[int, int]]


class Runs:
    """What one formula gives at one K as it is written: a row at a point, and borders on a line, run once.

    The numbers that a run sees are kept with what it gives, and noted again with it.
    """

    def __init__(self, loss: WrittenOut) -> None:
        self._loss = loss
        self._rows: dict[Point, tuple[Seen, list[Value]]] = {}
        self._lines: dict[tuple[Point, Point], tuple[Seen, list[Point]]] = {}

    def row(self, point: Point) -> list[Value]:
        """Return L(u, j) of every label j."""
        found = self._rows.get(point)
        if found is None:
            found = self._rows[point] = direct.with_seen(lambda: self._loss.written(point))
        direct.SEEN.update(found[0])
        return found[1]

    def on_line(self, a: Point, b: Point) -> list[Point]:
        """Return points between two others at which what the formula compares changes."""
        found = self._lines.get((a, b))
        if found is None:
            found = self._lines[a, b] = direct.with_seen(lambda: self._closed_in(a, b))
        direct.SEEN.update(found[0])
        return found[1]

    def _closed_in(self, a: Point, b: Point) -> list[Point]:
        at, labels = _line(a, b), (0, 1) if len(a) <= 4 else (0,)
        places = [Fraction(i, 8) for i in range(9)] + [Fraction(1, 1000), Fraction(999, 1000)]
        where = borders(lambda s: _noted(lambda: self._loss.run_at(at(s), labels)), places)
        return [at(s) for s in where[: 2 * MOST_BORDERS]]


@lru_cache(maxsize=256)
def _runs(loss: WrittenOut, k: int) -> Runs:
    """Return the runs that all batteries of a loss at one K share."""
    return Runs(loss)


class Values:
    """The losses of one loss at one K, by its formula as it is written; each point is worked out once.

    Attributes
    ----------
    points : list of tuple of Fraction
        The battery.
    """

    def __init__(self, loss: WrittenOut, k: int, separable: bool, seed: int = 1, draws: int = 4) -> None:
        self.loss, self.k = loss, k
        self._runs = _runs(loss, k)
        self._table: list[tuple[Point, list[Value]]] | None = None
        entries = direct.entries(loss, k) if separable else None
        direct.SEEN.clear()  # of the parameters: a border is found by what is compared there
        simple = list(simple_points(k, seed, draws))
        special: list[Fraction] = _special_entries(entries, k) if entries else []
        found: list[Point] = []
        if not separable and k <= MANY:
            special, found = self._special_places(simple)
        more = [p for t in special for p in points_with(t, k)]
        points = list(dict.fromkeys([*simple, *more]))
        if not separable and k > MANY:
            points = points[:FEW_POINTS]
        self.points: list[Point] = list(dict.fromkeys([*points, *found]))

    def _special_places(self, simple: Sequence[Point]) -> tuple[list[Fraction], list[Point]]:
        """Return entries for formulas that compare them, and borders on lines between points."""
        k = self.k
        ends = [
            ((Fraction(1), *[Fraction(0)] * (k - 1)), (Fraction(0), Fraction(1), *[Fraction(0)] * (k - 2))),
            ((Fraction(1, k),) * k, (Fraction(1), *[Fraction(0)] * (k - 1))),
            (simple[-1], simple[-2]),
        ]
        found = [p for a, b in ends for p in self._runs.on_line(a, b)]
        for point in found:
            self.row(point)
        seen = _numbers_seen()[: MOST_BORDERS // 2]
        return [t for c in seen for t in (c, c + (1 - c) / 100)], found

    def row(self, point: Point) -> list[Value]:
        """Return L(u, j) of every label j."""
        return self._runs.row(point)

    def rows(self) -> list[tuple[Point, list[Value]]]:
        """Return every point of the battery with its losses, whatever other points were asked for before."""
        if self._table is None:
            self._table = [(p, self.row(p)) for p in self.points]
        return self._table
