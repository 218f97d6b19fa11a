"""Is the sum of a loss over all labels constant?  Decided by S1 to S4, with a constant or a witness.

A verdict is `proved`, `refuted` (with two exact points whose label sums differ), `certified` (S is enclosed
within eps of a constant on the whole simplex: near-constancy, and no more), `sampled` (nothing but numbers
speak for it) or `undecided`. A tolerance never proves: a loss that misses symmetry by 10^-9 is refuted by an
exact computation.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

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
from lossmatters.theory.losses.base import Combination, Loss, SeparableLoss
from lossmatters.theory.losses.callable_loss import CallableLoss
from lossmatters.theory.losses.combinators import Normalized, ShareLoss
from lossmatters.theory.symbolic.algebra import Generator, K, exact_generator, is_zero, symbolic_losses, tidy
from lossmatters.theory.symmetry.label_sum_range import label_sum_range
from lossmatters.theory.symmetry.witness import Witness, find_witness, witness_at

S4_CLASSES = (2, 3, 4, 5)
SAMPLES = 1000
# A sampled label sum adds K losses, each a few roundings away from its formula: a few hundred units of
# 2^-53 relative, so 1e-12 is not reached by rounding alone; 2^-24 and 2^-8 for the narrower types.
SAMPLING_TOLERANCE = {"float64": 1e-12, "float32": 1e-5, "float16": 0.1}


@dataclass(frozen=True)
class SymmetryVerdict:
    """What is known of the symmetry of a loss.

    Attributes
    ----------
    status : "proved", "refuted", "certified", "sampled" or "undecided".
    scope : for which K (and where on the simplex) the status holds.
    method : the statement it rests on (S1, S3, S4), "intervals" or "sampling".
    constant : C in closed form (in K where the scope is all K), or None.
    constant_value : C as a float where K is a number, or None; where certified or sampled, S in the middle.
    witness : for a refutation, two exact points whose label sums differ.
    detail : a sentence.
    """

    status: str
    scope: str
    method: str
    constant: str | None = None
    constant_value: float | None = None
    witness: Witness | None = None
    detail: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The `symmetry` object of ``lossmatters certify --json``."""
        return {
            "status": self.status,
            "scope": self.scope,
            "method": self.method,
            "constant": self.constant,
            "constant_value": self.constant_value,
            "witness": self.witness.to_dict() if self.witness else None,
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
    'K*log(11)'
    >>> decide(CCE(), 10).status
    'refuted'
    """
    if num_classes is not None:
        num_classes = check_num_classes(num_classes)
    return _decide(loss, num_classes)


@lru_cache(maxsize=512)
def _decide(loss: Loss, num_classes: int | None) -> SymmetryVerdict:
    if isinstance(loss, CallableLoss):
        return _sampled(loss, num_classes or 10)
    if isinstance(loss, SeparableLoss):
        return _separable(loss, num_classes)
    if isinstance(loss, Normalized):
        return _normalized(loss, num_classes)
    if isinstance(loss, ShareLoss):
        return _proved(K - 1, num_classes, "S3", "all K >= 2", "S = K - sum_j w_j/sum_i w_i = K - 1")
    if isinstance(loss, Combination):
        return _combination(loss, num_classes)
    return _general(loss, num_classes)


def _proved(
    constant: sympy.Expr, num_classes: int | None, method: str, scope: str, detail: str
) -> SymmetryVerdict:
    if num_classes is not None:
        constant = constant.subs(K, num_classes)
        scope = scope.replace("all K >= 2", f"K = {num_classes}")
    value = float(constant) if constant.is_number else None
    return SymmetryVerdict("proved", scope, method, str(constant), value, None, detail)


def _refuted(witness: Witness, scope: str, method: str, detail: str) -> SymmetryVerdict:
    return SymmetryVerdict("refuted", scope, method, None, None, witness, detail)


# -- separable losses: S1 --------------------------------------------------------------------------


def _separable(loss: SeparableLoss, num_classes: int | None) -> SymmetryVerdict:
    verdict = _by_generator(
        loss, exact_generator(loss, K if num_classes is None else num_classes), num_classes
    )
    if verdict.status != "undecided" or num_classes is None:
        return verdict
    return _enclosed(loss, num_classes) or verdict


def _by_generator(loss: Loss, g: Generator, num_classes: int | None) -> SymmetryVerdict:
    # Affine means equal to its chord through two interior points: no derivative, so no smoothness is
    # assumed and |t - 1/2|, whose second derivative vanishes almost everywhere, does not pass.
    third, two_thirds = g.at(sympy.Rational(1, 3)), g.at(sympy.Rational(2, 3))
    at_zero, at_one = 2 * third - two_thirds, 2 * two_thirds - third
    departure = g.expression - (at_zero + g.t * (at_one - at_zero))
    if is_zero(departure):
        ends = is_zero(g.at(0) - at_zero) and is_zero(g.at(1) - at_one)
        scope = "all K >= 2" if ends else "all K >= 2, open simplex (G has no such value at its ends)"
        constant = tidy((g.classes - 1) * at_zero + at_one)
        return _proved(constant, num_classes, "S1", scope, "G is affine, C = (K - 1) G(0) + G(1)")
    if num_classes is None:
        return _refuted_for_all(loss, g, departure)
    if num_classes == 2:
        middle = 2 * g.at(sympy.Rational(1, 2))
        if is_zero(g.expression + g.expression.subs(g.t, 1 - g.t) - middle):
            return _proved(
                tidy(middle), 2, "S1", "K = 2", "G(t) + G(1 - t) is constant, though G is not affine"
            )
    witness = find_witness(loss, num_classes)
    if witness is None:
        return _undecided(f"K = {num_classes}")
    return _refuted(witness, f"K = {num_classes}", "S1", "G is not affine")


def _undecided(scope: str) -> SymmetryVerdict:
    why = "G could not be shown affine, and no two points with different label sums were found"
    return SymmetryVerdict("undecided", scope, "S1", detail=why)


def _refuted_for_all(loss: Loss, g: Generator, departure: sympy.Expr) -> SymmetryVerdict:
    """Refuted for every K >= 3 but those at which G is affine after all, with a witness at the smallest K.

    At a point t the departure of G from affine is a function of K. Where its numerator is a polynomial in
    K, only its integer roots can be exceptions; each is decided on its own.
    """
    points = (departure.subs(g.t, sympy.Rational(*r)) for r in ((1, 2), (1, 4), (3, 7), (4, 5)))
    numerator = next((n for p in points if not is_zero(n := sympy.numer(sympy.together(p)))), None)
    if numerator is None:
        return _undecided("all K")
    by_root = numerator.is_polynomial(K)
    roots = sympy.Poly(numerator, K).nroots() if by_root and numerator.has(K) else []
    near = {round(float(sympy.re(r))) for r in roots if abs(sympy.im(r)) < 1e-6}
    exceptions = [k for k in sorted(near) if k >= 3 and decide(loss, k).status != "refuted"]
    smallest = next(k for k in range(3, len(exceptions) + 4) if k not in exceptions)
    witness = find_witness(loss, smallest)
    if witness is None:
        return _undecided("all K")
    binary = decide(loss, 2)
    scope = f"K = {smallest}" if not by_root else "all K >= 2" if binary.status == "refuted" else "all K >= 3"
    if exceptions:
        scope += " except K = " + ", ".join(map(str, exceptions))
    return _refuted(witness, scope, "S1", f"G is not affine; for K = 2: {binary.status}")


# -- normalised losses and sums: S3 ----------------------------------------------------------------


def _normalized(loss: Normalized, num_classes: int | None) -> SymmetryVerdict:
    scope = "all K >= 2, wherever 0 < S < infinity"
    if isinstance(loss.base, SeparableLoss):
        span = label_sum_range(loss.base, num_classes)
        if span.rigorous and span.low_is_positive:
            scope = "all K >= 2" if span.high_is_finite else "all K >= 2, open simplex"
    return _proved(sympy.Integer(1), num_classes, "S3", scope, "sum_j L_j/S = 1")


def _combination(loss: Combination, num_classes: int | None) -> SymmetryVerdict:
    verdicts = [(c, decide(term, num_classes)) for c, term in loss.terms]
    if all(v.status == "proved" for _, v in verdicts):
        constant = sum(OPS.const(c) * sympy.sympify(v.constant, locals={"K": K}) for c, v in verdicts)
        scope = max((v.scope for _, v in verdicts), key=len)  # the narrowest domain has the longest words
        return _proved(tidy(constant), num_classes, "S3", scope, "C adds over the terms")
    refuted = [v for _, v in verdicts if v.status == "refuted"]
    if len(refuted) == 1 and all(v.status in ("proved", "refuted") for _, v in verdicts):
        witness = find_witness(loss, len(refuted[0].witness.u))  # type: ignore[union-attr]
        if witness is not None:
            return _refuted(witness, refuted[0].scope, "S3", "one term is not symmetric, all others are")
    return _general(loss, num_classes)


# -- any formula: S4 -------------------------------------------------------------------------------


def _general(loss: Loss, num_classes: int | None) -> SymmetryVerdict:
    return _by_structure(loss, num_classes) or _by_size(loss, num_classes)


def _by_structure(loss: Loss, num_classes: int | None) -> SymmetryVerdict | None:
    """Decided, for every K if none is given, from the sums over classes that the formula is made of."""
    try:
        found = trace(loss, num_classes)
    except NotTracedError:
        return None
    constant = constant_by_algebra(found)
    if constant is not None:
        detail = "S is constant by algebra in the sums over classes that the formula is made of"
        return _proved(tidy(constant), num_classes, "S4", "all K >= 2, open simplex", detail)
    generator = found.generator()
    if generator is None:
        return None
    verdict = _by_generator(loss, Generator(generator, T, found.classes), num_classes)
    if verdict.status == "undecided":
        return None
    return replace(verdict, method="S4", detail=f"the formula is separable in disguise; {verdict.detail}")


def _by_size(loss: Loss, num_classes: int | None) -> SymmetryVerdict:
    tried = [_one_size(loss, k) for k in (S4_CLASSES if num_classes is None else (num_classes,))]
    if len(tried) == 1:
        return tried[0]
    refuted = [v for v in tried if v.status == "refuted"]
    if refuted:
        sizes = ", ".join(v.scope.removeprefix("K = ") for v in refuted)
        rest = "".join(f"; {v.scope}: {v.status}" for v in tried if v.status != "refuted")
        return replace(refuted[0], scope=f"K = {sizes}", detail=refuted[0].detail + rest)
    weakest = max(tried, key=lambda v: ("proved", "certified", "sampled", "undecided").index(v.status))
    constants = {v.constant for v in tried}
    return replace(
        weakest,
        scope=f"K = {S4_CLASSES[0]}..{S4_CLASSES[-1]}, open simplex"
        if weakest.status == "proved"
        else weakest.scope,
        constant=constants.pop()
        if len(constants) == 1
        else ", ".join(f"{v.scope}: {v.constant}" for v in tried),
        constant_value=None,
    )


def _one_size(loss: Loss, num_classes: int) -> SymmetryVerdict:
    witness = find_witness(loss, num_classes)
    if witness is not None:
        return _refuted(witness, f"K = {num_classes}", "S4", "two exact points have different label sums")
    if num_classes <= S4_CLASSES[-1]:
        constant = _constant_by_algebra(loss, num_classes)
        if constant is not None:
            scope = f"K = {num_classes}, open simplex"
            return _proved(constant, num_classes, "S4", scope, "S is constant, by algebra")
    return _enclosed(loss, num_classes) or _sampled(loss, num_classes)


def _constant_by_algebra(loss: Loss, num_classes: int) -> sympy.Expr | None:
    """C, if S less its value at the uniform point vanishes identically in K - 1 free coordinates."""
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


# -- any formula: S4 by intervals ------------------------------------------------------------------


def _enclosed(loss: Loss, num_classes: int) -> SymmetryVerdict | None:
    """Refuted or certified by an enclosure of the range of S; None where it stays too wide for either."""
    span = enclose_label_sum(loss, num_classes)
    if span.varies:
        witness = witness_at(loss, span.low_at, span.high_at)
        if witness is not None:
            detail = f"S is enclosed apart at two points, found by branch and bound ({span.boxes} boxes)"
            return _refuted(witness, f"K = {num_classes}", "intervals", detail)
    if span.relative_width >= CONSTANCY:
        return None
    middle, eps = (span.low[0] + span.high[1]) / 2, span.width
    detail = (
        f"S is within eps = {eps:.2g} of {middle:.12g} on the whole simplex ({span.method}, {span.boxes} "
        "boxes): near-constancy, not equality"
    )
    scope = f"K = {num_classes}, to eps = {eps:.2g}"
    return SymmetryVerdict("certified", scope, "intervals", None, middle, None, detail)


# -- by numbers only -------------------------------------------------------------------------------


def _sampled(loss: Loss, num_classes: int) -> SymmetryVerdict:
    """The label sum on random points; a clear difference refutes, agreement is only `sampled`."""
    rng = np.random.default_rng(0)
    spread = rng.choice([0.1, 1.0, 10.0], size=SAMPLES)  # near the boundary, anywhere, near the centre
    points = rng.gamma(np.repeat(spread[:, None], num_classes, axis=1)) + 1e-12
    points /= points.sum(axis=1, keepdims=True)
    sums = np.asarray(loss.label_sum(points, backend("numpy")), dtype=float)
    if not np.isfinite(sums).all():
        return SymmetryVerdict(
            "undecided",
            f"K = {num_classes}",
            "sampling",
            detail="the label sum is not finite at some sampled points",
        )
    precision = loss.precision(num_classes) if isinstance(loss, CallableLoss) else "float64"
    tolerance = SAMPLING_TOLERANCE.get(precision, SAMPLING_TOLERANCE["float16"])
    size = float(np.abs(sums).max()) or 1.0
    deviation = float(sums.max() - sums.min()) / size
    if deviation > tolerance:
        witness = find_witness(loss, num_classes, margin=tolerance * size)
        if witness is not None:
            return _refuted(
                witness, f"K = {num_classes}", "sampling", "label sums in float64 at two exact points"
            )
        return SymmetryVerdict(
            "undecided",
            f"K = {num_classes}",
            "sampling",
            detail=f"label sums differ by {deviation:.1e} relative, but at no simple rational points",
        )
    mean = float(sums.mean())
    return SymmetryVerdict(
        "sampled",
        f"K = {num_classes}",
        "sampling",
        None,
        mean,
        None,
        f"{SAMPLES} draws; largest relative deviation of the label sum {deviation:.1e}",
    )
