"""Numbers as people type them become the rationals that they mean."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import example, given
from hypothesis import strategies as st

from lossmatters.theory.exact import check_num_classes, check_rate, exact, fail, simplest


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.1, Fraction(1, 10)),
        (1 / 9, Fraction(1, 9)),
        (1 / 3, Fraction(1, 3)),
        (0.7, Fraction(7, 10)),
        (-0.25, Fraction(-1, 4)),
        (1e-9, Fraction(1, 10**9)),
        (1e23, Fraction(10**23)),  # whose float64 is 99999999999999991611392
        (100000.1, Fraction(1000001, 10)),
        (5e-324, Fraction(5, 10**324)),
        (0.1 + 0.2, Fraction("0.30000000000000004")),
        (3, Fraction(3)),
        (np.int64(3), Fraction(3)),
        (np.float64(0.1), Fraction(1, 10)),
        (sympy.Rational(1, 7), Fraction(1, 7)),
        (Fraction(2, 7), Fraction(2, 7)),
        ("0.1", Fraction(1, 10)),
        ("1/10", Fraction(1, 10)),
        (" 2 / 4 ", Fraction(1, 2)),
        ("1e-9", Fraction(1, 10**9)),
        ("-3", Fraction(-3)),
    ],
)
def test_exact(value, expected):
    assert exact(value) == expected
    assert type(exact(value)) is Fraction


@given(st.fractions(-1000, 1000, max_denominator=10_000))
def test_a_small_fraction_survives_the_float(value):
    """Fractions p/q with q <= 10^4 lie 10^-8 apart: none is mistaken for another."""
    assert exact(float(value)) == value


@given(st.floats(allow_nan=False, allow_infinity=False))
@example(2.0**53)
@example(1.7976931348623157e308)
def test_the_rational_rounds_to_the_float(value):
    assert float(exact(value)) == value
    assert simplest(value) == exact(value)


@given(st.decimals(-1000, 1000, places=6))
def test_a_decimal_means_the_same_as_text_and_as_float(value):
    assert exact(str(value)) == exact(float(value)) == Fraction(value)


@pytest.mark.parametrize("value", [True, False, np.True_, None, [], {}, 1j, object, np.array([0.1, 0.2])])
def test_what_is_no_number_is_a_type_error(value):
    with pytest.raises(TypeError, match=r"^eta must be a number, got eta="):
        exact(value, "eta")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), np.float32("nan")])
def test_what_is_not_finite_is_a_value_error(value):
    with pytest.raises(ValueError, match=r"^parameter alpha must be finite, got alpha=.*(nan|inf)"):
        exact(value, "parameter alpha")


@pytest.mark.parametrize("value", ["", "abc", "1/0", "nan", "inf", "1/2/3", "0x10", "1,5"])
def test_text_that_is_no_number_is_a_value_error(value):
    with pytest.raises(
        ValueError, match=r"^alpha must be a rational number such as 0\.1 or 1/10, got alpha='"
    ):
        exact(value, "alpha")


@pytest.mark.parametrize("value", [2, 10, np.int32(3)])
def test_num_classes(value):
    assert check_num_classes(value) == value
    assert type(check_num_classes(value)) is int


@pytest.mark.parametrize("value", [1, 0, -3])
def test_too_few_classes(value):
    with pytest.raises(ValueError, match=rf"^num_classes must be an integer >= 2, got num_classes={value}$"):
        check_num_classes(value)


@pytest.mark.parametrize("value", [2.0, "10", None, True, Fraction(3)])
def test_num_classes_of_the_wrong_kind(value):
    with pytest.raises(TypeError, match=r"^num_classes must be an integer >= 2, got num_classes="):
        check_num_classes(value)


@pytest.mark.parametrize("value", [0, 1, 0.4, "2/5", Fraction(9, 10)])
def test_rates(value):
    assert check_rate(value) == exact(value)


@pytest.mark.parametrize("value", [-0.1, 1.1, "11/10", -1e-300, Fraction(10**20 + 1, 10**20)])
def test_rates_outside_the_unit_interval(value):
    with pytest.raises(ValueError, match=r"^eta must be in \[0, 1\], got eta="):
        check_rate(value)


def test_fail_shows_a_fraction_as_it_is_typed():
    with pytest.raises(ValueError, match=r"^parameter q must be < 1, got q=7/5$"):
        fail("parameter q", "< 1", Fraction(7, 5))
