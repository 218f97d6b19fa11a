"""The points at which verdicts are tried: borders of cases are found, and closed in on from both sides."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest

from lossmatters.theory.formula.battery import STEPS, _line, _simplest, borders

EIGHTHS = [Fraction(i, 8) for i in range(9)]
CLOSE = Fraction(1, 10**6)


@pytest.mark.parametrize("border", ["1/2", "3/10", "1/7", "113/355", "1"])
def test_a_border_at_a_fraction_is_found_itself_with_numbers_on_both_sides(border: str) -> None:
    at, asked = Fraction(border), []

    def signature(t: Fraction) -> tuple[bool]:
        asked.append(t)
        return (t >= at,)

    found = borders(signature, EIGHTHS)
    assert at in found
    assert any(0 < at - t < CLOSE for t in found)
    assert at == 1 or any(0 < t - at < CLOSE for t in found)
    assert len(asked) < 60


def test_of_a_border_with_signs_of_its_own_both_sides_are_found() -> None:
    at = Fraction(3, 8)
    found = borders(lambda t: ((t > at) - (t < at),), [Fraction(0), Fraction(1)])
    assert at in found
    assert any(0 < t - at < CLOSE for t in found)
    assert any(0 < at - t < CLOSE for t in found)


def test_a_border_that_is_no_fraction_is_closed_in_on() -> None:
    at = math.exp(-1)
    found = borders(lambda t: (float(t) > at,), EIGHTHS)
    assert min(abs(float(t) - at) for t in found) < 2.0**-STEPS


@pytest.mark.parametrize(
    ("low", "high", "simplest"),
    [("2/7", "3/8", "1/3"), ("0", "1/9", "0"), ("1/2", "1/2", "1/2"), ("355/1000", "356/1000", "16/45")],
)
def test_the_simplest_fraction_has_the_least_denominator(low: str, high: str, simplest: str) -> None:
    found = _simplest(Fraction(low), Fraction(high))
    assert found == Fraction(simplest)
    smaller = (Fraction(p, q) for q in range(1, found.denominator) for p in range(q + 1))
    assert not any(Fraction(low) <= t <= Fraction(high) for t in smaller)


def test_a_line_leads_from_one_point_to_the_other() -> None:
    a, b = (Fraction(1), Fraction(0), Fraction(0)), (Fraction(1, 5), Fraction(2, 5), Fraction(2, 5))
    at = _line(a, b)
    assert (at(Fraction(0)), at(Fraction(1))) == (a, b)
    assert at(Fraction(1, 4)) == tuple(x + (y - x) / 4 for x, y in zip(a, b, strict=True))
