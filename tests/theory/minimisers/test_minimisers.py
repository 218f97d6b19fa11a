"""N3: closed forms of the conditional minimisers, and the numerical one for everything else."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from telling_apart import Weighted

from lossmatters.proofs_checks.claims.minimisers.minimisers import LOSSES as CLOSED
from lossmatters.proofs_checks.claims.minimisers.minimisers import SAME_RISK, finds_argmax, violated
from lossmatters.proofs_checks.strategies import simplex_points
from lossmatters.theory.backends import backend
from lossmatters.theory.losses import GCE, LOSSES, MAE, MSE, NMSE, RLL, CallableLoss, Loss, get
from lossmatters.theory.minimisers.closed_forms import conditional_minimiser, has_closed_form
from lossmatters.theory.minimisers.numerical import minimise, risk_and_slopes
from lossmatters.theory.noise import SymmetricNoise, threshold

POSTERIORS = ((Fraction(1, 2), Fraction(3, 10), Fraction(1, 5)), (Fraction(2, 5), Fraction(3, 5)))


@pytest.mark.parametrize("name", sorted(LOSSES))
@pytest.mark.parametrize("pi", POSTERIORS, ids=["K=3", "K=2"])
def test_no_output_of_a_sample_does_better(name: str, pi: tuple[Fraction, ...]) -> None:
    loss = get(name)
    found = conditional_minimiser(loss, pi)
    assert found.probs.min() >= 0
    assert found.probs.sum() == pytest.approx(1, abs=1e-12)  # K roundings
    risk = risk_and_slopes(loss, [float(p) for p in pi])[0]
    rng = np.random.default_rng(0)
    tried = [*rng.dirichlet(np.full(len(pi), 0.5), 200), *(0.999 * np.eye(len(pi)) + 0.001 / len(pi))]
    least = risk(np.clip(found.probs, 1e-15, 1))
    assert all(least <= risk(u) + SAME_RISK for u in tried if np.isfinite(risk(u)))


@given(
    pi=simplex_points(st.integers(2, 4), exact=True, kinds=("ties", "face", "uniform", "vertex", "interior")),
    loss=st.sampled_from([x for x in CLOSED if not isinstance(x, NMSE)]),
)
@settings(max_examples=40, deadline=None)
def test_closed_forms_meet_the_conditions_of_a_minimum_exactly(pi, loss) -> None:
    found = conditional_minimiser(loss, pi)
    assert violated(loss, pi, found.exact) is None
    assert len(set(pi)) == 1 or finds_argmax(pi, found.exact)


@given(weights=st.lists(st.integers(0, 9), min_size=2, max_size=6).filter(any))
@settings(max_examples=60, deadline=None)
def test_nmse_is_least_at_the_projection(weights) -> None:
    """Dinkelbach in floats: N - lambda D >= 0 at every vertex, at pi and at the uniform output."""
    pi = np.array(weights) / sum(weights)
    k = len(pi)
    found = conditional_minimiser(NMSE(), [Fraction(w, sum(weights)) for w in weights])
    risk = risk_and_slopes(NMSE(), pi)[0]
    others = [pi, np.full(k, 1 / k), *np.eye(k), 0.5 * (found.probs + 1 / k), 0.5 * (found.probs + pi)]
    assert all(risk(found.probs) <= risk(u) + 1e-14 for u in others)  # a few roundings of values below 1
    rest = sorted(weights)[:-1]
    at_vertex = sorted(found.exact)[-1] == 1
    assert at_vertex == (len(set(rest)) == 1 and len(set(weights)) > 1)


@pytest.mark.parametrize("num_classes", [2, 3, 10])
@pytest.mark.parametrize("share", [Fraction(1, 5), Fraction(9, 10)])
@pytest.mark.parametrize("loss", [RLL(), RLL(alpha=2), NMSE(), MAE()], ids=lambda x: x.spec)
def test_under_uniform_noise_symmetric_losses_keep_the_vertex(
    loss, share: Fraction, num_classes: int
) -> None:
    eta = share * threshold(num_classes)
    row = SymmetricNoise(eta).transition_matrix(num_classes)[1]
    found = conditional_minimiser(loss, row)
    assert found.exact == tuple(sympy.Integer(int(j == 1)) for j in range(num_classes))
    assert found.unique


def test_values_by_hand() -> None:
    pair = ["3/5", "2/5", *[0] * 8]
    assert conditional_minimiser(RLL(), pair).exact[:3] == (
        sympy.Rational(13, 20),
        sympy.Rational(7, 20),
        0,
    )
    assert conditional_minimiser(GCE(q="1/2"), ["2/3", "1/3"]).exact == (
        sympy.Rational(4, 5),
        sympy.Rational(1, 5),
    )
    assert conditional_minimiser(GCE(q=1), ["2/3", "1/3"]).exact == (1, 0)
    # two classes above tau at K = 10: 13 kappa^2 = 8 kappa + 1/5
    first = conditional_minimiser(NMSE(), pair).exact[0]
    kappa = (4 + sympy.sqrt(16 + sympy.Rational(13, 5))) / 13
    assert sympy.simplify(first - (sympy.Rational(1, 2) + sympy.Rational(1, 10) / kappa)) == 0


@pytest.mark.parametrize("loss", CLOSED, ids=lambda x: x.name)
def test_multiples_share_the_minimiser(loss) -> None:
    pi = (Fraction(1, 2), Fraction(3, 8), Fraction(1, 8))
    assert conditional_minimiser(3 * loss, pi).exact == conditional_minimiser(loss, pi).exact
    assert has_closed_form(3 * loss)
    assert not has_closed_form(loss + get("focal"))


def test_ties_are_said() -> None:
    found = conditional_minimiser(MAE(), ["2/5", "2/5", "1/5"])
    assert not found.unique
    assert "face" in found.others
    uniform = conditional_minimiser(RLL(), ["1/3"] * 3)
    assert (uniform.unique, "every output" in uniform.others) == (False, True)
    assert (
        "whether the infimum is attained is not known"
        in conditional_minimiser(get("nce"), ["1/2", "1/3", "1/6"]).others
    )


def test_a_callable_is_minimised_numerically() -> None:
    import torch

    loss = CallableLoss(torch.nn.CrossEntropyLoss(reduction="none"), "ce")
    best, residual = minimise(loss, [0.6, 0.3, 0.1])
    np.testing.assert_allclose(best, [0.6, 0.3, 0.1], atol=1e-4)  # differences of step 1e-6, flat minimum
    assert residual < 1e-3


def test_bad_posteriors() -> None:
    with pytest.raises(
        ValueError, match=r"posterior must be non-negative with sum 1, got posterior=\['1/2', '1/3'\]"
    ):
        conditional_minimiser(MSE(), ["1/2", "1/3"])
    with pytest.raises(ValueError, match="num_classes must be an integer >= 2"):
        conditional_minimiser(MSE(), [1])
    with pytest.raises(TypeError, match="posterior must be a number"):
        conditional_minimiser(MSE(), [None, 1])


@pytest.mark.parametrize("num_classes", [2, 3, 10])
@pytest.mark.parametrize(
    "loss", [*map(get, ("js", "mae", "unhinged", "nce-aul", "nfl-mae", "nmse")), Weighted()], ids=str
)
def test_the_slopes_of_a_risk_are_those_of_its_values(loss: Loss, num_classes: int) -> None:
    rng, h = np.random.default_rng(0), 1e-6
    u, pi = (rng.dirichlet(np.full(num_classes, 10)) for _ in range(2))  # far from the edge: h of no account
    risk, slopes = risk_and_slopes(loss, pi)
    by_values = sum(p * value for p, value in zip(pi, loss.all_labels(u, backend("numpy")), strict=True))
    assert risk(u) == pytest.approx(float(by_values), abs=1e-12)  # some hundred roundings
    across = [(risk(u + h * e) - risk(u - h * e)) / (2 * h) for e in np.eye(num_classes) - 1 / num_classes]
    found = slopes(u)
    assert found - found.mean() == pytest.approx(np.array(across), abs=1e-7)  # h^2 and a rounding over h


def test_a_loss_of_the_largest_entry_is_minimised_at_ten_classes() -> None:
    """Its slopes took SymPy a minute, and NumPy refused them."""

    @dataclass(frozen=True)
    class Gap(Loss):
        """0 where the label is likeliest, and the lead of the likeliest class else."""

        name = "gap"

        def formula(self, probs, onehot, ops):
            return ops.max(probs)[..., 0] - ops.dot(probs, onehot)

    pi = np.array([0.28] + [0.08] * 9)
    risk, slopes = risk_and_slopes(Gap(), pi)
    u = np.random.default_rng(0).dirichlet(np.ones(10))
    assert risk(u) == pytest.approx(u.max() - pi @ u, abs=1e-15)
    # along the simplex, which is all that the descent asks for
    slope = -pi + np.eye(10)[u.argmax()]
    assert slopes(u) - slopes(u).mean() == pytest.approx(slope - slope.mean(), abs=1e-8)  # differences
    # max u - sum pi u is 0 at the uniform output and nowhere less
    assert risk(minimise(Gap(), pi)[0]) == pytest.approx(0, abs=1e-3)  # a kink stops the descent
