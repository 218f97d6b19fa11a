"""Hypotheses tied to the Python: where Coq's hold `theory` says what the theorem says, elsewhere it does not.

Hypotheses are read from the statements that Coq prints, with those of all sections, and evaluated; the other
side is computed by `theory` from its losses and rates. For each tie a weaker or stronger hypothesis is found
out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import pytest
import sympy

from lossmatters.proofs_checks.formal import statements
from lossmatters.proofs_checks.formal.theorems import FOLDER
from lossmatters.theory.enclosure.settle import T
from lossmatters.theory.losses import AEL, AGCE, AUL, GCE, MAE, MSE, NNCE, TaylorCE, get
from lossmatters.theory.noise import (
    ClassConditionalNoise,
    SymmetricNoise,
    flip_probability,
    risk_slope,
    threshold,
)
from lossmatters.theory.risk.conditions import meets_bound
from lossmatters.theory.risk.excess import excess_risk_bound
from lossmatters.theory.risk.finite import clean_risk, noisy_risk
from lossmatters.theory.risk.reversal_search import order_reversal
from lossmatters.theory.risk.separable_tolerance import end_slopes, separable_parts
from lossmatters.theory.risk.tolerance import noise_tolerance
from lossmatters.theory.symbolic.algebra import exact_losses
from lossmatters.theory.symmetry.decide import decide
from lossmatters.theory.symmetry.label_sum_range import label_sum_range
from lossmatters.theory.symmetry.loss_maximum import loss_maximum
from lossmatters.theory.validation import clean_accuracy
from lossmatters.theory.verdict import Status

SAID = {
    e.name: e.says for e in statements.read((FOLDER / statements.FILE).read_text(encoding="utf-8")).values()
}
RATES = [Fraction(n, 60) for n in range(61)]


def split(text: str, at: str) -> tuple[str, str] | None:
    """The text before and after a mark that stands inside no parentheses, or None where it does not occur."""
    depth = 0
    for i, c in enumerate(text):
        depth += (c in "([{") - (c in ")]}")
        if depth == 0 and text.startswith(at, i):
            return text[:i], text[i + len(at) :]
    return None


def premises(says: str) -> tuple[list[str], str]:
    """The hypotheses of a statement of Coq, in their order, and its conclusion."""
    rest, out = " ".join(says.split(":", 1)[1].split()), []
    while True:
        if rest.startswith("forall "):
            rest = split(rest, ", ")[1]
        elif rest.startswith("let "):
            rest = split(rest, " in ")[1]
        elif found := split(rest, " -> "):
            out.append(found[0])
            rest = found[1]
        else:
            return out, rest


def number(text: str, **values: Any) -> Any:
    """A relation or a term of Coq's, evaluated; a flip, a slope or a threshold is that of `theory`."""
    text = re.sub(r"k\.\+[123](?:%:R)?", "K", text)
    text = re.sub(r"\bthreshold \w+ K", "threshold(K)", text)
    text = re.sub(r"\b(flip|slope) K (\w+)", r"\1(\2, K)", text)
    text = re.sub(r"`\|(\w+)\|", r"abs(\1)", text.replace("%:R", ""))
    text = re.sub(r"(\w+)\^-1", r"(1 / \1)", text)
    text = re.sub(r"(?<![<>!=])=(?!=)", "==", text)
    text = re.sub(r"\b(\d+)\b", r"N(\1)", text)
    known = {
        "threshold": threshold,
        "flip": flip_probability,
        "slope": risk_slope,
        "abs": abs,
        "N": sympy.Rational,
    }
    return eval(text, {**known, **{k: sympy.sympify(v) for k, v in values.items()}})


def rate_condition(name: str) -> str:
    """The one hypothesis of a theorem that is about the rate."""
    (found,) = [
        p for p in premises(SAID[name])[0] if re.search(r"\beta\b", p) and "noise" not in p and "L" not in p
    ]
    return found


def agree(condition: str, observed: Callable[[int, Fraction], bool]) -> bool:
    """Whether a condition on K and the rate holds exactly where something is observed of the Python."""
    return all(bool(number(condition, K=k, eta=r)) == observed(k, r) for k in (2, 4) for r in RATES[::5])


def risks(loss: Any, k: int, rate: Fraction) -> Iterator[tuple[Any, Any]]:
    """Clean and noisy risk of three constant hypotheses, where the clean label is 0 or 1."""
    posterior = [Fraction(3, 4), Fraction(1, 4), *[Fraction(0)] * (k - 2)]
    matrix = SymmetricNoise(rate).transition_matrix(k)
    for share in (Fraction(1, 4), Fraction(1, 2), Fraction(1)):
        u = (share, 1 - share, *[Fraction(0)] * (k - 2))
        row = [exact_losses(loss, u)]
        yield clean_risk([1], [posterior], row), noisy_risk([1], [posterior], row, matrix)


