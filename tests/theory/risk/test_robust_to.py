"""What each loss is robust to: every witness recomputed from the noise itself, every proof tried to break."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossmatters.proofs_checks.claims.risk.noise_models import Parabola
from lossmatters.proofs_checks.strategies import simplex_points
from lossmatters.theory.backends import backend
from lossmatters.theory.losses import GCE, LOSSES, MAE, MSE, RLL, Loss, get
from lossmatters.theory.noise import SymmetricNoise
from lossmatters.theory.risk.conditions import concave, meets_bound
from lossmatters.theory.risk.noise_examples import NOISE_KINDS, first_rows, matrices
from lossmatters.theory.risk.robust_to import robust_to
from lossmatters.theory.symmetry.decide import decide

MP = backend("mpmath")
CASES = [(name, noise) for name in sorted(LOSSES) for noise in NOISE_KINDS]


def row(loss: Loss, point: list[str]) -> Any:
    return loss.all_labels(MP.array([Fraction(x) for x in point]), MP)


def mean(posterior: list[Any], values: Any) -> Any:
    return MP.dot(MP.array([Fraction(p) for p in posterior]), values)


@pytest.mark.parametrize(("name", "noise"), CASES)
def test_zero_risk_witness_holds_at_fifty_digits(name: str, noise: str) -> None:
    loss = get(name)
    found = robust_to(loss, noise, 4).zero_risk
    if found.status != "refuted":
        assert found.witness is None
        return
    w = found.witness
    assert w is not None
    own, *others = (Fraction(p) for p in w["noisy_posterior"])
    assert own + sum(others) == 1
    assert own > max(others), "the diagonal must be dominant"
    if noise in ("uniform", "instance-dependent"):
        assert len(set(others)) == 1
    if noise == "pair":
        assert sum(p > 0 for p in others) == 1
    with np.errstate(all="ignore"):
        if "h_star" not in w:
            vertex = ["1", "0", "0", "0"]
            assert float(loss.values([[1.0, 0, 0, 0]], [1])[0]) == np.inf
            assert float(loss.values([[float(x) for x in vertex]], [0])[0]) == 0
            return
        gap = mean(w["noisy_posterior"], row(loss, w["h"]) - row(loss, w["h_star"]))
    assert gap < 0
    assert float(gap) == pytest.approx(w["noisy_gap"], rel=1e-9)
    assert float(row(loss, w["h_star"])[0]) == pytest.approx(w["clean_risk_of_h_star"], rel=1e-9, abs=1e-40)
    assert w["clean_risk_of_h_star"] < 1e-4  # 0, or nearly so where no output has zero risk


@pytest.mark.parametrize(("name", "noise"), CASES)
def test_order_witness_holds_at_fifty_digits(name: str, noise: str) -> None:
    loss = get(name)
    found = robust_to(loss, noise, 3).order
    if found.status != "refuted":
        return
    w = found.witness
    assert w is not None
    gap = row(loss, w["u"]) - row(loss, w["v"])
    if "rates" in w:
        slopes = [SymmetricNoise(r).transition_matrix(3) for r in w["rates"]]
        a, b = (
            mean([sum(Fraction(p) * t[i][j] for i, p in enumerate(w["posterior"])) for j in range(3)], gap)
            for t in slopes
        )
        first, second = (MP.const(Fraction(x)) for x in w["weights"])
        clean, noisy = (first - second) * mean(w["posterior"], gap), first * a - second * b
    else:
        clean = mean(w["posterior"], gap)
        if "noisy_posterior" in w:
            noisy = mean(w["noisy_posterior"], gap)
        else:
            matrix = SymmetricNoise(w["noise_rate"]).transition_matrix(3)
            seen = [sum(Fraction(p) * matrix[i][j] for i, p in enumerate(w["posterior"])) for j in range(3)]
            noisy = mean(seen, gap)
    assert clean < 0 < noisy


@pytest.mark.parametrize("name", sorted(LOSSES))
@pytest.mark.parametrize("noise", NOISE_KINDS)
@given(data=st.data())
def test_what_is_proved_is_not_broken(name: str, noise: str, data: st.DataObject) -> None:
    loss, k = get(name), 4
    if robust_to(loss, noise, k).zero_risk.status != "proved":
        return
    rows = list(first_rows(noise, k))
    posterior = np.array([float(p) for p in data.draw(st.sampled_from(rows))])
    # pulled inside, both alike, for losses that have no value on the boundary, or fall without bound to it
    u, vertex = (p * (1 - 1e-12) + 1e-12 / k for p in (data.draw(simplex_points(k)), np.eye(k)[0]))
    with np.errstate(all="ignore"):  # some losses have no value on the boundary
        values = loss.all_labels(np.array([u, vertex]), backend("numpy"))
    gap = float(posterior @ values[0] - posterior @ values[1])
    # Near the vertex NCE and its like move by 1/log(1e-12) of a label's loss; K C bounds all values.
    assert np.isnan(gap) or gap > -1e-6 * float(np.nanmax(np.abs(values))), (u, posterior)


@pytest.mark.parametrize("name", ["label-smoothing", "logit-unhinged", "nce-amse"])
def test_a_loss_that_does_not_vanish_at_the_vertex_is_left_open(name: str) -> None:
    found = robust_to(get(name), "pair", 4).zero_risk
    assert (str(found.status), found.reason) == (
        "undecided",
        "the loss does not come near 0 at the label's vertex",
    )


def test_the_three_answers() -> None:
    assert robust_to(RLL(), "uniform", 10).says == "keeps the order of all risks"
    assert robust_to(MAE(), "pair", 10).says == "keeps minimisers of zero risk, not the order of all risks"
    assert robust_to(RLL(), "pair", 10).says == "keeps neither"
    assert robust_to(Parabola(), "class-conditional", 3).zero_risk.status == "proved"
    assert robust_to(RLL(), "pair", 2).says == "keeps the order of all risks"  # pair noise is uniform there
    with pytest.raises(ValueError, match=r"noise must be one of uniform, .*, got noise='salt'"):
        robust_to(MAE(), "salt", 3)


def test_a_callable_is_undecided() -> None:
    import torch

    found = robust_to(get(torch.nn.CrossEntropyLoss(reduction="none")), "uniform", 3)
    assert found.says == "undecided"
    assert found.order.reason == "no formula"


@pytest.mark.parametrize("noise", NOISE_KINDS)
def test_plain_json(noise: str) -> None:
    found = json.loads(json.dumps(robust_to(MSE(), noise, 3).to_dict(), allow_nan=False))
    assert {"loss", "noise", "num_classes", "says", "order", "zero_risk"} == set(found)


def test_bound_of_r4() -> None:
    for k in (3, 10, 20):
        meets = {n for n in LOSSES if meets_bound(get(n), k)}
        assert {"mae", "unhinged", "rce", "zero-one"} <= meets
        assert not meets & {"rll", "nmse", "nce", "nfl", "ngce", "cce", "mse", "gce"}
    assert meets_bound(MSE(), 3) is None
    assert meets_bound(RLL(), 2)


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_no_point_exceeds_a_bound_that_is_met(name: str) -> None:
    loss, k = get(name), 5
    verdict = decide(loss, k)
    if not meets_bound(loss, k):
        return
    points = np.random.default_rng(0).dirichlet(np.full(k, 0.3), size=500)
    allowed = float(verdict.constant_value or 0) / (k - 1)
    assert loss.all_labels(points, backend("numpy")).max() <= allowed * (1 + 1e-12)  # K roundings


def test_concavity() -> None:
    assert concave(MAE(), 4)
    assert concave(Parabola(), 4)
    assert not concave(Parabola(Fraction(1)), 4)
    assert not concave(GCE(), 4)
    assert not concave(get("nmse"), 4)


@pytest.mark.parametrize("k", [2, 3, 7])
def test_examples_are_of_their_kind(k: int) -> None:
    for kind in NOISE_KINDS:
        for first in first_rows(kind, k):
            assert sum(first) == 1
            assert first[0] > max(first[1:]) >= min(first[1:]) >= 0
        for _, matrix in matrices(kind, k):
            assert all(sum(r) == 1 and r[i] == max(r) for i, r in enumerate(matrix))
