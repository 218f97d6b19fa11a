"""Risks over finite distributions, the identity R1, order reversals and certificates."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossmatters.proofs_checks.claims.risk.finite_problems import rational_losses
from lossmatters.proofs_checks.strategies import noise_rates, simplex_points
from lossmatters.theory.backends.rational_ops import IrrationalError
from lossmatters.theory.certificate import certify
from lossmatters.theory.certificate_text import describe
from lossmatters.theory.losses import CCE, LOSSES, MAE, MSE, NMSE, get
from lossmatters.theory.noise import (
    ClassConditionalNoise,
    SymmetricNoise,
    flip_probability,
    risk_slope,
    threshold,
)
from lossmatters.theory.risk.finite import clean_risk, noisy_posterior, noisy_risk, predicted_noisy_risk


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


KEYS = {
    "loss": str,
    "parameters": dict,
    "num_classes": int,
    "noise_rate": str,
    "symmetry": dict,
    "label_sum": dict,
    "bounds": dict,
    "calibrated": dict,
    "noise_tolerance": dict,
    "noisy_optimum": dict,
    "memorization": dict,
}


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_certificate_has_the_keys_that_programs_rely_on(name: str) -> None:
    found = certify(get(name), 10, 0.4)
    certificate = json.loads(json.dumps(found.to_json(), allow_nan=False))
    for key, kind in KEYS.items():
        assert isinstance(certificate[key], kind), key
    assert {"status", "scope", "method", "constant", "constant_value", "witness"} <= set(
        certificate["symmetry"]
    )
    assert {"low", "high", "low_at", "high_at", "rigorous"} <= set(certificate["label_sum"])
    for key in ("excess_risk_bound", "order_reversal"):
        assert key in certificate
    assert {"status", "scope", "method", "detail", "witness"} <= set(certificate["calibrated"])
    time = certificate["memorization_time"]
    assert time is None or (isinstance(time, float) and time > 0) or time["reason"]
    infinite = certificate["memorization"]["method"] in ("stationary", "bounded gradient")
    assert (time is None) == infinite
    assert describe(found)


def test_certificate_of_a_callable_leaves_nothing_out() -> None:
    import torch

    found = certify(get(torch.nn.CrossEntropyLoss(reduction="none")), 4, 0.2)
    certificate = found.to_json()
    for key in ("bounds", "symmetry_all_classes", "excess_risk_bound"):
        assert certificate[key]["status"] == "undecided", key
        assert certificate[key]["reason"]
    assert certificate["order_reversal"]["how"] == "float64"
    assert describe(found)


def test_certificate_beyond_the_threshold() -> None:
    found = certify(MSE(), 3, "2/3")
    certificate = found.to_json()
    assert certificate["excess_risk_bound"]["status"] == "undecided"
    assert certificate["order_reversal"]["status"] == "undecided"
    for key in ("noisy_optimum", "memorization_time", "memorization"):
        assert certificate[key] == {"status": "undecided", "reason": "D1 and D2 are about rates in (0, 2/3)"}
    assert describe(found)


def test_certificate_says_how_times_and_calibration_are_known() -> None:
    said = dict(describe(certify(get("rll"), 10, 0.4)))
    assert said["memorization time (D2)"].startswith("infinite; proved (stationary)")
    assert said["noisy optimum (D1)"].startswith("the vertex of the clean class; proved")
    assert said["calibrated (N3)"].startswith("proved for K = 10 (exchange)")
    said = dict(describe(certify(get("mse"), 10, 0.4)))
    assert said["memorization time (D2)"].startswith("9.32736; numerical (stiff ODE)")
    assert said["noisy optimum (D1)"].startswith("clean class at 0.6 = 3/5; proved: u = pi")
    said = dict(describe(certify(get("nce"), 3, 0.4)))
    assert "infimum" in said["calibrated (N3)"]