def order(k: int, rate: Fraction) -> int:
    """1 where noise keeps the order of MAE's risks, -1 where it turns it around, 0 where all are equal."""
    found = list(risks(MAE(), k, rate))
    signs = {
        sympy.sign(a[0] - b[0]) * sympy.sign(a[1] - b[1]) for i, a in enumerate(found) for b in found[i + 1 :]
    }
    (sign,) = signs
    return int(sign)


def refuses(call: Callable[[], Any]) -> bool:
    try:
        call()
    except ValueError:
        return True
    return False


def predicted(k: int, rate: Fraction) -> int:
    """How many of 1000 noisy labels a classifier of clean accuracy 7/10 predicts."""
    return round(1000 * (flip_probability(rate, k) + risk_slope(rate, k) * Fraction(7, 10)))


OBSERVED: dict[str, Callable[[int, Fraction], bool]] = {
    "R1_order": lambda k, rate: order(k, rate) == 1,
    "R1_minimisers": lambda k, rate: order(k, rate) == 1,
    "R1_threshold": lambda k, rate: order(k, rate) == 0,
    "R1_beyond": lambda k, rate: order(k, rate) == -1,
    "R2_symmetric": lambda k, rate: order(k, rate) == 1,
    "R3": lambda k, rate: not refuses(lambda: excess_risk_bound(MSE(), k, rate)),
    "mse_reversal": lambda k, rate: (
        not refuses(lambda: order_reversal(MSE(), k, rate)) and order_reversal(MSE(), k, rate) is not None
    ),
    "V1": lambda k, rate: not refuses(lambda: clean_accuracy(predicted(k, rate), 1000, k, rate)),
}


@pytest.mark.parametrize("name", OBSERVED)
def test_the_rates_of_a_theorem_are_those_at_which_theory_says_so(name: str) -> None:
    assert agree(rate_condition(name), OBSERVED[name])


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("R1_order", "eta <= threshold R k.+2"),
        ("R1_threshold", "eta = flip k.+2 eta"),
        ("R1_beyond", "threshold R k.+2 <= eta"),
        ("R3", "0 < eta < threshold R k.+2"),
        ("mse_reversal", "0 <= eta < threshold R k.+2"),
        ("V1", "eta < 1"),
    ],
)
def test_another_condition_is_found_out(name: str, wrong: str) -> None:
    assert wrong != rate_condition(name)
    assert not agree(wrong, OBSERVED[name])


@pytest.mark.slow
def test_r4_asks_of_noise_and_loss_what_theory_asks() -> None:
    symmetric, bounded, dominant, zero = premises(SAID["R4"])[0]
    assert symmetric == "symmetric L C"
    assert zero == "risk L best = 0"
    assert dominant.endswith("j != i -> T x i j < T x i i)")
    matrices = [
        [[f"{n}/10", f"{m}/10", f"{10 - n - m}/10"], ["1/10", "8/10", "1/10"], ["2/10", "2/10", "6/10"]]
        for n in range(11)
        for m in range(11 - n)
    ]
    for rows in matrices:
        noise = ClassConditionalNoise(rows)
        entries = noise.transition_matrix(3)
        here = all(entries[i][j] < entries[i][i] for i in range(3) for j in range(3) if j != i)
        assert noise.is_diagonally_dominant() == here
    high = re.fullmatch(r"\(forall .*, 0 <= L u y <= (.*)\)", bounded)
    assert high
    for name in ("mae", "rce", "rll", "nmse"):
        for k in (2, 3):
            largest, constant = loss_maximum(get(name), k).value, decide(get(name), k).constant_at(k)
            assert largest is not None
            within = sympy.simplify(largest - number(high[1], K=k, C=constant)) <= 0
            assert meets_bound(get(name), k) == bool(within)


