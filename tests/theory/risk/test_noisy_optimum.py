"""D1: what is known of the noisy optimum is known of all outputs, or the status says that it is not."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from fractions import Fraction

import pytest

from lossmatters.theory.certificate import certify
from lossmatters.theory.dynamics import memorization_time
from lossmatters.theory.losses import Loss, get
from lossmatters.theory.noise import threshold
from lossmatters.theory.risk import noise_tolerance, noisy_optimum
from lossmatters.theory.verdict import Known

ASYMMETRIC = (
    "agce",
    "aul",
    "ael",
    "amse",
    "phuber-ce",
    "shifted-ce",
    "taylor-ce",
    "truncated-gce",
    "nce-agce",
)


@dataclass(frozen=True)
class Dip(Loss):
    """1 - u_y, but less where the likeliest other class has about 0.37.

    Where all wrong classes are alike none has as much, so along those outputs the vertex looks best; at
    (0.63, 0.37, 0, ...) the noisy risk is less. The place is written so that no formula's number gives it
    away.
    """

    name = "dip"

    def formula(self, probs, onehot, ops):
        other = ops.max(probs * (1 - onehot))[..., 0]
        return 1 - ops.dot(probs, onehot) - 3 * ops.exp(-((100 * other - 37) ** 2)) / 5


@dataclass(frozen=True)
class Told(Loss):
    """The same with the number in sight."""

    name = "told"

    def formula(self, probs, onehot, ops):
        other = ops.max(probs * (1 - onehot))[..., 0]
        place = Fraction(37, 100)
        return 1 - ops.dot(probs, onehot) - 3 * ops.exp(-10000 * (other - place) ** 2) / 5


def test_a_vertex_that_is_best_along_a_line_alone_is_not_certified() -> None:
    found = noisy_optimum(Dip(), 10, "2/5")
    assert found.status not in (Known.PROVED, Known.CERTIFIED)
    assert memorization_time(Dip(), 10, "2/5").status not in (Known.PROVED, Known.CERTIFIED)
    assert noisy_optimum(Dip() + get("agce"), 10, "2/5").status not in (Known.PROVED, Known.CERTIFIED)


def test_a_vertex_that_values_speak_against_leaves_it_undecided() -> None:
    found = noisy_optimum(Told(), 10, "2/5")
    assert found.status is Known.UNDECIDED
    assert math.isnan(found.clean)
    assert memorization_time(Told(), 10, "2/5").status is Known.UNDECIDED
    said = certify(Told(), 10).to_json()["noisy_optimum"]
    assert (said["clean"], said["vertex"]) == (None, False)
    json.dumps(said, allow_nan=False)
    assert "undecided" in str(certify(Told(), 10))


@pytest.mark.parametrize("name", ASYMMETRIC)
def test_the_vertex_is_proved_at_the_rates_that_a_loss_tolerates(name: str) -> None:
    loss = get(name)
    end = noise_tolerance(loss, 10).value
    assert end is not None
    below = noisy_optimum(loss, 10, Fraction(end) * Fraction(99, 100))
    assert (below.vertex, below.status) == (True, Known.PROVED)
    if end < 0.89:  # eta* = 0.9
        above = noisy_optimum(loss, 10, (Fraction(end) + Fraction(9, 10)) / 2)
        assert (above.vertex, above.status) == (False, Known.NUMERICAL)  # and not only that values refute it


@pytest.mark.parametrize(("rate", "vertex"), [("9/19", True), ("91/190", False)])
def test_at_its_end_the_vertex_still_is_best(rate: str, vertex: bool) -> None:
    found = noisy_optimum(get("phuber-ce"), 10, rate)  # eta_L = 9/19
    assert found.vertex is vertex


def test_at_the_threshold_no_vertex_is_the_best() -> None:
    assert noise_tolerance(get("truncated-gce"), 10).rate == threshold(10)
    found = noisy_optimum(get("truncated-gce"), 10, threshold(10))
    assert not (found.vertex and found.status in (Known.PROVED, Known.CERTIFIED))
