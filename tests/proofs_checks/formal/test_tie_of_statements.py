"""The Coq texts have the constants, coefficients and losses of the Python."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import pytest
import sympy

from lossmatters.proofs_checks.claims.risk.finite_problems import rational_losses
from lossmatters.proofs_checks.formal.theorems import sources, theorems
from lossmatters.proofs_checks.methods import exact
from lossmatters.theory.backends import backend
from lossmatters.theory.losses import get
from lossmatters.theory.memorization import reachable_region
from lossmatters.theory.noise import flip_probability, risk_slope, threshold
from lossmatters.theory.risk.excess import excess_risk_bound
from lossmatters.theory.risk.finite import predicted_noisy_risk
from lossmatters.theory.symbolic.algebra import K
from lossmatters.theory.symmetry.decide import decide
from lossmatters.theory.symmetry.loss_maximum import loss_maximum

ETA = sympy.Symbol("eta")
THEOREMS = theorems()
TEXT = {path.name: path.read_text(encoding="utf-8") for path in sources()}


def body(definition: str, file: str = "definitions.v") -> str:
    """What stands after := in a definition."""
    found = re.search(rf"Definition {definition}\b[^=]*?:=\s*(.*?)\.\n", TEXT[file], re.DOTALL)
    assert found, definition
    return found[1]


def expression(coq: str) -> sympy.Expr:
    """A Coq term of a field as a SymPy expression of K, eta and whatever functions are applied."""
    text = " ".join(coq.split()).replace("%:R", "").replace(" :> R", "")
    text = re.sub(r"\b(flip|slope) K eta", lambda m: f"({body(m[1])})", text).replace("%:R", "")
    text = re.sub(r"\b([fgG]|phi) (\w)(\^-1)?(?![\w:])", r"\1(\2\3)", text)  # phi 0, phi t, G K^-1
    text = re.sub(r"\brisk L h\b", "risk", text)
    functions = {name: sympy.Function(name) for name in ("phi", "f", "g", "G")}
    return sympy.sympify(text.replace("^-1", "**(-1)").replace("^+", "**"), locals={"K": K, **functions})


def statement(name: str) -> str:
    """What a theorem says, as Coq text on one line."""
    return " ".join(next(t.statement for t in THEOREMS if t.name == name).split()).removesuffix(".")


def said(name: str, pattern: str) -> sympy.Expr:
    """The part of a theorem's statement that a pattern with one group finds."""
    found = re.search(pattern, statement(name))
    assert found, f"{name}: {statement(name)}"
    return expression(found[1])


def same(one: Any, other: Any) -> bool:
    return bool(sympy.simplify(one - other) == 0)


def value(coq: str, u: Sequence[Fraction], y: int) -> Fraction:
    """A Coq term of an output u and a label y, perhaps a sum over the classes i, at a rational point."""
    text = re.sub(r"`\|(.*?)\|", r"abs(\1)", coq).replace("(i == y)%:R", "int(i == y)")
    text = re.sub(r"\bu ([iy])\b", r"u[\1]", text).replace("^+", "**")
    text = re.sub(r"\\sum_i (.*)", r"sum(\1 for i in range(len(u)))", text)
    return eval(
        text, {"u": list(u), "y": y, "A": get("rce").A, "abs": abs, "sum": sum, "range": range, "len": len}
    )


@pytest.mark.parametrize(
    ("definition", "python"),
    [("flip", flip_probability(ETA, K)), ("slope", risk_slope(ETA, K)), ("threshold", threshold(K))],
)
def test_coefficients(definition: str, python: sympy.Expr) -> None:
    assert same(expression(body(definition)), python)


@pytest.mark.parametrize("name", ["mae", "unhinged", "rce", "zero-one", "rll", "nmse"])
def test_constant_of_a_symmetric_loss(name: str) -> None:
    coq = said(name.replace("-", "_") + "_symmetric", r": symmetric (?:\(.*?\)|\w+) (\(.*\)|1)$")
    alpha, t = get("rll").alpha, sympy.Wild("t")
    coq = coq.replace(sympy.Function("phi")(t), sympy.log(alpha + t)).subs(sympy.Symbol("A"), get("rce").A)
    python = decide(get(name)).constant
    assert python is not None
    assert sympy.simplify(sympy.expand_log(coq - python, force=True)) == 0