@pytest.mark.parametrize("name", ["mae", "mse", "unhinged", "rce", "rll", "taylor-ce", "aul", "amse", "gce"])
def test_the_hypothesis_of_s1_holds_of_the_losses_that_theory_calls_symmetric(name: str) -> None:
    (affine,), conclusion = premises(SAID["S1"])
    assert affine == "affine_on_unit (generator K f g)"
    loss = get(name)
    g = generator(loss)
    ends = {"g0": sympy.limit(g, T, 0, "+"), "g1": sympy.limit(g, T, 1, "-")}
    line = re.search(r"0 <= t -> t <= 1 -> G t = (.*)", SAID["affine_on_unit"])
    assert line
    holds = sympy.simplify(g - number(re.sub(r"G ([01])", r"g\1", line[1]), t=T, **ends)) == 0
    assert holds == (decide(loss, 4).status is Status.PROVED)
    constant = re.fullmatch(r"symmetric \(separable f g\) \((.*)\)", conclusion)
    assert constant
    if holds:
        value = number(re.sub(r"generator K f g ([01])", r"g\1", constant[1]), K=4, **ends)
        assert sympy.simplify(value - decide(loss, 4).constant_at(4)) == 0


def generator(loss: Any) -> sympy.Expr:
    """G at K = 4, from the definition that Coq prints, of the parts that `theory` reads off the formula."""
    parts = separable_parts(loss, 4)
    body = re.search(r"=> f t \+ (.*) \* g t\n", SAID["generator"])
    assert parts is not None
    assert body
    return parts[0] + number(body[1], K=4) * parts[1]


@pytest.mark.parametrize(
    "loss",
    [TaylorCE(), AUL(), AEL(), pytest.param(AGCE(), marks=pytest.mark.slow), GCE()],
    ids=lambda loss: loss.name,
)
def test_a2_and_s2_say_what_theory_computes_of_a_convex_loss(loss: Any) -> None:
    parts = separable_parts(loss, 4)
    assert parts is not None
    slopes = end_slopes(*parts)
    (convex, falling, rates), conclusion = premises(SAID["A2"])
    assert convex == "convex_on (unit_interval (R:=R)) f"
    assert falling == "falling_on_unit f"
    assert rates == "0 <= eta <= 1"
    finite, steep = conclusion.split(" /\\ ")
    largest = noise_tolerance(loss, 4).rate
    if slopes.f0.is_infinite:
        assert steep.endswith("<-> eta = 0)")
        assert largest == 0
    else:
        rate = re.search(r"<-> eta <= (.*)\)$", finite)
        assert rate
        assert sympy.simplify(number(rate[1], K=4, d0=slopes.f0, d1=slopes.f1) - largest) == 0
        assert (
            sympy.simplify(number("k.+2%:R - `|d0| / `|d1|", K=4, d0=slopes.f0, d1=slopes.f1) - largest) != 0
        )
    low = re.search(r"S? ?(.*) <= label_sum", premises(SAID["S2"])[1].split(", ", 1)[1])
    assert low
    assert low[1] == "k.+1%:R * generator k.+1 f g k.+1%:R^-1"
    assert sympy.simplify(4 * parts[0].subs(T, sympy.Rational(1, 4)) - label_sum_range(loss, 4).low) == 0


@pytest.mark.parametrize(
    ("theorem", "make", "symmetric"),
    [
        ("gce_not_symmetric", lambda q: GCE(q=q), False),
        ("aul_not_symmetric", lambda a: AUL(a=a, q=3), False),
        ("nnce_symmetric", lambda p: NNCE(p_min=p), True),
    ],
)
def test_theory_agrees_at_every_parameter_that_a_theorem_allows(
    theorem: str, make: Callable[..., Any], symmetric: bool
) -> None:
    (condition,) = premises(SAID[theorem])[0]
    (name,) = set(re.findall(r"\b[a-z]\b", condition.replace("k.+2", "")))
    steps = [Fraction(n, 12) for n in range(31)] + [Fraction(n, 10_000) for n in range(0, 15, 3)]
    allowed = [x for x in steps if number(condition, K=3, **{name: x})]
    assert 0 < len(allowed) < len(steps)
    tried = [x for x in allowed if not refuses(lambda x=x: make(str(x)))]
    assert len(tried) > 2
    for x in tried[:: max(1, len(tried) // 4)]:
        found = decide(make(str(x)), 3).status
        assert found is (Status.PROVED if symmetric else Status.REFUTED)


def test_what_is_read_can_be_told_apart() -> None:
    said = "t\n : forall (R : f) (a : R), a < 1 -> forall b : R, (a -> b) -> let c := a in [/\\ c -> d & e]"
    assert premises(said) == (["a < 1", "(a -> b)"], "[/\\ c -> d & e]")
    assert number("0 < p < k.+2%:R^-1", K=3, p=Fraction(1, 4))
    assert not number("0 < p < k.+2%:R^-1", K=3, p=Fraction(1, 3))
    assert number("(k.+2%:R - 1) / (k.+2%:R - 1 + `|d0| / `|d1|)", K=3, d0=-2, d1=1) == sympy.Rational(1, 2)
