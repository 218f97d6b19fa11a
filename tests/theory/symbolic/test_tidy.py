"""The shortest usual form of a number, and sums that SymPy's simplification would not come back from."""

from __future__ import annotations

from fractions import Fraction

import pytest
import sympy

from lossmatters.theory.losses import get
from lossmatters.theory.symbolic.algebra import exact_label_sum, tidy

# Sums of losses whose logarithms have coefficients of many digits over a common denominator, or numbers too
# large for a float. Before they were left alone, the first two ran for minutes; the third was an
# OverflowError.
LONG = (
    ("20/7*js(pi1=5/9) + 81/10*js(pi1=5/9) + 20/7*rce(A=7/18)", ("2/5", "1/5", "1/5", "1/5")),
    (
        "20/7*nfl(gamma=1/2) + 20/7*rce(A=4) + 81/10*js(pi1=5/9) + 20/7*rce(A=7/18)",
        ("2/5", "1/5", "1/5", "1/5"),
    ),
    ("43/5*epsilon-ce(m=100000) + 10*truncated-gce(q=7/10, k=1/2) + 71/10*sce(A=4)", ("1/2", "1/2")),
    ("43/5*epsilon-ce(m=100000) + 10*truncated-gce(q=7/10, k=1/2) + 71/10*sce(A=4)", ("1/3", "2/3")),
)


def test_a_power_in_a_logarithm_comes_out() -> None:
    assert tidy(sympy.log(11**10)) == 10 * sympy.log(11)
    assert tidy(sympy.log(4) / sympy.log(2)) == 2
    assert tidy(sympy.log(11) + 9 * sympy.log(2) / 10) == sympy.log(11) + 9 * sympy.log(2) / 10  # no root


def test_logarithms_of_numbers_are_one_where_that_is_shorter() -> None:
    assert tidy(sympy.log(2) + 2 * sympy.log(4)) == sympy.log(32)
    assert tidy(sympy.log(3) - sympy.log(sympy.Rational(2, 3))) == sympy.log(sympy.Rational(9, 2))


def test_terms_that_cancel_do() -> None:
    k = sympy.Symbol("K", positive=True)
    assert tidy(k * (1 / k + sympy.log(2)) - k * sympy.log(2)) == 1


@pytest.mark.parametrize(("spec", "point"), LONG)
def test_a_sum_of_many_digits_keeps_its_value(spec: str, point: tuple[str, ...]) -> None:
    total = exact_label_sum(get(spec), [Fraction(u) for u in point])
    assert abs(sympy.N(tidy(total) - total, 40)) < sympy.Float("1e-30", 40)
