"""Evidence from what `theory` decides about a loss: its symmetry, its range, its reversals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sympy

from lossmatters.proofs_checks.checker import check_symmetry
from lossmatters.proofs_checks.claim import Evidence, Method, Status
from lossmatters.proofs_checks.methods.symbolic import same
from lossmatters.theory.losses import Loss
from lossmatters.theory.risk.excess import excess_risk_bound
from lossmatters.theory.risk.reversal_search import order_reversal
from lossmatters.theory.symbolic.algebra import K
from lossmatters.theory.symmetry.decide import decide
from lossmatters.theory.symmetry.label_sum_range import label_sum_range
from lossmatters.theory.symmetry.symmetry_verdict import SymmetryVerdict
from lossmatters.theory.verdict import BySize, How, Scope, plain


@dataclass(frozen=True)
class Symmetric:
    """The statement "this loss is symmetric with this C" (a SymPy text in K), or "it is not" (None)."""

    loss: Loss
    constant: str | None
    num_classes: int | None = None


def symmetry(claimed: Symmetric) -> Evidence:
    """Decide whether the decision procedure agrees with what is claimed."""
    verdict = decide(claimed.loss, claimed.num_classes)
    wrong = check_symmetry(claimed.loss, verdict, claimed.num_classes)
    if wrong is not None:  # the values of the formula speak against what was decided
        return Evidence(Method.SYMBOLIC, Status.UNDECIDED, str(verdict.scope), f"contradicted: {wrong}")
    method = _method(verdict)
    if claimed.constant is None:
        if verdict.status is Status.REFUTED:
            witness = plain(verdict.witness)
            detail = f"the label sum differs at two exact points ({verdict.method}); {verdict.detail}"
            return Evidence(method, Status.PROVED, verdict.scope, detail, witness)
        if verdict.status is Status.PROVED:
            detail = f"it is symmetric, with C = {verdict.constant}"
            return Evidence(method, Status.REFUTED, verdict.scope, detail, {"C": str(verdict.constant)})
        return Evidence(method, Status.UNDECIDED, verdict.scope, verdict.detail)
    if verdict.status is Status.REFUTED:
        witness = plain(verdict.witness)
        return Evidence(method, Status.REFUTED, verdict.scope, verdict.detail, witness)
    if verdict.status is not Status.PROVED:
        return Evidence(method, verdict.status, verdict.scope, verdict.detail)
    positive = {name: sympy.Symbol(name, positive=True) for name in claimed.loss.parameters}
    said = sympy.sympify(claimed.constant, locals={"K": K, **positive})
    found = verdict.constant
    if isinstance(found, BySize):
        return _by_size(verdict, found, said)
    detail = f"{verdict.method}: {verdict.detail}; C = {said}"
    return _compared(found, said, verdict.scope, detail, f"C is {found}, not {said}")


def _by_size(verdict: SymmetryVerdict, found: BySize, said: Any) -> Evidence:
    """Compare a claimed closed form with a constant that is known for some K only."""
    for k, value in found.values:
        evidence = _compared(value, said.subs(K, k), Scope.of(k), "", f"C is {value} at K = {k}, not {said}")
        if evidence.status is not Status.PROVED:
            return evidence
    detail = f"{verdict.method}: {verdict.detail}; C = {said}"
    return Evidence(Method.SYMBOLIC, Status.PROVED, verdict.scope, detail)


def _compared(found: Any, said: Any, scope: Scope | str, good: str, bad: str) -> Evidence:
    equal, witness = same(found, said)
    if equal:
        return Evidence(Method.SYMBOLIC, Status.PROVED, scope, good)
    if witness is None:
        return Evidence(
            Method.SYMBOLIC, Status.UNDECIDED, scope, f"{found} was not shown to equal {said}, nor to differ"
        )
    return Evidence(Method.SYMBOLIC, Status.REFUTED, scope, bad, witness)


HOW = {How.EXACT: Method.EXACT, How.BALLS: Method.INTERVAL, How.FLOAT64: Method.SAMPLING}


def _method(verdict: SymmetryVerdict) -> Method:
    if verdict.witness is None:
        kinds = {Status.PROVED: Method.SYMBOLIC, Status.CERTIFIED: Method.INTERVAL}
        return kinds.get(verdict.status, Method.SAMPLING)
    return HOW[verdict.witness.how]


@dataclass(frozen=True)
class Range:
    """The statement "S ranges over [low, high]", as SymPy texts in K ("oo" for unbounded)."""

    loss: Loss
    low: str
    high: str


def label_sum(claimed: Range) -> Evidence:
    """Decide whether the label sum's range (S2; S1, S3) has the claimed closed forms for every K."""
    span = label_sum_range(claimed.loss)
    if not span.rigorous:
        return Evidence(Method.SAMPLING, Status.UNDECIDED, "K = 10", "the curvature of G is not known")
    good = f"{span.how}: S in [{span.low}, {span.high}], at {span.low_at} and {span.high_at}"
    for name, found, text in (("low", span.low, claimed.low), ("high", span.high, claimed.high)):
        said = sympy.sympify(text, locals={"K": K})
        evidence = _compared(found, said, span.scope, good, f"the {name} end of S is {found}, not {said}")
        if evidence.status is not Status.PROVED:
            return evidence
    return evidence


@dataclass(frozen=True)
class Excess:
    """The statement "R3's bound for this loss is this", a SymPy text in K and eta."""

    loss: Loss
    bound: str


def excess(claimed: Excess) -> Evidence:
    """Decide whether the excess-risk bound (R3) with the sharp range of S has the claimed closed form."""
    eta = sympy.Symbol("eta", positive=True)
    found = excess_risk_bound(claimed.loss, None, eta)
    said = sympy.sympify(claimed.bound, locals={"K": K, "eta": eta})
    scope = "all K >= 2, 0 < eta < (K - 1)/K"
    return _compared(found, said, scope, f"the bound is {said}", f"the bound is {found}, not {said}")


@dataclass(frozen=True)
class Reversals:
    """The statement "each of these losses has an order reversal at this K and rate"."""

    losses: Sequence[Loss]
    num_classes: int
    noise_rate: str


def reversals(claimed: Reversals) -> Evidence:
    """Find a reversal for each loss; signs are exact or enclosed by balls."""
    found: dict[str, Any] = {}
    scope = f"K = {claimed.num_classes}, eta = {claimed.noise_rate}"
    for loss in claimed.losses:
        reversal = order_reversal(loss, claimed.num_classes, claimed.noise_rate)
        if reversal is None:
            verdict = decide(loss, claimed.num_classes)
            why = f"{loss.spec}: none found; its symmetry is {verdict.status}"
            symmetric = {"loss": loss.spec, "C": str(verdict.constant)}
            status = Status.REFUTED if verdict.status is Status.PROVED else Status.UNDECIDED
            return Evidence(Method.EXACT, status, scope, why, symmetric if status is Status.REFUTED else None)
        found[loss.spec] = reversal.to_dict()
    exact = all(r["how"] == "exact" for r in found.values())
    detail = f"noise reverses the order of two risks under each of {', '.join(found)}"
    method = Method.EXACT if exact else Method.INTERVAL
    return Evidence(
        method, Status.PROVED if exact else Status.CERTIFIED, scope, detail, None, {"reversals": found}
    )
