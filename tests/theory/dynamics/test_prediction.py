"""The rank correlation and its interval, against SciPy and against cases that are known by hand."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from lossmatters.theory.dynamics.prediction import Outcome, predictions, rank_correlation

NUMBERS = st.floats(-100, 100).map(lambda x: round(x, 1))


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=3, max_size=12))
def test_agrees_with_scipy(pairs: list[tuple[float, float]]) -> None:
    x, y = zip(*pairs, strict=True)
    found = rank_correlation(x, y, ["one"] * len(x)).estimate
    if len(set(x)) == 1 or len(set(y)) == 1:
        assert math.isnan(found)
    else:
        assert found == pytest.approx(spearmanr(x, y).statistic, abs=1e-12)  # sums of a dozen small ranks


@given(st.permutations(range(8)))
def test_order_of_pairs_does_not_matter(order: list[int]) -> None:
    x, y, families = [1.0, 2, 3, 4, 5, 6, 7, math.inf], [8.0, 6, 7, 5, 3, 4, 2, 1], list("aabbccdd")
    chosen = [[values[i] for i in order] for values in (x, y, families)]
    # A draw takes whole families, and ranks do not know the order of what is in them.
    assert rank_correlation(*chosen) == rank_correlation(x, y, families)


def test_one_family_has_no_interval() -> None:
    found = rank_correlation([1, 2, 3], [3, 2, 1], "aaa")
    assert found.estimate == -1
    assert math.isnan(found.low)


def test_copies_of_a_loss_are_no_new_evidence() -> None:
    """Three copies of each pair: an interval over pairs would shrink, this one does not move."""
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(2, 12))
    names = [f"{i:02d}" for i in range(12)]
    single = rank_correlation(x, y, names)
    copies = rank_correlation(np.tile(x, 3), np.tile(y, 3), names * 3)
    assert (copies.low, copies.high) == pytest.approx((single.low, single.high), abs=1e-12)
    naive = rank_correlation(np.tile(x, 3), np.tile(y, 3), list(range(36)))
    assert naive.high - naive.low < 0.8 * (single.high - single.low)


def test_the_interval_covers_as_often_as_it_says() -> None:
    """Independent normal pairs with correlation 0: 95 % nominal, a bootstrap of 20 families a little less."""
    rng = np.random.default_rng(0)
    hits = 0
    for i in range(400):
        x, y = rng.normal(size=(2, 20))
        found = rank_correlation(x, y, range(20), seed=i)
        hits += found.low <= 0 <= found.high
    assert 360 <= hits < 400  # 0.95 would give 380 with a standard deviation of 4.4, a 90 % interval 360


def test_infinite_times_rank_highest_and_share_a_rank() -> None:
    found = rank_correlation([1, math.inf, math.inf], [3, 1, 1], "abc").estimate
    assert found == -1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1], [1, 2], "ab"), "of one length"),
        (([1, math.nan], [1, 2], "ab"), "must be numbers"),
        (([1, 2], [1, 2], "ab", 1.5), "level must be in"),
    ],
)
def test_bad_calls(arguments: tuple, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        rank_correlation(*arguments)


def test_predictions_name_families_and_leave_out_what_is_not_in_the_catalogue() -> None:
    rate = Fraction(2, 5)
    outcomes = [Outcome(x, rate, 0.5, 3.0) for x in ("rll(alpha=1/2)", "cce", "mine.py:loss", "unheard-of")]
    first, second = predictions(outcomes, 10)
    assert (first.family, second.family) == ("rll", "cce")
    assert first.from_optimum.value == math.inf
    assert 3 < second.from_optimum.value < 4
    assert 3 < second.from_confidence.value < 4
