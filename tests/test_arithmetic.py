"""A formula in K from the command line: parsed, never run."""

from __future__ import annotations

import pytest

from lossmatters.arithmetic import formula_in_k
from lossmatters.theory.exact import exact
from lossmatters.theory.losses import get


@pytest.mark.parametrize(
    ("text", "at_10"),
    [
        ("2*(K - 1)", 18),
        ("K", 10),
        ("K**2/4", 25),
        ("-log(1)", 0),
        ("0.1*K + 1/3", 1 + 1 / 3),
        ("sqrt(K-1)", 3),
    ],
)
def test_formulas(text, at_10):
    assert formula_in_k(text, "constant")(10) == pytest.approx(at_10)


HOSTILE = [
    "__import__('os').getcwd()",
    "K**K**K**K",
    "K**999999999",
    "9**9**9**9",
    "(lambda: 1)()",
    "K.real",
    "[K][0]",
    "exp(K)",
    "K if K else 1",
    "open('x')",
    "True",
    "",
    "1;2",
    "(" * 5000,
    "K" * 5000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda t: t[:12] or "empty")
def test_everything_else_is_refused_in_one_line(text):
    with pytest.raises(
        ValueError, match=r"^constant must be a number or a formula in K, got constant="
    ) as caught:
        formula_in_k(text, "constant")
    assert "\n" not in str(caught.value)


def test_a_pole_is_said_where_it_is():
    formula = formula_in_k("1/(K - 5)", "constant")
    assert formula(6) == 1
    with pytest.raises(ValueError, match="constant must have a value at K=5"):
        formula(5)


@pytest.mark.parametrize("text", ["1e999999999", "1e-999999999", "9" * 5000, "1E+0010000"])
def test_numbers_have_a_size(text):
    with pytest.raises(ValueError, match="must be a number of at most"):
        exact(text)


@pytest.mark.parametrize(
    "text", ["Normalized(" * 100 + "cce" + ")" * 100, "cce + " * 20_000 + "cce", "(" * 10**5]
)
def test_a_text_that_names_a_loss_has_a_size(text):
    with pytest.raises(ValueError, match="loss must have at most 2000 characters and 40 brackets"):
        get(text)
