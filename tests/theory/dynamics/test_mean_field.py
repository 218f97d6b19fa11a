"""The mean-field model: its limits, its fit, and what it refuses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lossmatters.theory.dynamics import Parameters, Setup, fit, memorization_path
from lossmatters.theory.dynamics.mean_field import _criterion, _strides, simulate
from lossmatters.theory.losses import CCE, MAE, ZeroOne

SETUP = Setup(10, 500, "2/5", epochs=10, batch_size=50)
TYPICAL = Parameters(ratio=60, spread=0.5, scale=0.05)


@pytest.mark.parametrize("num_classes", [3, 10])
def test_cross_entropy_learns_first_and_memorises_later(num_classes):
    # with a step of 1/10, half of the altered samples are memorised within the first epoch where K = 3
    setup = replace(SETUP, optimiser="sgd", num_classes=num_classes, epochs=60)
    path = memorization_path(CCE(), setup, Parameters(ratio=20, spread=0.5, scale=0.03))
    assert path.recovery_rate[0] > 0.4
    assert path.memorization_rate[-1] > 0.9
    assert path.flip_epoch is not None
    f = 0.4  # the identity M1, with every unaltered sample right
    for j1, j2, m, a in zip(*vars(path).values(), strict=True):
        assert j1 - j2 == pytest.approx(f * (m - a), abs=1e-9)


def test_the_fit_gives_back_the_curve_that_it_was_made_of_and_says_where_there_is_none():
    truth = memorization_path(CCE(), SETUP, TYPICAL).memorization_rate
    assert fit(SETUP, truth).error < 0.05
    falling = [1 - i / 9 for i in range(SETUP.epochs)]  # no path of the model forgets what it has memorised
    assert fit(SETUP, falling).error > 0.2


def test_a_loss_whose_gradient_vanishes_is_not_memorised_by_a_strong_shared_direction():
    path = memorization_path(MAE(), replace(SETUP, epochs=40), TYPICAL)
    assert path.memorization_rate[-1] == 0
    assert path.flip_epoch is None


def test_steps_of_size_0_change_nothing():
    still = memorization_path(CCE(), replace(SETUP, step_sizes=(0.0,) * 10), TYPICAL)
    np.testing.assert_allclose(still.memorization_rate, 0.1)  # chance


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"noise_rate": 0}, r"noise_rate must be in \(0, 1\), got noise_rate=0"),
        ({"samples": 0}, "samples must be >= 1, got samples=0"),
        ({"optimiser": "lion"}, "optimiser must be one of adam, sgd, got optimiser='lion'"),
        ({"step_sizes": (1.0,)}, "step_sizes must be empty or one for each of 10 epochs, got step_sizes=1"),
    ],
)
def test_a_setup_that_makes_no_sense_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        replace(SETUP, **change)


def test_a_loss_without_a_gradient_stays_at_chance():
    assert set(memorization_path(ZeroOne(), SETUP, TYPICAL).memorization_rate) == {0.1}


def test_a_curve_of_another_length_is_refused():
    with pytest.raises(ValueError, match="memorization_rate must be one value for each of 10 epochs"):
        fit(SETUP, [0.0])


def test_curves_do_not_depend_on_how_many_steps_are_taken_together():
    """At the parameters that digits gave; explicit steps went to and fro there, so that M hung on them."""
    setup, found = Setup(10, 1297, "2/5", epochs=30, batch_size=64), Parameters(1400, 0.53, 0.00022)
    with_all = simulate(_criterion(CCE(), 10), setup, [found], 51, grain=1e-9)
    with_few = simulate(_criterion(CCE(), 10), setup, [found], 51)
    for a, b in zip(with_all, with_few, strict=True):
        assert np.abs(a - b).max() < 0.05  # M goes in steps of a fiftieth
    assert with_all[1][0, -1] > 0.4
    assert (np.diff(with_all[1][0]) >= 0).all()


@pytest.mark.parametrize("grain", [1e-9, 0.02, 0.5])
@pytest.mark.parametrize("steps", [1, 7, 400])
def test_steps_of_the_model_stand_for_all_of_the_optimisers(steps, grain):
    for epoch in range(5):
        strides = _strides(epoch, steps, grain)
        assert sum(strides) == pytest.approx(steps)
        assert min(strides) >= 1
    assert _strides(0, steps, grain)[0] == 1
