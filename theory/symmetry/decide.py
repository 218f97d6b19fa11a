"""Is the sum of a loss over all labels constant?  Decided by S1 to S4, with a constant or a witness.

A verdict is `proved`, `refuted` (with two exact points whose label sums differ), `certified` (S is enclosed
within eps of a constant on the whole simplex: near-constancy, and no more), `sampled` (nothing but numbers
speak for it) or `undecided`. A tolerance never proves: a loss that misses symmetry by 10^-9 is refuted by an
exact computation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import Any

import mpmath
import numpy as np
import sympy

from lossmatters.theory.backends import backend
from lossmatters.theory.backends.sympy_ops import OPS
from lossmatters.theory.enclosure import (
    CONSTANCY,
    NotTracedError,
    constant_by_algebra,
    enclose_label_sum,
    trace,
)
from lossmatters.theory.enclosure.settle import T
from lossmatters.theory.exact import check_num_classes
from lossmatters.theory.formula import ClassesError, FormulaError, NoValueError
from lossmatters.theory.losses import ZeroOne
from lossmatters.theory.losses.base import Combination, Loss, SeparableLoss
from lossmatters.theory.losses.callable_loss import CallableLoss
from lossmatters.theory.losses.combinators import Normalized, ShareLoss
from lossmatters.theory.losses.open_parameters import at_values, open_parameters, with_values
from lossmatters.theory.losses.unbounded import UnboundedSumLoss
from lossmatters.theory.symbolic.algebra import Generator, K, exact_generator, is_zero, symbolic_losses, tidy
from lossmatters.theory.symbolic.piecewise import pieces
from lossmatters.theory.symmetry.audit import (
    FINITE,
    Summary,
    constant_contradicted,
    narrowed,
    number,
    sizes,
    summary,
)
from lossmatters.theory.symmetry.domain import finite_inside
from lossmatters.theory.symmetry.label_sum_range import label_sum_range
from lossmatters.theory.symmetry.regular import (
    finite_somewhere,
    has_positive_sum,
    has_weights,
    special_classes_of,
    sum_positive_at_uniform,
)
from lossmatters.theory.symmetry.witness import find_witness, witness_at
from lossmatters.theory.verdict import (
    OPEN_SIMPLEX,
    SIMPLEX,
    BySize,
    ClassCounts,
    Method,
    Scope,
    Status,
    Verdict,
    Witness,
    plain,
    where,
)

S4_CLASSES = (2, 3, 4, 5)
# Of verdicts at several K the one that says least is told: one refutation refutes "for all of them".
WEAKER = (Status.PROVED, Status.CERTIFIED, Status.SAMPLED, Status.UNDECIDED, Status.REFUTED)
SAMPLES = 1000
# A sampled label sum adds K losses, each a few roundings away from its formula: a few hundred units of
# 2^-53 relative, so 1e-12 is not reached by rounding alone; 2^-24 and 2^-8 for the narrower types.
SAMPLING_TOLERANCE = {"float64": 1e-12, "float32": 1e-5, "float16": 0.1}


@dataclass(frozen=True)
class SymmetryVerdict(Verdict):
    """What is known of the symmetry of a loss.

    Attributes
    ----------
    constant : sympy.Expr, BySize or None
        C in closed form, in K where the scope holds several, or one for each K; None where it is not known.
    middle : float or None
        Where certified or sampled, a number that S is near to.
    error : float or None
        Where certified, how far apart two values of S can be.
    """

    constant: sympy.Expr | BySize | None = None
    middle: float | None = None
    error: float | None = None

    def constant_at(self, num_classes: int) -> sympy.Expr | None:
        """Return C at one K of the scope, in closed form; None where it is not known."""
        if self.constant is None or num_classes not in self.scope.classes:
            return None
        if isinstance(self.constant, BySize):
            return dict(self.constant.values)[num_classes]
        return self.constant.subs(K, num_classes)

    @property
    def constant_value(self) -> float | None:
        """Return C as a float where it is a number; where certified or sampled, a number near S."""
        if self.constant is None or isinstance(self.constant, BySize):
            return self.middle
        return float(self.constant) if self.constant.is_number else None

    def to_dict(self) -> dict[str, Any]:
        """Return the `symmetry` object of ``lossmatters certify --json``."""
        scope = str(self.scope)
        return {
            "status": self.status.value,
            "scope": scope if self.error is None else f"{scope}, to eps = {self.error:.2g}",
            "method": self.method.value,
            "constant": None if self.constant is None else str(self.constant),
            "constant_value": self.constant_value,
            "witness": plain(self.witness),
            "detail": self.detail,
        }


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
    if isinstance(loss, CallableLoss):
        return _sampled(loss, num_classes or 10)
    special: frozenset[int] = frozenset()
    try:
        special = special_classes_of(loss) if num_classes is None else special
        verdict = _by_kind(loss, num_classes)
    except ClassesError as error:
        by_terms = _by_terms(loss, num_classes) if isinstance(loss, Combination) else None
        if by_terms is None:
            return _at_few(loss, error)
        verdict = by_terms
    except NoValueError as error:
        return SymmetryVerdict(Status.UNDECIDED, Scope.at(num_classes), Method.NONE, str(error))
    except FormulaError as error:
        if num_classes is not None:
            raise
        return _at_few(loss, error)  # it has a formula for some K, as one of a matrix or of class weights
    verdict = _audited(loss, verdict, num_classes)
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
    verdict = _combined(_tried(loss))
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


def _audited(loss: Loss, verdict: SymmetryVerdict, num_classes: int | None) -> SymmetryVerdict:
    """Hold a verdict against values of the formula as it is written; where they contradict it, they count."""
    if verdict.status is Status.REFUTED:
        return verdict
    if open_parameters(loss):
        return _audited_at_values(loss, verdict, num_classes)
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
            return _combined({j: v for j, v in rest.items() if v.status is Status.REFUTED} or rest)
        return _refuted(witness, Scope.of(k), Method.S4, detail)
    if verdict.status is Status.CERTIFIED and verdict.error is not None and not np.isfinite(verdict.error):
        return replace(verdict, status=Status.UNDECIDED, middle=None, error=None)
    if proved and num_classes is None and _may_be_of_nothing(loss, verdict):
        return _where_it_has_values(loss, "finite values")
    return verdict


def _may_be_of_nothing(loss: Loss, verdict: SymmetryVerdict) -> bool:
    """Return whether a verdict for all K is not known to speak of an output at each; S3 looks itself."""
    limited = verdict.scope.domain.conditions - OPEN_SIMPLEX.conditions
    every = not verdict.scope.classes.is_finite
    return bool(limited) and every and verdict.method is not Method.S3 and not finite_somewhere(loss)


def _audited_at_values(loss: Loss, verdict: SymmetryVerdict, num_classes: int | None) -> SymmetryVerdict:
    """Hold a verdict for every value of some parameters against the formula at a few of these values."""
    for one, values in with_values(loss):
        said = replace(verdict, constant=at_values(verdict.constant, values))
        if _audited(one, said, num_classes).status is not verdict.status:
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


def _by_kind(loss: Loss, num_classes: int | None) -> SymmetryVerdict:
    if isinstance(loss, SeparableLoss):
        return _separable(loss, num_classes)
    if isinstance(loss, Normalized):
        return _normalized(loss, num_classes)
    if isinstance(loss, ShareLoss):
        known = num_classes is not None and has_positive_sum(loss, num_classes)
        domain = SIMPLEX if known or isinstance(loss, ZeroOne) else where(FINITE, loss.spec)
        if num_classes is None and not isinstance(loss, ZeroOne) and not has_weights(loss):
            return _where_it_has_values(loss, "weights")
        detail = "S = K - sum_j w_j/sum_i w_i = K - 1"
        return _proved(K - 1, Scope(domain=domain), Method.S3, detail, num_classes=num_classes)
    if isinstance(loss, Combination):
        return _combination(loss, num_classes)
    if isinstance(loss, UnboundedSumLoss):
        return _unbounded_sum(loss, num_classes)
    return _general(loss, num_classes)


def _proved(
    constant: sympy.Expr | BySize, scope: Scope, method: Method, detail: str, num_classes: int | None = None
) -> SymmetryVerdict:
    """Return the verdict "S is this constant" for a scope, or for the part of it at one K."""
    if num_classes is not None and not isinstance(constant, BySize):
        constant = constant.subs(K, num_classes)
    return SymmetryVerdict(Status.PROVED, scope.narrowed(num_classes), method, detail, constant=constant)


def _refuted(witness: Witness, scope: Scope, method: Method, detail: str) -> SymmetryVerdict:
    return SymmetryVerdict(Status.REFUTED, scope, method, detail, witness)


def _separable(loss: SeparableLoss, num_classes: int | None) -> SymmetryVerdict:
    verdict = _by_generator(
        loss, exact_generator(loss, K if num_classes is None else num_classes), num_classes
    )
    if verdict.status is not Status.UNDECIDED or num_classes is None:
        return verdict
    return _enclosed(loss, num_classes) or verdict


def _by_generator(loss: Loss, g: Generator, num_classes: int | None) -> SymmetryVerdict:
    # Affine means equal to its chord through two interior points: no derivative, so no smoothness is
    # assumed and |t - 1/2|, whose second derivative vanishes almost everywhere, does not pass.
    third, two_thirds = g.at(sympy.Rational(1, 3)), g.at(sympy.Rational(2, 3))
    at_zero, at_one = 2 * third - two_thirds, 2 * two_thirds - third
    departure = g.expression - (at_zero + g.t * (at_one - at_zero))
    if is_zero(departure) or _zero_in_pieces(departure, g.t):
        ends = is_zero(g.at(0) - at_zero) and is_zero(g.at(1) - at_one)
        detail = "G is affine, C = (K - 1) G(0) + G(1)"
        detail += "" if ends else "; it has no such values at its ends"
        constant = tidy((g.classes - 1) * at_zero + at_one)
        return _proved(
            constant, Scope(domain=SIMPLEX if ends else OPEN_SIMPLEX), Method.S1, detail, num_classes
        )
    if num_classes is None:
        return _refuted_for_all(loss, g, departure)
    if num_classes == 2:
        middle = 2 * g.at(sympy.Rational(1, 2))
        if is_zero(g.expression + g.expression.subs(g.t, 1 - g.t) - middle):
            detail = "G(t) + G(1 - t) is constant, though G is not affine"
            return _proved(tidy(middle), Scope.of(2), Method.S1, detail)
    witness = find_witness(loss, num_classes)
    if witness is None:
        return _undecided(num_classes)
    return _refuted(witness, Scope.of(num_classes), Method.S1, "G is not affine")


def _zero_in_pieces(departure: sympy.Expr, t: sympy.Symbol) -> bool:
    """Return whether an expression with cases vanishes between their borders, and on them."""
    found = pieces(departure, t) if departure.has(sympy.Piecewise) and not departure.has(K) else None
    return found is not None and (
        all(is_zero(p.expression) for p in found)
        and all(is_zero(departure.subs(t, p.hi)) for p in found[:-1])
    )


def _undecided(num_classes: int | None) -> SymmetryVerdict:
    why = "G could not be shown affine, and no two points with different label sums were found"
    return SymmetryVerdict(Status.UNDECIDED, Scope.at(num_classes), Method.S1, why)


def _refuted_for_all(loss: Loss, g: Generator, departure: sympy.Expr) -> SymmetryVerdict:
    """Refute for every K >= 3 but those at which G is affine after all, with a witness at the smallest K.

    At a point t the departure of G from affine is a function of K. Where its numerator is a polynomial in
    K, only its integer roots can be exceptions; each is decided on its own.
    """
    points = (departure.subs(g.t, sympy.Rational(*r)) for r in ((1, 2), (1, 4), (3, 7), (4, 5)))
    numerator = next((n for p in points if not is_zero(n := sympy.numer(sympy.together(p)))), None)
    if numerator is None:
        return _undecided(None)
    by_root = numerator.is_polynomial(K)
    try:
        roots = sympy.Poly(numerator, K).nroots(maxsteps=200) if by_root and numerator.has(K) else []
    except mpmath.libmp.NoConvergence:  # roots that nearly coincide: then of one K alone
        by_root, roots = False, []
    near = {round(float(sympy.re(r))) for r in roots if abs(sympy.im(r)) < 1e-6}
    exceptions = [k for k in sorted(near) if k >= 3 and decide(loss, k).status is not Status.REFUTED]
    smallest = next(k for k in range(3, len(exceptions) + 4) if k not in exceptions)
    witness = find_witness(loss, smallest)
    if witness is None:
        return _undecided(None)
    binary = decide(loss, 2)
    classes = ClassCounts.every(2 if binary.status is Status.REFUTED else 3).without(exceptions)
    scope = Scope(classes if by_root else ClassCounts.only(smallest))
    return _refuted(witness, scope, Method.S1, f"G is not affine; for K = 2: {binary.status}")


def _normalized(loss: Normalized, num_classes: int | None) -> SymmetryVerdict:
    domain = where("0 < S < infinity", loss.base.spec)
    if isinstance(loss.base, SeparableLoss):
        span = label_sum_range(loss.base, num_classes)
        if span.rigorous and span.low_is_positive:
            domain = SIMPLEX if span.high_is_finite else OPEN_SIMPLEX
    if domain not in (SIMPLEX, OPEN_SIMPLEX):
        # else "symmetric where S > 0" would hold of a loss that has no value, as where S = 0 throughout
        if not all(summary(loss.base, k).has_positive_sum() for k in sizes(num_classes, Scope())):
            detail = "no output is known at which S > 0, so L/S may have no value"
            return SymmetryVerdict(Status.UNDECIDED, Scope.at(num_classes), Method.S3, detail)
        if num_classes is None and not sum_positive_at_uniform(loss.base):
            return _where_it_has_values(loss, "S > 0")
    return _proved(sympy.Integer(1), Scope(domain=domain), Method.S3, "sum_j L_j/S = 1", num_classes)


def _where_it_has_values(loss: Loss, which: str) -> SymmetryVerdict:
    """Decide at a few K what may have no value at any output at another K, where nothing would be said."""
    found = _combined({k: decide(loss, k) for k in S4_CLASSES})
    return replace(found, detail=f"{found.detail}; no output with {which} is known for all K at once")


def _combination(loss: Combination, num_classes: int | None) -> SymmetryVerdict:
    return _by_terms(loss, num_classes) or _general(loss, num_classes)


def _by_terms(loss: Combination, num_classes: int | None) -> SymmetryVerdict | None:
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
        return _proved(_added(verdicts, scope), scope, Method.S3, "C adds over the terms", num_classes)
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
    return _by_class_count(
        {k: tidy(sum(OPS.const(c) * v.constant_at(k) for c, v in verdicts)) for k in scope.classes}
    )


def _by_class_count(constants: Mapping[int, sympy.Expr]) -> sympy.Expr | BySize:
    """Return the one constant if all are the same, else the list of them."""
    first, *others = constants.values()
    return first if all(c == first for c in others) else BySize(tuple(sorted(constants.items())))


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
    return _refuted(found[min(found)], Scope(classes) if every else Scope.of(found), Method.S3, detail)


def _unbounded_sum(loss: UnboundedSumLoss, num_classes: int | None) -> SymmetryVerdict:
    """Refute a loss whose S is known to be finite inside and to grow without bound, for every K."""
    witness = find_witness(loss, num_classes or 2)
    if witness is None:
        return _undecided(num_classes)
    detail = "S is least at the uniform output, and grows without bound as an entry tends to 0"
    return _refuted(witness, Scope.at(num_classes), Method.S4, detail)


def _general(loss: Loss, num_classes: int | None) -> SymmetryVerdict:
    return _by_structure(loss, num_classes) or _by_size(loss, num_classes)


def _by_structure(loss: Loss, num_classes: int | None) -> SymmetryVerdict | None:
    """Decide, for every K if none is given, from the sums over classes that the formula is made of."""
    try:
        found = trace(loss, num_classes)
    except NotTracedError:
        return None
    constant = constant_by_algebra(found)
    if constant is not None:
        detail = "S is constant by algebra in the sums over classes that the formula is made of"
        return _proved(tidy(constant), Scope(domain=OPEN_SIMPLEX), Method.S4, detail, num_classes)
    generator = found.generator()
    if generator is None:
        return None
    verdict = _by_generator(loss, Generator(generator, T, found.classes), num_classes)
    if verdict.status is Status.UNDECIDED:
        return None
    return replace(
        verdict, method=Method.S4, detail=f"the formula is separable in disguise; {verdict.detail}"
    )


def _by_size(loss: Loss, num_classes: int | None) -> SymmetryVerdict:
    """Decide at one K, or at each of a few; the scope holds those K alone that share the verdict."""
    return _combined({k: _one_size(loss, k) for k in (S4_CLASSES if num_classes is None else (num_classes,))})


def _combined(tried: Mapping[int, SymmetryVerdict]) -> SymmetryVerdict:
    """Return the verdict that the weakest of verdicts at several K allow, for those K that share it."""
    if len(tried) == 1:
        return next(iter(tried.values()))
    weakest = max((v.status for v in tried.values()), key=WEAKER.index)
    found = {k: v for k, v in tried.items() if v.status is weakest}
    first = found[min(found)]
    scope = Scope.of(found)
    for verdict in found.values():
        scope = Scope(scope.classes, scope.domain & verdict.scope.domain)
    rest = "".join(f"; {v.scope}: {v.status}" for v in tried.values() if v.status is not weakest)
    constant = None
    if weakest is Status.PROVED:
        constant = _by_class_count({k: v.constant_at(k) for k, v in found.items()})
    errors = [v.error for v in found.values() if v.error is not None]
    error = max(errors) if errors else None
    return replace(
        first, scope=scope, constant=constant, middle=None, error=error, detail=first.detail + rest
    )


def _one_size(loss: Loss, num_classes: int) -> SymmetryVerdict:
    witness = find_witness(loss, num_classes)
    if witness is not None:
        detail = "two exact points have different label sums"
        return _refuted(witness, Scope.of(num_classes), Method.S4, detail)
    if num_classes <= S4_CLASSES[-1]:
        constant = _constant_by_algebra(loss, num_classes)
        if constant is not None:
            scope = Scope.of(num_classes, OPEN_SIMPLEX)
            return _proved(constant, scope, Method.S4, "S is constant, by algebra")
    return _enclosed(loss, num_classes) or _sampled(loss, num_classes)


def _constant_by_algebra(loss: Loss, num_classes: int) -> sympy.Expr | None:
    """Return C, if S less its value at the uniform point vanishes identically in K - 1 free coordinates."""
    try:
        symbols, columns = symbolic_losses(loss, num_classes)
    except TypeError:  # the formula compares probabilities: not one expression
        return None
    last = {symbols[-1]: 1 - sum(symbols[:-1])}
    even = dict.fromkeys(symbols, sympy.Rational(1, num_classes))
    total = sympy.Add(*columns)
    if total.has(sympy.Piecewise, sympy.nan) or not is_zero((total - total.subs(even)).subs(last)):
        return None
    return tidy(total.subs(even))


def _enclosed(loss: Loss, num_classes: int) -> SymmetryVerdict | None:
    """Refute or certify by an enclosure of the range of S; None where it stays too wide for either."""
    if not finite_inside(loss, num_classes):  # an interval is silent about where there is no value
        return None
    span = enclose_label_sum(loss, num_classes)
    if span.varies:
        witness = witness_at(loss, span.low_at, span.high_at)
        if witness is not None:
            detail = f"S is enclosed apart at two points, found by branch and bound ({span.boxes} boxes)"
            return _refuted(witness, Scope.of(num_classes), Method.INTERVALS, detail)
    if span.relative_width >= CONSTANCY:
        return None
    middle, eps = (span.low[0] + span.high[1]) / 2, span.width
    detail = (
        f"S is within eps = {eps:.2g} of {middle:.12g} on the whole simplex ({span.method}, {span.boxes} "
        "boxes): near-constancy, not equality"
    )
    return SymmetryVerdict(
        Status.CERTIFIED, Scope.of(num_classes), Method.INTERVALS, detail, middle=middle, error=eps
    )


def _sampled(loss: Loss, num_classes: int) -> SymmetryVerdict:
    """Compare label sums at random points; a clear difference refutes, agreement is only `sampled`."""
    rng = np.random.default_rng(0)
    spread = rng.choice([0.1, 1.0, 10.0], size=SAMPLES)  # near the boundary, anywhere, near the centre
    points = rng.gamma(np.repeat(spread[:, None], num_classes, axis=1)) + 1e-12
    points /= points.sum(axis=1, keepdims=True)
    sums = np.broadcast_to(np.asarray(loss.label_sum(points, backend("numpy")), dtype=float), SAMPLES)
    scope = Scope.of(num_classes)
    if not np.isfinite(sums).all():
        detail = "the label sum is not finite at some sampled points"
        return SymmetryVerdict(Status.UNDECIDED, scope, Method.SAMPLING, detail)
    precision = loss.precision(num_classes) if isinstance(loss, CallableLoss) else "float64"
    tolerance = SAMPLING_TOLERANCE.get(precision, SAMPLING_TOLERANCE["float16"])
    # a sum of losses that cancel is known no better than they are
    size = float(np.nanmax(np.abs(loss.all_labels(points, backend("numpy"))).sum(axis=-1))) or 1.0
    deviation = float(sums.max() - sums.min()) / size
    if deviation > tolerance:
        witness = find_witness(loss, num_classes, margin=tolerance * size)
        if witness is not None:
            detail = "label sums in float64 at two exact points"
            return _refuted(witness, scope, Method.SAMPLING, detail)
        detail = f"label sums differ by {deviation:.1e} relative, but at no simple rational points"
        return SymmetryVerdict(Status.UNDECIDED, scope, Method.SAMPLING, detail)
    detail = f"{SAMPLES} draws; largest relative deviation of the label sum {deviation:.1e}"
    return SymmetryVerdict(Status.SAMPLED, scope, Method.SAMPLING, detail, middle=float(sums.mean()))
