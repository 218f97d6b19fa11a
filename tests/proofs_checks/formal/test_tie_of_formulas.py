"""Formulas in Coq's definitions tied to the Python: losses, and the minimisers that theorems name.

The text is what Coq prints of a definition; the other side is what `theory` computes. For each a formula that
is a little different is found out.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

import pytest
import sympy

from lossmatters.proofs_checks.formal import statements
from lossmatters.proofs_checks.formal.theorems import FOLDER
from lossmatters.theory.losses import JS, RLL, BiTempered
from lossmatters.theory.minimisers.closed_forms import conditional_minimiser
from lossmatters.theory.symbolic.algebra import exact_losses

SAID = {
    e.name: e.says for e in statements.read((FOLDER / statements.FILE).read_text(encoding="utf-8")).values()
}


def body(name: str) -> str:
    """What a definition stands for, on one line: behind its last `=>`, before its type."""
    text = re.sub(r"\s:\sforall\s.*", "", " ".join(SAID[name].split()))
    return text.split("=>", 1)[1].strip()


def value(text: str, **values: Any) -> Any:
    """A term of Coq's at numbers, exactly: logarithms and powers stay as they are."""
    text = text.replace("k.+2%:R", "K").replace("exp.ln", "ln").replace("%:R", "")
    text = re.sub(r"\bweight (\w+) (\w+)", r"\1[\2]", text)
    text = re.sub(r"\bwater_weight (\w+) i\b", r"w", text)
    text = re.sub(r"\bln (\w+)", r"ln(\1)", text).replace("ln (", "ln(")
    text = re.sub(r"\bpow (\w+|\([^()]*\)) \((\w+\[\w+\])\)", r"pow(\2, \1)", text)
    text = re.sub(r"\\sum_i (pow\([^()]*(?:\([^()]*\))?\))", r"sum(\1 for i in range(len(u)))", text)
    text = re.sub(r"Num\.max (\S+) \((.*)\)", r"max(\1, \2)", text)
    text = re.sub(r"if (.*) then (.*) else (.*)", r"(\2) if \1 else (\3)", text)
    text = re.sub(r"\b(\d+)\b", r"N(\1)", text.replace("lambda", "level"))
    known = {"N": sympy.Rational, "ln": sympy.log, "pow": lambda a, b: sympy.Pow(a, b)}
    return eval(text, {**known, **values})


def outputs() -> list[tuple[Fraction, ...]]:
    thirds = (Fraction(1, 2), Fraction(1, 3), Fraction(1, 6))
    return [thirds, thirds[::-1], (Fraction(1, 4),) * 4, (Fraction(3, 4), Fraction(1, 8), Fraction(1, 8))]


def near(one: Any, other: Any) -> bool:
    return abs(sympy.N(one - other, 40)) < sympy.Rational(1, 10**30)


@pytest.mark.parametrize("p", [Fraction(7, 10), Fraction(1, 3)])
def test_js_has_the_values_of_the_python(p: Fraction) -> None:
    for u in outputs():
        values = exact_losses(JS(pi1=p), u)
        for y, t in enumerate(u):
            at = {"t": sympy.Rational(t), "p": sympy.Rational(p)}
            assert near(value(body("js_of"), **at), values[y])
            other = body("js_of").replace("(1 - t)", "(2 - t)")
            assert other != body("js_of")
            assert not near(value(other, **at), values[y])


@pytest.mark.parametrize("t1", [Fraction(4, 5), Fraction(1, 2)])
def test_the_bi_tempered_loss_has_the_values_of_the_python(t1: Fraction) -> None:
    for u in outputs():
        values = exact_losses(BiTempered(t1=t1), u)
        for y in range(len(u)):
            at = {"u": [sympy.Rational(t) for t in u], "y": y, "q": 1 - sympy.Rational(t1)}
            assert near(value(body("bi_tempered"), **at), values[y])
            assert not near(value(body("bi_tempered").replace("/ q", "/ (q + 1)"), **at), values[y])


POSTERIORS = [
    ("1/2", "1/3", "1/6"),
    ("3/5", "2/5", *["0"] * 8),
    ("9/10", "1/20", "1/20"),
    ("2/5", "3/10", "1/4", "1/20"),
    ("1/4", "1/4", "1/4", "1/8", "1/8"),
]


@pytest.mark.parametrize("posterior", POSTERIORS, ids=lambda p: ",".join(p))
@pytest.mark.parametrize("alpha", [Fraction(1, 10), Fraction(2)])
def test_water_filling_is_that_of_the_python(posterior: tuple[str, ...], alpha: Fraction) -> None:
    pi = [sympy.Rational(p) for p in posterior]
    point = conditional_minimiser(RLL(alpha=alpha), posterior).exact
    assert point is not None
    a = sympy.Rational(alpha)
    weights = [value(body("water_weight"), pi=pi, i=i, K=len(pi)) for i in range(len(pi))]
    (level,) = {w / (a + u) for w, u in zip(weights, point, strict=True) if u > 0}
    assert level > 0

    def poured(ground: sympy.Rational, level: sympy.Rational = level) -> list[sympy.Rational]:
        return [value(body("filled"), w=w, alpha=ground, level=level) for w in weights]

    assert poured(a) == list(point)
    assert sum(poured(a)) == 1
    # Another level is no output, as the theorem says: it is the only one.
    assert sum(poured(a, level * 2)) < 1 < sum(poured(a, level / 2))
    other = body("filled").replace("- alpha", "+ alpha")
    assert [value(other, w=w, alpha=a, level=level) for w in weights] != list(point)


def test_at_the_uniform_posterior_every_output_minimises() -> None:
    third = sympy.Rational(1, 3)
    assert value(body("water_weight"), pi=[third] * 3, i=0, K=3) == 0
    found = conditional_minimiser(RLL(), ["1/3"] * 3)
    assert found.unique is False
    assert "every output" in found.others