@pytest.mark.parametrize("name", ["mae", "mse", "unhinged", "rce"])
def test_a_loss_has_the_values_of_the_python(name: str) -> None:
    rng = random.Random(name)
    for _ in range(10):
        u = exact.simplex_point(rng, rng.randint(2, 5))
        assert [value(body(name, "losses.v"), u, y) for y in range(len(u))] == rational_losses(get(name), u)


def test_nmse_is_mse_normalised() -> None:
    assert body("nmse", "losses.v") == "normalised mse"
    assert body("normalised") == "fun u y => L u y / label_sum L u"
    assert body("label_sum") == "\\sum_y L u y"


def test_rll_has_the_terms_of_the_python() -> None:
    found = re.fullmatch(r"separable \(fun t => (.*)\) \(fun t => (.*)\)", body("rll", "losses.v"))
    assert found
    t, w, loss = sympy.Symbol("t", positive=True), sympy.Wild("w"), get("rll")
    for coq, python in zip(found.groups(), (loss.on_label, loss.off_label), strict=True):
        term = expression(coq).subs("t", t).replace(sympy.Function("phi")(w), sympy.log(loss.alpha + w))
        assert sympy.simplify(sympy.expand_log(term - python(t, K, backend("sympy")), force=True)) == 0
    assert body("separable") == "fun u y => f (u y) + \\sum_(i | i != y) g (u i)"
    assert same(expression(body("generator")), sympy.sympify("f(t) + (K - 1)*g(t)", locals={"K": K}))


def test_formulas_of_risk() -> None:
    c, r, low, high = sympy.symbols("C risk low high")
    assert same(said("R1", r"uniform_risk L eta h = (.*)$"), predicted_noisy_risk(r, c, ETA, K))
    assert same(
        said("R1_threshold", r"uniform_risk L eta h = (.*)$"), predicted_noisy_risk(r, c, threshold(K), K)
    )
    bound = said("R3", r"risk L best <= (.*)$")
    assert same(bound.subs({low: K - 1, high: 2 * K - 2}), excess_risk_bound(get("mse"), None, ETA))
    assert same(said("R5", r"risk L noisy_best <= (.*) \* risk L best$"), high / low)


def test_formulas_of_symmetry() -> None:
    g = sympy.Function("G")
    constant = (K - 1) * g(0) + g(1)
    assert same(said("S1", r"g\) (\(.*\))$"), constant)
    for name in ("S2", "S2_concave"):
        assert same(said(name, r"S \(vertex R y\) = (.*)\]"), constant)
        assert same(said(name, r"S \(uniform R k\) = (.*?) &"), K * g(1 / K))
    assert same(said("S2", r"forall u, (.*?) <= S u"), K * g(1 / K))
    assert same(said("S2", r"<= S u <= (.*?),"), constant)


@pytest.mark.parametrize(
    ("name", "loss"), [("mae", "mae"), ("unhinged", "unhinged"), ("zero_one q", "zero-one")]
)
def test_the_bound_of_r4_is_the_largest_loss(name: str, loss: str) -> None:
    bound = said("within_bound", rf"{name} u y <= (.*?)(?:, |\]| &)")
    assert same(bound, loss_maximum(get(loss), 5).value)


def test_corners_of_the_pentagon() -> None:
    s = sympy.Symbol("s")
    lists = re.findall(r"nth 0 \[:: (.*?)\]", body("pentagon", "memorization.v"))
    corners = list(zip(*(sympy.sympify(x.split(";")) for x in lists), strict=True))
    assert [tuple(map(sympy.sympify, c)) for c in reachable_region(s)] == corners


def test_the_translation_can_tell() -> None:
    assert expression("1 - eta * K%:R / (K%:R - 1)") != expression("1 - eta * K%:R / (K%:R + 1)")
    assert expression("K%:R ^+ 2 * phi 0") == K**2 * sympy.Function("phi")(0)
    assert expression("G K%:R^-1") == sympy.Function("G")(1 / K)
    third = [Fraction(1, 3), Fraction(2, 3)]
    assert value(r"\sum_i (u i - (i == y)%:R) ^+ 2", third, 0) == Fraction(8, 9)
    assert value("A * (1 - u y)", third, 1) == Fraction(4, 3)
    with pytest.raises(AssertionError, match="R1"):
        said("R1", "no such words (.)")
