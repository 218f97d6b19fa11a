"""R6: the linear class against brute force, exact minimisers, and the bound's own properties."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from lossmatters.theory.losses import Unhinged
from lossmatters.theory.risk.generalization import LinearClass, risk_bound


@pytest.fixture(scope="module")
def world() -> LinearClass:
    rng = np.random.default_rng(3)
    return LinearClass(rng.normal(size=(50, 4)), rng.integers(0, 3, 50), 3)


def members(world: LinearClass, count: int) -> list[np.ndarray]:
    """Random W on the sphere of the class."""
    rng = np.random.default_rng(4)
    found = []
    for _ in range(count):
        w = rng.normal(size=(world.num_classes, world.inputs.shape[1]))
        w -= w.mean(axis=0)
        found.append(world.radius * w / np.linalg.norm(w))
    return found


def outputs(world: LinearClass, w: np.ndarray) -> np.ndarray:
    return 1 / world.num_classes + world.inputs @ w.T


def test_outputs_are_in_the_simplex_and_losses_in_the_interval(world: LinearClass) -> None:
    for w in members(world, 50):
        probs = outputs(world, w)
        assert probs.min() >= -1e-15
        assert probs.sum(axis=1) == pytest.approx(1, abs=1e-14)  # a few roundings of numbers below 1
        losses = Unhinged().values(np.clip(probs, 0, 1), world.labels)
        assert losses.max() - losses.min() <= world.length + 1e-12
        assert world.risk(w) == pytest.approx(losses.mean(), abs=1e-12)


def test_minimiser_beats_every_member(world: LinearClass) -> None:
    best = world.minimiser(world.moment(world.inputs, world.labels))
    assert np.linalg.norm(best) == pytest.approx(world.radius)
    assert np.abs(best.sum(axis=0)).max() < 1e-15
    assert all(world.risk(w) > world.risk(best) for w in members(world, 200))


def test_rademacher_supremum_is_attained_and_never_exceeded(world: LinearClass) -> None:
    signs = np.random.default_rng(5).choice((-1.0, 1.0), len(world.labels))
    moment = world.moment(world.inputs, world.labels, signs)

    def correlation(w: np.ndarray) -> float:
        losses = 1 - outputs(world, w)[np.arange(len(world.labels)), world.labels]
        centre = 1 - 1 / world.num_classes
        return float(np.mean(signs * (losses - centre)))

    supremum = world.radius * np.linalg.norm(moment)
    assert correlation(-world.minimiser(moment)) == pytest.approx(supremum)
    assert all(correlation(w) < supremum for w in members(world, 200))
    estimate, error = world.rademacher(world.inputs, world.labels, np.random.default_rng(6), 200)
    assert estimate - 4 * error <= world.rademacher_bound(world.inputs, world.labels)


def test_excess_is_never_negative_and_falls(world: LinearClass) -> None:
    rng = np.random.default_rng(7)
    for rate in (0, "1/3", Fraction(1, 2)):
        few, many = (np.mean([world.excess(n, rate, rng).excess for _ in range(20)]) for n in (10, 10000))
        assert many < few
        assert world.excess(50, rate, rng).excess >= -1e-15  # rounding


def test_noise_of_a_sample_is_uniform(world: LinearClass) -> None:
    sample = world.excess(60000, "1/2", np.random.default_rng(8))
    assert sample.slope == pytest.approx(0.25)
    counts = np.bincount(sample.labels, minlength=3) / 60000
    clean = np.bincount(world.labels, minlength=3) / 50
    # 0.01 is five standard errors of a share of 60000
    assert counts == pytest.approx(clean * 0.25 + 0.25, abs=0.01)


def test_bound_scales_as_if_n_were_a_squared_n() -> None:
    whole = risk_bound(0.1 / 20, 400, 1, 0.05, 1)
    assert risk_bound(0.1 / 20, 400, 1, 0.05, 0.5) == pytest.approx(2 * whole)
    assert risk_bound(0.1 / 40, 1600, 1, 0.05, 0.5) == pytest.approx(whole)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((-0.1, 10, 1, 0.05, 1), "rademacher must be >= 0, got rademacher=-0.1"),
        ((0.1, 0, 1, 0.05, 1), "size must be >= 1, got size=0"),
        ((0.1, 10, 1, 1.0, 1), "delta must be in (0, 1), got delta=1.0"),
        ((0.1, 10, 1, 0.05, 0.0), "slope must be in (0, 1], got slope=0.0"),
    ],
)
def test_bad_calls(arguments: tuple[float, ...], message: str) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the whole message is compared
        risk_bound(*arguments)  # type: ignore[arg-type]
    assert str(error.value) == message


def test_rates_beyond_the_threshold(world: LinearClass) -> None:
    with pytest.raises(ValueError, match=r"eta must be below the threshold 2/3, got eta='2/3'"):
        world.excess(10, "2/3", np.random.default_rng(0))
