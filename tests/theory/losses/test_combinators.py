"""Sums, positive multiples and normalisation."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from agreement import reference
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lossmatters.proofs_checks.strategies import combined_losses, losses, separable_losses, simplex_points
from lossmatters.theory.backends import backend
from lossmatters.theory.losses import (
    CCE,
    GCE,
    LOSSES,
    MAE,
    MSE,
    NCE,
    NFL,
    NGCE,
    NMSE,
    CallableLoss,
    Combination,
    Focal,
    LogitUnhinged,
    Loss,
    Normalized,
    SeparableCombination,
    SeparableLoss,
    Unhinged,
    get,
)

INTERIOR = ("interior", "ties", "uniform")
FACTORS = st.fractions(Fraction(1, 10), 10, max_denominator=10)


def values(loss, u):
    """L(u, j) for all j."""
    return loss.values(np.tile(u, (len(u), 1)), np.arange(len(u)))


def has_a_sum(base, u):
    """Tell whether S(u) is more than what is left of terms that cancel: the quotient by it has a value."""
    row = values(base, u)
    return abs(row.sum()) > 0.01 * np.abs(row).max()


def same(a, b):
    """Equal within rounding: the same sum in another order, a few ulps of its largest term."""
    np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-14)


@given(losses(), losses(), FACTORS, FACTORS, simplex_points(4, kinds=INTERIOR))
def test_a_sum_of_multiples_is_what_it_says(first, second, a, b, u):
    same(values(a * first + b * second, u), float(a) * values(first, u) + float(b) * values(second, u))


@given(losses(), losses(), FACTORS, simplex_points(3, kinds=INTERIOR))
def test_algebra(first, second, c, u):
    same(values(first + second, u), values(second + first, u))
    same(values(c * (first + second), u), values(c * first + c * second, u))
    assert c * first == first * c
    assert (2 * (c * first)).spec == ((2 * c) * first).spec
    assert (first + second) + first == first + (second + first)


@settings(max_examples=40)
@given(separable_losses(), separable_losses())
def test_a_sum_of_separable_losses_is_separable(first, second):
    total = first + second
    assert isinstance(total, SeparableCombination)
    assert isinstance(total, SeparableLoss)


@given(separable_losses(), simplex_points(3, exact=True, kinds=INTERIOR))
def test_the_generator_sums_to_the_label_sum(loss, point):
    """S1: S(u) = sum of G(u_i), against the sum of the losses of all labels."""
    ops = backend("mpmath")
    generator = sum(loss.generator(ops.const(x), ops.const(3), ops) for x in point)
    assert abs(generator - sum(reference(loss, point)[:-1])) < 1e-40 * max(1, abs(generator))


def test_one_term_that_is_not_separable_makes_a_plain_combination():
    assert isinstance(MAE() + NMSE(), Combination)
    assert not isinstance(MAE() + NMSE(), SeparableLoss)
    assert isinstance(2 * NMSE(), Combination)


def test_sums_are_flat_and_factors_multiply():
    loss = 2 * (CCE() + 3 * MAE()) + MSE()
    assert loss.terms == ((2, CCE()), (6, MAE()), (1, MSE()))
    assert loss.spec == "2*cce + 6*mae + mse"
    assert loss.title == "2 CCE + 6 MAE + MSE"
    assert (0.1 * CCE()).spec == "1/10*cce"


# All but those whose sum over labels is 0 throughout.
BASES = (losses() | combined_losses()).filter(
    lambda base: abs(values(base, np.array([0.5, 0.3, 0.2])).sum()) > 1e-9
)


@pytest.mark.parametrize(
    "base", [LogitUnhinged(), 2 * LogitUnhinged(), 3 * (LogitUnhinged() + LogitUnhinged())]
)
def test_a_sum_that_is_0_cannot_be_divided_by(base):
    with pytest.raises(
        ValueError, match=r"^base must be a loss whose sum over labels is not always 0, got base="
    ):
        Normalized(base)


def test_a_sum_written_as_0_cannot_be_divided_by():
    class Centred(Loss):
        name = "centred"

        def formula(self, probs, onehot, ops):
            return probs.shape[-1] * ops.dot(probs, onehot) - ops.sum(probs)

    class Zero(Loss):
        name = "zero"

        def formula(self, probs, onehot, ops):
            return 0 * ops.dot(probs, onehot)

    for base in (Centred(), Zero()):
        with pytest.raises(ValueError, match="sum over labels"):
            Normalized(base)
    assert Normalized(Centred() + CCE()).symmetric  # S is that of CCE


@settings(max_examples=60)
@given(BASES, simplex_points(4, kinds=INTERIOR))
def test_a_normalised_loss_sums_to_one(base, u):
    assume(has_a_sum(base, u))  # LDR-KL with no margin is 0 at the uniform output
    loss = Normalized(base)
    assert loss.symmetric
    same(values(loss, u), values(base, u) / values(base, u).sum())
    same(values(loss, u).sum(), 1.0)


@given(BASES, FACTORS, simplex_points(4, kinds=INTERIOR))
def test_normalising_forgets_a_factor_and_a_second_normalising(base, c, u):
    assume(has_a_sum(base, u))
    same(values(Normalized(c * base), u), values(Normalized(base), u))
    same(values(Normalized(Normalized(base)), u), values(Normalized(base), u))


@pytest.mark.parametrize(
    ("loss", "base"),
    [(NMSE(), MSE()), (NCE(), CCE()), (NFL(gamma="1/2"), Focal(gamma=0.5)), (NGCE(q=0.3), GCE(q=0.3))],
    ids=lambda loss: loss.spec,
)
def test_the_named_normalised_losses_are_normalised(loss, base):
    u = np.array([0.5, 0.2, 0.2, 0.1])
    assert loss.base == base
    same(values(loss, u), values(Normalized(base), u))


def test_every_named_normalised_loss_is_tested_above():
    assert {name for name, cls in LOSSES.items() if issubclass(cls, Normalized)} == {
        "nmse",
        "nce",
        "nfl",
        "ngce",
    }


def test_relations_between_losses():
    u = np.array([0.5, 0.25, 0.125, 0.125])
    same(values(2 * Unhinged(), u), values(MAE(), u))
    same(values(get("rce", A=4), u), values(2 * MAE(), u))
    same(values(GCE(q=1), u), values(Unhinged(), u))
    same(values(Focal(gamma=0), u), values(CCE(), u))
    same(values(get("sce(alpha=1, beta=2, A=3)"), u), values(CCE() + 2 * get("rce(A=3)"), u))
    np.testing.assert_allclose(values(GCE(q="1/1000000"), u), values(CCE(), u), rtol=1e-5)  # q -> 0


@pytest.mark.parametrize("factor", [0, -1, Fraction(-1, 2), -0.0, "-1"])
def test_a_factor_that_is_not_positive_is_refused(factor):
    with pytest.raises(ValueError, match=r"^factor must be > 0, got factor="):
        factor * CCE() if not isinstance(factor, str) else CCE() * factor


@pytest.mark.parametrize("factor", [True, None, [], object()])
def test_a_factor_that_is_no_number_is_refused(factor):
    with pytest.raises(TypeError):
        CCE() * factor


@pytest.mark.parametrize(
    "combine", [lambda: CCE() * MAE(), lambda: CCE() + 1, lambda: 1 + CCE(), lambda: CCE() - MAE()]
)
def test_other_arithmetic_is_no_loss(combine):
    with pytest.raises(TypeError, match="unsupported operand"):
        combine()


@pytest.mark.parametrize(
    "combine", [lambda f: f + CCE(), lambda f: CCE() + f, lambda f: 2 * f, lambda f: Normalized(f)]
)
def test_a_callable_without_a_formula_is_not_combined(combine):
    with pytest.raises(TypeError, match=r"must (have|be a loss with) a formula"):
        combine(CallableLoss(lambda logits, labels: logits.sum(1), "mine"))


@pytest.mark.parametrize("base", [CCE, "cce", None, 2])
def test_only_a_loss_is_normalised(base):
    with pytest.raises(TypeError, match=r"^base must be a Loss, got base="):
        Normalized(base)


@pytest.mark.parametrize("loss", [CCE(), NMSE(), CCE() + MAE()], ids=lambda loss: loss.spec)
def test_once_a_loss_is_that_loss(loss):
    assert 1 * loss == loss
    assert 2 * (0.5 * loss) == loss
