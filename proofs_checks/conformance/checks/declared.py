"""What a loss declares of its shape: bounded, and convex, decreasing, smallest or zero towards its label.

The lines are those from an output to the label's vertex, u(t) = (1 - t) v + t e_y.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np

from lossmatters.proofs_checks.conformance.asking import Ask, Steps, Test
from lossmatters.proofs_checks.conformance.checks.label_sum import simple_outputs
from lossmatters.proofs_checks.conformance.report import Broken, NotApplicable, told_apart
from lossmatters.proofs_checks.conformance.scan import outputs, rejects, simplest, worst
from lossmatters.proofs_checks.conformance.trial import MANY, LossCheck, Trial, logits_of
from lossmatters.theory.symmetry.witness import Point


def losses_at(
    trial: Trial, points: list[Point], label: int
) -> Generator[Ask, Any, tuple[list[float], float]]:
    """Ask for the loss of one label at each point, and what rounding may do to a comparison of them.

    That is some hundred operations on numbers of the size of the losses of all labels: zero at the label's
    vertex may be the difference of two such numbers.
    """
    matrix = (yield Ask("matrix", logits_of(points))).double()
    return matrix[:, label].tolist(), 256 * trial.subject.eps * trial.size(matrix)


def vertex(k: int, label: int) -> Point:
    """Return e_label as an exact point."""
    return tuple(Fraction(int(i == label)) for i in range(k))


def along(v: Point, label: int, t: Fraction) -> Point:
    """Return (1 - t) v + t e_label."""
    return tuple((1 - t) * x + t * e for x, e in zip(v, vertex(len(v), label), strict=True))


def _bounded(trial: Trial) -> str | None:
    declared, formula = trial.subject.declared.bound, trial.subject.formula
    if declared is None and not (formula is not None and formula.bounded):
        raise NotApplicable("no `bound` is declared")
    if declared is None and not trial.budget.slow:
        raise NotApplicable("left out of a quick run: the bound is to be derived")

    def limit(k: int) -> float | None:
        if declared is not None:
            return float(declared(k)) if callable(declared) else float(declared)
        from lossmatters.theory.symmetry.loss_maximum import loss_maximum

        assert formula is not None
        value = loss_maximum(formula, k).value
        return float(value) if value is not None and value.is_finite else None

    limits = {k: limit(k) for k in (trial.subject.classes if trial.budget.slow else (trial.num_classes,))}
    known = {k: value for k, value in limits.items() if value is not None}
    if not known:
        raise NotApplicable("no bound is known")

    def test(drawn: tuple[Point, int]) -> Steps:
        u, label = drawn
        ((value,), slack), bound = (yield from losses_at(trial, [u], label)), known[len(u)]
        if not value <= bound + slack:
            shown = told_apart(value, bound, least=12)
            raise Broken(f"the loss is {shown[0]}, above its bound {shown[1]}", u=u, label=label)

    from hypothesis import strategies as st

    first = [case for k in known for case in _plain_outputs(k)]
    scanned = (case for k in known for case in _scanned(trial, k, lambda losses: losses, test))
    like = f"outputs at {tuple(known)}"
    trial.for_all(st.sampled_from(list(known)).flatmap(cache(_outputs)), test, first, scanned, like=like)
    return ", ".join(f"at most {value:.12g} at K = {k}" for k, value in known.items())


def _outputs(k: int) -> Any:
    from hypothesis import strategies as st

    from lossmatters.proofs_checks.strategies import simplex_points

    return st.tuples(simplex_points(k, exact=True), st.integers(0, k - 1))


def _plain_outputs(k: int) -> list[tuple[Point, int]]:
    """Return a few outputs, each with two labels."""
    return [(u, label) for u in simple_outputs(k) for label in (0, k - 1)]


def _scanned(trial: Trial, k: int, badness: Callable[[Any], Any], test: Test) -> Iterator[tuple[Point, int]]:
    """Yield the output and label of a scan that are worst, if they break the promise.

    Parameters
    ----------
    badness : (N, K) losses of all labels at N outputs -> as many numbers, the more the worse.
    """

    def label(u: Point) -> int:
        return int(badness(trial.subject.matrix(logits_of([u])).double()).argmax())

    for u in worst(
        trial, k, lambda losses: badness(losses).amax(dim=1), lambda u: rejects(trial, test, (u, label(u)))
    ):
        yield u, label(u)


def _scanned_lines(
    trial: Trial, k: int, badness: Callable[[Any, Any, Any], Any], test: Test
) -> Iterator[tuple[Point, int, list[int]]]:
    """Yield the places of a scan of lines that are worst, if they break the promise.

    Parameters
    ----------
    badness : of the losses at three places a step apart, (N, places) each: as many numbers.
    """
    import torch

    starts = outputs(k, 1 + trial.budget.outputs // 100)
    ends = np.eye(k)[np.arange(len(starts)) % k]
    t = np.arange(101)[:, None] / 100
    points = (1 - t) * starts[:, None, :] + t * ends[:, None, :]
    labels = torch.arange(len(starts)).remainder(k).repeat_interleave(101)
    logits = logits_of(points.reshape(-1, k))
    with torch.no_grad():
        losses = trial.subject.values(logits, labels).double().reshape(-1, 101)
    for step in (1, 4, 16):
        first, middle, last = (losses[:, i * step : 101 - (2 - i) * step] for i in range(3))
        bad = badness(first, middle, last)
        line, a = divmod(int(bad.nan_to_num(nan=float("inf")).argmax()), bad.shape[1])
        label, places = line % k, [a, a + step, a + 2 * step]
        for v in simplest(starts[line], lambda v: rejects(trial, test, (v, label, places))):  # noqa: B023 - used at once
            yield v, label, places


def _promised(
    trial: Trial,
    name: str,
    strategy: Callable[[int], Any],
    test: Test,
    first: Callable[[int], Iterable[Any]],
    scanned: Callable[[int], Iterable[Any]] = lambda k: (),
) -> str | None:
    """Check a promise of yes or no; one not made is only looked into, and not in a quick run."""
    said = getattr(trial.subject.declared, name)
    if said is None and not trial.budget.slow:
        raise NotApplicable(f"`{name}` is not declared")
    try:
        k = trial.num_classes
        trial.for_all(
            trial.of_any_size(strategy),
            test,
            first(k),
            scanned(k),
            simplest=bool(said),
            like=f"{'lines' if strategy is _lines else 'outputs'} at {trial.drawn_from}",
        )
    except Broken as broken:
        if said:
            raise
        if said is None:
            raise NotApplicable(f"`{name}` is not declared; found: no, {broken.what}") from None
        return f"not so, as declared: {broken.what}"
    if said is None:
        raise NotApplicable(f"`{name}` is not declared; found: so in all draws")
    if said is False:
        raise Broken(f"declared {name}=False, yet it is so in all draws")
    return None


def _lines(k: int) -> Any:
    """Return an output, a label and three places a < b < c in [0, 1] on the line to the label's vertex."""
    from hypothesis import strategies as st

    from lossmatters.proofs_checks.strategies import simplex_points

    places = st.lists(st.integers(0, 100), min_size=3, max_size=3, unique=True).map(sorted)
    kinds = ("vertex", "uniform", "ties", "face", "interior")
    return st.tuples(simplex_points(k, exact=True, kinds=kinds), st.integers(0, k - 1), places)


