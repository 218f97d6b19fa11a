"""Symmetry decided by S1 to S4: right on the catalogue, on near misses, and on a user's losses."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import pytest
import sympy
import torch
from hypothesis import given
from hypothesis import strategies as st

from lossmatters.theory.losses import (
    CCE,
    LOSSES,
    MAE,
    MSE,
    NCE,
    NMSE,
    RLL,
    Loss,
    Normalized,
    SeparableLoss,
    get,
)
from lossmatters.theory.symbolic.algebra import K, enclose, exact_label_sum, is_nonnegative, is_zero
from lossmatters.theory.symmetry.decide import decide
from lossmatters.theory.symmetry.witness import differ, find_witness, simple_points
from lossmatters.theory.verdict import ClassCounts, Method, Scope


@dataclass(frozen=True)
class Cubic(SeparableLoss):
    """Symmetric for K = 2 alone; written with floats, as a user would."""

    name = "cubic"

    def on_label(self, t, num_classes, ops):
        return 0.5 - (t - 0.5) - (t - 0.5) ** 3


@dataclass(frozen=True)
class NearMAE(SeparableLoss):
    name = "near-mae"
    excess: Fraction = Fraction(1, 10**9)

    def on_label(self, t, num_classes, ops):
        return 1 - t + self.excess * t**2

    def off_label(self, t, num_classes, ops):
        return t


@dataclass(frozen=True)
class TenClasses(SeparableLoss):
    """RLL with K = 10 written into it: symmetric there and nowhere else."""

    name = "ten-classes"

    def on_label(self, t, num_classes, ops):
        return -ops.log(0.1 + t)

    def off_label(self, t, num_classes, ops):
        return ops.log(0.1 + t) / 9


@dataclass(frozen=True)
class Kink(SeparableLoss):
    """|t - 1/2|: its second derivative vanishes wherever it exists."""

    name = "kink"

    def on_label(self, t, num_classes, ops):
        return ops.abs(t - 0.5)


@dataclass(frozen=True)
class Quotient(Loss):
    """NMSE as a formula, with an offset in the divisor that must be K - 2 to be symmetric."""

    name = "quotient"
    offset: Fraction = Fraction(-2)

    def formula(self, probs, onehot, ops):
        k = ops.const(probs.shape[-1])
        s = ops.dot(probs, probs)
        return (1 - 2 * ops.dot(probs, onehot) + s) / (k * s + k + self.offset)


@dataclass(frozen=True)
class Listed(Loss):
    """NMSE with its classes taken one by one: nothing shows that they are treated alike."""

    name = "listed"

    def formula(self, probs, onehot, ops):
        k = ops.const(probs.shape[-1])
        s = sum(probs[..., i] ** 2 for i in range(probs.shape[-1]))
        return (1 - 2 * ops.dot(probs, onehot) + s) / (k * s + k - 2)


@pytest.mark.parametrize("name", sorted(LOSSES))
@pytest.mark.parametrize("num_classes", [None, 2, 3, 10, 100])
def test_catalogue_is_decided_as_it_declares(name: str, num_classes: int | None) -> None:
    loss = get(name)
    verdict = decide(loss, num_classes)
    assert verdict.status == ("proved" if loss.symmetric else "refuted")
    if loss.symmetric:
        assert verdict.witness is None
        assert verdict.constant is not None
        assert (verdict.constant_value is None) == verdict.constant.has(K)
    else:
        check_witness(loss, verdict)


def check_witness(loss: Loss, verdict: Any) -> None:
    """What a reader would check: both are points of the simplex, and their label sums differ."""
    witness = verdict.witness
    for point in (witness.u, witness.v):
        assert sum(point) == 1
        assert min(point) >= 0
    sums = [exact_label_sum(loss, point) for point in (witness.u, witness.v)]
    assert differ(*sums)
    for found, said in zip(sums, (witness.sum_u, witness.sum_v), strict=True):
        assert is_zero(found - said)


@pytest.mark.parametrize("name", sorted(n for n in LOSSES if get(n).symmetric))
def test_one_k_agrees_with_all_k(name: str) -> None:
    everywhere = decide(get(name))
    for k in (2, 3, 7, 10):
        assert is_zero(everywhere.constant_at(k) - decide(get(name), k).constant)


def test_closed_form_of_rll() -> None:
    assert str(decide(RLL()).constant) == "K*log(11)"
    assert str(decide(RLL(), 10).constant) == "10*log(11)"
    assert decide(RLL(), 10).constant_value == pytest.approx(23.978952727983707, rel=1e-15)


def test_symmetric_for_two_classes_only() -> None:
    assert decide(Cubic(), 2).status == "proved"
    assert decide(Cubic(), 2).constant == 1
    everywhere = decide(Cubic())
    assert (everywhere.status, everywhere.scope) == ("refuted", Scope(ClassCounts.every(3)))
    assert "K = 2: proved" in everywhere.detail
    for k in (3, 4, 10):
        check_witness(Cubic(), decide(Cubic(), k))


def test_symmetric_for_ten_classes_only() -> None:
    assert decide(TenClasses(), 10).status == "proved"
    assert decide(TenClasses()).scope == Scope(ClassCounts.every().without(10))
    check_witness(TenClasses(), decide(TenClasses()))


@given(exponent=st.integers(3, 40), num_classes=st.sampled_from([None, 2, 3, 10]))
def test_nearly_symmetric_is_refuted_however_near(exponent: int, num_classes: int | None) -> None:
    loss = NearMAE(Fraction(1, 10**exponent))
    verdict = decide(loss, num_classes)
    assert verdict.status == "refuted"
    check_witness(loss, verdict)


def test_the_same_loss_without_its_excess_is_proved() -> None:
    assert decide(NearMAE(0)).constant == decide(MAE()).constant


def test_kinks_are_not_mistaken_for_lines() -> None:
    assert decide(Kink(), 3).status == "refuted"
    assert decide(Kink(), 10).status == "refuted"


def test_formula_alone_is_proved_for_every_k() -> None:
    """Its sums over classes show that S does not depend on them."""
    verdict = decide(Quotient())
    # for all K at once nothing shows that the divisor, K s + K - 2, is never 0
    scope = "all K >= 2, open simplex, wherever every L(u, j) is finite"
    assert (verdict.status, str(verdict.scope)) == ("proved", scope)
    assert verdict.method is Method.S4
    assert verdict.constant == decide(Quotient(), 10).constant == 1
    assert str(decide(Quotient(), 10).scope) == "K = 10, open simplex"


def test_formula_that_lists_classes_is_proved_for_small_k_and_sampled_beyond() -> None:
    scope = "K = 2..5, open simplex, wherever every L(u, j) is finite"  # its divisor is not looked into
    assert str(decide(Listed()).scope) == scope
    assert decide(Listed()).status == "proved"
    sampled = decide(Listed(), 10)
    assert (sampled.status, sampled.constant) == ("sampled", None)
    assert sampled.constant_value == pytest.approx(1)


def test_formula_with_a_wrong_offset_is_refuted() -> None:
    verdict = decide(Quotient(-1))
    assert (verdict.status, str(verdict.scope)) == ("refuted", "K = 2..5")
    check_witness(Quotient(-1), verdict)


@given(a=st.fractions(Fraction(1, 100), 100), b=st.fractions(Fraction(1, 100), 100))
def test_sums_of_symmetric_losses_add_their_constants(a: Fraction, b: Fraction) -> None:
    verdict = decide(a * MAE() + b * NMSE(), 10)
    assert verdict.status == "proved"
    assert Fraction(str(verdict.constant)) == 18 * a + b


@pytest.mark.parametrize("other", [MSE(), CCE(), 0.001 * MSE()], ids=str)
def test_one_asymmetric_term_spoils_a_sum(other: Loss) -> None:
    loss = NMSE() + other
    check_witness(loss, decide(loss, 4))


def test_normalising_anything_makes_it_symmetric() -> None:
    assert decide(Normalized(CCE() + MSE())).constant == 1
    assert decide(Normalized(Quotient(-1)), 5).status == "proved"


def symmetric_callable(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    return 1 - torch.softmax(logits, -1).gather(-1, labels[:, None])[:, 0]


def nearly_symmetric_callable(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    p = torch.softmax(logits, -1).gather(-1, labels[:, None])[:, 0]
    return 1 - p + 1e-9 * p**2


def narrow_callable(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    return symmetric_callable(logits.float(), labels)


def test_callables_are_sampled_never_proved() -> None:
    verdict = decide(get(symmetric_callable), 10)
    assert (verdict.status, verdict.method) == ("sampled", "sampling")
    assert verdict.constant_value == pytest.approx(9, rel=1e-12)
    assert decide(get(narrow_callable)).status == "sampled"
    assert decide(get(nearly_symmetric_callable)).status == "refuted"
    assert decide(get(torch.nn.CrossEntropyLoss(reduction="none"))).status == "refuted"


def test_callable_of_the_wrong_shape_or_that_raises_is_one_clear_error() -> None:
    with pytest.raises(ValueError, match="must return one loss a sample"):
        decide(get(torch.nn.CrossEntropyLoss()))

    def broken(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("no such thing")

    with pytest.raises(ValueError, match="broken raised RuntimeError: no such thing"):
        decide(get(broken))


@pytest.mark.parametrize("num_classes", [2, 3, 10])
def test_simple_points_are_distinct_points_of_the_simplex(num_classes: int) -> None:
    points = list(simple_points(num_classes))
    assert len(points) == len(set(points))
    assert all(sum(p) == 1 and min(p) >= 0 and len(p) == num_classes for p in points)


def test_no_witness_for_a_symmetric_loss() -> None:
    assert find_witness(RLL(), 4) is None


def test_is_zero_proves_nothing_false() -> None:
    t = sympy.Symbol("t", positive=True)
    assert is_zero(sympy.log(t**2) - 2 * sympy.log(t))
    assert not is_zero(sympy.log(t**2) - 2 * sympy.log(t) + sympy.Rational(1, 10**30))


def test_is_nonnegative_proves_nothing_false() -> None:
    t = sympy.Symbol("t", positive=True)
    assert is_nonnegative(-sympy.log(t) * (1 - t), t)
    assert not is_nonnegative(t - sympy.Rational(1, 2), t)


@given(value=st.fractions(Fraction(1, 50), 50))
def test_balls_enclose_closed_forms(value: Fraction) -> None:
    x = sympy.Rational(value.numerator, value.denominator)
    for expression in (sympy.log(x), sympy.sqrt(x) - x**3, sympy.exp(-x), sympy.Abs(sympy.log(x)) + sympy.E):
        ball = enclose(expression)
        assert abs(float(ball.mid()) - float(expression)) <= 1e-12 * (1 + abs(float(expression)))
        assert float(ball.rad()) < 1e-9


def test_enclose_refuses_what_it_does_not_know() -> None:
    with pytest.raises(TypeError, match="elementary functions"):
        enclose(sympy.gamma(sympy.Rational(1, 3)))


def test_a_witness_may_lie_near_a_vertex_alone() -> None:
    """NCE has no value at a vertex, and the other term shows only where one class has more than 7/8."""
    loss = NCE() + get("truncated-gce(q=1, k=7/8)")
    verdict = decide(loss, 3)
    assert verdict.status == "refuted"
    assert verdict.witness is not None
    assert Fraction(7, 8) < max(*verdict.witness.u, *verdict.witness.v) < 1
