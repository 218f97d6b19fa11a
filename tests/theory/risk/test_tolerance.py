"""A1 to A3: noise tolerance, against the numerical noisy optimum on both sides of it; Y1: what is kept."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pytest
import sympy

from lossmatters.theory.losses import CCE, LOSSES, MAE, MSE, Loss, SeparableLoss, get, symmetrised
from lossmatters.theory.minimisers.numerical import minimise, risk_and_slopes
from lossmatters.theory.noise import SymmetricNoise, threshold
from lossmatters.theory.risk import noise_tolerance, symmetrised_properties
from lossmatters.theory.symbolic.algebra import K

EDGE = 1e-9  # stands for the vertex where a loss has no value there
STEP = Fraction(1, 50)
# The point beside the vertex is worse than it by EDGE times slopes up to some tens; beyond the tolerance the
# vertex is worse than others by over 1e-6 at this step.
SAME, WORSE = 1e-7, 1e-6
BETWEEN = (
    "phuber-ce",
    "phuber-gce(tau=3)",
    "agce",
    "agce(a=1/10, q=1/2)",
    "aul",
    "aul(a=2, q=4)",
    "ael",
    "amse",
)
MORE = ("taylor-ce(n=3)", "forward(cce, eta=1/5)", "backward(mse, eta=3/10)", "nce + agce", "nce + amse")


def advantage(spec: str, k: int, eta: Fraction) -> float:
    """How much less the least noisy risk found is than that at the vertex of the clean class."""
    loss, pi = get(spec), np.array(SymmetricNoise(eta).transition_matrix(k)[0], dtype=float)
    risk = risk_and_slopes(loss, pi)[0]
    vertex = np.full(k, EDGE)
    vertex[0] = 1 - (k - 1) * EDGE
    best, _ = minimise(loss, pi)
    near = [risk(_even(k, s)) for s in np.geomspace(1e-6, 0.5, 60)]
    return float(risk(vertex) - min(risk(best), *near))


def _even(k: int, s: float) -> np.ndarray:
    return np.array([1 - s, *[s / (k - 1)] * (k - 1)])


@pytest.mark.parametrize("k", [3])
@pytest.mark.parametrize("spec", [*BETWEEN, *MORE])
def test_the_vertex_is_best_up_to_the_tolerance_and_no_further(spec, k):
    found = noise_tolerance(get(spec), k)
    assert found.status == "proved"
    rate = Fraction(found.value).limit_denominator(10**6)
    assert 0 < rate < threshold(k)
    step = min(STEP, rate / 2, (threshold(k) - rate) / 2)
    assert advantage(spec, k, rate - step) < SAME
    assert advantage(spec, k, rate + step) > WORSE


@pytest.mark.parametrize("spec", ["cce", "gce", "focal", "mse", "sce", "bi-tempered", "ldr-kl", "epsilon-ce"])
def test_no_noise_at_all_is_tolerated_where_the_slope_at_a_wrong_class_is_infinite_or_the_vertex_flat(spec):
    assert noise_tolerance(get(spec), 4).rate == 0
    assert noise_tolerance(get(spec)).rate == 0
    assert advantage(spec, 4, Fraction(1, 20)) > WORSE


NEVER = ("label-smoothing",)  # infinite at every vertex


def test_a_loss_that_is_infinite_at_its_own_vertex_has_no_tolerance():
    found = [noise_tolerance(get(name), 10) for name in NEVER]
    assert [(f.status, f.clean_vertex, f.rate) for f in found] == [("proved", False, None)]


@pytest.mark.parametrize("name", [name for name in LOSSES if name not in NEVER])
def test_the_whole_catalogue_is_decided_at_ten_classes(name):
    found = noise_tolerance(get(name), 10)
    assert found.status in ("proved", "certified")
    assert found.clean_vertex
    assert 0 <= found.value <= float(threshold(10))


@pytest.mark.parametrize("name", LOSSES)
def test_all_classes_at_once_agrees_with_one(name):
    general = noise_tolerance(get(name))
    if general.rate is not None:
        assert sympy.simplify(general.rate.subs(K, 10) - noise_tolerance(get(name), 10).rate) == 0


@pytest.mark.parametrize(
    ("spec", "rho"),
    [
        ("phuber-ce(tau=7)", "7"),
        ("agce(a=1/2, q=1/3)", "3**(2/3)"),
        ("ael(a=3)", "exp(1/3)"),
        ("aul(a=3, q=3)", "9/4"),
        ("taylor-ce(n=5)", "5"),
        ("cce", "oo"),
    ],
)
def test_closed_forms_of_the_asymmetry(spec, rho):
    found = noise_tolerance(get(spec))
    assert sympy.simplify(found.asymmetry - sympy.sympify(rho)) == 0 or found.asymmetry == sympy.sympify(rho)
    if rho != "oo":
        assert sympy.simplify(found.rate - (K - 1) / (K - 1 + sympy.sympify(rho))) == 0


def test_losses_that_are_not_symmetric_may_tolerate_as_much():
    for spec in ("agce(q=2)", "aul(a=2, q=1/2)", "truncated-gce", "truncated-gce(k=1/4)"):
        found = noise_tolerance(get(spec), 4)
        assert found.rate == sympy.Rational(3, 4), spec
        assert found.method == "chord"
        assert advantage(spec, 4, Fraction(7, 10)) < SAME
        assert advantage(spec, 4, Fraction(19, 25)) > 0  # another class is likelier there


def test_forward_correction_tolerates_what_it_corrects_and_no_more():
    for eta, k in (("1/10", None), ("3/5", 10)):  # at K = 2 labels say nothing from 1/2 on
        assert noise_tolerance(get(f"forward(cce, eta={eta})"), k).rate == sympy.Rational(eta)
        assert noise_tolerance(get(f"backward(mse, eta={eta})"), k).rate == sympy.Rational(eta)


def test_a_loss_whose_vertex_is_not_best_for_clean_labels_has_no_tolerance():
    found = noise_tolerance(get("noisy(cce, eta=1/10)"), 10)
    assert (found.status, found.clean_vertex, found.rate) == ("proved", False, None)


def test_what_does_not_close_is_undecided():
    assert noise_tolerance(get("truncated-gce(k=1/10)"), 10).status == "undecided"
    assert noise_tolerance(get("nmse + ael"), 10).status == "undecided"

    def of_logits(logits, labels):
        return -logits.gather(1, labels[:, None])[:, 0]

    assert noise_tolerance(get(of_logits), 10).status == "undecided"


@dataclass(frozen=True)
class Disguised(Loss):
    """MSE through its sum of squares."""

    def formula(self, probs, onehot, ops):
        return 1 - 2 * ops.dot(probs, onehot) + ops.sum(probs * probs)


@dataclass(frozen=True)
class Rising(SeparableLoss):
    """u_y: least where the label has nothing."""

    def on_label(self, t, num_classes, ops):
        return t


def test_losses_of_a_user_are_decided_from_their_structure():
    assert noise_tolerance(Disguised(), 10).rate == 0
    assert noise_tolerance(Rising(), 10).clean_vertex is not True


@pytest.mark.parametrize("name", ["cce", "focal", "sce"])
def test_unbounded_losses_lose_their_lower_bound_and_calibration(name):
    found = symmetrised_properties(get(name), 3)
    assert (found["non-negative"].before, found["non-negative"].after) == (True, False)
    assert (found["calibrated"].before, found["calibrated"].after) == (True, False)
    assert found["vertex optimal"].after
    assert found["bounded"].after is False


@pytest.mark.parametrize("name", ["mse", "gce", "agce", "truncated-gce", "nmse", "nce-mae"])
def test_bounded_losses_keep_all(name):
    assert all(p.after == p.before for p in symmetrised_properties(get(name), 3).values())


def test_a_vertex_that_was_not_optimal_becomes_so():
    found = symmetrised_properties(get("noisy(mse, eta=1/5)"), 3)
    assert (found["vertex optimal"].before, found["vertex optimal"].after) == (False, True)
    assert symmetrised(MSE()) != MAE()
    assert symmetrised_properties(CCE(), 2)["calibrated"].after is not False


def test_what_holds_for_every_number_of_classes_can_be_said_of_one():
    general, one = noise_tolerance(get("phuber-ce")), noise_tolerance(get("phuber-ce"), 10)
    assert (general.at(10).rate, general.at(10).scope) == (one.rate, one.scope)
    with pytest.raises(ValueError, match="num_classes must be in the scope"):
        one.at(7)
