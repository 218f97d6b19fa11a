"""Ranges of label sums (S2), largest losses, and the excess-risk bound (R3)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from lossmatters.proofs_checks.strategies import simplex_points
from lossmatters.theory.backends import backend
from lossmatters.theory.losses import CCE, LOSSES, MAE, MSE, NMSE, SCE, SeparableLoss, get
from lossmatters.theory.risk.conditions import meets_bound
from lossmatters.theory.risk.excess import excess_risk_bound
from lossmatters.theory.symbolic.algebra import K, is_zero
from lossmatters.theory.symmetry.label_sum_range import label_sum_range
from lossmatters.theory.symmetry.loss_maximum import loss_maximum
from lossmatters.theory.verdict import Method, Place, Scope

ROUNDING = 1e-9  # a float64 sum of ten losses, relative to its size


@dataclass(frozen=True)
class Wave(SeparableLoss):
    """Neither convex nor concave: S2 does not speak of it."""

    name = "wave"

    def on_label(self, t, num_classes, ops):
        return (t - 0.5) ** 3 + 1


@dataclass(frozen=True)
class Overstated(SeparableLoss):
    """Declares a maximum that it exceeds."""

    name = "overstated"

    def on_label(self, t, num_classes, ops):
        return 1 + (t - 0.5) ** 3

    def off_label(self, t, num_classes, ops):
        return -((t - 0.5) ** 3)

    def upper_bound(self, num_classes, ops):
        return ops.const(Fraction(1, 2))


@pytest.mark.parametrize("name", sorted(LOSSES))
@given(point=simplex_points(num_classes=10))
def test_no_point_is_outside_the_range(name: str, point: np.ndarray) -> None:
    loss = get(name)
    span = label_sum_range(loss, 10)
    assert span.rigorous
    with np.errstate(invalid="ignore", divide="ignore"):
        total = float(loss.label_sum(point, backend("numpy")))
    if np.isnan(total):  # a normalised loss off its domain
        assert min(point) == 0 or not np.isfinite(float(CCE().label_sum(point, backend("numpy"))))
        return
    low, high = float(span.low), float(span.high)
    # where S = 0 the terms cancel: each is at most some 700, the logarithm of the least number
    slack = 1e-12 if low == high == 0 else 0.0
    assert low * (1 - ROUNDING) - slack <= total <= high * (1 + ROUNDING) + slack


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_ends_are_attained(name: str) -> None:
    loss, ops = get(name), backend("mpmath")
    span = label_sum_range(loss, 7)
    uniform = loss.label_sum(ops.array([Fraction(1, 7)] * 7), ops)
    falls = (span.low_at, span.high_at) == (Place.VERTICES, Place.UNIFORM)
    assert float(uniform) == pytest.approx(float(span.high if falls else span.low), rel=1e-14)
    tiny = Fraction(1, 10**80)  # a vertex from inside, for those that are infinite or undefined there
    corner = float(loss.label_sum(ops.array([1 - 6 * tiny] + [tiny] * 6), ops))
    if span.high.is_finite:
        assert corner == pytest.approx(float(span.low if falls else span.high), rel=1e-9)
    else:
        assert corner > 10 * float(uniform) or name in ("sce", "focal", "cce")


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_one_k_agrees_with_all_k(name: str) -> None:
    everywhere, ten = label_sum_range(get(name)), label_sum_range(get(name), 10)
    for general, one in ((everywhere.low, ten.low), (everywhere.high, ten.high)):
        assert general == one or is_zero(general.subs(K, 10) - one)


def test_reference_values() -> None:
    for spec, low, high in (
        ("gce(q=7/10)", 11.44, 12.86),
        ("agce(a=3/5, q=3/5)", 8.64, 8.85),
        ("taylor-ce(n=2)", 13.05, 13.5),
        ("phuber-ce(tau=10)", 23.03, 29.72),
    ):
        span = label_sum_range(get(spec), 10)
        assert span.rigorous
        assert span.method == "S2"
        assert (round(float(span.low), 2), round(float(span.high), 2)) == (low, high)
    assert (label_sum_range(MSE()).low, label_sum_range(MSE()).high) == (K - 1, 2 * K - 2)


def test_unknown_curvature_is_enclosed_and_says_at_which_k() -> None:
    span = label_sum_range(Wave(), 5)
    assert span.rigorous
    assert float(span.low) <= 5 - Fraction(3, 8) <= float(span.low) + 1e-4
    assert float(span.high) == pytest.approx(4.865, rel=1e-12)
    everywhere = label_sum_range(Wave())
    assert not everywhere.rigorous
    assert everywhere.scope == Scope.of(10)
    assert "K = 10" in everywhere.how


def test_callables_are_sampled_and_say_so() -> None:
    span = label_sum_range(get(lambda logits, labels: logits.softmax(-1)[:, 0]), 5)
    assert not span.rigorous
    assert span.method is Method.SAMPLING


@pytest.mark.parametrize("name", sorted(n for n in LOSSES if get(n).bounded))
@given(point=simplex_points(num_classes=6), label=st.integers(0, 5))
def test_no_loss_exceeds_its_maximum(name: str, point: np.ndarray, label: int) -> None:
    largest = float(loss_maximum(get(name), 6).value)
    with np.errstate(invalid="ignore", divide="ignore"):
        value = float(get(name).values(point[None], [label])[0])
    assert np.isnan(value) or value <= largest * (1 + ROUNDING)


@pytest.mark.parametrize("name", sorted(n for n in LOSSES if not get(n).bounded))
def test_unbounded_losses_have_an_infinite_maximum(name: str) -> None:
    assert loss_maximum(get(name), 10).value == sympy.oo


def test_a_declared_maximum_is_not_trusted() -> None:
    with pytest.raises(ValueError, match=r"overstated declares the maximum 1/2, but a sampled value is"):
        loss_maximum(Overstated(), 4)


@pytest.mark.parametrize("num_classes", [3, 10, 20])
def test_only_linear_losses_and_shares_meet_the_bound_of_r4(num_classes: int) -> None:
    meets = {name for name in LOSSES if get(name).symmetric and meets_bound(get(name), num_classes)}
    assert meets == {"mae", "unhinged", "rce", "zero-one", "nnce", "nnfl"}


def test_excess_bound_reference_values() -> None:
    assert excess_risk_bound(MSE(), 10, 0.4) == sympy.Rational(18, 25)
    assert excess_risk_bound(MAE(), 10, 0.4) == 0
    assert excess_risk_bound(CCE(), 10, 0.4) == sympy.oo
    assert excess_risk_bound(CCE(), 10, 0) == 0
    assert excess_risk_bound(MSE() + NMSE(), 10, 0.4) == sympy.Rational(18, 25)
    assert excess_risk_bound(SCE(), 10, 0.4) == sympy.oo


@pytest.mark.parametrize(
    ("rate", "message"),
    [
        (0.9, "eta must be below the threshold 9/10, got eta=0.9"),
        (1.2, "eta must be in [0, 1], got eta=1.2"),
        ("x", "eta must be a rational number such as 0.1 or 1/10, got eta='x'"),
    ],
)
def test_bad_rates(rate: object, message: str) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the whole message is compared
        excess_risk_bound(MSE(), 10, rate)
    assert str(error.value) == message
