"""Noise models: their matrices exactly, and what a draw does to labels."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

from lossmatters.proofs_checks.strategies import labels, noise_rates, transition_matrices
from lossmatters.theory.exact import exact
from lossmatters.theory.noise import (
    ClassConditionalNoise,
    InstanceDependentNoise,
    SymmetricNoise,
    flip_probability,
    risk_slope,
    threshold,
)

# Under a fixed seed a chi-square test passes for ever or fails at once. A right sampler would have failed
# with this probability when the seed was chosen.
FALSE_ALARM = 1e-6

CLASSES = st.integers(2, 10)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


class Fixed(np.random.Generator):
    """A generator whose uniform draws are all one number: the ends of [0, 1) on demand."""

    def __init__(self, value: float) -> None:
        super().__init__(np.random.PCG64(0))
        self.value = value

    def random(self, size):
        return np.full(size, self.value)


@given(CLASSES.flatmap(lambda k: st.tuples(st.just(k), noise_rates(k))))
def test_uniform_noise_is_the_formula(drawn):
    k, eta = drawn
    matrix = SymmetricNoise(eta).transition_matrix(k)
    for i, row in enumerate(matrix):
        assert sum(row) == 1
        assert row[i] == 1 - eta
        assert {p for j, p in enumerate(row) if j != i} == {eta / (k - 1)}
    assert SymmetricNoise(eta).rate(k) == eta == 1 - sum(matrix[i][i] for i in range(k)) / k
    # T = a I + b 11^T, which is how the risk identity R1 comes about
    assert risk_slope(eta, k) + flip_probability(eta, k) == 1 - eta
    assert (risk_slope(eta, k) > 0) == (eta < threshold(k))


@given(CLASSES.flatmap(transition_matrices))
def test_any_matrix_is_kept_exactly(matrix):
    k = len(matrix)
    noise = ClassConditionalNoise(matrix)
    assert noise.transition_matrix(k) == matrix
    assert noise.rate(k) == 1 - sum(matrix[i][i] for i in range(k)) / Fraction(k)
    dominant = all(matrix[i][i] > max(p for j, p in enumerate(matrix[i]) if j != i) for i in range(k))
    assert noise.is_diagonally_dominant() == dominant


@given(CLASSES.flatmap(lambda k: st.tuples(st.just(k), noise_rates(k))))
def test_pair_noise_moves_each_class_to_the_next(drawn):
    k, eta = drawn
    matrix = ClassConditionalNoise.pair(eta, k).transition_matrix(k)
    for i, row in enumerate(matrix):
        assert sum(row) == 1
        assert row[i] == 1 - eta
        assert row[(i + 1) % k] == eta
    assert ClassConditionalNoise.pair(eta, k).is_diagonally_dominant() == (eta < Fraction(1, 2))


@given(st.data())
def test_exact_draws_realise_the_counts(data):
    """Class by class: the kept to within a half of their expected number, each noisy label to within one."""
    k = data.draw(CLASSES, label="K")
    noise = ClassConditionalNoise(data.draw(transition_matrices(k), label="T"))
    y = data.draw(labels(data.draw(st.integers(0, 60), label="n"), k), label="labels")
    drawn = noise.apply(y, k, rng(data.draw(st.integers(0, 2**32), label="seed")), draw="exact")
    matrix = noise.transition_matrix(k)
    for i in range(k):
        members = int((y == i).sum())
        counts = np.bincount(drawn.noisy_labels[y == i], minlength=k)
        assert counts.sum() == members
        assert abs(counts[i] - matrix[i][i] * members) <= Fraction(1, 2)
        altered = members - int(counts[i])
        for j in set(range(k)) - {i}:
            share = matrix[i][j] / (1 - matrix[i][i]) * altered if matrix[i][i] != 1 else 0
            assert abs(int(counts[j]) - share) < 1
            assert counts[j] == 0 or matrix[i][j] > 0
    assert np.array_equal(drawn.clean_labels, y)


def test_exact_draws_favour_no_class():
    """130 labels a class at 2/5: 52 for 9 others, 7 of which get 6 and 2 get 5; in the end all get 52."""
    y = np.repeat(np.arange(10), 130)
    drawn = SymmetricNoise(0.4).apply(y, 10, rng(), "exact")
    assert np.bincount(drawn.noisy_labels[drawn.altered]).tolist() == [52] * 10


@pytest.mark.parametrize("draw", ["exact", "independent"])
@pytest.mark.parametrize("k", [2, 3, 10])
def test_no_noise_and_all_noise(k, draw):
    y = rng(1).integers(0, k, 500)
    none = SymmetricNoise(0).apply(y, k, rng(), draw)
    assert np.array_equal(none.noisy_labels, y)
    assert none.realised_rate == 0
    every = SymmetricNoise(1).apply(y, k, rng(), draw)
    assert every.altered.all()
    assert every.realised_rate == 1
    assert set(np.unique(every.noisy_labels)) == set(range(k))


@pytest.mark.parametrize("value", [0.0, np.nextafter(1.0, 0.0)])
@pytest.mark.parametrize("k", [2, 3, 7, 10])
def test_a_label_of_probability_zero_is_never_drawn(k, value):
    """At the ends of [0, 1), where sums of rounded probabilities would let one through."""
    y = np.arange(k)
    assert SymmetricNoise(1).apply(y, k, Fixed(value)).altered.all()
    for eta in (Fraction(1, 10), Fraction(3, 10), 1):
        noisy = ClassConditionalNoise.pair(eta, k).apply(y, k, Fixed(value)).noisy_labels
        assert all(n in (i, (i + 1) % k) for i, n in enumerate(noisy))


@pytest.mark.parametrize(
    "noise",
    [SymmetricNoise("2/5"), ClassConditionalNoise.pair("3/10", 4), ClassConditionalNoise(
        [[0.5, 0.2, 0.2, 0.1], [0, 1, 0, 0], [0.1, 0.2, 0.3, 0.4], [0.25, 0.25, 0.25, 0.25]])],
    ids=["uniform", "pair", "any"],
)  # fmt: skip
def test_independent_draws_follow_the_matrix(noise):
    k, n = 4, 40_000
    y = np.repeat(np.arange(k), n // k)
    drawn = noise.apply(y, k, rng(7))
    matrix = np.array(noise.transition_matrix(k), dtype=float)
    counts = np.array([np.bincount(drawn.noisy_labels[y == i], minlength=k) for i in range(k)])
    expected = matrix * (n // k)
    possible = expected > 0
    assert (counts[~possible] == 0).all()
    statistic = ((counts - expected)[possible] ** 2 / expected[possible]).sum()
    freedom = int(possible.sum()) - k
    assert statistic < chi2.ppf(1 - FALSE_ALARM, freedom)


def test_the_chi_square_would_notice_a_tilt_of_two_percent():
    """A sampler at rate 0.42 in place of 0.40 is rejected by the same numbers."""
    y = np.repeat(np.arange(4), 10_000)
    drawn = SymmetricNoise("21/50").apply(y, 4, rng(7))
    kept = int((~drawn.altered).sum())
    assert (kept - 24_000) ** 2 / 24_000 + (16_000 - (40_000 - kept)) ** 2 / 16_000 > chi2.ppf(
        1 - FALSE_ALARM, 1
    )


def test_nominal_and_realised_rates_are_kept_apart():
    y = np.arange(7) % 3
    independent = SymmetricNoise(0.4).apply(y, 3, rng(3))
    assert independent.nominal_rate == Fraction(2, 5)
    assert independent.realised_rate == Fraction(int(independent.altered.sum()), 7)
    assert independent.realised_rate != independent.nominal_rate  # sevenths are never two fifths
    assert SymmetricNoise(0.4).apply(np.arange(50) % 5, 5, rng(), "exact").realised_rate == Fraction(2, 5)


@pytest.mark.parametrize("draw", ["exact", "independent"])
def test_the_generator_alone_decides(draw):
    y = rng(1).integers(0, 5, 200)
    first, second, other = (SymmetricNoise(0.4).apply(y, 5, rng(s), draw).noisy_labels for s in (2, 2, 3))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.uint8])
def test_labels_keep_their_type_and_are_not_written_to(dtype):
    y = np.zeros(100, dtype=dtype)
    for draw in ("exact", "independent"):
        drawn = SymmetricNoise(0.5).apply(y, 3, rng(), draw)
        assert drawn.noisy_labels.dtype == dtype
        assert (y == 0).all()


def test_no_labels_are_no_trouble():
    drawn = SymmetricNoise(0.5).apply(np.zeros(0, dtype=int), 3, rng())
    assert drawn.realised_rate == 0
    assert drawn.noisy_labels.shape == (0,)


class TestInstanceDependent:
    """Noise whose rate is a function of the input."""

    def test_matrices_are_uniform_noise_at_each_rate(self):
        rates = np.array([0.0, 0.25, 0.9, 1.0])
        matrices = InstanceDependentNoise(lambda x: x).transition_matrices(rates, 5)
        for matrix, eta in zip(matrices, rates, strict=True):
            expected = np.array(SymmetricNoise(eta).transition_matrix(5), dtype=float)
            np.testing.assert_allclose(matrix, expected, rtol=0, atol=4e-16)  # K eta/(K-1) is rounded, twice

    def test_draws_follow_the_rates(self):
        x = np.repeat([0.0, 0.3, 1.0], 10_000)
        y = rng(5).integers(0, 4, len(x))
        drawn = InstanceDependentNoise(lambda x: x).apply(x, y, 4, rng(6))
        assert not drawn.altered[x == 0].any()
        assert drawn.altered[x == 1].all()
        # 5 standard deviations of a binomial: a false alarm in 2 million seeds
        assert abs(drawn.altered[x == 0.3].mean() - 0.3) < 5 * np.sqrt(0.3 * 0.7 / 10_000)
        counts = np.bincount((drawn.noisy_labels - y)[x == 1] % 4, minlength=4)
        assert counts[0] == 0
        expected = 10_000 / 3
        assert ((counts[1:] - expected) ** 2 / expected).sum() < chi2.ppf(1 - FALSE_ALARM, 2)
        assert float(drawn.nominal_rate) == pytest.approx(1.3 / 3)

    @pytest.mark.parametrize(
        ("rates", "message"),
        [
            (lambda x: x + 2, r"^eta must be in \[0, 1\], got eta=2.0$"),
            (lambda x: x - 0.5, r"^eta must be in \[0, 1\], got eta=-0.5$"),
            (lambda x: x * np.nan, r"^eta must be in \[0, 1\], got eta=nan$"),
            (lambda x: 0.5, r"^noise rates must be of shape \(3,\), got rates=\(\)$"),
        ],
    )
    def test_bad_rates(self, rates, message):
        with pytest.raises(ValueError, match=message):
            InstanceDependentNoise(rates).apply(np.zeros(3), np.zeros(3, dtype=int), 2, rng())


@pytest.mark.parametrize("kind", ["float16", "float32", "float64"])
def test_rates_of_any_precision_mean_what_was_typed(kind):
    for text in ("2/5", "1/3", "9/10", "1/10", "0"):
        value = np.dtype(kind).type(float(Fraction(text)))
        assert SymmetricNoise(value).noise_rate == Fraction(text)
        assert SymmetricNoise(torch.tensor(value)).noise_rate == Fraction(text)


def test_a_float_of_few_bits_that_is_no_simple_fraction_is_read_as_its_shortest_decimal():
    assert exact(np.float32(0.123457)) == Fraction("0.123457")
    assert exact(np.float32(1e20)) == 10**20
    assert exact(np.float16(60000)) == 60000


@pytest.mark.parametrize("k", [2, 3, 10, 200])
@pytest.mark.parametrize("kind", ["float32", "float64", "tensor", "lists"])
def test_rows_of_a_softmax_sum_to_1_within_rounding_and_are_made_good(k, kind):
    logits = rng(k).normal(size=(k, k)) * 3
    matrix = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    given = {
        "float32": matrix.astype(np.float32),
        "float64": matrix,
        "tensor": torch.softmax(torch.tensor(logits, dtype=torch.float32), 1),
        "lists": matrix.astype(np.float32).tolist(),
    }[kind]
    noise = ClassConditionalNoise(given)
    assert all(sum(row) == 1 for row in noise.matrix)
    assert np.abs(np.array(noise.matrix, dtype=float) - matrix).max() < 1e-5
    with pytest.raises(ValueError, match="matrix rows must sum to 1"):
        ClassConditionalNoise(given, exact=True)


@pytest.mark.parametrize(
    "row", [[0.9, 0.1001], ["9/10", "1000001/10000000"], [Fraction(9, 10), Fraction(10**6 + 1, 10**7)]]
)
def test_a_row_that_misses_1_by_more_than_rounding_is_refused(row):
    with pytest.raises(ValueError, match="matrix rows must sum to 1, got sum="):
        ClassConditionalNoise([row, [0, 1]])


def test_a_seed_stands_for_its_generator_and_none_for_a_fresh_one():
    y = np.arange(1000) % 10
    for noise in (SymmetricNoise(0.4), ClassConditionalNoise.pair(0.4, 10)):
        for draw in ("exact", "independent"):
            seeded = noise.apply(y, 10, 7, draw).noisy_labels
            assert np.array_equal(seeded, noise.apply(y, 10, rng(7), draw).noisy_labels)
            assert np.array_equal(seeded, noise.apply(y, 10, np.int32(7), draw).noisy_labels)
            assert not np.array_equal(noise.apply(y, 10, None, draw).noisy_labels, seeded)
    per_sample = InstanceDependentNoise(lambda x: np.full(len(x), 0.4))
    drawn = [per_sample.apply(y, y, 10, given).noisy_labels for given in (7, rng(7), None)]
    assert np.array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])


NO_GENERATORS = [-1, True, 0.5, "7", np.random, np.random.RandomState(0), torch.Generator()]


@pytest.mark.parametrize("wrong", NO_GENERATORS)
def test_what_is_no_generator_is_refused(wrong):
    with pytest.raises((TypeError, ValueError), match=r"rng must be .*, got rng="):
        SymmetricNoise(0.4).apply([0, 1], 2, wrong)


@pytest.mark.parametrize("kind", ["int8", "uint8", "int16", "uint16", "int64", "uint64"])
def test_noisy_labels_are_classes_whatever_integers_they_are_stored_in(kind):
    """200 classes: int8 labels up to 127 would become -57 where the noisy one is 199."""
    y = (np.arange(20_000) % 100).astype(kind)
    for draw in ("exact", "independent"):
        noisy = SymmetricNoise(0.9).apply(y, 200, 1, draw).noisy_labels
        assert set(noisy.tolist()) == set(range(200))
    per_sample = InstanceDependentNoise(lambda x: np.full(len(x), 0.9))
    assert set(per_sample.apply(y, y, 200, 1).noisy_labels.tolist()) == set(range(200))
