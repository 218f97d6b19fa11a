"""D1 and D2: noisy optima and memorization times, for every loss of the registry."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from lossmatters.proofs_checks.claims.dynamics.dynamics import TWO_SOLVERS, time_with_all_logits
from lossmatters.theory.backends import backend
from lossmatters.theory.dynamics.logit_gradients import has_closed_gradient
from lossmatters.theory.dynamics.memorization_time import (
    TOLERANCES,
    MemorizationTime,
    memorization_time,
    solve,
)
from lossmatters.theory.dynamics.vertex_gradients import gradient_vanishes
from lossmatters.theory.losses import CCE, GCE, LOSSES, MSE, CallableLoss, SeparableLoss, ShareLoss, get
from lossmatters.theory.noise import threshold
from lossmatters.theory.risk.noisy_optimum import noisy_optimum
from lossmatters.theory.symmetry.decide import decide
from lossmatters.theory.verdict import Known

NAMES = sorted(LOSSES)


def conditional_risk(loss, k: int, eta: float, probs: np.ndarray) -> float:
    pi = np.array([1 - eta] + [eta / (k - 1)] * (k - 1))
    with np.errstate(all="ignore"):
        values = np.asarray(loss.all_labels(probs, backend("numpy")), dtype=float)
    return float(pi @ values)


@pytest.mark.parametrize("num_classes", [2, 10])
@pytest.mark.parametrize("name", NAMES)
def test_no_output_of_a_grid_beats_the_noisy_optimum(name: str, num_classes: int) -> None:
    loss, k, eta = get(name), num_classes, Fraction(2, 5)
    found = noisy_optimum(loss, k, eta)
    assert found.clean + (k - 1) * found.other == pytest.approx(1, abs=1e-12)
    assert found.method
    inside = min(max(found.clean, 1e-9), 1 - 1e-9)  # at the vertex itself some losses have no value
    at = conditional_risk(loss, k, float(eta), np.array([inside] + [(1 - inside) / (k - 1)] * (k - 1)))
    for clean in np.linspace(0.001, 0.999, 60):
        tried = np.array([clean] + [(1 - clean) / (k - 1)] * (k - 1))
        assert at <= conditional_risk(loss, k, float(eta), tried) + 1e-6  # 1e-9 away, at slopes up to 1e3


@pytest.mark.parametrize("name", NAMES)
def test_every_loss_has_a_memorization_time_or_a_reason(name: str) -> None:
    for found in (memorization_time(get(name), 3, 0.2), memorization_time(get(name), 10, start=0.9)):
        assert found.detail
        if found.decided:
            assert found.value > 0
        assert found.to_json() is None or isinstance(found.to_json(), float | dict)


@pytest.mark.parametrize("name", [n for n in NAMES if decide(get(n), 10).status == "proved"])
def test_symmetric_losses_are_led_to_the_vertex_and_stay(name: str) -> None:
    optimum = noisy_optimum(get(name), 10, 0.4)
    assert (optimum.vertex, optimum.clean) == (True, 1.0)
    found = memorization_time(get(name), 10, 0.4)
    assert found.value == math.inf or not found.decided


@pytest.mark.parametrize("num_classes", [2, 3, 10])
@pytest.mark.parametrize("name", [n for n in NAMES if has_closed_gradient(get(n))])
def test_times_agree_with_all_logits_integrated(name: str, num_classes: int) -> None:
    found = memorization_time(get(name), num_classes, start=0.8)
    assert found.value == pytest.approx(time_with_all_logits(get(name), num_classes, 0.8), rel=TWO_SOLVERS)


@given(
    clean=st.fractions(Fraction(1, 2), Fraction(999, 1000), max_denominator=1000),
    num_classes=st.integers(2, 12),
)
@settings(max_examples=15, deadline=None)
def test_the_closed_form_of_cce_is_the_integral_along_its_path(clean: Fraction, num_classes: int) -> None:
    """GCE with q -> 0 is CCE; the two are computed in different ways."""
    exact = memorization_time(CCE(), num_classes, start=clean).value
    near = memorization_time(GCE(q=Fraction(1, 10**9)), num_classes, start=clean).value
    assert near == pytest.approx(exact, rel=1e-7)  # u^q differs from 1 by q log u


def test_scaling_a_loss_scales_the_time() -> None:
    for text in ("cce", "rll", "mae"):
        once, twice = (memorization_time(get(t), 10, start=0.9).value for t in (text, f"2*{text}"))
        assert twice == pytest.approx(once / 2, rel=1e-6)  # the solver's tolerance, some hundred steps


def test_two_tolerances_of_the_solver_agree_on_a_known_time() -> None:
    def field(u):
        return u[0] - 1, u[1], u[2]

    start = (1 / 90, 0.9, 1 / 90)
    exact = memorization_time(CCE(), 10, start="9/10").value
    for rtol in TOLERANCES:
        assert solve(field, 10, start, rtol) == pytest.approx(exact, rel=100 * rtol)


@pytest.mark.parametrize("name", NAMES)
def test_vanishing_gradient_is_seen_in_numbers(name: str) -> None:
    """Where it is derived that the gradient vanishes at e_c, it is small beside it, and smaller nearer."""
    loss, k = get(name), 4
    if not gradient_vanishes(loss, k) or not has_closed_gradient(loss):
        return
    sizes = []
    for d in (1e-4, 1e-12):
        u = np.array([d, 1 - 3 * d, d, d])
        from lossmatters.theory.dynamics.logit_gradients import closed_gradient

        sizes.append(np.abs(closed_gradient(loss, u, np.eye(4)[0], backend("numpy"))).max())
    assert sizes[1] < sizes[0] < 0.5


@pytest.mark.parametrize("name", ["cce", "focal", "sce"])
def test_gradient_of_unbounded_losses_does_not_vanish(name: str) -> None:
    assert not gradient_vanishes(get(name), 10)


def test_beyond_what_is_known_it_says_so() -> None:
    import torch

    loss = CallableLoss(torch.nn.CrossEntropyLoss(reduction="none"), "ce")
    assert noisy_optimum(loss, 10, 0.4).clean == pytest.approx(0.6, abs=1e-4)  # float risks: root of 2^-53
    assert memorization_time(loss, 10, 0.4).value == pytest.approx(3.17414, rel=1e-3)
    stuck = CallableLoss(lambda z, y: z.argmax(1).ne(y).double(), "count")
    assert "no gradient" in memorization_time(stuck, 10, start=0.9).detail
    assert memorization_time(get("zero-one"), 10, start=0.9).value == math.inf


class Leaning(SeparableLoss):
    """CCE for class 0 and twice that for the others."""

    name = "leaning"

    def formula(self, probs, onehot, ops):
        return -ops.log(ops.dot(probs, onehot)) * (2 - onehot[..., 0])


class Uneven(ShareLoss):
    """Its weights are largest where the probability is 0, so it is least away from its label."""

    name = "uneven"

    def weights(self, probs, ops):
        return 2 - probs


def test_a_share_is_at_its_least_only_where_other_weights_vanish() -> None:
    found = noisy_optimum(Uneven(), 4, 0.2)
    assert not found.vertex
    assert found.clean < 1e-6
    assert noisy_optimum(get("zero-one"), 4, 0.2).status == "proved"


def test_values_by_hand() -> None:
    # two classes under CCE: log-odds rise at 2 (1 - u), so from odds x = 1/9 t = (1 - x - log x)/2
    assert memorization_time(CCE(), 2, start=0.9).value == pytest.approx((8 / 9 + math.log(9)) / 2)
    # GCE(1/2) at K = 2, eta = 1/3: pi^2 gives 4/5
    assert noisy_optimum(GCE(q=0.5), 2, "1/3").clean_exact == sympy.Rational(4, 5)
    assert noisy_optimum(MSE(), 10, 0.4).clean_exact == sympy.Rational(3, 5)
    assert memorization_time(CCE(), 10, start="1/100").value == memorization_time(CCE(), 10, start=0.01).value


def test_bad_calls() -> None:
    with pytest.raises(ValueError, match="noise_rate or start must be given, and not both"):
        memorization_time(CCE())
    with pytest.raises(ValueError, match="noise_rate or start must be given, and not both"):
        memorization_time(CCE(), 10, 0.4, 0.9)
    with pytest.raises(ValueError, match=r"eta must be in \(0, 9/10\)"):
        memorization_time(CCE(), 10, threshold(10))
    with pytest.raises(ValueError, match=r"start must be in \(0, 1\), got start=1"):
        memorization_time(CCE(), 10, start=1)
    for call in (
        lambda: noisy_optimum(Leaning(), 3, 0.2),
        lambda: memorization_time(Leaning(), 3, start=0.9),
    ):
        with pytest.raises(ValueError, match="loss must be the same for all classes, got loss='leaning'"):
            call()


def test_json_of_a_time() -> None:
    base = {"method": None, "start": None, "error": None}
    assert MemorizationTime(math.inf, Known.PROVED, detail="", **base).to_json() is None
    assert MemorizationTime(2.0, Known.NUMERICAL, detail="", **base).to_json() == 2.0
    undecided = MemorizationTime(math.nan, Known.UNDECIDED, detail="why", **base)
    assert undecided.to_json() == {"status": "undecided", "reason": "why"}
