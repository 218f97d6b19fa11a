"""D3: gradients in the logits, for every loss of the registry, against autograd and in exact arithmetic."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from telling_apart import Weighted

from lossmatters.proofs_checks.claims.dynamics.logit_gradients import ROUNDING, autograd_gap
from lossmatters.proofs_checks.strategies import simplex_points
from lossmatters.theory.backends.sympy_ops import OPS, const
from lossmatters.theory.dynamics.logit_gradients import (
    CLEAN,
    CLOSED,
    LABEL,
    OTHER,
    chain_rule,
    closed_gradient,
    label_factor,
    logit_gradient,
    reduced_gradient,
)
from lossmatters.theory.losses import (
    LOSSES,
    MSE,
    NMSE,
    CallableLoss,
    Normalized,
    SeparableLoss,
    ZeroOne,
    get,
)
from lossmatters.theory.symbolic.algebra import is_zero

SMOOTH = sorted(name for name, cls in LOSSES.items() if cls.differentiable)


@pytest.mark.parametrize("num_classes", [2, 3, 10])
@pytest.mark.parametrize("name", SMOOTH)
def test_gradient_is_that_of_autograd(name: str, num_classes: int) -> None:
    assert autograd_gap(get(name), num_classes) < ROUNDING


@pytest.mark.parametrize("text", ["0.5*cce + mae", "Normalized(rll)", "nce + mae"])
def test_gradient_of_combinations_is_that_of_autograd(text: str) -> None:
    assert autograd_gap(get(text), 4) < ROUNDING


RATIONAL = [cls for cls in CLOSED if cls.name not in ("gce", "focal", "sce")]


@given(
    point=simplex_points(st.integers(2, 5), exact=True, kinds=("interior", "ties", "tiny")), data=st.data()
)
@settings(max_examples=25, deadline=None)
def test_closed_forms_are_exact_and_leave_the_sum_of_logits(point: tuple[Fraction, ...], data) -> None:
    loss = data.draw(st.sampled_from(RATIONAL))()
    probs = OPS.array(point)
    label = data.draw(st.integers(0, len(point) - 1))
    found = closed_gradient(loss, probs, OPS.onehot(probs, label), OPS)
    at = dict(zip(sympy.symbols(f"u1:{len(point) + 1}", positive=True), map(const, point), strict=True))
    assert list(found) == [e.subs(at) for e in chain_rule(loss, len(point), label)]
    assert sum(found) == 0


@pytest.mark.parametrize("num_classes", [2, 3, 6])
@pytest.mark.parametrize("loss", [NMSE(), MSE(), get("rll"), get("nce"), get("focal")], ids=lambda x: x.name)
def test_reduced_gradient_is_the_gradient_where_the_other_classes_are_equal(loss, num_classes: int) -> None:
    others = num_classes - 2
    label, clean = (0.25, 0.75) if not others else (0.25, 0.5)
    other = 0.25 / others if others else 0.0
    at = {LABEL: label, CLEAN: clean, OTHER: other}
    (whole,) = logit_gradient(loss, [[label, clean, *[other] * others]], [0])
    reduced = [float(e.subs(at)) for e in reduced_gradient(loss, num_classes)]
    np.testing.assert_allclose(reduced[:2], whole[:2], rtol=1e-12)  # tens of roundings of 2^-53
    if others:
        np.testing.assert_allclose(whole[2:], reduced[2], rtol=1e-12)


@pytest.mark.parametrize("name", SMOOTH)
def test_losses_of_the_label_alone_have_the_direction_of_cce(name: str) -> None:
    """w(u_y)(u - e_y) where `label_factor` gives w, and another direction where it gives None."""
    loss, probs = get(name), [[0.5, 0.3, 0.15, 0.05]]
    if not isinstance(loss, SeparableLoss):
        return
    (found,) = logit_gradient(loss, probs, [1])
    direction = np.array(probs[0]) - np.eye(4)[1]
    factor = label_factor(loss, 4)
    if factor is None:
        ratios = found / direction
        assert ratios.max() - ratios.min() > 1e-3
    else:
        np.testing.assert_allclose(found, float(factor.subs(LABEL, 0.3)) * direction, rtol=1e-12)


def test_normalising_by_hand_is_nmse() -> None:
    probs = np.array(sympy.symbols("a b c", positive=True), dtype=object)
    onehot = OPS.onehot(probs, 1)
    first = closed_gradient(NMSE(), probs, onehot, OPS)
    second = closed_gradient(Normalized(MSE()), probs, onehot, OPS)
    last = {probs[2]: 1 - probs[0] - probs[1]}
    assert all(is_zero((a - b).subs(last)) for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize("num_classes", [2, 3, 5])
def test_a_loss_that_tells_classes_apart_has_slopes_of_its_own_for_each_label(num_classes: int) -> None:
    """The first label's slopes once stood for all."""
    probs = np.random.default_rng(0).dirichlet(np.ones(num_classes), num_classes)
    labels = np.arange(num_classes)
    own = probs[labels, labels]
    by_hand = (2 * (labels + 1) * (1 - own) * own)[:, None] * (probs - np.eye(num_classes))
    assert logit_gradient(Weighted(), probs, labels) == pytest.approx(by_hand, abs=ROUNDING)
    with pytest.raises(ValueError, match="loss must be the same for all classes, got loss='weighted'"):
        reduced_gradient(Weighted(), num_classes)


def test_bad_calls() -> None:
    with pytest.raises(TypeError, match="loss must have a formula, got loss='mine'"):
        logit_gradient(CallableLoss(lambda z, y: z[:, 0], "mine"), [[0.5, 0.5]], [0])
    with pytest.raises(TypeError, match=r"compares|relational|truth"):
        logit_gradient(ZeroOne(), [[0.5, 0.5]], [0])
    with pytest.raises(TypeError, match="loss must have a formula, got loss='mine'"):
        chain_rule(CallableLoss(lambda z, y: z[:, 0], "mine"), 3)
    with pytest.raises(TypeError, match=r"loss must be one of .* got loss='1/2\*cce \+ mae'"):
        closed_gradient(get("0.5*cce + mae"), np.array([0.5, 0.5]), np.array([1.0, 0.0]), OPS)
    with pytest.raises(ValueError, match="probs must be"):
        logit_gradient(MSE(), [[0.5, 0.6]], [0])
