"""Interval arithmetic: every value lies inside, and what is open stays open."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from containment import inside
from hypothesis import given
from hypothesis import strategies as st

from lossmatters.theory.backends import backend
from lossmatters.theory.enclosure.elementary import exp, log, log_times_power
from lossmatters.theory.enclosure.interval import Interval, interval
from lossmatters.theory.enclosure.interval_ops import OPS
from lossmatters.theory.enclosure.truth import Truth, UndecidedError

EXPRESSIONS = [
    lambda x, ops: x * x - 3 * x + 1 / (x + 2),
    lambda x, ops: ops.log(x + 1) - ops.exp(-x) + ops.sqrt(x),
    lambda x, ops: ops.power(x, Fraction(7, 10)) - (x - 1) ** 3 + abs(x - ops.const(Fraction(1, 3))),
    lambda x, ops: ops.where(x > ops.const(Fraction(1, 3)), x**2, ops.maximum(1 - x, ops.minimum(x, 0.1))),
]


@pytest.mark.parametrize("index", range(len(EXPRESSIONS)))
@given(ends=st.tuples(*[st.floats(0, 3, allow_subnormal=False)] * 2), share=st.fractions(0, 1))
def test_an_interval_contains_every_value(index: int, ends: tuple[float, float], share: Fraction) -> None:
    lo, hi = min(ends), max(ends)
    box = EXPRESSIONS[index](Interval(lo, hi), OPS)
    exact = Fraction(lo) + share * (Fraction(hi) - Fraction(lo))
    mp = backend("mpmath")
    value = EXPRESSIONS[index](mp.const(exact), mp)
    assert inside(value, float(box.lo), float(box.hi))


@given(lo=st.floats(-1e6, 1e6), width=st.floats(0, 10))
def test_exponential_and_logarithm_are_each_others_inverse(lo: float, width: float) -> None:
    x = Interval(lo, lo + width)
    back = log(exp(x))
    assert back.lo <= lo
    assert back.hi >= lo + width


def test_poles_and_limits() -> None:
    assert (1 / Interval(0.0, 2.0)).hi == np.inf
    assert (1 / Interval(-1.0, 2.0)).lo == -np.inf
    assert float((1 / Interval(0.0, 2.0)).lo) == pytest.approx(0.5)
    entropy = log_times_power(Interval(0.0, 1.0), Fraction(1), 1)  # t log t: least at 1/e, 0 at both ends
    assert float(entropy.lo) == pytest.approx(-1 / np.e)
    assert float(entropy.hi) == 0
    assert (Interval(0.0, 1.0) * Interval(1.0, np.inf)).lo == 0


def test_an_open_comparison_is_neither() -> None:
    x = Interval(np.array([0.0, 0.4, 0.6]), np.array([0.4, 0.6, 1.0]))
    case = x > 0.5
    assert case.must.tolist() == [False, False, True]
    assert case.may.tolist() == [False, True, True]
    chosen = OPS.where(case, 1, 0)
    assert chosen.lo.tolist() == [0, 0, 1]
    assert chosen.hi.tolist() == [0, 1, 1]
    assert isinstance(~case & (x <= 0.7), Truth)
    with pytest.raises(UndecidedError, match="no truth value"):
        bool(case)


def test_a_float_literal_means_its_decimal() -> None:
    tenth = interval(0.1)
    assert Fraction(float(tenth.lo)) <= Fraction(1, 10) <= Fraction(float(tenth.hi))
    assert float(tenth.lo) < float(tenth.hi)


ENDS = [-np.inf, -1e308, -3.0, -1.0, -0.3, -5e-324, 0.0, 5e-324, 0.3, 1.0, 7.0, 1e308, np.inf]


@pytest.mark.parametrize("factor", ENDS[1:-1])
def test_times_one_number_is_the_hull_of_all_products(factor: float) -> None:
    """A number takes a shorter way than an interval."""
    pairs = [(a, b) for a in ENDS for b in ENDS if a <= b and not (a == b and np.isinf(a))]
    x = Interval([a for a, _ in pairs], [b for _, b in pairs])
    alone = x * Interval(factor, factor)
    general = x * Interval([factor] * len(pairs), [factor] * len(pairs))
    assert np.array_equal(alone.lo, general.lo)
    assert np.array_equal(alone.hi, general.hi)
    swapped = Interval(factor, factor) * x
    assert np.array_equal(swapped.lo, general.lo)
    assert np.array_equal(swapped.hi, general.hi)