def _plain_lines(k: int) -> list[tuple[Point, int, list[int]]]:
    """Return a few lines: all of each, and its two ends where that is soon done."""
    places = ([0, 50, 100], [0, 1, 2], [98, 99, 100])[: 3 if k <= MANY else 1]
    return [(*case, place) for case in _plain_outputs(k) for place in places]


def _convex(trial: Trial) -> str | None:
    def scanned(k: int) -> Iterator[Any]:
        return _scanned_lines(trial, k, lambda a, b, c: b - (a + c) / 2, test)

    def test(drawn: tuple[Point, int, list[int]]) -> Steps:
        v, label, places = drawn
        a, b, c = (Fraction(p, 100) for p in places)
        on_line = [along(v, label, t) for t in (a, b, c)]
        (first, middle, last), slack = yield from losses_at(trial, on_line, label)
        chord = first + (last - first) * float((b - a) / (c - a))
        if not middle <= chord + slack:
            raise Broken(
                "the loss, {}, is above its chord, {}".format(*told_apart(middle, chord)),
                v=v,
                label=label,
                t=[a, b, c],
            )

    return _promised(trial, "convex", _lines, test, _plain_lines, scanned)


def _decreasing(trial: Trial) -> str | None:
    def scanned(k: int) -> Iterator[Any]:
        return _scanned_lines(trial, k, lambda a, b, c: c - a, test)

    def test(drawn: tuple[Point, int, list[int]]) -> Steps:
        v, label, places = drawn
        if v[label] == 1:
            return  # the line is a point
        a, c = Fraction(places[0], 100), Fraction(places[2], 100)
        ends = [along(v, label, a), along(v, label, c)]
        (first, last), slack = yield from losses_at(trial, ends, label)
        # on a part of a line the fall may be less than rounding
        if not last < first + (slack if c - a < 1 else -slack):
            raise Broken(
                "the loss does not fall towards its label: from {} to {}".format(*told_apart(first, last)),
                v=v,
                label=label,
                t=[a, c],
            )

    return _promised(trial, "decreasing", _lines, test, _plain_lines, scanned)


def _smallest(trial: Trial) -> str | None:
    import torch

    def scanned(k: int) -> Iterator[tuple[Point, int]]:
        with torch.no_grad():
            least = trial.subject.values(logits_of(np.eye(k)), torch.arange(k)).double()
        yield from _scanned(trial, k, lambda losses: least - losses, test)

    def test(drawn: tuple[Point, int]) -> Steps:
        u, label = drawn
        (value, least), slack = yield from losses_at(trial, [u, vertex(len(u), label)], label)
        if not value >= least - slack:
            raise Broken(
                "the loss is {}, below the {} at its label's vertex".format(*told_apart(value, least)),
                u=u,
                label=label,
            )

    return _promised(trial, "smallest_at_label", _outputs, test, _plain_outputs, scanned)


def _zero(trial: Trial) -> str | None:
    def test(drawn: tuple[Point, int]) -> Steps:
        u, label = drawn
        (_, least), slack = yield from losses_at(trial, [u, vertex(len(u), label)], label)
        if not abs(least) <= slack:
            raise Broken(f"the loss at its label's vertex is {least:.8g}", K=len(u), label=label)

    return _promised(trial, "zero_at_label", _outputs, test, _plain_outputs)


TAGS = ("declared", "shape")
CHECKS = (
    LossCheck("bounded", "The loss is nowhere above its bound B.", TAGS, _bounded),
    LossCheck("convex", "The loss is convex on every line to its label's vertex.", TAGS, _convex),
    LossCheck("decreasing", "The loss falls on every line to its label's vertex.", TAGS, _decreasing),
    LossCheck("smallest_at_label", "The loss is smallest at its label's vertex.", TAGS, _smallest),
    LossCheck("zero_at_label", "The loss is zero at its label's vertex.", TAGS, _zero),
)
