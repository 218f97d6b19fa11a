"""Verdicts on losses without a finite value somewhere inside the simplex, if only at irrational points."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from lossmatters.theory.losses import LOSSES, Loss, SeparableLoss, get
from lossmatters.theory.losses.combinators import Normalized, ShareLoss
from lossmatters.theory.minimisers import calibration
from lossmatters.theory.risk import noise_tolerance, noisy_optimum
from lossmatters.theory.symmetry import decide, label_sum_range, loss_maximum
from lossmatters.theory.symmetry.audit import FINITE
from lossmatters.theory.symmetry.domain import finite_inside
from lossmatters.theory.verdict import Known, Status

A, B = Fraction(17, 53), Fraction(1, 7)
C = Fraction(16, 53)  # three entries may all be above


def separable(name: str, on: Any, off: Any = None) -> SeparableLoss:
    body = {"name": name, "on_label": lambda self, t, k, ops: on(t, k, ops)}
    if off is not None:
        body["off_label"] = lambda self, t, k, ops: off(t, k, ops)
    return type(name, (SeparableLoss,), body)()


def whole(name: str, formula: Any) -> Loss:
    return type(name, (Loss,), {"name": name, "formula": lambda self, p, y, ops: formula(p, y, ops)})()


def share(name: str, weights: Any) -> ShareLoss:
    return type(name, (ShareLoss,), {"name": name, "weights": lambda self, p, ops: weights(p, ops)})()


# Symmetric wherever there are values, which no rational point outside of the first two tells.
CANCELLING = [
    separable("pole_less_itself", lambda t, k, o: 1 / (t - A) - t, lambda t, k, o: -1 / (t - A) / (k - 1)),
    separable("pole_over_itself", lambda t, k, o: (t - A) / (t - A) - t),
    separable(
        "pole_at_root", lambda t, k, o: 1 / (t * t - B) - t, lambda t, k, o: -1 / (t * t - B) / (k - 1)
    ),
    separable("removed_at_root", lambda t, k, o: (t * t - B) / (t * t - B) - t),
    separable("no_log", lambda t, k, o: 1 - t + o.log((t * t - B) ** 2) - o.log((t * t - B) ** 2)),
    whole("surface", lambda p, y, o: 1 - o.dot(p, y) + _of(p, o) - _of(p, o)),
    share("weights", lambda p, o: 1 / (p * p - B) ** 2),
]


def _of(p: Any, ops: Any) -> Any:
    return 1 / (ops.sum(p * p * p) - Fraction(16, 31))


@pytest.mark.parametrize("loss", CANCELLING, ids=lambda loss: loss.name)
@pytest.mark.parametrize("k", [None, 3])
def test_a_proof_holds_where_there_are_values(loss: Loss, k: int | None) -> None:
    verdict = decide(loss, k)
    assert verdict.status is Status.PROVED
    assert FINITE in {condition.says for condition in verdict.scope.domain.conditions}
    assert loss_maximum(loss, k or 3).value in (None, 1)  # a share is at most 1


def test_a_pole_at_large_k_only_counts_for_all_of_them() -> None:
    loss = separable("pole_for_many_k", lambda t, k, o: 1 / (k * t - 60) - 1 / (k * t - 60) - t)
    assert not decide(loss, 3).scope.domain.conditions
    assert FINITE in {condition.says for condition in decide(loss).scope.domain.conditions}


VARYING = [
    separable("pole", lambda t, k, o: 1 / (t - A) ** 2),
    separable("removed_at_root_and_square", lambda t, k, o: t * t + (t * t - B) / (t * t - B)),
    separable("falls_to_pole", lambda t, k, o: -1 / (t - Fraction(1, 10)) ** 2),
    separable("root_of_less", lambda t, k, o: o.sqrt(t - A)),
    separable("log_of_less", lambda t, k, o: o.log(t - C) ** 2),
    separable("cce_and_bump", lambda t, k, o: -o.log(t) + o.exp(-1 / (t - A) ** 2)),
    whole("over_square", lambda p, y, o: (1 - o.dot(p, y)) / (o.sum(p * p) - Fraction(16, 31)) ** 2),
]


@pytest.mark.parametrize("loss", VARYING, ids=lambda loss: loss.name)
def test_neither_range_nor_maximum_is_bounded_across_a_pole(loss: Loss) -> None:
    assert decide(loss, 3).status is not Status.PROVED
    assert not label_sum_range(loss, 3).rigorous
    assert loss_maximum(loss, 3).value is None


def test_of_a_pole_is_said_nothing_that_rests_on_there_being_none() -> None:
    assert calibration(VARYING[0], 3).status not in (Status.PROVED, Status.CERTIFIED)
    assert noise_tolerance(VARYING[0], 3).status is Status.UNDECIDED
    assert noisy_optimum(VARYING[0], 3, "2/5").status is Known.NUMERICAL


def test_a_share_of_a_pole_is_symmetric_where_it_is_one() -> None:
    verdict = decide(Normalized(VARYING[0]), 3)
    assert verdict.status is Status.PROVED
    assert verdict.scope.domain.conditions


@pytest.mark.parametrize("name", LOSSES)
def test_the_catalogue_is_finite_inside(name: str) -> None:
    assert finite_inside(get(name), 10)
    assert finite_inside(get(name))


@pytest.mark.parametrize(
    ("on", "finite"),
    [
        (lambda t, k, o: o.where(t >= A, o.log(t - A), 0), False),
        (lambda t, k, o: o.where(t > A, o.sqrt(t - A), 0), True),
        (lambda t, k, o: o.where(t * t > B, 1 / t, 1 / (1 - t)), True),
        (lambda t, k, o: o.log(k * t) / (k - 1), True),
        (lambda t, k, o: 1 / (k * t - 60), False),
        (lambda t, k, o: o.power(t, 1 / k), True),
        (lambda t, k, o: o.power(t - A, 1 / k), False),
        (lambda t, k, o: o.exp(1 / (1 - t)), True),
    ],
)
def test_what_is_finite_inside_for_every_k(on: Any, finite: bool) -> None:
    assert finite_inside(separable("some", on)) == finite
