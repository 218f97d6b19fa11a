"""The sign of an expression on a whole box, by intervals: proved, undecided, or both with points."""

from __future__ import annotations

from typing import Any

import pytest
import sympy

from lossmatters.theory.enclosure import certify_sign

X, Y = sympy.symbols("x y")


@pytest.mark.parametrize(
    ("expression", "box", "sign"),
    [
        (X**2 - X * Y + Y**2 + sympy.Rational(1, 10**6), {X: (-1, 1), Y: (-1, 1)}, "positive"),
        (X**2 - 2, {X: (0, 3)}, "both"),
        (X * sympy.log(X), {X: (0, 1)}, "non-positive"),
        (-1 - sympy.exp(X), {X: (-5, 5)}, "negative"),
        ((X - 1) ** 2, {X: (0, 1)}, "non-negative"),
        (X - X, {X: (0, 1)}, "zero"),
        ((10 * X - 1) / 9, {X: ("1/10", 1)}, "non-negative"),  # w in N3, for the clean class
    ],
)
def test_signs(expression: sympy.Expr, box: dict[Any, Any], sign: str) -> None:
    assert certify_sign(expression, box, budget=4000).sign == sign


def test_a_sign_that_is_not_decided_is_none() -> None:
    touching = X**4 + 2 * sympy.exp(2 * Y) - 2 * sympy.sqrt(2) * X**2 * sympy.exp(Y)  # (X^2 - sqrt 2 e^Y)^2
    found = certify_sign(touching, {X: (0, 3), Y: (0, 1)}, budget=500)
    assert found.sign is None
    assert 0 < found.open_share < 1


def test_both_signs_come_with_points() -> None:
    found = certify_sign(X - Y, {X: (0, 1), Y: (0, 1)})
    values = [w["x"] - w["y"] for w in found.witnesses]
    assert values[0] > 0 > values[1]
