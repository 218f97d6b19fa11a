"""Single steps of the theory outside symmetry, each against a number, or a case that it must not let pass."""

from __future__ import annotations

import importlib
import math
from dataclasses import dataclass, replace
from fractions import Fraction

import pytest
import sympy
from scipy.stats import nct, norm

from lossmatters.theory.backends import backend
from lossmatters.theory.backends.sympy_ops import OPS
from lossmatters.theory.enclosure import certify_sign
from lossmatters.theory.enclosure.interval import interval
from lossmatters.theory.formula import FormulaError, NoValueError, evaluate, make, trace_function
from lossmatters.theory.formula.literals import literal
from lossmatters.theory.formula.nodes import const
from lossmatters.theory.losses import CCE, GCE, MAE, MSE, NMSE, RLL, Loss, Normalized, SeparableLoss
from lossmatters.theory.losses.combinators import ShareLoss
from lossmatters.theory.memorization import (
    flip_epoch,
    is_reachable,
    memorization_verdict,
    preserves_order,
    quantile_interval,
)
from lossmatters.theory.minimisers.alike import treats_classes_alike
from lossmatters.theory.minimisers.audit import beaten_vertex, better_beside, better_inside, miscalibrated
from lossmatters.theory.minimisers.closed_forms import conditional_minimiser
from lossmatters.theory.minimisers.exchange import (
    X,
    attains,
    gives_up_below_half,
)
from lossmatters.theory.minimisers.slopes import rises_in_pieces
from lossmatters.theory.noise import risk_slope
from lossmatters.theory.risk import excess_risk_bound, noise_tolerance, noisy_optimum
from lossmatters.theory.risk.conditions import concave, meets_bound
from lossmatters.theory.risk.generalization import risk_bound
from lossmatters.theory.risk.tolerance import flat_at_vertex
from lossmatters.theory.risk.vertex import vertex_verdict
from lossmatters.theory.scope import OPEN_SIMPLEX, SIMPLEX, ClassCounts, Scope, where
from lossmatters.theory.symbolic.algebra import Generator
from lossmatters.theory.symbolic.piecewise import curvature, keeps_to, pieces
from lossmatters.theory.symbolic.points import sign_of
from lossmatters.theory.verdict import Status

tolerances = importlib.import_module("lossmatters.theory.risk.tolerance")
line = importlib.import_module("lossmatters.theory.minimisers.along_line")
at_vertex = importlib.import_module("lossmatters.theory.minimisers.least_at_vertex")
HALF = sympy.Rational(1, 2)
T = sympy.Symbol("t", positive=True)


def separable(on, off=None):
    body = {"name": "made", "on_label": lambda self, t, k, ops: on(t, k, ops)}
    if off is not None:
        body["off_label"] = lambda self, t, k, ops: off(t, k, ops)
    return type("Made", (SeparableLoss,), body)()


def share(weights):
    return type("Made", (ShareLoss,), {"name": "made", "weights": lambda self, u, ops: weights(u)})()


# scopes


def test_a_meeting_of_scopes_is_in_both():
    first, second = Scope(ClassCounts.every(3), OPEN_SIMPLEX), Scope.of((2, 3, 4), where("S > 0"))
    both = first & second
    assert both.classes == ClassCounts.only((3, 4))
    assert both.domain.conditions == OPEN_SIMPLEX.conditions | where("S > 0").conditions
    assert ClassCounts.every(2) & ClassCounts.every(5) == ClassCounts.every(5)


def test_what_is_taken_out_is_out():
    rest = ClassCounts.every().without(10)
    assert 10 not in rest
    assert 9 in rest
    assert 11 in rest


def test_a_part_lies_in_the_whole():
    assert OPEN_SIMPLEX <= SIMPLEX
    assert not SIMPLEX <= OPEN_SIMPLEX
    assert Scope.of(3, OPEN_SIMPLEX) <= Scope.of(3)
    assert not Scope.of(3) <= Scope.of(3, OPEN_SIMPLEX)


# M1 to M4


