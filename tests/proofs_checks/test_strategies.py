"""The strategies keep their promises, and the corners they promise do appear: shown by counts."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from lossmatters.proofs_checks import strategies
from lossmatters.proofs_checks.strategies import FLOAT32_MAX, LOGIT_KINDS, MATRIX_KINDS, POINT_KINDS
from lossmatters.theory.losses import LOSSES, Loss, SeparableLoss
from lossmatters.theory.noise import ClassConditionalNoise

DRAWS = 300
RUNS = 10

SMALLEST_NORMAL = np.finfo(float).smallest_normal


def counts(strategy, classify, draws=DRAWS):
    """How many of `draws` examples have each of the properties that `classify` names.

    In ten runs with seeds of their own, because the draws of one run depend on each other: Hypothesis varies
    what it has drawn, also by constants that it finds in the project's files. It repeats no example in a run,
    so a kind of which there are only a few (a loss without parameters, the one rate eta*) is counted less.
    """
    seen: Counter[str] = Counter()

    def run(example):
        seen["all"] += 1
        seen.update(classify(example))

    once = settings(
        max_examples=draws // RUNS,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    for number in range(RUNS):
        seed(number)(once(given(strategy)(run)))()
    return seen


def assert_covers(seen, names, at_least=1):
    missing = {name: seen[name] for name in names if seen[name] < at_least}
    assert not missing, (
        f"seen fewer than {at_least} times in {seen['all']} draws: {missing}; all: {dict(seen)}"
    )


def point_properties(u):
    values = [float(x) for x in u]
    top = max(u)
    nonzero = [x for x in values if x > 0]
    return [
        name
        for name, holds in {
            "vertex": top == 1 and len(nonzero) == 1,
            "near vertex": len(nonzero) > 1 and top > 0.999,
            "uniform": len(set(u)) == 1,
            "ties": sum(x == top for x in u) > 1 and len(set(u)) > 1,
            "face": 1 < len(nonzero) < len(u),
            "tiny": any(0 < x < SMALLEST_NORMAL for x in u),
            "interior": min(values) > 0.001,
        }.items()
        if holds
    ]


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("num_classes", [3, 10])
def test_simplex_points_cover_every_corner(num_classes, exact):
    seen = counts(strategies.simplex_points(num_classes, exact=exact), point_properties)
    assert_covers(seen, POINT_KINDS, at_least=10)


@given(st.integers(2, 12).flatmap(lambda k: st.tuples(st.just(k), strategies.simplex_points(k))))
def test_float_points_lie_on_the_simplex(drawn):
    num_classes, u = drawn
    assert u.shape == (num_classes,)
    assert u.dtype == np.float64
    assert (u >= 0).all()
    assert abs(u.sum() - 1) <= num_classes * np.finfo(float).eps  # each entry is rounded once


@given(strategies.simplex_points(st.integers(2, 12), exact=True))
def test_exact_points_sum_to_one(u):
    assert 2 <= len(u) <= 12
    assert all(isinstance(x, Fraction) and x >= 0 for x in u)
    assert sum(u) == 1


@pytest.mark.parametrize("kind", POINT_KINDS)
def test_a_kind_is_what_it_says(kind):
    def is_kind(u):
        if kind == "near vertex":  # from 1/10 away to 1e-300 away
            return max(u) >= Fraction(9, 10) and min(u) > 0
        if kind == "interior":  # an entry may be small, but none is 0 or denormal
            return min(float(x) for x in u) > 1e-6
        return kind in point_properties(u) or (kind == "ties" and len(set(u)) == 1)

    strategy = strategies.simplex_points(5, exact=True, kinds=(kind,))
    seen = counts(strategy, lambda u: ["yes" if is_kind(u) else f"no: {u}"], draws=50)
    assert seen["yes"] == seen["all"] > 0, seen


def logit_properties(z):
    largest = np.abs(z).max()
    return [
        name
        for name, holds in {
            "equal": len(set(z)) == 1,
            "ties": (z == z.max()).sum() > 1 and len(set(z)) > 1,
            "one-hot": sum(x == 0 for x in z) == len(z) - 1 and largest >= 50,
            "largest": set(np.abs(z)) <= {0, FLOAT32_MAX} and largest > 0,
            "both ends": {FLOAT32_MAX, -FLOAT32_MAX} <= set(z),
            "ordinary": largest <= 20 and len(set(z)) > 1,
        }.items()
        if holds
    ]


def test_logits_cover_every_corner():
    assert_covers(counts(strategies.logits(4), logit_properties), (*LOGIT_KINDS, "both ends"), at_least=5)


@given(strategies.logits(5))
def test_logits_are_finite_in_float32(z):
    assert z.shape == (5,)
    assert np.isfinite(z.astype(np.float32)).all()
    assert (z.astype(np.float32) == z).all()


@given(strategies.logits(5, largest=65504.0))
def test_logits_stay_below_the_largest_number_asked_for(z):
    assert np.isfinite(z.astype(np.float16)).all()


@given(st.data())
def test_labels_are_classes(data):
    n, num_classes = data.draw(st.integers(0, 8)), data.draw(st.integers(2, 5))
    y = data.draw(strategies.labels(n, num_classes))
    assert y.shape == (n,)
    assert y.dtype == np.int64
    assert ((y >= 0) & (y < num_classes)).all()


def test_labels_cover_every_class_and_the_constant():
    seen = counts(
        strategies.labels(6, 3), lambda y: [*map(str, set(y)), *(["constant"] * (len(set(y)) == 1))]
    )
    assert_covers(seen, ["0", "1", "2", "constant"], at_least=3)


@pytest.mark.parametrize("num_classes", [2, 10])
def test_noise_rates_cover_their_corners(num_classes):
    star = Fraction(num_classes - 1, num_classes)

    def classify(eta):
        assert isinstance(eta, Fraction)
        assert 0 <= eta <= 1
        corner = {Fraction(0): "0", star: "eta*", Fraction(1): "1"}.get(eta, "other")
        return [corner, "below" if eta < star else "above" if eta > star else "at"]

    assert_covers(
        counts(strategies.noise_rates(num_classes), classify), ["0", "eta*", "1", "other", "below", "above"]
    )


def test_informative_noise_rates_stay_below_eta_star():
    def classify(eta):
        assert 0 <= eta < Fraction(2, 3)
        return [
            "0" if eta == 0 else "nearly eta*" if eta > Fraction(2, 3) - Fraction(1, 10**6) else "between"
        ]

    assert_covers(
        counts(strategies.noise_rates(3, informative=True), classify, 60), ["0", "nearly eta*", "between"]
    )


def matrix_properties(matrix):
    k = len(matrix)
    diagonal = {matrix[i][i] for i in range(k)}
    off = {matrix[i][j] for i in range(k) for j in range(k) if i != j}
    binary = diagonal | off == {0, 1}
    following = {matrix[i][(i + 1) % k] for i in range(k)}
    return [
        name
        for name, holds in {
            "identity": diagonal == {1},
            "uniform noise": len(diagonal) == len(off) == 1 and diagonal != {1},
            "pair noise": len(diagonal) == len(following) == 1
            and {*diagonal, *following} == {sum(following), 1 - sum(following)}
            and not binary,
            "permutation": binary and diagonal != {1},
            "random": len(diagonal | off) > 3,
        }.items()
        if holds
    ]


def test_transition_matrices_cover_every_kind():
    assert_covers(counts(strategies.transition_matrices(3), matrix_properties), MATRIX_KINDS)


@given(strategies.transition_matrices(4))
def test_exact_matrices_are_accepted_as_noise(matrix):
    assert all(sum(row) == 1 for row in matrix)
    assert ClassConditionalNoise(matrix).transition_matrix(4) == matrix


@given(strategies.transition_matrices(4, exact=False))
def test_float_matrices_are_row_stochastic(matrix):
    assert matrix.shape == (4, 4)
    assert matrix.dtype == np.float64
    assert (matrix >= 0).all()
    assert np.abs(matrix.sum(axis=1) - 1).max() <= 4 * np.finfo(float).eps  # each entry is rounded once


@given(strategies.finite_problems(num_classes=3, max_points=4))
def test_finite_problems_are_distributions(problem):
    assert sum(problem.weights) == 1
    assert min(problem.weights) > 0
    assert 1 <= len(problem.weights) == len(problem.posteriors) <= 4
    assert all(len(pi) == 3 and sum(pi) == 1 and min(pi) >= 0 for pi in problem.posteriors)


def test_finite_problems_cover_sizes_and_noiseless_inputs():
    seen = counts(
        strategies.finite_problems(max_points=3),
        lambda p: [str(len(p.weights)), *(["noiseless"] * any(max(pi) == 1 for pi in p.posteriors))],
    )
    assert_covers(seen, ["1", "2", "3", "noiseless"], at_least=10)


def test_losses_cover_the_registry_and_its_parameters():
    seen = counts(
        strategies.losses(),
        lambda loss: [loss.name, loss.name + (" default" if loss == type(loss)() else " other")],
        draws=40 * len(LOSSES),
    )
    assert_covers(seen, LOSSES)
    assert_covers(seen, [f"{name} other" for name, cls in LOSSES.items() if cls().parameters], at_least=5)


@given(strategies.separable_losses())
def test_separable_losses_are_separable(loss):
    assert isinstance(loss, SeparableLoss)


@given(strategies.combined_losses())
def test_combined_losses_are_losses(loss):
    assert isinstance(loss, Loss)
    assert "*" in loss.spec or "+" in loss.spec or loss.spec.split("(")[0] in LOSSES


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: strategies.simplex_points(1), "num_classes must be an integer >= 2, got num_classes=1"),
        (
            lambda: strategies.simplex_points(3, kinds=("corner",)),
            "kind must be one of vertex, .*, got kind='corner'",
        ),
        (lambda: strategies.logits(0), "num_classes must be an integer >= 2, got num_classes=0"),
        (lambda: strategies.losses(int), "kind must be a class with registered subclasses"),
    ],
)
def test_bad_arguments_are_named(make, message):
    @settings(max_examples=1, database=None)
    @given(st.data())
    def run(data):
        data.draw(make())

    with pytest.raises(ValueError, match=message):
        run()


def test_a_thousand_classes_can_be_drawn():
    """Far more numbers than an example may hold: each kind is still what it says."""
    seen = counts(strategies.simplex_points(1000, exact=True), point_properties, draws=60)
    assert_covers(seen, ["vertex", "uniform", "ties"])
    orders = counts(
        strategies.shuffled(range(1000)), lambda order: [str(sorted(order) == list(range(1000)))], 20
    )
    assert set(orders) == {"all", "True"}
    rows = counts(strategies.logits(1000, largest=20.0), lambda z: ["several"] if len(set(z)) > 2 else [], 40)
    assert_covers(rows, ["several"], at_least=5)
