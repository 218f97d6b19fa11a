"""N3.nmse in Coq tied to the Python: projection, kappa and vertices are those that `theory` computes."""

from __future__ import annotations

import random
import re
from fractions import Fraction

import pytest
import sympy

from lossmatters.proofs_checks.formal import statements
from lossmatters.proofs_checks.formal.theorems import FOLDER
from lossmatters.proofs_checks.methods.exact import simplex_point
from lossmatters.theory.losses import get
from lossmatters.theory.minimisers.closed_forms import conditional_minimiser
from lossmatters.theory.symbolic.algebra import exact_losses

SAID = {
    e.name: " ".join(e.says.split())
    for e in statements.read((FOLDER / statements.FILE).read_text(encoding="utf-8")).values()
}
POSTERIORS = [
    ("1/2", "1/3", "1/6"),
    ("1/2", "1/4", "1/4"),
    ("1", "0", "0"),
    ("2/5", "2/5", "1/5"),
    ("0", "1/2", "1/2"),
    ("7/10", "1/10", "1/10", "1/10"),
    ("2/5", "3/10", "1/4", "1/20"),
]


def risk(pi: list[Fraction], u: tuple) -> sympy.Expr:
    return sum(sympy.Rational(p) * value for p, value in zip(pi, exact_losses(get("nmse"), u), strict=True))


def kappa(text: str, k: int, least: sympy.Expr) -> sympy.Expr:
    """What the theorem names kappa, at a number of classes and a least risk."""
    found = re.search(r"let kappa := (.*?) in", text)
    assert found
    body = re.sub(r"k\.\+2%:R", "K", found[1]).replace("lambda", "least")
    return eval(body, {"K": sympy.Integer(k), "least": least})


def distance(u: tuple, a: list[sympy.Expr]) -> sympy.Expr:
    """The squared distance, of the terms that Coq prints."""
    found = re.search(r"\\sum_i (\(.*?\) \^\+ 2)", SAID["distance2"])
    assert found
    term = found[1].replace("weight u i", "u[i]").replace("a i", "a[i]").replace("^+", "**")
    return sum(eval(term, {"u": u, "a": a, "i": i}) for i in range(len(u)))


@pytest.mark.parametrize("posterior", POSTERIORS, ids=lambda p: ",".join(p))
def test_the_minimiser_is_the_projection_that_coq_names(posterior: tuple[str, ...]) -> None:
    pi = [Fraction(p) for p in posterior]
    v = conditional_minimiser(get("nmse"), posterior).exact
    assert v is not None
    scale = kappa(SAID["N3_nmse"], len(pi), sympy.radsimp(risk(pi, v)))
    assert sympy.N(scale, 30) > 0
    goal = [sympy.Rational(p) / scale for p in pi]
    rng = random.Random(len(pi))
    points = [simplex_point(rng, len(pi)) for _ in range(6)]
    near = sympy.N(distance(v, goal), 30)
    assert all(sympy.N(distance(tuple(map(sympy.Rational, u)), goal), 30) >= near for u in points)
    assert off(v, nearest(goal)) < 1e-20
    # Another kappa aims at another point of the simplex, unless both lie behind the middle of one face.
    other = kappa(SAID["N3_nmse"].replace("lambda in", "lambda / 2 in"), len(pi), risk(pi, v))
    aims = [sympy.Rational(p) / other for p in pi]
    assert len({t for t in v if t != 0}) == 1 or off(v, nearest(aims)) > 1e-3


def nearest(a: list[sympy.Expr]) -> list[sympy.Expr]:
    """The point of the simplex nearest to another: all entries less one number, cut off at 0."""
    a = [sympy.N(x, 40) for x in a]
    ranked = sorted(a, reverse=True)
    level = max((sum(ranked[:m]) - 1) / m for m in range(1, len(a) + 1))
    return [max(x - level, sympy.Integer(0)) for x in a]


def off(u: tuple, v: list[sympy.Expr]) -> sympy.Expr:
    return max(abs(sympy.N(x - y, 30)) for x, y in zip(u, v, strict=True))


def test_the_posteriors_can_tell() -> None:
    found = [conditional_minimiser(get("nmse"), p).exact for p in POSTERIORS]
    assert sum(len({t for t in v or () if t != 0}) > 1 for v in found) >= 2


@pytest.mark.parametrize("posterior", POSTERIORS, ids=lambda p: ",".join(p))
def test_the_minimiser_is_a_vertex_where_coq_says_so(posterior: tuple[str, ...]) -> None:
    assert "weight pi j <= weight pi c) /\\" in SAID["N3_nmse"]
    assert "i != c -> j != c -> weight pi i = weight pi j" in SAID["N3_nmse"]
    pi = [Fraction(p) for p in posterior]
    v = conditional_minimiser(get("nmse"), posterior).exact
    assert v is not None
    for c in range(len(pi)):
        others = {p for i, p in enumerate(pi) if i != c}
        here = pi[c] == max(pi) and len(others) == 1
        assert here == (v[c] == 1)
