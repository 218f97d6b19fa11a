"""D3 in Coq tied to the Python: its six gradients are those of the chain rule that `theory` computes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pytest
import sympy

from lossmatters.proofs_checks.formal import statements
from lossmatters.proofs_checks.formal.theorems import FOLDER
from lossmatters.theory.dynamics.logit_gradients import chain_rule
from lossmatters.theory.losses import CCE, GCE, MAE, MSE, RLL, get
from lossmatters.theory.symbolic.algebra import exact_losses

SAID = {
    e.name: " ".join(e.says.split())
    for e in statements.read((FOLDER / statements.FILE).read_text(encoding="utf-8")).values()
}
LOSSES = [CCE(), MAE(), GCE(), MSE(), get("nmse"), RLL()]
OUTPUTS = [("1/2", "1/3", "1/6"), ("1/10", "2/5", "1/4", "1/4")]


def slopes() -> list[str]:
    """The numbers that D3 gives to the losses, in its order: what stands behind each `z y j`."""
    found, text = [], SAID["D3"]
    for m in re.finditer(r"z y j \(", text):
        depth, end = 1, m.end()
        while depth:
            depth += (text[end] == "(") - (text[end] == ")")
            end += 1
        found.append(text[m.end() : end - 1])
    return found


def python(text: str) -> str:
    """A term of Coq's as one of Python's, of numbers that are exact."""
    text = text.replace("k.+2%:R", "K").replace("powers.", "").replace("losses.", "")
    text = re.sub(r"\bweight u (\w)", r"u[\1]", text)
    text = re.sub(r"\bpow q \((u\[\w\])\)", r"(\1 ** q)", text)
    text = text.replace("nmse u y", "nmse")
    text = re.sub(r"\\sum_i rll_part alpha u y i", "sum(part(i) for i in range(len(u)))", text)
    text = text.replace("rll_part alpha u y j", "part(j)")
    return re.sub(r"(?<![\w\[])(\d+)\b", r"N(\1)", text)


def slope(text: str, loss: Any, u: Sequence[sympy.Rational], y: int, j: int) -> sympy.Expr:
    values: dict[str, Any] = {
        "N": sympy.Rational,
        "u": u,
        "y": y,
        "j": j,
        "K": sympy.Integer(len(u)),
        "s": sum(t**2 for t in u),
        "e": sympy.Integer(y == j),
        **{name: sympy.Rational(value) for name, value in loss.parameters.items()},
        "nmse": exact_losses(get("nmse"), u)[y],
        "len": len,
        "range": range,
        "sum": sum,
    }
    found = re.search(r"if i == y then (.*?) else (.*?) : forall", SAID["rll_part"])
    assert found
    own, other = (python(part) for part in found.groups())
    values["part"] = lambda i: eval(own if i == y else other, {**values, "i": i})
    return eval(python(text), values)


@pytest.mark.parametrize("n", range(len(LOSSES)), ids=lambda n: LOSSES[n].name)
def test_a_gradient_in_coq_is_that_of_the_chain_rule(n: int) -> None:
    assert len(slopes()) == len(LOSSES)
    seen = False
    for output in OUTPUTS:
        u = [sympy.Rational(t) for t in output]
        named = {f"u{i}": t for i, t in enumerate(u, 1)}
        for y in (0, len(u) - 1):
            for j, component in enumerate(chain_rule(LOSSES[n], len(u), y)):
                there = component.subs({s: named[s.name] for s in component.free_symbols})
                gap = sympy.N(there - slope(slopes()[n], LOSSES[n], u, y, j), 30)
                assert abs(gap) < 1e-25
                # The gradient of another loss is another.
                wrong = slope(slopes()[n - 1], LOSSES[n - 1], u, y, j)
                seen = seen or abs(sympy.N(there - wrong, 30)) > 1e-6
    assert seen


def test_the_logits_are_moved_and_read_by_softmax() -> None:
    assert "L (softmax (moved z j h)) y" in SAID["logit_slope"]
    assert "is_derive" in SAID["logit_slope"]
    assert "z i + h * (i == j)%:R" in SAID["moved"]
    assert re.search(r"expR \(z i\) / \(\\sum_j \S*expR \(z j\)\)", SAID["softmax"])