def test_the_interval_of_a_quantile_has_two_ends():
    values, z = [0.01, 0.02, 0.04, 0.03, 0.02, 0.05], norm.ppf(0.9) * math.sqrt(6)
    mean, deviation = sum(values) / 6, math.sqrt(sum((x - sum(values) / 6) ** 2 for x in values) / 5)
    found = quantile_interval(values, 0.9)
    ends = [mean + deviation * nct.ppf(p, 5, z) / math.sqrt(6) for p in (0.025, 0.975)]
    assert [found.low, found.high] == pytest.approx(ends, rel=1e-9)


def test_robust_is_said_of_the_whole_interval():
    clean, lost = [0.9] * 6, [0.01, 0.02, 0.03, 0.02, 0.03, 0.02]
    verdict = memorization_verdict(clean, [c - x for c, x in zip(clean, lost, strict=True)], 0.04)
    assert verdict.interval.estimate < 0.04 < verdict.interval.high
    assert verdict.status == "inconclusive"
    high = memorization_verdict(clean, [c - x for c, x in zip(clean, lost, strict=True)], 0.03)
    assert high.interval.low < 0.03 < high.interval.estimate
    assert high.status == "inconclusive"
    assert memorization_verdict([0.9] * 6, [0.5] * 6, 0.05).status == "not robust"


def test_what_is_reachable_and_what_flips():
    assert not is_reachable(1, 0, Fraction(1, 10))
    assert is_reachable(Fraction(9, 10), 1, Fraction(1, 10))
    assert flip_epoch([0.9, 0.9], [0.1, 0.1]) is None
    assert flip_epoch([0.1, 0.9], [0.2, 0.1]) == 1


def test_a_tie_that_noise_breaks_is_no_order_kept():
    assert preserves_order([1, 1], [1, 2]) == (0, 1)
    assert preserves_order([1, 2], [3, 4]) is None


# minimisers


def test_water_runs_to_the_likeliest_classes():
    found = conditional_minimiser(RLL(), ["3/5", "2/5", *[0] * 8])
    assert found.exact[:3] == (sympy.Rational(13, 20), sympy.Rational(7, 20), 0)
    certain = conditional_minimiser(RLL(), ["97/100", *["3/900"] * 9])
    assert certain.exact[0] == 1
    third = conditional_minimiser(RLL(), ["1/2", "3/10", "1/5"])
    assert sum(third.exact) == 1
    assert min(third.exact) >= 0


def test_a_vertex_where_another_weight_is_left_is_not_the_best():
    assert at_vertex._all_weight_at_vertex(share(lambda u: u * u), 3)
    assert not at_vertex._all_weight_at_vertex(share(lambda u: u * u + Fraction(1, 10**12)), 3)
    assert not at_vertex._all_weight_at_vertex(share(lambda u: u * (1 - u)), 3)


def test_a_risk_that_comes_back_to_that_of_the_vertex_is_not_least_there():
    assert line._least_at_zero(X, 2)
    assert not line._least_at_zero(X * (1 - X), 2)
    assert not line._least_at_zero(X - 2 * X**2, 2)
    assert not line._least_at_zero(-X, 2)


def test_at_the_threshold_no_output_is_better_than_another():
    assert not noisy_optimum(MAE(), 10, "9/10").vertex
    assert noisy_optimum(MAE(), 10, "8/10").vertex


def test_a_sum_is_least_at_the_vertex_if_every_term_is():
    assert at_vertex.least_at_vertex(NMSE() + NMSE(), 3) is not None
    assert at_vertex.least_at_vertex(NMSE() + separable(lambda t, k, o: t), 3) is None


def test_a_loss_that_jumps_down_and_rises_again_does_not_rise():
    jump = sympy.Piecewise((X, X < HALF), (X - sympy.Rational(1, 4), True))
    assert rises_in_pieces(jump, 4) is None
    kinked = sympy.Piecewise((X, sympy.Rational(3, 4) > X), (2 * X - sympy.Rational(3, 4), True))
    assert rises_in_pieces(kinked, 4) == "interval"


def test_flat_up_to_half_and_no_further():
    assert gives_up_below_half(separable(lambda t, k, o: o.where(t < 0.5, 0.5, 1 - t)))
    assert not gives_up_below_half(separable(lambda t, k, o: o.where(t < 0.25, 0.75, 1 - t)))


