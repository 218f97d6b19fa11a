"""M1, M2 and M4: what is counted, what can be reached, and when a run flips."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise, product

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from lossmatters.proofs_checks.strategies import labels
from lossmatters.theory.memorization import (
    accuracies,
    flip_epoch,
    is_reachable,
    measure,
    preserves_minimisers,
    preserves_order,
    reachable_region,
)

UNIT = st.fractions(0, 1, max_denominator=12)


@given(st.data())
def test_measure_counts_as_a_loop_does(data):
    n, k = data.draw(st.integers(1, 12), label="n"), data.draw(st.integers(2, 4), label="K")
    h, noisy, clean = (data.draw(labels(n, k), label=name).tolist() for name in ("h", "noisy", "clean"))
    found = measure(h, noisy, clean)
    altered = [i for i in range(n) if noisy[i] != clean[i]]
    kept = [i for i in range(n) if noisy[i] == clean[i]]

    def share(members, target):
        return Fraction(sum(h[i] == target[i] for i in members), len(members)) if members else None

    assert found.altered_share == Fraction(len(altered), n)
    assert found.noisy_train_accuracy == share(range(n), noisy)
    assert found.clean_train_accuracy == share(range(n), clean)
    assert found.unaltered_accuracy == share(kept, clean)
    assert found.memorization_rate == share(altered, noisy)
    assert found.recovery_rate == share(altered, clean)

    # M1, exactly; a rate over no samples counts for nothing
    f, a, m, r = found.altered_share, found.unaltered_accuracy, found.memorization_rate, found.recovery_rate
    expected = (found.noisy_train_accuracy, found.clean_train_accuracy)
    assert accuracies(f, a or 0, m or 0, r or 0) == expected
    assert is_reachable(*expected, f)


def test_the_identity_holds_for_symbols():
    f, a, m, r = sympy.symbols("f A_c M A_f")
    j1, j2 = accuracies(f, a, m, r)
    assert sympy.expand(j1 - j2 - f * (m - r)) == 0
    wrong = accuracies(1 - f, a, m, r)  # the shares exchanged
    assert sympy.expand(wrong[0] - wrong[1] - f * (m - r)) != 0


@pytest.mark.parametrize(
    ("classifier", "j1", "j2"),
    [
        ("memoriser", lambda f: 1, lambda f: 1 - f),
        ("resister", lambda f: 1 - f, lambda f: 1),
    ],
)
def test_perfect_memoriser_and_resister(classifier, j1, j2):
    clean = np.arange(10) % 5
    noisy = np.where(np.arange(10) < 4, (clean + 1) % 5, clean)
    found = measure(noisy if classifier == "memoriser" else clean, noisy, clean)
    f = Fraction(2, 5)
    assert (found.noisy_train_accuracy, found.clean_train_accuracy) == (j1(f), j2(f))


def inside(point, corners):
    """Is a point in the convex polygon whose corners are given counter-clockwise?"""
    x, y = point
    edges = pairwise([*corners, corners[0]])
    return all((bx - ax) * (y - ay) - (by - ay) * (x - ax) >= 0 for (ax, ay), (bx, by) in edges)


@pytest.mark.parametrize("f", [Fraction(0), Fraction(1, 4), Fraction(1, 2), Fraction(9, 10), Fraction(1)])
def test_the_region_is_the_hull_of_what_a_classifier_can_do(f):
    """All counts on 20 samples: each lies in the pentagon, each corner is one of them."""
    n = 20
    altered = int(f * n)
    reached = {
        (Fraction(a + m, n), Fraction(a + r, n))
        for a, m, r in product(range(n - altered + 1), range(altered + 1), range(altered + 1))
        if m + r <= altered
    }
    corners = reachable_region(f)
    assert all(is_reachable(j1, j2, f) and inside((j1, j2), corners) for j1, j2 in reached)
    assert set(corners) <= reached


@given(UNIT, UNIT, UNIT)
def test_the_inequalities_are_the_pentagon(f, j1, j2):
    # With f = 0 the pentagon is a segment, on which `inside` sees a line: its ends are the unit interval's.
    assert is_reachable(j1, j2, f) == inside((j1, j2), reachable_region(f))


@pytest.mark.parametrize(
    ("j1", "j2"), [("1", "1"), ("-1/10", "0"), ("0", "-1/10"), ("1/2", "0"), ("0", "1/2"), ("9/10", "9/10")]
)
def test_points_that_cannot_be_reached(j1, j2):
    f = Fraction(2, 5)
    assert not is_reachable(Fraction(j1), Fraction(j2), f)
    assert not inside((Fraction(j1), Fraction(j2)), reachable_region(f))


@pytest.mark.parametrize(
    ("j1", "j2", "epoch"),
    [
        ([0.2, 0.5, 0.9], [0.4, 0.6, 0.6], 2),
        ([0.2, 0.9, 0.3, 0.9], [0.4, 0.6, 0.6, 0.6], 3),  # for good, not for the first time
        ([0.2, 0.9], [0.4, 0.6], 1),
        ([0.5, 0.4, 0.9], [0.4, 0.6, 0.6], 2),  # ahead at first, behind, ahead for good
        ([0.2, 0.6, 0.9], [0.4, 0.6, 0.6], 2),  # a tie is not ahead
        ([0.2, 0.5], [0.4, 0.6], None),  # J2 > J1 to the end
        ([0.5, 0.9], [0.4, 0.6], None),  # J1 > J2 from the start: never had J2 > J1
        ([0.4, 0.9], [0.4, 0.6], None),  # equal is not behind
        ([0.2, 0.9, 0.6], [0.4, 0.6, 0.6], None),  # not to the end
        ([0.5, 0.5], [0.5, 0.5], None),
        ([0.9], [0.6], None),
        ([], [], None),
    ],
)
def test_flip(j1, j2, epoch):
    assert flip_epoch(j1, j2) == epoch


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=8))
def test_a_flip_is_what_m4_says(curve):
    j1, j2 = [a for a, _ in curve], [b for _, b in curve]
    epochs = [
        e
        for e in range(len(curve))
        if all(a > b for a, b in curve[e:]) and (e == 0 or curve[e - 1][0] <= curve[e - 1][1])
    ]
    expected = next((e for e in epochs if any(b > a for a, b in curve[:e])), None)
    assert flip_epoch(j1, j2) == expected


RISKS = st.lists(st.fractions(0, 1, max_denominator=4), min_size=1, max_size=5)


@given(RISKS, st.fractions(Fraction(1, 10), 3), st.fractions(0, 1))
def test_an_increasing_line_keeps_every_order(risks, slope, offset):
    noisy = [slope * r + offset for r in risks]
    assert preserves_order(risks, noisy) is None
    assert preserves_minimisers(risks, noisy)


@given(st.data())
def test_order_is_kept_or_a_pair_shows_that_it_is_not(data):
    clean = data.draw(RISKS, label="R")
    noisy = data.draw(
        st.lists(st.sampled_from(clean), min_size=len(clean), max_size=len(clean)), label="R noisy"
    )
    pairs = [
        (i, j)
        for i, j in product(range(len(clean)), repeat=2)
        if (clean[i] < clean[j]) != (noisy[i] < noisy[j])
    ]
    found = preserves_order(clean, noisy)
    assert (found is None) == (not pairs)
    assert found is None or found in pairs or found[::-1] in pairs


@pytest.mark.parametrize(
    ("clean", "noisy", "kept", "minimisers"),
    [
        ([1, 2, 3], [1, 2, 3], True, True),
        ([1, 2, 3], [1, 3, 2], False, True),  # the weaker property alone
        ([1, 2, 3], [3, 2, 1], False, False),
        ([1, 2], [1, 1], False, False),  # at eta*: all risks equal
        ([1, 1], [1, 2], False, True),
    ],
)
def test_orders(clean, noisy, kept, minimisers):
    assert (preserves_order(clean, noisy) is None) is kept
    assert preserves_minimisers(clean, noisy) is minimisers
