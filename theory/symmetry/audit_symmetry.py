"""A verdict on symmetry held against values of the formula as it is written, with `audit`.

What they contradict becomes a refutation, a smaller scope, or undecided; so does a verdict that may speak of
no output at all.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lossmatters.theory.losses.base import Loss
from lossmatters.theory.losses.open_parameters import at_values, open_parameters, with_values
from lossmatters.theory.symbolic.algebra import K
from lossmatters.theory.symmetry.audit import (
    Summary,
    constant_contradicted,
    narrowed,
    number,
    sizes,
    summary,
)
from lossmatters.theory.symmetry.domain import finite_inside
from lossmatters.theory.symmetry.regular import finite_somewhere
from lossmatters.theory.symmetry.symmetry_verdict import (
    S4_CLASSES,
    Decide,
    SymmetryVerdict,
    combined,
    refuted,
)
from lossmatters.theory.symmetry.witness import witness_at
from lossmatters.theory.verdict import OPEN_SIMPLEX, Method, Scope, Status


def audited(loss: Loss, verdict: SymmetryVerdict, num_classes: int | None, decide: Decide) -> SymmetryVerdict:
    """Hold a verdict against values of the formula as it is written; where they contradict it, they count."""
    if verdict.status is Status.REFUTED:
        return verdict
    if open_parameters(loss):
        return _audited_at_values(loss, verdict, num_classes, decide)
    proved = verdict.status in (Status.PROVED, Status.CERTIFIED)
    classes = verdict.scope.classes
    asked = classes.few if num_classes is None and classes.is_finite else (num_classes,)
    divisors = verdict.method is not Method.S3  # S3 says itself where they are not 0
    shown = not proved or all(finite_inside(loss, k, divisors) for k in asked)
    for k in sizes(num_classes, verdict.scope):
        found = summary(loss, k)
        if proved and not found.sums:
            detail = f"the loss has no finite value at any point tried for K = {k}"
            return SymmetryVerdict(Status.UNDECIDED, Scope.at(num_classes), verdict.method, detail)
        if proved:
            verdict = narrowed(verdict, found, shown)
        inside = verdict.scope.domain <= OPEN_SIMPLEX
        apart = found.spread() if verdict.status is not Status.CERTIFIED else None
        if apart is None or (proved and inside and found.spread(inside=True) is None):
            if verdict.status is Status.PROVED and apart is None:
                verdict = _constant_checked(verdict, found, k, inside)
            continue
        witness = witness_at(loss, *apart)
        if witness is None:
            detail = "the label sum differs in its first 60 digits, but not by a proof"
            return SymmetryVerdict(Status.UNDECIDED, Scope.at(num_classes), verdict.method, detail)
        detail = "two exact points have different label sums"
        if num_classes is None:
            rest = {j: decide(loss, j) for j in S4_CLASSES}
            return combined({j: v for j, v in rest.items() if v.status is Status.REFUTED} or rest)
        return refuted(witness, Scope.of(k), Method.S4, detail)
    if verdict.status is Status.CERTIFIED and verdict.error is not None and not np.isfinite(verdict.error):
        return replace(verdict, status=Status.UNDECIDED, middle=None, error=None)
    if proved and num_classes is None and _may_be_of_nothing(loss, verdict):
        return where_it_has_values(loss, "finite values", decide)
    return verdict


def _may_be_of_nothing(loss: Loss, verdict: SymmetryVerdict) -> bool:
    """Return whether a verdict for all K is not known to speak of an output at each; S3 looks itself."""
    limited = verdict.scope.domain.conditions - OPEN_SIMPLEX.conditions
    every = not verdict.scope.classes.is_finite
    return bool(limited) and every and verdict.method is not Method.S3 and not finite_somewhere(loss)


def _audited_at_values(
    loss: Loss, verdict: SymmetryVerdict, num_classes: int | None, decide: Decide
) -> SymmetryVerdict:
    """Hold a verdict for every value of some parameters against the formula at a few of these values."""
    for one, values in with_values(loss):
        said = replace(verdict, constant=at_values(verdict.constant, values))
        if audited(one, said, num_classes, decide).status is not verdict.status:
            detail = f"shown for all parameters, but contradicted by {one.spec}"
            return SymmetryVerdict(Status.UNDECIDED, Scope.at(num_classes), verdict.method, detail)
    return verdict


def _constant_checked(verdict: SymmetryVerdict, found: Summary, k: int, inside: bool) -> SymmetryVerdict:
    """Return the verdict if its constant is that of the values, else undecided."""
    expected = number(verdict.constant_at(k), k, K)
    if expected is not None and constant_contradicted(found, expected, inside) is None:
        return verdict
    detail = f"C = {verdict.constant} is not the label sum at K = {k}"
    return SymmetryVerdict(Status.UNDECIDED, Scope.of(k), verdict.method, detail)


def where_it_has_values(loss: Loss, which: str, decide: Decide) -> SymmetryVerdict:
    """Decide at a few K what may have no value at any output at another K, where nothing would be said."""
    found = combined({k: decide(loss, k) for k in S4_CLASSES})
    return replace(found, detail=f"{found.detail}; no output with {which} is known for all K at once")
