"""Hypothesis strategies for what the statements are about, with the corners drawn on purpose.

Random draws hardly ever hit a vertex of the simplex, a tie, a denormal number or the rate eta*, and that
is where formulas break. Each strategy therefore first picks a *kind* and reports it as a Hypothesis event
(``pytest --hypothesis-show-statistics``). Hypothesis is needed to import this module, and nothing else of
the project imports it.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from random import Random
from typing import Any, NamedTuple

import numpy as np
from hypothesis import event
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from lossmatters.theory.exact import check_num_classes, fail
from lossmatters.theory.losses import LOSSES, Loss, SeparableLoss
from lossmatters.theory.noise import Matrix, SymmetricNoise, threshold

POINT_KINDS = ("vertex", "near vertex", "uniform", "ties", "face", "tiny", "interior")
LOGIT_KINDS = ("equal", "ties", "one-hot", "largest", "ordinary")
MATRIX_KINDS = ("identity", "uniform noise", "pair noise", "permutation", "random")
FLOAT32_MAX = float(np.finfo(np.float32).max)
SMALLEST_DENORMAL = 5e-324
MANY = 32  # numbers, of which each is drawn for itself
SEEDS = st.integers(0, 2**32 - 1)

Point = tuple[Fraction, ...]


class FiniteProblem(NamedTuple):
    """A distribution on finitely many inputs, exact.

    Attributes
    ----------
    weights : (m,) probabilities of the inputs, summing to 1.
    posteriors : m points of the simplex: P(label | input).
    """

    weights: Point
    posteriors: tuple[Point, ...]


# Hypothesis takes longer to make and check a strategy than to draw from it: each is made once.
@cache
def _integers(low: int, high: int) -> SearchStrategy[int]:
    return st.integers(low, high)


@cache
def _floats(low: float, high: float) -> SearchStrategy[float]:
    return st.floats(low, high, width=32)


@cache
def _orders(size: int) -> SearchStrategy[list[int]]:
    return st.permutations(range(size))


@cache
def _sampled(values: tuple[Any, ...]) -> SearchStrategy[Any]:
    return st.sampled_from(values)


@cache
def _any_size(largest: float) -> SearchStrategy[float]:
    return _sampled((0.0, largest, -largest)) | _floats(-largest, largest)


def _entries(draw: DrawFn, element: SearchStrategy[Any], size: int) -> list[Any]:
    if size <= MANY:
        return [draw(element) for _ in range(size)]
    few = [draw(element) for _ in range(8)]
    return Random(draw(SEEDS)).choices(few, k=size)


def _any_order(draw: DrawFn, values: Sequence[Any]) -> list[Any]:
    if len(values) <= MANY:
        return [values[i] for i in draw(_orders(len(values)))]
    return Random(draw(SEEDS)).sample(list(values), k=len(values))


@st.composite
def repeated(draw: DrawFn, element: SearchStrategy[Any], size: int) -> list[Any]:
    """Draw lists of `size`; beyond 32, more than an example may hold, eight draws repeated at random."""
    return _entries(draw, element, size)


@st.composite
def shuffled(draw: DrawFn, values: Sequence[Any]) -> list[Any]:
    """Return the values in any order, of all alike likely where there are more than 32."""
    return _any_order(draw, values)


@st.composite
def simplex_points(
    draw: DrawFn,
    num_classes: int | SearchStrategy[int] = 3,
    exact: bool = False,
    kinds: tuple[str, ...] = POINT_KINDS,
) -> Any:
    """Return points u of the simplex.

    Parameters
    ----------
    num_classes : K, or a strategy for it.
    exact : True draws tuples of Fractions that sum to exactly 1; False draws float64 arrays (K,), which
        sum to 1 within K ulps.
    kinds : some of `POINT_KINDS`. "near vertex" leaves all the other classes between them as little as
        1e-300; "face" has zeros without being a vertex (K > 2); "tiny" has entries that are denormal in
        float64 (exact: 2**-1074 and its like); "ties" has two equal largest entries.
    """
    k = check_num_classes(draw(num_classes) if isinstance(num_classes, SearchStrategy) else num_classes)
    kind = _kind(draw, kinds, POINT_KINDS)
    weights = [Fraction(weight) for weight in _entries(draw, _integers(1, 1000), k)]
    match kind:
        case "vertex":
            weights = [Fraction(1)] + [Fraction(0)] * (k - 1)
        case "near vertex":
            share = Fraction(1, 10 ** draw(_sampled((1, 2, 4, 8, 12, 16, 17, 30, 100, 300))))
            rest = sum(weights[1:])
            weights = [1 - share] + [share * w / rest for w in weights[1:]]
        case "uniform":
            weights = [Fraction(1)] * k
        case "ties":
            weights[0] = weights[1] = max(weights)
        case "face":
            for i in range(2, 2 + draw(_integers(min(1, k - 2), max(k - 2, 0)))):
                weights[i] = Fraction(0)
        case "tiny":
            count = draw(_integers(1, k - 1))
            for i, units in enumerate(_entries(draw, _integers(1, 2**20), count)):
                weights[-1 - i] = units * Fraction(SMALLEST_DENORMAL)
            # The others sum to 1 less a denormal, so that dividing by the sum below changes no tiny entry.
            rest = sum(weights[: k - count])
            tiny = sum(weights[k - count :])
            weights[: k - count] = [w / rest * (1 - tiny) for w in weights[: k - count]]
    weights = _any_order(draw, weights)
    total = sum(weights)
    point = tuple(w / total for w in weights)
    return point if exact else np.array([float(x) for x in point])


@st.composite
def logits(
    draw: DrawFn, num_classes: int = 3, largest: float = FLOAT32_MAX, kinds: tuple[str, ...] = LOGIT_KINDS
) -> np.ndarray:
    """Return logits as float64 arrays (K,), each entry exact in float32 and at most `largest` in size.

    Parameters
    ----------
    largest : the largest finite number of the type under test (65504 for float16).
    kinds : some of `LOGIT_KINDS`. "one-hot" has one entry far from the rest; "largest" has only entries
        of size `largest` and 0; "ordinary" lies in [-20, 20].
    """
    k = check_num_classes(num_classes)
    kind = _kind(draw, kinds, LOGIT_KINDS)
    ordinary = _floats(-20, 20)
    match kind:
        case "equal":
            values = [draw(_any_size(largest))] * k
        case "ties":
            values = _entries(draw, ordinary, k)
            values[0] = values[1] = max(values)
        case "one-hot":
            far = draw(_sampled((50.0, 100.0, 1000.0, 50000.0, largest)))
            values = [draw(_sampled((far, -far)))] + [0.0] * (k - 1)
        case "largest":
            values = _entries(draw, _sampled((largest, -largest, 0.0)), k)
        case _:
            values = _entries(draw, ordinary, k)
    return np.array(_any_order(draw, values))


@st.composite
def labels(draw: DrawFn, n: int, num_classes: int) -> np.ndarray:
    """Return labels in 0..K-1 as an int64 array (n,), some of them all equal."""
    label = _integers(0, check_num_classes(num_classes) - 1)
    if draw(_sampled(("all equal", "any", "any"))) == "all equal":
        return np.full(n, draw(label), dtype=np.int64)
    return np.array(_entries(draw, label, n), dtype=np.int64)


def noise_rates(num_classes: int, informative: bool = False) -> SearchStrategy[Fraction]:
    """Draw exact rates in [0, 1]: any, and 0, eta* = (K-1)/K with its neighbours, and 1.

    Parameters
    ----------
    informative : only rates below eta*, where labels still carry information.
    """
    star = threshold(check_num_classes(num_classes))
    near = Fraction(1, 10**9)
    if informative:
        return st.sampled_from([Fraction(0), star - near]) | st.integers(0, 99).map(lambda n: star * n / 100)
    corners = st.sampled_from([Fraction(0), star - near, star, star + near, Fraction(1)])
    return corners | st.fractions(0, 1, max_denominator=100)


@st.composite
def transition_matrices(
    draw: DrawFn, num_classes: int = 3, exact: bool = True, kinds: tuple[str, ...] = MATRIX_KINDS
) -> Any:
    """Draw transition matrices (K, K), rows summing to 1: tuples of Fractions, or float64 if not `exact`.

    Parameters
    ----------
    kinds : some of `MATRIX_KINDS`. "pair noise" moves class i to i + 1; "random" has rows from
        `simplex_points`, zeros included.
    """
    k = check_num_classes(num_classes)
    kind = _kind(draw, kinds, MATRIX_KINDS)
    identity = [[Fraction(int(i == j)) for j in range(k)] for i in range(k)]
    matrix: Matrix
    match kind:
        case "identity":
            matrix = tuple(map(tuple, identity))
        case "uniform noise":
            matrix = SymmetricNoise(draw(noise_rates(k))).transition_matrix(k)
        case "pair noise":
            eta = draw(noise_rates(k))
            matrix = tuple(
                tuple(
                    (1 - eta) * a + eta * b for a, b in zip(identity[i], identity[(i + 1) % k], strict=True)
                )
                for i in range(k)
            )
        case "permutation":
            matrix = tuple(tuple(identity[i]) for i in draw(shuffled(range(k))))
        case _:
            matrix = tuple(draw(simplex_points(k, exact=True)) for _ in range(k))
    return matrix if exact else np.array(matrix, dtype=object).astype(float)


@st.composite
def finite_problems(draw: DrawFn, num_classes: int = 3, max_points: int = 4) -> FiniteProblem:
    """Draw exact distributions on 1..`max_points` inputs: their weights (all > 0) and posteriors."""
    size = draw(st.integers(1, max_points))
    counts = draw(st.lists(st.integers(1, 20), min_size=size, max_size=size))
    posteriors = tuple(draw(simplex_points(num_classes, exact=True)) for _ in range(size))
    return FiniteProblem(tuple(Fraction(c, sum(counts)) for c in counts), posteriors)


@st.composite
def losses(draw: DrawFn, kind: type[Loss] = Loss) -> Loss:
    """Return losses of the registry, with their default parameters or others of their domains.

    Parameters
    ----------
    kind : only registered subclasses of this, such as `SeparableLoss`.
    """
    names = [name for name, cls in LOSSES.items() if issubclass(cls, kind)]
    if not names:
        fail("kind", "a class with registered subclasses", kind)
    cls = LOSSES[draw(st.sampled_from(names))]
    event(f"loss: {cls.name}")
    if draw(st.booleans()):
        return cls()
    values = {name: _accepted(cls, name) for name in cls().parameters}
    return cls(**{name: draw(st.sampled_from(accepted)) for name, accepted in values.items()})


@st.composite
def combined_losses(draw: DrawFn, kind: type[Loss] = Loss) -> Loss:
    """Draw sums of one to three positive multiples of registered losses."""
    factor = st.fractions(Fraction(1, 10), 10, max_denominator=10)
    total: Loss | None = None
    for _ in range(draw(st.integers(1, 3))):
        term = draw(factor) * draw(losses(kind))
        total = term if total is None else total + term
    assert total is not None
    return total


def separable_losses() -> SearchStrategy[Loss]:
    """Draw separable losses: of the registry, and sums of multiples of those."""
    return losses(SeparableLoss) | combined_losses(SeparableLoss)


def _kind(draw: DrawFn, kinds: tuple[str, ...], known: tuple[str, ...]) -> str:
    for kind in kinds:
        if kind not in known:
            fail("kind", f"one of {', '.join(known)}", kind)
    kind = draw(_sampled(tuple(kinds)))
    event(f"kind: {kind}")
    return kind


# The numbers among which parameters are drawn, simplest first: in [0, 1], up to 10, and clamps.
FRACTIONS = tuple(
    sorted(
        {Fraction(n, d) for d in range(1, 21) for n in range(d + 1)}
        | {Fraction(n, d) for d in range(1, 5) for n in range(d, 10 * d + 1)},
        key=lambda x: (x.denominator, x),
    )
)
CLAMPS = tuple(Fraction(1, 2**n) for n in range(10, 21))


@cache
def _accepted(cls: type[Loss], name: str) -> list[Fraction]:
    """Return values of one parameter that the class accepts: its own check says which, no second list of
    domains.
    """

    def accepted(value: Fraction) -> bool:
        try:
            cls(**{name: value})
        except ValueError:
            return False
        return True

    is_clamp = not any(accepted(Fraction(n, 2)) for n in range(1, 7))  # such as p_min
    return [value for value in (CLAMPS if is_clamp else FRACTIONS) if accepted(value)]
