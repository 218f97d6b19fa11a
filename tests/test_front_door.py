"""What `lossmatters` gives to Python programs, used as a reader would."""

from __future__ import annotations

import pytest

import lossmatters as lm


def test_the_theory_of_a_loss_is_within_reach() -> None:
    loss = lm.get("mse")
    optimum = lm.noisy_optimum(loss, 2, "1/4")
    assert lm.conditional_minimiser(loss, ["3/4", "1/4"]).exact[0] == optimum.clean_exact
    assert lm.calibration(loss).status == "proved"
    assert lm.memorization_time(loss, 10, 0.4).value == pytest.approx(9.32736, rel=1e-5)
    assert lm.logit_gradient(loss, [[0.5, 0.5]], [0]).tolist() == [[-0.5, 0.5]]
    assert lm.robust_to(lm.get("mae"), "pair", 10).zero_risk.status == "proved"
