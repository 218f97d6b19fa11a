"""N3: calibration, for every loss of the registry and for losses made to fail."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from lossmatters.theory.losses import LOSSES, CallableLoss, SeparableLoss, get
from lossmatters.theory.minimisers.alike import treats_classes_alike
from lossmatters.theory.minimisers.calibration import calibration
from lossmatters.theory.minimisers.exchange import (
    attains,
    gives_up_below_half,
    monotone,
)
from lossmatters.theory.minimisers.numerical import minimise
from lossmatters.theory.symbolic.algebra import exact_losses
from lossmatters.theory.verdict import Scope

KNOWN = ("proved", "certified", "sampled", "refuted", "undecided")


class Rewarding(SeparableLoss):
    """It rises with the probability of the label."""

    name = "rewarding"

    def on_label(self, t, num_classes, ops):
        return t**2


class Hump(SeparableLoss):
    """At K = 2 a label is best served at u_y = 1/4, on the wrong side."""

    name = "hump"

    def on_label(self, t, num_classes, ops):
        return (t - ops.const(Fraction(1, 4))) ** 2


@pytest.mark.parametrize("num_classes", [2, 3, 10])
@pytest.mark.parametrize("name", sorted(LOSSES))
def test_every_loss_is_decided_or_said_not_to_be(name: str, num_classes: int) -> None:
    found = calibration(get(name), num_classes)
    assert found.status in KNOWN
    assert num_classes in found.scope.classes
    assert found.detail
    assert set(found.to_dict()) == {"status", "scope", "method", "detail", "witness"}
    assert (found.witness is not None) == (found.status == "refuted")


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_minimisers_of_calibrated_losses_find_the_argmax(name: str) -> None:
    """A second opinion: descents at posteriors with a clear lead."""
    if calibration(get(name), 3).status not in ("proved", "certified"):
        return
    for pi in ([0.5, 0.3, 0.2], [0.1, 0.2, 0.7], [0.28, 0.44, 0.28]):
        best, _ = minimise(get(name), pi)
        assert np.argmax(best) == np.argmax(pi)


@pytest.mark.parametrize(
    "name", ["cce", "mse", "mae", "gce", "rll", "nmse", "unhinged", "rce", "sce", "focal", "zero-one"]
)
def test_proved_for_all_numbers_of_classes(name: str) -> None:
    assert (calibration(get(name)).status, calibration(get(name)).scope) == ("proved", Scope())


@pytest.mark.parametrize("name", ["nce", "nfl"])
def test_shares_of_unbounded_losses_are_calibrated_for_two_classes_only(name: str) -> None:
    assert calibration(get(name), 2).status == "proved"
    found = calibration(get(name), 4)
    assert found.status == "refuted"
    risks = list(found.witness["risks"].values())
    assert risks == sorted(risks, reverse=True)
    assert risks[-1] - float(Fraction(found.witness["infimum"])) < 1e-3
    assert calibration(get(f"{name} + mae"), 4).status == "proved"  # the linear part repairs it
    assert calibration(get(f"{name} + {name}"), 4).status != "proved"


def test_a_loss_that_rises_is_refuted_with_exact_numbers() -> None:
    found = calibration(Rewarding(), 3)
    assert found.status == "refuted"
    pi, right, better = (
        [Fraction(x) for x in found.witness[key]] for key in ("posterior", "right", "better")
    )
    risks = [
        sum(p * v for p, v in zip(pi, exact_losses(Rewarding(), u), strict=True)) for u in (right, better)
    ]
    assert risks[1] < risks[0]
    assert found.witness["risk_gap"] == risks[1] - risks[0]
    assert right.index(max(right)) == pi.index(max(pi)) != better.index(max(better))


def test_two_classes_are_refuted_by_an_output_on_the_wrong_side() -> None:
    found = calibration(Hump(), 2)
    assert found.status == "refuted"
    u, pi = ([Fraction(x) for x in found.witness[key]] for key in ("u", "posterior"))
    assert (u[0] <= Fraction(1, 2)) == (pi[0] > pi[1])


def test_the_infimum_of_a_share_of_an_unbounded_loss_is_not_attained() -> None:
    assert not attains(get("nce"), 3)
    assert attains(get("ngce"), 3)


@pytest.mark.parametrize(("name", "sign"), [("cce", -1), ("nmse", -1), ("rll", -1), ("nce", -1)])
def test_monotone_both_ways(name: str, sign: int) -> None:
    assert monotone(get(name), 5, sign) is not None
    assert monotone(get(name), 5, -sign) is None
    assert monotone(Hump(), 5, sign) is None


def test_formulas_that_cannot_be_looked_into_are_searched() -> None:
    import torch

    good = CallableLoss(torch.nn.CrossEntropyLoss(reduction="none"), "ce")
    assert calibration(good, 3).status == "sampled"
    bad = CallableLoss(lambda z, y: torch.softmax(z, 1).gather(1, y[:, None])[:, 0], "anti")
    assert calibration(bad, 3).status == "undecided"
    assert "no proof" in calibration(bad, 3).detail


def test_losses_that_tell_classes_apart_are_seen() -> None:
    weighted = CallableLoss(lambda z, y: -z.log_softmax(1).gather(1, y[:, None])[:, 0] * (1 + y), "weighted")
    assert not treats_classes_alike(weighted, 3)
    assert all(treats_classes_alike(get(name), 4) for name in LOSSES)


OPEN = ("nce-aul", "nce-ael", "nce-amse")  # NCE beside a convex loss whose risk is best off the vertex


@pytest.mark.parametrize(
    "name", [n for n, c in LOSSES.items() if c.__module__.startswith("lossmatters.theory.losses.")]
)
def test_the_catalogue_leaves_nothing_else_open_at_ten_classes(name: str) -> None:
    found = calibration(get(name), 10).status
    assert found == "sampled" if name in OPEN else found in ("proved", "certified", "refuted")


class Bent(SeparableLoss):
    """It falls everywhere, but with a kink at 2/5, where two entries may be largest together."""

    name = "bent"

    def on_label(self, t, num_classes, ops):
        return 1 - t + 2 * ops.maximum(ops.const(Fraction(2, 5)) - t, ops.const(0))


def test_kinks_where_two_entries_may_tie_are_not_passed_over() -> None:
    """At pi = (.4, .36, .24) the tie (2/5, 2/5, 1/5) is better than outputs with the argmax of pi alone."""
    assert monotone(Bent(), 3) is None
    assert monotone(get("phuber-ce"), 3) is not None
    pi = [Fraction(x) for x in ("2/5", "9/25", "6/25")]

    def risk(*u: str) -> Fraction:
        values = exact_losses(Bent(), tuple(Fraction(x) for x in u))
        return sum(p * v for p, v in zip(pi, values, strict=True))

    tie = risk("2/5", "2/5", "1/5")
    assert all(tie < risk(*u) for u in (("1", "0", "0"), ("41/100", "39/100", "1/5"), ("1/2", "1/4", "1/4")))


@pytest.mark.parametrize(
    ("spec", "holds"), [("truncated-gce", True), ("truncated-gce(k=2/5)", False), ("gce", False)]
)
def test_losses_that_give_up_below_one_half(spec: str, holds: bool) -> None:
    assert gives_up_below_half(get(spec)) == holds


def test_bad_number_of_classes() -> None:
    with pytest.raises(ValueError, match="num_classes must be an integer >= 2"):
        calibration(get("cce"), 1)
