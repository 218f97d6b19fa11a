"""Each step of a verdict on symmetry by itself: what one lets pass the next may catch, and so hide."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from fractions import Fraction
from types import SimpleNamespace

import pytest
import sympy
from zoo import ZOO

from lossmatters.theory.enclosure.settle import T
from lossmatters.theory.formula import NoValueError, trace_function
from lossmatters.theory.formula.classes import special_classes
from lossmatters.theory.losses import (
    CCE,
    GCE,
    MAE,
    MSE,
    NMSE,
    NNFL,
    CallableLoss,
    Loss,
    Normalized,
    SeparableLoss,
)
from lossmatters.theory.losses.combinators import ShareLoss
from lossmatters.theory.scope import OPEN_SIMPLEX, SIMPLEX, ClassCounts, Scope
from lossmatters.theory.symbolic.algebra import Generator, K, exact_generator
from lossmatters.theory.symmetry import audit, decide, label_sum_range, loss_maximum
from lossmatters.theory.symmetry.affine import by_generator
from lossmatters.theory.symmetry.regular import has_positive_sum, is_positive_for_all
from lossmatters.theory.symmetry.symmetry_verdict import combined, proved, refuted
from lossmatters.theory.symmetry.witness import differ, find_witness
from lossmatters.theory.verdict import Method, Place, Status

steps = importlib.import_module("lossmatters.theory.symmetry.decide")
at_one = importlib.import_module("lossmatters.theory.symmetry.one_size")
audits = importlib.import_module("lossmatters.theory.symmetry.audit_symmetry")
ranges = importlib.import_module("lossmatters.theory.symmetry.label_sum_range")
maxima = importlib.import_module("lossmatters.theory.symmetry.loss_maximum")

BY_ID = {case.id: case for case in ZOO}
HALF = Fraction(1, 2)


def zoo(name):
    return BY_ID[name].make()


def refuted_at(loss, k):
    return k in loss.scope.classes and loss.status is Status.REFUTED


@dataclass(frozen=True)
class Square(SeparableLoss):
    name = "square"

    def on_label(self, t, num_classes, ops):
        return t * t


@dataclass(frozen=True)
class SquareUndoneAtFive(SeparableLoss):
    name = "square-undone-at-five"

    def on_label(self, t, num_classes, ops):
        return (num_classes - 6) * t * t


@dataclass(frozen=True)
class Squares(Loss):
    """Label-free, S = K s."""

    name = "squares"
    sign: int = 1

    def formula(self, probs, onehot, ops):
        return self.sign * ops.dot(probs, probs)


@dataclass(frozen=True)
class Rising(SeparableLoss):
    name = "rising"

    def on_label(self, t, num_classes, ops):
        return 1 - t

    def off_label(self, t, num_classes, ops):
        return 1 + t


@dataclass(frozen=True)
class Signed(SeparableLoss):
    """S runs from -4/15 to 2/5 at K = 3."""

    name = "signed"

    def on_label(self, t, num_classes, ops):
        return t * t - Fraction(1, 5)


@dataclass(frozen=True)
class ConvexAndConcave(SeparableLoss):
    """Convex in u_y and concave in the others, rising in u_y: no rule of curvature speaks of it."""

    name = "convex-and-concave"

    def on_label(self, t, num_classes, ops):
        return t * t

    def off_label(self, t, num_classes, ops):
        return t - t * t


# S1


@pytest.mark.parametrize("expression", [(T**2 + T) / T, (T**2 - T) / (T - 1)], ids=["at 0", "at 1"])
def test_an_affine_generator_without_a_value_at_an_end_says_nothing_of_that_end(expression):
    verdict = by_generator(MAE(), Generator(expression, T, 3), 3, decide)
    assert verdict.status is Status.PROVED
    assert verdict.scope.domain == OPEN_SIMPLEX


def test_the_rule_for_two_classes_is_for_two():
    loss = zoo("only_two")
    assert by_generator(loss, exact_generator(loss, 2), 2, decide).status is Status.PROVED
    assert by_generator(loss, exact_generator(loss, 3), 3, decide).status is Status.REFUTED


def test_exceptions_in_k_are_looked_for_from_3_on():
    verdict = decide(zoo("k_vanishes_3"))
    assert verdict.status is Status.REFUTED
    assert 3 not in verdict.scope.classes
    assert verdict.scope.classes == ClassCounts.every().without(3)


def test_a_refutation_for_all_classes_is_one_for_two_only_if_two_is_refuted():
    verdict = decide(zoo("only_two"))
    assert verdict.status is Status.REFUTED
    assert verdict.scope.classes == ClassCounts.every(3)


def test_a_pole_in_k_is_out_of_the_scope():
    verdict = decide(zoo("k_pole_5"))
    assert verdict.status is Status.PROVED
    assert 5 not in verdict.scope.classes
    assert 6 in verdict.scope.classes
    assert 5 in special_classes(trace_function(zoo("k_pole_5"), "on_label", None))
    with pytest.raises(NoValueError):
        trace_function(zoo("k_pole_5"), "on_label", 5)


def test_a_formula_that_another_k_makes_another_is_not_decided_for_all():
    verdict = decide(zoo("k_is_int"))  # 1 - t for a number, its square for a symbol
    assert verdict.scope.classes.is_finite


# S3


def test_two_terms_that_vary_may_vary_together():
    parts = Squares(1) + Squares(-1)
    span = label_sum_range(parts, 3)
    assert (span.low, span.high) == (0, 0)


def test_two_refuted_terms_may_cancel_at_some_k():
    cancels = NMSE() + (Square() + SquareUndoneAtFive())
    assert not refuted_at(decide(cancels), 5)
    apart = steps._total(NMSE() + Squares(1) + Square(), 3)
    assert apart.status is Status.REFUTED


def test_of_verdicts_at_several_k_the_weakest_is_told():
    yes = proved(sympy.Integer(1), Scope.of(2), Method.S4, "")
    no = refuted(find_witness(MSE(), 3), Scope.of(3), Method.S4, "")
    verdict = combined({2: yes, 3: no})
    assert verdict.status is Status.REFUTED
    assert verdict.scope.classes == ClassCounts.only(3)


def test_a_verdict_for_all_k_with_another_constant_is_another_verdict():
    every = proved(K, Scope(), Method.S1, "")
    assert steps._same_at(every, proved(sympy.Integer(3), Scope.of(3), Method.S1, ""), 3)
    assert not steps._same_at(every, proved(sympy.Integer(4), Scope.of(3), Method.S1, ""), 3)
    assert not steps._same_at(every, decide(MSE(), 3), 3)
    assert not steps._same_at(refuted(find_witness(MSE(), 3), Scope(), Method.S1, ""), every, 3)


@pytest.mark.parametrize(("base", "domain"), [(MSE(), SIMPLEX), (CCE(), OPEN_SIMPLEX)])
def test_a_normalised_loss_is_symmetric_where_its_sum_is_finite(base, domain):
    assert steps._normalised(Normalized(base), 3).scope.domain == domain


def test_a_normalised_loss_is_symmetric_where_its_sum_is_not_zero():
    assert steps._normalised(Normalized(Signed()), 3).scope.domain not in (SIMPLEX, OPEN_SIMPLEX)


def test_nothing_is_proved_of_a_quotient_by_a_sum_that_is_never_positive():
    class Gain(Loss):
        name = "gain"

        def formula(self, probs, onehot, ops):
            return ops.dot(probs, onehot) - 1

    for k in (None, 2, 3):  # S = 1 - K
        assert decide(Normalized(Gain()), k).status == "undecided"
    assert decide(Normalized(Gain() + Gain() + 4 * MAE()), 3).status == "proved"


# S4


def test_algebra_on_sums_over_classes_is_about_the_open_simplex():
    found = steps._by_trace(zoo("log_ratio"), 3)
    assert found.status is Status.PROVED
    assert found.scope.domain == OPEN_SIMPLEX


def test_a_wide_enclosure_certifies_nothing(monkeypatch):
    wide = SimpleNamespace(
        varies=False, relative_width=0.5, width=0.5, low=(1, 1), high=(1.5, 1.5), method="boxes", boxes=1
    )
    monkeypatch.setattr(at_one, "enclose_label_sum", lambda loss, k: wide)
    assert at_one.enclosed(CCE(), 3) is None


# witnesses


def test_balls_that_hold_0_are_no_difference():
    assert differ(sympy.log(2) + sympy.log(3), sympy.log(6)) is None
    assert differ(sympy.log(2), sympy.log(3)) is not None
    assert differ(sympy.Rational(1, 3), sympy.Rational(1, 3) + sympy.Rational(1, 10**30)) is not None


def nearly_symmetric(logits, labels):
    probs = logits.softmax(-1)
    return 1 - probs.gather(-1, labels[:, None])[:, 0] + 1e-9 * probs[:, 0]


def test_a_callable_is_refuted_with_a_margin():
    loss = CallableLoss(nearly_symmetric)
    assert find_witness(loss, 3) is not None
    assert find_witness(loss, 3, margin=1e-6) is None


def bumpy(logits, labels):
    """Symmetric but where the first probability is in a window that no simple point is in."""
    probs = logits.softmax(-1)
    bump = ((probs[:, 0] > 0.1002) & (probs[:, 0] < 0.1019)).to(probs.dtype)
    return 1 - probs.gather(-1, labels[:, None])[:, 0] + bump


def test_a_callable_whose_simple_points_agree_is_not_refuted_by_rounding():
    assert decide(CallableLoss(bumpy), 3).status is not Status.REFUTED


# ranges and maxima


def test_the_range_of_a_sum_needs_the_range_of_every_term(monkeypatch):
    sampled = ranges.replace(label_sum_range(NMSE(), 3), rigorous=False)
    monkeypatch.setattr(ranges, "label_sum_range", lambda loss, k: sampled)
    assert ranges._by_kind(NMSE() + Squares(1), 3).method is not Method.S3


def test_the_range_of_a_convex_and_of_a_concave_generator():
    span = label_sum_range(MSE(), 4)
    assert (span.low, span.high) == (3, 6)
    assert (span.low_at, span.high_at) == (Place.UNIFORM, Place.VERTICES)
    concave = label_sum_range(zoo("min_at_half"), 4)
    assert (concave.low, concave.high) == (0, 1)
    assert (concave.low_at, concave.high_at) == (Place.VERTICES, Place.UNIFORM)


def test_zero_is_not_positive():
    assert not is_positive_for_all(sympy.Integer(0))
    assert is_positive_for_all(sympy.Integer(1))


def test_a_range_that_values_leave_is_none():
    span = label_sum_range(MSE(), 3)
    false = ranges.replace(span, high=span.high - 1)
    assert ranges._audited(MSE(), span, 3) == span
    assert not ranges._audited(MSE(), false, 3).rigorous


def test_a_maximum_that_values_exceed_is_none():
    found = loss_maximum(MSE(), 3)
    assert found.value == 2
    false = ranges.replace(found, value=sympy.Integer(1))
    assert maxima._audited(MSE(), found, 3) == found
    assert maxima._audited(MSE(), false, 3).value is None


def test_the_largest_loss_counts_every_other_class():
    assert loss_maximum(Rising(), 4).value == 5  # 1 + 2 + 1 + 1 at a wrong vertex
    assert maxima._maximum_by_curvature(GCE(), 4).value == sympy.Rational(10, 7)
    assert maxima._maximum_by_curvature(ConvexAndConcave(), 4) is None


# shares


def test_weights_that_can_all_vanish_have_no_positive_sum():
    assert not has_positive_sum(zoo("share_above_half"), 3)
    assert not has_positive_sum(zoo("share_signed"), 3)
    assert has_positive_sum(zoo("share_square"), 3)
    assert has_positive_sum(NNFL(), 3)
    dip = type(
        "Dip", (ShareLoss,), {"name": "dip", "weights": lambda self, u, ops: (u - Fraction(1, 2)) ** 2}
    )
    assert not has_positive_sum(dip(), 2)  # at the uniform output all are 0
    assert not has_positive_sum(NNFL(p_min=Fraction(1, 1000)), 1000)  # at the uniform output all are 0


# held against values


def test_what_a_battery_says():
    found = audit.summary(MSE(), 3)
    assert found.spread() is not None
    assert audit.summary(MAE(), 3).spread() is None
    assert audit.constant_contradicted(audit.summary(MAE(), 3), 4, inside=False) is None
    assert audit.constant_contradicted(audit.summary(MAE(), 3), 5, inside=False) is not None


def test_a_proof_with_another_constant_than_the_values_is_none():
    wrong = proved(sympy.Integer(5), Scope.of(3), Method.S1, "")
    assert audits._constant_checked(wrong, audit.summary(MAE(), 3), 3, False).status is Status.UNDECIDED


def test_a_proof_is_not_about_points_without_values():
    on_the_boundary = proved(sympy.Integer(0), Scope.of(3), Method.S1, "")
    assert audits.audited(zoo("log_undone"), on_the_boundary, 3, decide).scope.domain == OPEN_SIMPLEX
    inside = audits.audited(zoo("pole_half"), on_the_boundary, 3, decide).scope.domain
    assert inside not in (SIMPLEX, OPEN_SIMPLEX)


def test_a_point_that_differs_refutes_a_proof():
    naive = proved(sympy.Integer(2), Scope.of(3), Method.S1, "")
    assert audits.audited(zoo("point_half"), naive, 3, decide).status is Status.REFUTED