@dataclass(frozen=True)
class FirstClass(Loss):
    name = "first-class"

    def formula(self, probs, onehot, ops):
        return 1 - ops.dot(probs, onehot) + probs[..., 0]


def test_a_loss_that_tells_classes_apart_is_seen():
    assert treats_classes_alike(MSE(), 3)
    assert not treats_classes_alike(FirstClass(), 3)


def test_a_risk_without_bound_below_is_not_attained():
    assert not attains(separable(lambda t, k, o: 1 / o.log(t) - t), 3)  # -oo at 1, for a wrong class too
    assert attains(CCE(), 3)
    assert not attains(separable(lambda t, k, o: o.log(t)), 3)


def test_values_speak_against_false_minimisers():
    pi = (Fraction(3, 5), Fraction(1, 5), Fraction(1, 5))
    assert beaten_vertex(MSE(), 3, pi) is not None
    assert beaten_vertex(MAE(), 3, pi) is None
    assert better_inside(MSE(), 3, pi) is not None
    assert better_inside(MAE(), 3, pi) is None
    assert better_beside(MSE(), 3, pi)
    assert not better_beside(MAE(), 3, pi)
    assert miscalibrated(separable(lambda t, k, o: t), 3) is not None
    assert miscalibrated(MSE(), 3) is None


# risks


def test_rates_that_losses_tolerate():
    assert noise_tolerance(MSE(), 10).rate == 0
    assert noise_tolerance(CCE(), 10).rate == 0
    assert noise_tolerance(RLL(), 10).rate == sympy.Rational(9, 10)
    # f = 1 - t + (1 - t)^2/2: slopes -2 at 0 and -1 at 1, so rho = 2 and eta = (K - 1)/(K + 1)
    assert noise_tolerance(separable(lambda t, k, o: 1 - t + (1 - t) ** 2 / 2), 4).rate == sympy.Rational(
        3, 5
    )
    flat = separable(lambda t, k, o: t - t * t, lambda t, k, o: t - t * t)
    assert noise_tolerance(flat, 4).clean_vertex
    assert not flat_at_vertex(NMSE(), 10)
    assert not flat_at_vertex(Normalized(separable(lambda t, k, o: 1 - t)), 10)  # S is 9 at the vertex
    assert flat_at_vertex(Normalized(separable(lambda t, k, o: -o.log(t))), 10)


def test_a_rate_that_a_point_of_the_formula_spoils_is_none():
    dips = separable(lambda t, k, o: o.where(t == 0.5, -9, 1 - t))
    assert noise_tolerance(dips, 3).rate is None
    wrong = noise_tolerance(CCE(), 3)
    wrong = replace(wrong, rate=HALF, clean_vertex=True)
    assert tolerances._audited(CCE(), wrong, 3).status is Status.UNDECIDED
    assert tolerances._audited(CCE(), noise_tolerance(CCE(), 3), 3).status is Status.PROVED


def test_costs_and_conditions():
    assert excess_risk_bound(MSE(), 10, 0.4) == sympy.Rational(18, 25)
    assert meets_bound(MAE(), 10)
    assert meets_bound(RLL(), 10) is False
    assert concave(MAE(), 10)
    assert not concave(CCE(), 10)
    assert not concave(separable(lambda t, k, o: (1 - t) ** 2), 10)
    assert risk_slope(Fraction(2, 5), 10) == Fraction(5, 9)
    assert risk_bound(0.05, 1000, 1.0, 0.05, 0.5) == pytest.approx(
        4 * (0.05 + math.sqrt(math.log(40) / 2000)), rel=1e-12
    )
    assert not vertex_verdict(MAE(), [Fraction(1, 3), Fraction(2, 3), Fraction(0)], 0).optimal
    assert vertex_verdict(MAE(), [Fraction(2, 3), Fraction(1, 3), Fraction(0)], 0).optimal
    # 1 - t^2 falls from every vertex, so that their values decide: more than some of the others is not enough
    bowl = separable(lambda t, k, o: 1 - t * t)
    assert not vertex_verdict(bowl, [Fraction(1, 3), Fraction(2, 3), Fraction(0)], 0).optimal
    assert vertex_verdict(bowl, [Fraction(2, 3), Fraction(1, 3), Fraction(0)], 0).optimal


# expressions


