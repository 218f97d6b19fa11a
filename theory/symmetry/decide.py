"""Is the sum of a loss over all labels constant?  Decided by S1 to S4, with a constant or a witness.

A verdict is `proved`, `refuted` (with two exact points whose label sums differ), `certified` (S is enclosed
within eps of a constant on the whole simplex: near-constancy, and no more), `sampled` (nothing but numbers
speak for it) or `undecided`. A tolerance never proves: a loss that misses symmetry by 10^-9 is refuted by an
exact computation.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import sympy

from lossmatters.theory.enclosure import NotTracedError, constant_by_algebra, trace
from lossmatters.theory.enclosure.settle import T
from lossmatters.theory.exact import check_num_classes
from lossmatters.theory.formula import ClassesError, FormulaError, NoValueError
from lossmatters.theory.losses import ZeroOne
from lossmatters.theory.losses.base import Combination, Loss, SeparableLoss
from lossmatters.theory.losses.combinators import Normalized, ShareLoss
from lossmatters.theory.losses.structure import by_structure, is_separable, is_total
from lossmatters.theory.losses.unbounded import UnboundedSumLoss
from lossmatters.theory.symbolic.algebra import Generator, K, exact_generator, is_zero, tidy
from lossmatters.theory.symmetry.affine import by_generator, not_shown_affine
from lossmatters.theory.symmetry.audit import FINITE, sizes, summary
from lossmatters.theory.symmetry.audit_symmetry import audited, where_it_has_values
from lossmatters.theory.symmetry.label_sum_range import label_sum_range
from lossmatters.theory.symmetry.of_sums import by_terms
from lossmatters.theory.symmetry.one_size import enclosed, one_size, sampled
from lossmatters.theory.symmetry.regular import (
    has_positive_sum,
    has_weights,
    special_classes_of,
    sum_positive_at_uniform,
)
from lossmatters.theory.symmetry.symmetry_verdict import (
    S4_CLASSES,
    SymmetryVerdict,
    combined,
    proved,
    refuted,
)
from lossmatters.theory.symmetry.witness import find_witness
from lossmatters.theory.verdict import OPEN_SIMPLEX, SIMPLEX, Method, Scope, Status, where


def decide(loss: Loss, num_classes: int | None = None) -> SymmetryVerdict:
    """Decide whether S(u) = sum_j L(u, j) is constant on the simplex.

    Parameters
    ----------
    loss : any loss. Separable ones are decided for every K by S1, normalised ones by S3, sums of those
        term by term, other formulas by S4 (algebra, then intervals), callables by sampling.
    num_classes : one K >= 2, or None for all K at once (S4 then tries K = 2 to 5).

    Raises
    ------
    ValueError, TypeError : K < 2 or no integer.

    >>> from lossmatters.theory.losses import RLL, CCE
    >>> decide(RLL()).constant
    K*log(11)
    >>> str(decide(CCE(), 10).status)
    'refuted'
    """
    if num_classes is not None:
        num_classes = check_num_classes(num_classes)
    return _decide(loss, num_classes)


@lru_cache(maxsize=512)
def _decide(loss: Loss, num_classes: int | None) -> SymmetryVerdict:
    if not loss.has_formula:
        return sampled(loss, num_classes or 10)
    special: frozenset[int] = frozenset()
    try:
        special = special_classes_of(loss) if num_classes is None else special
        verdict = _by_kind(loss, num_classes)
    except ClassesError as error:
        of_terms = by_terms(loss, num_classes, decide) if is_total(loss) else None
        if of_terms is None:
            return _at_few(loss, error)
        verdict = of_terms
    except NoValueError as error:
        return SymmetryVerdict(Status.UNDECIDED, Scope.at(num_classes), Method.NONE, str(error))
    except FormulaError as error:
        if num_classes is not None:
            raise
        return _at_few(loss, error)  # it has a formula for some K, as one of a matrix or of class weights
    verdict = audited(loss, verdict, num_classes, decide)
    differ_at = [
        k for k in special if k in verdict.scope.classes and not _same_at(verdict, decide(loss, k), k)
    ]
    if differ_at:
        verdict = replace(
            verdict, scope=replace(verdict.scope, classes=verdict.scope.classes.without(differ_at))
        )
    return verdict


def _same_at(every: SymmetryVerdict, one: SymmetryVerdict, k: int) -> bool:
    """Return whether the verdict at one K says what the verdict for all K says of it."""
    if one.status is not every.status:
        return False
    if every.status is not Status.PROVED:
        return True
    first, second = every.constant_at(k), one.constant_at(k)
    return first is not None and second is not None and is_zero(first - second)


def _at_few(loss: Loss, error: FormulaError) -> SymmetryVerdict:
    """Decide at each of a few K a formula that is another one at another K."""
    verdict = combined(_tried(loss))
    reason = str(error).removeprefix(f"{loss.spec}: ")
    return replace(verdict, detail=f"{reason}: decided for {verdict.scope.classes} only; {verdict.detail}")


def _tried(loss: Loss) -> dict[int, SymmetryVerdict]:
    """Return the verdicts at those of a few K at which the formula can be computed.

    Raises
    ------
    FormulaError : it cannot at any.
    """
    found, errors = {}, []
    for k in S4_CLASSES:
        try:
            found[k] = decide(loss, k)
        except FormulaError as error:
            errors.append(error)
    if not found:
        raise errors[0]
    return found


def _by_kind(loss: Loss, num_classes: int | None) -> SymmetryVerdict:
    return by_structure(
        loss,
        separable=lambda loss: _separable(loss, num_classes),
        total=lambda loss: _total(loss, num_classes),
        normalised=lambda loss: _normalised(loss, num_classes),
        share=lambda loss: _share(loss, num_classes),
        mixture=lambda loss: _general(loss, num_classes),
        unbounded=lambda loss: _unbounded_sum(loss, num_classes),
        formula=lambda loss: _general(loss, num_classes),
        opaque=lambda loss: sampled(loss, num_classes or 10),
    )


def _separable(loss: SeparableLoss, num_classes: int | None) -> SymmetryVerdict:
    generator = exact_generator(loss, K if num_classes is None else num_classes)
    verdict = by_generator(loss, generator, num_classes, decide)
    if verdict.status is not Status.UNDECIDED or num_classes is None:
        return verdict
    return enclosed(loss, num_classes) or verdict


def _normalised(loss: Normalized, num_classes: int | None) -> SymmetryVerdict:
    domain = where("0 < S < infinity", loss.base.spec)
    if is_separable(loss.base):
        span = label_sum_range(loss.base, num_classes)
        if span.rigorous and span.low_is_positive:
            domain = SIMPLEX if span.high_is_finite else OPEN_SIMPLEX
    if domain not in (SIMPLEX, OPEN_SIMPLEX):
        # else "symmetric where S > 0" would hold of a loss that has no value, as where S = 0 throughout
        if not all(summary(loss.base, k).has_positive_sum() for k in sizes(num_classes, Scope())):
            detail = "no output is known at which S > 0, so L/S may have no value"
            return SymmetryVerdict(Status.UNDECIDED, Scope.at(num_classes), Method.S3, detail)
        if num_classes is None and not sum_positive_at_uniform(loss.base):
            return where_it_has_values(loss, "S > 0", decide)
    return proved(sympy.Integer(1), Scope(domain=domain), Method.S3, "sum_j L_j/S = 1", num_classes)


def _share(loss: ShareLoss, num_classes: int | None) -> SymmetryVerdict:
    known = num_classes is not None and has_positive_sum(loss, num_classes)
    domain = SIMPLEX if known or isinstance(loss, ZeroOne) else where(FINITE, loss.spec)
    if num_classes is None and not isinstance(loss, ZeroOne) and not has_weights(loss):
        return where_it_has_values(loss, "weights", decide)
    detail = "S = K - sum_j w_j/sum_i w_i = K - 1"
    return proved(K - 1, Scope(domain=domain), Method.S3, detail, num_classes=num_classes)


def _total(loss: Combination, num_classes: int | None) -> SymmetryVerdict:
    return by_terms(loss, num_classes, decide) or _general(loss, num_classes)


def _unbounded_sum(loss: UnboundedSumLoss, num_classes: int | None) -> SymmetryVerdict:
    """Refute a loss whose S is known to be finite inside and to grow without bound, for every K."""
    witness = find_witness(loss, num_classes or 2)
    if witness is None:
        return not_shown_affine(num_classes)
    detail = "S is least at the uniform output, and grows without bound as an entry tends to 0"
    return refuted(witness, Scope.at(num_classes), Method.S4, detail)


def _general(loss: Loss, num_classes: int | None) -> SymmetryVerdict:
    return _by_trace(loss, num_classes) or _by_size(loss, num_classes)


def _by_trace(loss: Loss, num_classes: int | None) -> SymmetryVerdict | None:
    """Decide, for every K if none is given, from the sums over classes that the formula is made of."""
    try:
        found = trace(loss, num_classes)
    except NotTracedError:
        return None
    constant = constant_by_algebra(found)
    if constant is not None:
        detail = "S is constant by algebra in the sums over classes that the formula is made of"
        return proved(tidy(constant), Scope(domain=OPEN_SIMPLEX), Method.S4, detail, num_classes)
    generator = found.generator()
    if generator is None:
        return None
    verdict = by_generator(loss, Generator(generator, T, found.classes), num_classes, decide)
    if verdict.status is Status.UNDECIDED:
        return None
    return replace(
        verdict, method=Method.S4, detail=f"the formula is separable in disguise; {verdict.detail}"
    )


def _by_size(loss: Loss, num_classes: int | None) -> SymmetryVerdict:
    """Decide at one K, or at each of a few; the scope holds those K alone that share the verdict."""
    return combined({k: one_size(loss, k) for k in (S4_CLASSES if num_classes is None else (num_classes,))})
