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


R = sympy.Rational
THIRD = R(1, 3)


@pytest.mark.parametrize(
    "expression",
    [
        1 / (X - R(1, 4)) ** 2,
        X + 1 / (X - R(1, 3)) ** 2,
        1 / (X**2 - R(1, 7)) ** 2,
        1 + sympy.log(X - R(1, 3)) ** 2,
        sympy.sqrt(X - R(1, 2)) + 1,
        sympy.exp(1 / (X - R(1, 4))),
        1 + sympy.exp(-1 / (X - R(1, 4)) ** 2),
        sympy.Max(1, 1 / (X - R(1, 4)) ** 2),
        (X - R(1, 3)) ** (-2 * X),
        1 / (X - Y) ** 2,
        sympy.Piecewise((1, THIRD > X), (2, THIRD < X)),
        sympy.Piecewise((1, THIRD > X), (1 - sympy.log(X - R(1, 3)), True)),
    ],
    ids=str,
)
def test_no_sign_across_a_pole_or_where_there_is_no_value(expression: sympy.Expr) -> None:
    box = {s: (0, 1) for s in (X, Y) if expression.has(s)}
    assert certify_sign(expression, box, budget=4000).sign is None


@pytest.mark.parametrize(
    ("expression", "sign"),
    [
        (1 / X, "positive"),
        (1 - sympy.log(X), "positive"),
        (1 / (X * (1 - X)), "positive"),
        (-1 / sympy.log(X), "non-negative"),
        (sympy.sqrt(X - X**2) + 1, "positive"),
        (1 / (X + Y), "positive"),
        (1 / (X**2 + Y**2), "positive"),
        (-sympy.log(X**2), "non-negative"),
        (sympy.Piecewise((1, THIRD > X), (sympy.sqrt(X - R(1, 3)) + 1, True)), "positive"),
        (sympy.Piecewise((1 / (X - R(1, 3)) ** 2, sympy.Ne(X, R(1, 3))), (1, True)), "positive"),
    ],
    ids=str,
)
def test_a_face_of_the_box_may_be_a_pole(expression: sympy.Expr, sign: str) -> None:
    box = {s: (0, 1) for s in (X, Y) if expression.has(s)}
    assert certify_sign(expression, box, budget=4000).sign == sign


def test_a_value_where_there_is_none_is_no_witness() -> None:
    positive = sympy.log(1 / (X - R(1, 2)))  # where it is anything
    assert certify_sign(positive, {X: (0, 1)}, budget=500).sign is None
    assert certify_sign(-positive, {X: (0, 1)}, budget=500).sign is None


def test_a_sign_that_is_not_decided_is_none() -> None:
    touching = X**4 + 2 * sympy.exp(2 * Y) - 2 * sympy.sqrt(2) * X**2 * sympy.exp(Y)  # (X^2 - sqrt 2 e^Y)^2
    found = certify_sign(touching, {X: (0, 3), Y: (0, 1)}, budget=500)
    assert found.sign is None
    assert 0 < found.open_share < 1


def test_both_signs_come_with_points() -> None:
    found = certify_sign(X - Y, {X: (0, 1), Y: (0, 1)})
    values = [w["x"] - w["y"] for w in found.witnesses]
    assert values[0] > 0 > values[1]
