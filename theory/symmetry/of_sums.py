"""S3: the constants of symmetric losses add, and one term that is not symmetric spoils the sum."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import sympy

from lossmatters.theory.backends.sympy_ops import OPS
from lossmatters.theory.losses.base import Combination
from lossmatters.theory.losses.combinators import Normalized
from lossmatters.theory.symbolic.algebra import tidy
from lossmatters.theory.symmetry.audit import sizes, summary
from lossmatters.theory.symmetry.symmetry_verdict import (
    S4_CLASSES,
    Decide,
    SymmetryVerdict,
    by_class_count,
    proved,
    refuted,
)
from lossmatters.theory.symmetry.witness import find_witness
from lossmatters.theory.verdict import OPEN_SIMPLEX, BySize, Method, Scope, Status


def by_terms(loss: Combination, num_classes: int | None, decide: Decide) -> SymmetryVerdict | None:
    """Add the constants of the terms, for those K and points for which every term is known to be symmetric.

    Where one term is not symmetric at some K and all others are, the sum is not. None where the verdicts on
    the terms do not settle it.
    """
    verdicts = [(c, decide(term, num_classes)) for c, term in loss.terms]
    scope = Scope()
    for _, verdict in verdicts:
        scope &= verdict.scope
    refuted = [v for _, v in verdicts if v.status is Status.REFUTED]
    known = scope and all(v.status in (Status.PROVED, Status.REFUTED) for _, v in verdicts)
    if known and not refuted:
        if not all(_meet(loss, k) for k in sizes(num_classes, scope)):
            detail = "no output is known at which every term has a value that its scope speaks of"
            return SymmetryVerdict(Status.UNDECIDED, Scope.at(num_classes), Method.S3, detail)
        return proved(_added(verdicts, scope), scope, Method.S3, "C adds over the terms", num_classes)
    if known and len(refuted) == 1:
        return _spoiled(loss, scope)
    return None


def _meet(loss: Combination, k: int) -> bool:
    """Return whether some output inside the simplex is known at which each normalised term has S > 0."""
    bases = [term.base for _, term in loss.terms if isinstance(term, Normalized)]
    return len(bases) < 2 or bool(frozenset.intersection(*(summary(b, k).positive() for b in bases)))


def _added(verdicts: Sequence[tuple[Fraction, SymmetryVerdict]], scope: Scope) -> sympy.Expr | BySize:
    """Return the sum of the constants: one closed form in K, or one for each K where a term has no other."""
    if not any(isinstance(v.constant, BySize) for _, v in verdicts):
        return tidy(sum(OPS.const(c) * v.constant for c, v in verdicts))
    return by_class_count(
        {k: tidy(sum(OPS.const(c) * v.constant_at(k) for c, v in verdicts)) for k in scope.classes}
    )


def _spoiled(loss: Combination, scope: Scope) -> SymmetryVerdict | None:
    """Refute a sum of which in a scope one term is not symmetric, and all others are; None without witness.

    A term that is refuted for all K from some on has a generator that is not affine inside the simplex. Where
    the others are constant on all of that, so is the sum refuted, and one witness stands for all K. Else the
    points that refute the term may lie where another has no value, and each K needs a witness of its own.
    """
    classes = scope.classes
    every = not classes.is_finite and scope.domain >= OPEN_SIMPLEX
    tried = [next(iter(classes))] if every else classes.up_to(S4_CLASSES[-1])
    found = {k: witness for k in tried if (witness := find_witness(loss, k)) is not None}
    if not found:
        return None
    detail = "one term is not symmetric, all others are"
    return refuted(found[min(found)], Scope(classes) if every else Scope.of(found), Method.S3, detail)
