"""Risks over finite distributions, the identity R1, order reversals and certificates."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofs_checks.claims.risk import rational_losses
from proofs_checks.strategies import noise_rates, simplex_points
from theory.backends.rational_ops import IrrationalError
from theory.certificate import certify, describe
from theory.losses import CCE, LOSSES, MAE, MSE, NMSE, get
from theory.noise import ClassConditionalNoise, SymmetricNoise, flip_probability, risk_slope, threshold
from theory.risk import clean_risk, noisy_posterior, noisy_risk, order_reversal, predicted_noisy_risk


@given(data=st.data(), num_classes=st.integers(2, 6))
def test_r1_holds_exactly_and_fails_for_mse(data: st.DataObject, num_classes: int) -> None:
    points = simplex_points(num_classes=num_classes, exact=True)
    posterior, u = data.draw(points), data.draw(points)
    eta = data.draw(noise_rates(num_classes))
    matrix = SymmetricNoise(eta).transition_matrix(num_classes)
    for loss, constant in ((MAE(), 2 * (num_classes - 1)), (NMSE(), 1)):
        rows = [rational_losses(loss, u)]
        clean, noisy = clean_risk([1], [posterior], rows), noisy_risk([1], [posterior], rows, matrix)
        assert noisy == predicted_noisy_risk(clean, constant, eta, num_classes)
    rows = [rational_losses(MSE(), u)]
    total = sum(rows[0])
    predicted = predicted_noisy_risk(clean_risk([1], [posterior], rows), total + 1, eta, num_classes)
    assert (noisy_risk([1], [posterior], rows, matrix) == predicted) == (eta == 0)


def test_noisy_posterior_by_hand() -> None:
    matrix = ClassConditionalNoise.pair("2/5", 3).transition_matrix(3)
    assert noisy_posterior([Fraction(1, 2), Fraction(1, 2), Fraction(0)], matrix) == [
        Fraction(3, 10),
        Fraction(1, 2),
        Fraction(1, 5),
    ]


def test_slope_vanishes_at_the_threshold_only() -> None:
    for k in (2, 3, 10):
        assert risk_slope(threshold(k), k) == 0
        assert risk_slope(threshold(k) - Fraction(1, 100), k) > 0
        assert flip_probability(threshold(k), k) == Fraction(1, k)


def test_rational_arithmetic_refuses_logarithms() -> None:
    with pytest.raises(IrrationalError, match="log has no exact value"):
        rational_losses(CCE(), (Fraction(1, 2), Fraction(1, 2)))


@pytest.mark.parametrize("name", sorted(LOSSES))
@pytest.mark.parametrize("rate", ["1/100", "2/5", "4/5"])
def test_reversals_exist_exactly_for_asymmetric_losses(name: str, rate: str) -> None:
    loss, k = get(name), 5
    if Fraction(rate) >= threshold(k):
        rate = "3/4"
    found = order_reversal(loss, k, rate)
    if loss.symmetric:
        assert found is None
        return
    assert found is not None
    assert sum(found.posterior) == 1
    matrix = SymmetricNoise(found.noise_rate).transition_matrix(k)
    from theory.backends import backend

    ops = backend("mpmath")
    risks = []
    for point in (found.u, found.v):
        row = loss.all_labels(ops.array(point), ops)
        posterior = [ops.const(p) for p in found.posterior]
        noisy = [ops.const(p) for p in noisy_posterior(found.posterior, matrix)]
        risks.append((ops.dot(row, posterior), ops.dot(row, noisy)))
    assert risks[0][0] < risks[1][0]
    assert risks[0][1] > risks[1][1]


@pytest.mark.parametrize("rate", [0, "9/10", 1])
def test_reversal_needs_a_rate_below_the_threshold(rate: object) -> None:
    with pytest.raises(ValueError, match=r"eta must be in \(0, 9/10\), below the threshold"):
        order_reversal(MSE(), 10, rate)


KEYS = {
    "loss": str,
    "parameters": dict,
    "num_classes": int,
    "noise_rate": str,
    "symmetry": dict,
    "label_sum": dict,
    "bounds": dict,
    "calibrated": dict,
}


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_certificate_has_the_keys_that_programs_rely_on(name: str) -> None:
    certificate = json.loads(json.dumps(certify(get(name), 10, 0.4), allow_nan=False))
    for key, kind in KEYS.items():
        assert isinstance(certificate[key], kind), key
    assert {"status", "scope", "method", "constant", "constant_value", "witness"} <= set(
        certificate["symmetry"]
    )
    assert {"low", "high", "low_at", "high_at", "rigorous"} <= set(certificate["label_sum"])
    for key in ("excess_risk_bound", "order_reversal", "memorization_time"):
        assert key in certificate
    assert describe(certificate)


def test_certificate_of_a_callable_leaves_nothing_out() -> None:
    import torch

    certificate = certify(get(torch.nn.CrossEntropyLoss(reduction="none")), 4, 0.2)
    for key in ("bounds", "order_reversal", "symmetry_all_classes", "excess_risk_bound"):
        assert certificate[key]["status"] == "undecided", key
        assert certificate[key]["reason"]
    assert describe(certificate)


def test_certificate_beyond_the_threshold() -> None:
    certificate = certify(MSE(), 3, "2/3")
    assert certificate["excess_risk_bound"]["status"] == "undecided"
    assert certificate["order_reversal"]["status"] == "undecided"
