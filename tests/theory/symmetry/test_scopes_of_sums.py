"""What is proved for some K does not become proved for all K by adding a loss, or in any other way."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lossmatters.proofs_checks.claim import Status as ClaimStatus
from lossmatters.proofs_checks.methods.verdicts import Symmetric, symmetry
from lossmatters.theory.backends import Ops
from lossmatters.theory.certificate import certify
from lossmatters.theory.losses import MAE, NCE, NMSE, RLL, Loss, get
from lossmatters.theory.symbolic.algebra import K
from lossmatters.theory.symmetry.decide import decide
from lossmatters.theory.verdict import BySize, ClassCounts, Scope, Status


@dataclass(frozen=True)
class Branching(Loss):
    """Symmetric for K <= 5 alone: Python chooses the formula by K. Its constant is K^power."""

    name = "branching"
    power: Fraction = Fraction(0)

    def formula(self, probs: Any, onehot: Any, ops: Ops) -> Any:
        k = probs.shape[-1]
        others = sum(probs[..., i] for i in range(k)) - ops.dot(probs, onehot)
        if k > 5:
            return others**2
        return others * ops.const(Fraction(k) ** int(self.power) / (k - 1))


@pytest.mark.parametrize("power", [0, 1])
def test_a_loss_that_branches_on_k_is_decided_where_it_was_looked_at(power: int) -> None:
    loss = Branching(power)
    assert decide(loss).scope.classes == ClassCounts.only(range(2, 6))
    assert decide(loss, 6).status is Status.REFUTED
    for k in (2, 5):
        assert decide(loss).constant_at(k) == decide(loss, k).constant == k**power
    assert decide(loss).constant_at(6) is None


@pytest.mark.parametrize("other", [NCE(), RLL(), 2 * NMSE()], ids=str)
def test_some_k_do_not_become_all_k_in_a_sum(other: Loss) -> None:
    """NCE is symmetric for all K on the open simplex: the longer words once won."""
    verdict = decide(Branching() + other)
    assert verdict.status is Status.PROVED
    assert verdict.scope.classes == ClassCounts.only(range(2, 6))
    assert 6 not in verdict.scope.classes
    assert decide(Branching() + other, 6).status is Status.REFUTED


def test_constants_that_depend_on_k_add_up_k_by_k() -> None:
    """A constant known for four K only once made the sum fail."""
    verdict = decide(2 * Branching(1) + NCE())
    assert verdict.status is Status.PROVED
    assert verdict.constant == BySize(tuple((k, 2 * k + 1) for k in range(2, 6)))
    assert str(verdict.constant) == "K = 2: 5, K = 3: 7, K = 4: 9, K = 5: 11"
    assert verdict.to_dict()["constant_value"] is None
    assert verdict.constant_at(4) == decide(2 * Branching(1) + NCE(), 4).constant == 9


def test_a_claimed_constant_is_compared_k_by_k() -> None:
    loss = Branching(1) + NCE()
    right, wrong = symmetry(Symmetric(loss, "K + 1")), symmetry(Symmetric(loss, "2*K - 1"))
    assert (right.status, str(right.scope)) == (ClaimStatus.PROVED, "K = 2..5, open simplex")
    assert wrong.status is ClaimStatus.REFUTED  # right for K = 2 alone


TERMS = [Branching(), Branching(1), NCE(), MAE(), RLL(), NMSE(), get("nfl(gamma=1/2)"), get("mse")]


@settings(max_examples=8, deadline=None)
@given(st.lists(st.sampled_from(TERMS), min_size=2, max_size=3, unique=True), st.sampled_from([None, 3]))
@example([Branching(), NCE()], None)
@example([Branching(), get("mse")], None)
@example([Branching(), get("nfl(gamma=1/2)")], None)  # all K at once say less of it than each K
def test_a_sum_is_proved_within_the_scope_of_each_term(terms: list[Loss], num_classes: int | None) -> None:
    first, *others = terms
    whole = first
    for other in others:
        whole = whole + other
    verdict = decide(whole, num_classes)
    parts = [decide(term, num_classes) for term in terms]
    if verdict.status is Status.PROVED:
        assert all(verdict.scope <= part.scope for part in parts)
    elif verdict.status is Status.REFUTED and verdict.method == "S3":
        assert all(verdict.scope.classes <= part.scope.classes for part in parts)


def test_one_refuted_term_refutes_where_the_others_are_constant() -> None:
    verdict = decide(Branching() + get("mse"))
    assert (verdict.status, verdict.scope) == (Status.REFUTED, Scope.of(range(2, 6)))
    assert decide(NMSE() + get("mse")).scope == Scope()
    assert decide(NCE() + get("mse")).scope == Scope()


def test_a_certificate_says_all_that_is_proved() -> None:
    found = certify(RLL(), 10)
    assert found.symmetry.scope == Scope()
    assert (str(found.symmetry.constant), found.constant_in_k) == ("10*log(11)", decide(RLL()).constant)
    assert found.to_json()["symmetry"]["constant_in_K"] == "K*log(11)"
    assert found.constant_in_k.has(K)
    branching = certify(Branching(), 4).symmetry
    assert branching.scope == decide(Branching()).scope, "K = 2 to 5, and not beyond"
    six = certify(Branching(), 6).symmetry
    assert (six.status, six.scope) == (Status.REFUTED, Scope.of(6))
    witness = certify(get("mse"), 10).symmetry.witness
    assert witness is not None
    assert len(witness.u) == 10, "the witness is one at the K asked for"
