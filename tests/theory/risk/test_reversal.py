"""R2: order reversals, verified again from T by other arithmetic; none where there can be none."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lossmatters.proofs_checks.claims.risk.reversals import OnlyForTwo, Rejecting
from lossmatters.proofs_checks.strategies import combined_losses
from lossmatters.theory.backends.mpmath_ops import MpmathOps
from lossmatters.theory.losses import CCE, LOSSES, MAE, MSE, NCE, RLL, Loss, get
from lossmatters.theory.noise import SymmetricNoise
from lossmatters.theory.risk.finite import noisy_posterior
from lossmatters.theory.risk.reversal import OrderReversal
from lossmatters.theory.risk.reversal_search import order_reversal, search_reversal
from lossmatters.theory.symbolic.points import cost, sign_of, simplest_between, small_points
from lossmatters.theory.symmetry.decide import decide

DIGITS = MpmathOps(80)  # nearly symmetric losses differ by 1e-30 here


@dataclass(frozen=True)
class Impurity(Loss):
    """Not symmetric, and yet noise changes no risk: it does not look at the label."""

    name = "impurity"

    def formula(self, probs: Any, onehot: Any, ops: Any) -> Any:
        return 1 - ops.sum(probs**2) + 0 * ops.dot(probs, onehot)


def check(loss: Loss, k: int, found: OrderReversal) -> None:
    """Both risks from T itself, at 80 digits."""
    matrix = SymmetricNoise(found.noise_rate).transition_matrix(k)
    clean = noisy = DIGITS.const(0)
    assert sum(w for w, *_ in found.inputs()) == 1
    for weight, posterior, u, v in found.inputs():
        assert weight > 0
        for point in (posterior, u, v):
            assert sum(point) == 1
            assert min(point) >= 0
        gap = loss.all_labels(DIGITS.array(u), DIGITS) - loss.all_labels(DIGITS.array(v), DIGITS)
        w = DIGITS.const(weight)
        clean += w * DIGITS.dot(gap, DIGITS.array(posterior))
        noisy += w * DIGITS.dot(gap, DIGITS.array(noisy_posterior(posterior, matrix)))
    assert clean < 0 < noisy
    assert float(clean) == pytest.approx(float(found.clean_gap), rel=1e-12)  # printed as float64
    assert float(noisy) == pytest.approx(float(found.noisy_gap), rel=1e-12)


@pytest.mark.parametrize("name", sorted(LOSSES))
@pytest.mark.parametrize(("k", "rate"), [(2, "1/100"), (5, "2/5"), (10, "4/5")])
def test_reversals_exist_exactly_for_asymmetric_losses(name: str, k: int, rate: str) -> None:
    loss = get(name)
    search = search_reversal(loss, k, rate)
    status = decide(loss, k).status
    if status == "proved":
        assert search.reversal is None
        assert "label sum is the same" in search.reason
    elif status == "refuted":
        assert search.reversal is not None, search.reason
        check(loss, k, search.reversal)


def _hard() -> list[Any]:
    tiny, tinier = Fraction(1, 10**9), Fraction(1, 10**30)
    return [pytest.param(MAE() + tiny * MSE(), k, id=f"mae + 1e-9 mse, K = {k}") for k in (2, 3, 10)] + [
        pytest.param(MAE() + tinier * MSE(), 10, id="mae + 1e-30 mse"),
        pytest.param(RLL() + tiny * MSE(), 4, id="rll + 1e-9 mse"),
        pytest.param(NCE() + tiny * CCE(), 3, id="nce + 1e-9 cce"),
        pytest.param(OnlyForTwo(), 3, id="symmetric for K = 2 alone"),
        pytest.param(Rejecting(), 3, id="reject option"),
        pytest.param(get("1/2*cce + mae"), 10, id="unbounded sum"),
    ]


@pytest.mark.parametrize(("loss", "k"), _hard())
def test_reversal_of_a_hard_loss(loss: Loss, k: int) -> None:
    found = order_reversal(loss, k, "2/5")
    assert found is not None
    check(loss, k, found)


@settings(max_examples=15)  # each is decided and searched by exact arithmetic, about 0.1 s
@given(loss=combined_losses(), k=st.integers(2, 4))
def test_reversal_of_any_combination(loss: Loss, k: int) -> None:
    found = order_reversal(loss, k, "1/3")
    status = decide(loss, k).status
    assert status in ("proved", "refuted")
    assert (found is not None) == (status == "refuted"), loss.spec
    if found is not None:
        check(loss, k, found)


def test_a_reversal_can_need_two_inputs() -> None:
    found = order_reversal(Rejecting(), 3, "1/3")
    assert found is not None
    assert found.second is not None
    assert found.to_dict()["second_input"]["weight"] == str(found.second.weight)
    assert order_reversal(MSE(), 3, "1/3").to_dict()["second_input"] is None  # type: ignore[union-attr]


def test_no_reversal_says_why() -> None:
    assert "label sum is the same" in search_reversal(OnlyForTwo(), 2, "1/4").reason
    search = search_reversal(Impurity(), 3, "1/4")
    assert decide(Impurity(), 3).status == "refuted"
    assert search.reversal is None
    assert "c(u) + r(y)" in search.reason


def test_callables_have_a_margin() -> None:
    import torch

    found = order_reversal(get(torch.nn.CrossEntropyLoss(reduction="none")), 4, "2/5")
    assert found is not None
    assert found.how == "float64"
    check(CCE(), 4, found)

    def nearly(logits: Any, labels: Any) -> Any:  # misses symmetry by less than float32 shows
        own = torch.softmax(logits, dim=1).gather(1, labels[:, None])[:, 0]
        return ((1 - own) + 1e-7 * own**2).float()

    search = search_reversal(get(nearly), 4, "2/5")
    assert search.reversal is None
    assert search.reason


def test_simple_enough_for_a_pocket_calculator() -> None:
    for name in LOSSES:
        found = order_reversal(get(name), 10, "2/5")
        if found is not None:
            most = 80 if name in ("epsilon-ce", "nce-ael") else 60  # m = 10^5; sums that differ by little
            assert cost(found.posterior) + cost(found.u) + cost(found.v) <= most, name
            # the label sum of a pair with NCE varies by less than a hundredth
            least = 1e-5 if name.startswith("nce-") else 1e-4
            assert min(abs(float(found.clean_gap)), float(found.noisy_gap)) > least, name


@pytest.mark.parametrize("rate", [0, "9/10", 1])
def test_reversal_needs_a_rate_below_the_threshold(rate: object) -> None:
    with pytest.raises(ValueError, match=r"eta must be in \(0, 9/10\), below the threshold"):
        order_reversal(MSE(), 10, rate)


@given(low=st.fractions(0, 3), width=st.fractions(Fraction(1, 1000), 2))
def test_simplest_fraction(low: Fraction, width: Fraction) -> None:
    found = simplest_between(low, low + width)
    assert low < found < low + width
    for denominator in range(1, found.denominator):
        first = low.numerator * denominator // low.denominator + 1
        assert not low < Fraction(first, denominator) < low + width


@given(k=st.integers(2, 12))
def test_small_points_are_distinct_points_of_the_simplex(k: int) -> None:
    points = small_points(k)
    assert len(set(points)) == len(points)
    assert all(sum(p) == 1 and min(p) >= 0 and len(p) == k for p in points)
    assert (Fraction(1, k),) * k in points


def test_sign_of() -> None:
    import sympy

    assert sign_of(sympy.Rational(-1, 3)) == (-1, "exact")
    assert sign_of(sympy.log(2) - sympy.Rational(69314718, 10**8)) == (1, "balls")
    root = sympy.sqrt(2) + sympy.sqrt(3) - sympy.sqrt(5 + 2 * sympy.sqrt(6))
    assert sign_of(root)[0] is None  # zero, which no ball shows
    assert sign_of(sympy.oo)[0] is None
