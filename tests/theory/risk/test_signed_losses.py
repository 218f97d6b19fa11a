"""Losses of both signs, weights below 0, no value at some K: nothing that rests on L >= 0 holds of them."""

from __future__ import annotations

import math
from fractions import Fraction as F

import pytest
from zoo.combinators import ABOVE, BELOW, FEW_K, NARROW, SIGNED

from lossmatters.theory.certificate import certify
from lossmatters.theory.dynamics import memorization_time
from lossmatters.theory.losses import MAE, NNCE, LogitUnhinged, Normalized, SeparableLoss, ZeroOne, get
from lossmatters.theory.losses.combinators import ShareLoss
from lossmatters.theory.losses.corrected import corrected
from lossmatters.theory.noise import threshold
from lossmatters.theory.risk import noise_tolerance, noisy_optimum
from lossmatters.theory.risk.conditions import meets_bound, never_negative
from lossmatters.theory.risk.noise_examples import NOISE_KINDS
from lossmatters.theory.risk.robust_to import robust_to
from lossmatters.theory.symmetry import decide, loss_maximum
from lossmatters.theory.symmetry.regular import is_share
from lossmatters.theory.verdict import Status


def separable(name, on):
    body = {"on_label": lambda self, t, k, ops: on(t, k, ops), "name": name}
    return type(name, (SeparableLoss,), body)()


def weighted(name, weights):
    return type(name, (ShareLoss,), {"weights": lambda self, u, ops: weights(u, ops), "name": name})()


RISING = weighted("cubes", lambda u, ops: u**3)
MATRIX = (("4/5", "1/10", "1/10"), ("1/10", "4/5", "1/10"), ("0", "1/5", "4/5"))


@pytest.mark.parametrize("k", [2, 3])
def test_weights_below_0_somewhere_are_no_shares(k):
    """The weights are negative for 3/1000 < u_i < 4/1000 alone, where L(u, i) > 1 and L(u, y) < 0."""
    loss = NARROW.make()
    small = [F(35, 10000)] * (k - 1)
    values = NARROW.losses((1 - sum(small), *small))
    assert values[0] < 0
    assert max(values) > 1
    assert not is_share(loss, k)
    largest = loss_maximum(loss, k)
    assert largest.value is None or largest.value > 1
    assert noise_tolerance(loss, k).status is Status.UNDECIDED
    assert not noisy_optimum(loss, k, threshold(k) / 2).vertex
    assert meets_bound(loss, k) is not True
    assert all(robust_to(loss, noise, k).zero_risk.status is not Status.PROVED for noise in NOISE_KINDS)


@pytest.mark.parametrize("loss", [RISING, NNCE(), ZeroOne()], ids=lambda loss: loss.name)
def test_weights_that_are_never_below_0_are_shares(loss):
    assert is_share(loss, 3)
    assert loss_maximum(loss, 3).value == 1
    assert noise_tolerance(loss, 3).rate == F(2, 3)
    assert meets_bound(loss, 3)
    assert robust_to(loss, "pair", 3).zero_risk.status is Status.PROVED


@pytest.mark.parametrize("k", [2, 3])
@pytest.mark.parametrize("noise", NOISE_KINDS)
@pytest.mark.parametrize(
    "loss", [SIGNED.make(), LogitUnhinged(), corrected(MAE(), F(1, 5))], ids=lambda loss: loss.spec
)
def test_zero_risk_is_not_the_least_where_a_loss_is_negative(loss, noise, k):
    """1/3 - u_y is 0 at u_y = 1/3, and least at the vertex: h* of zero risk is beaten under any noise."""
    assert never_negative(loss, k) is False
    assert robust_to(loss, noise, k).zero_risk.status is Status.UNDECIDED


@pytest.mark.parametrize("name", ["mae", "rll", "nmse", "nce", "sgce", "nce-mae", "zero-one"])
def test_losses_that_are_never_negative_keep_zero_risk_under_uniform_noise(name):
    assert never_negative(get(name), 3)
    assert robust_to(get(name), "uniform", 3).zero_risk.status is Status.PROVED


@pytest.mark.parametrize(
    ("loss", "meets"), [(separable("mixed", lambda t, k, o: 1 - 3 * t), False), (MAE(), True)]
)
def test_two_values_of_a_constant_sum_are_below_it_only_if_neither_is_negative(loss, meets):
    assert meets_bound(loss, 2) is meets


def test_nothing_is_said_of_k_at_which_a_loss_has_no_value():
    """S = K (8 - K) is below 0 from K = 9 on; weights (8 - K) u_i are 0 at K = 8."""
    for loss in (Normalized(FEW_K.make()), weighted("eight", lambda u, o: (8 - u.shape[-1]) * u)):
        found = decide(loss)
        assert found.status is Status.PROVED
        assert found.scope.classes.is_finite
    assert decide(Normalized(FEW_K.make()), 9).status is Status.UNDECIDED
    assert not decide(Normalized(separable("all", lambda t, k, o: k - t))).scope.classes.is_finite
    assert not decide(RISING).scope.classes.is_finite


def test_a_positive_sum_at_the_vertices_alone_is_none():
    assert (
        decide(Normalized(separable("tip", lambda t, k, o: o.where(t >= 1, 1, -t))), 3).status
        is Status.UNDECIDED
    )


def test_terms_that_have_values_at_no_common_output_say_nothing():
    """S of one is minus that of the other, so that 0 < S holds of both nowhere."""
    loss = Normalized(ABOVE.make()) + Normalized(BELOW.make())
    assert decide(loss, 10).status is Status.UNDECIDED
    assert decide(Normalized(ABOVE.make()) + MAE(), 10).status is Status.PROVED


def test_the_scope_of_a_sum_leaves_out_where_a_term_has_no_value():
    """For K > 4 S = sum t^2 - K/20 is 0 on a sphere inside the simplex, which a sum meets as its terms do."""
    found = decide(Normalized(ABOVE.make()) + Normalized(BELOW.make()))
    assert found.status is not Status.PROVED or "finite" in str(found.scope)


def test_a_loss_for_one_k_is_certified_there():
    loss = corrected(MAE(), MATRIX)
    found = certify(loss, 3).to_json()
    assert found["symmetry"]["status"] == "refuted"
    assert found["symmetry_all_classes"]["scope"] == "K = 3"
    six = corrected(MAE(), [[F(9, 10) if i == j else F(1, 50) for j in range(6)] for i in range(6)])
    with pytest.raises(ValueError, match=r"^the formula of .* num_classes must be 6"):
        decide(six)


@pytest.mark.parametrize("k", [2, 3])
def test_a_constant_loss_moves_nothing(k):
    loss = separable("three", lambda t, k, o: 3 + 0 * t)
    rate = threshold(k) / 2
    assert math.isinf(memorization_time(loss, k, rate).value)
    assert noisy_optimum(loss, k, rate).clean == 1 / k


def test_an_upper_bound_in_decimals_is_not_rounded_down():
    """The largest MAE/S at K = 10 is 1/9, which 0.111111111111111 falls short of."""
    found = certify(Normalized(MAE()), 10).to_json()["bounds"]
    assert F(found["loss_max_exact"]) >= F(1, 9)