def test_kinks_and_jumps_have_their_say():
    assert curvature(Generator(-sympy.Abs(T - HALF), T, 3)) == "concave"
    assert curvature(Generator(sympy.Abs(T - HALF), T, 3)) == "convex"
    jump = sympy.Piecewise((T, T < HALF), (T + 1, True))
    assert curvature(Generator(jump, T, 3)) == "unknown"
    assert pieces(sympy.Piecewise((5, sympy.Eq(T, HALF)), (T, True)), T) is None


def test_a_function_that_crosses_a_line_keeps_to_neither_side():
    found = pieces(sympy.Max(T**2, T**2), T)
    assert keeps_to(found, T, HALF) == 0
    assert keeps_to(found, T, sympy.Integer(-1)) == 1


def test_a_sign_that_balls_do_not_tell_is_none():
    assert sign_of(sympy.log(2) + sympy.log(3) - sympy.log(6))[0] is None
    assert sign_of(sympy.log(3) - sympy.log(2))[0] == 1


def test_a_weak_sign_is_not_strict():
    assert certify_sign(X**2, {X: (0, 1)}).sign == "non-negative"
    assert certify_sign(X**2 + 1, {X: (0, 1)}).sign == "positive"
    assert certify_sign(X - HALF, {X: (0, 1)}).sign == "both"
    # strict in some boxes, weak in the one at 0
    assert certify_sign(X * (3 * X**2 - 2 * X + HALF), {X: (0, 1)}).sign == "non-negative"


def test_ends_are_rounded_outward():
    found, exact = interval(Fraction(1, 3)), Fraction(1, 3)
    for _ in range(40):
        found, exact = found * interval(Fraction(1, 3)) + interval(Fraction(1, 7)), exact / 3 + Fraction(1, 7)
        assert Fraction(float(found.lo)) <= exact <= Fraction(float(found.hi))
    for n in range(3, 60):  # float(1/n) lies now below, now above
        found = interval(1) / interval(n)
        assert Fraction(float(found.lo)) <= Fraction(1, n) <= Fraction(float(found.hi))


# formulas


def test_constants_are_compared_and_chosen_exactly():
    assert make("less", const(1), const(1)).value is False
    assert make("less_equal", const(1), const(1)).value is True
    assert make("where", make("less", const(1), const(2)), const(3), const(4)) is const(3)
    assert literal(0.1) == Fraction(1, 10)


def test_a_border_belongs_to_the_side_that_was_written():
    above = trace_function(separable(lambda t, k, o: o.where(t > 0.5, 1, 0 * t)), "on_label", 3)
    from_there = trace_function(separable(lambda t, k, o: o.where(t >= 0.5, 1, 0 * t)), "on_label", 3)
    ops = backend("rational")
    at = {"entry": Fraction(1, 2), "classes": 3}
    assert [evaluate(node, ops, **at) for node in (above, from_there)] == [0, 1]


def test_a_branch_on_a_value_or_on_an_open_k_is_seen():
    branch = separable(lambda t, k, o: 1 - t if t > 0.5 else 0)
    with pytest.raises(FormulaError, match=r"ops\.where"):
        trace_function(branch, "on_label", 3)
    looks_up = separable(lambda t, k, o: (1 - t) * (1 + {7: t}.get(k, 0)))
    with pytest.raises(FormulaError, match="number of classes"):
        trace_function(looks_up, "on_label", None)
    with pytest.raises(NoValueError):
        trace_function(separable(lambda t, k, o: (1 - t) / (k - 5)), "on_label", 5)


@dataclass(frozen=True)
class OtherFormula(MAE):
    def formula(self, probs, onehot, ops):
        return (1 - ops.dot(probs, onehot)) ** 2


@dataclass(frozen=True)
class LargerGCE(GCE):
    def on_label(self, t, num_classes, ops):
        return 10 * (1 - t)


def test_a_loss_is_what_it_computes():
    assert isinstance(MAE(), SeparableLoss)
    assert not isinstance(OtherFormula(), SeparableLoss)
    assert isinstance(LargerGCE(), SeparableLoss)
    assert not isinstance(LargerGCE(), GCE)
    assert LargerGCE().bound_to(OPS).upper_bound(sympy.Integer(3), OPS) is None
