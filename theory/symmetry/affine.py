"""S1: a separable loss is symmetric if and only if its generator G is affine, for K >= 3.

For K = 2 it is symmetric if G(t) + G(1 - t) is constant. A generator may be affine at some K and not at
others. A formula that is separable in disguise has a generator too.
"""

from __future__ import annotations

import mpmath
import sympy

from lossmatters.theory.losses.base import Loss
from lossmatters.theory.symbolic.algebra import Generator, K, is_zero, tidy
from lossmatters.theory.symbolic.piecewise import pieces
from lossmatters.theory.symmetry.symmetry_verdict import Decide, SymmetryVerdict, proved, refuted
from lossmatters.theory.symmetry.witness import find_witness
from lossmatters.theory.verdict import OPEN_SIMPLEX, SIMPLEX, ClassCounts, Method, Scope, Status


def by_generator(loss: Loss, g: Generator, num_classes: int | None, decide: Decide) -> SymmetryVerdict:
    """Decide from a generator G whether S = sum of G(u_i) is constant, at one K or (None) at all."""
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
        return proved(
            constant, Scope(domain=SIMPLEX if ends else OPEN_SIMPLEX), Method.S1, detail, num_classes
        )
    if num_classes is None:
        return _refuted_for_all(loss, g, departure, decide)
    if num_classes == 2:
        middle = 2 * g.at(sympy.Rational(1, 2))
        if is_zero(g.expression + g.expression.subs(g.t, 1 - g.t) - middle):
            detail = "G(t) + G(1 - t) is constant, though G is not affine"
            return proved(tidy(middle), Scope.of(2), Method.S1, detail)
    witness = find_witness(loss, num_classes)
    if witness is None:
        return not_shown_affine(num_classes)
    return refuted(witness, Scope.of(num_classes), Method.S1, "G is not affine")


def _zero_in_pieces(departure: sympy.Expr, t: sympy.Symbol) -> bool:
    """Return whether an expression with cases vanishes between their borders, and on them."""
    found = pieces(departure, t) if departure.has(sympy.Piecewise) and not departure.has(K) else None
    return found is not None and (
        all(is_zero(p.expression) for p in found)
        and all(is_zero(departure.subs(t, p.hi)) for p in found[:-1])
    )


def not_shown_affine(num_classes: int | None) -> SymmetryVerdict:
    """Return the verdict of a generator that is neither shown to be affine nor refuted."""
    why = "G could not be shown affine, and no two points with different label sums were found"
    return SymmetryVerdict(Status.UNDECIDED, Scope.at(num_classes), Method.S1, why)


def _refuted_for_all(loss: Loss, g: Generator, departure: sympy.Expr, decide: Decide) -> SymmetryVerdict:
    """Refute for every K >= 3 but those at which G is affine after all, with a witness at the smallest K.

    At a point t the departure of G from affine is a function of K. Where its numerator is a polynomial in
    K, only its integer roots can be exceptions; each is decided on its own.
    """
    points = (departure.subs(g.t, sympy.Rational(*r)) for r in ((1, 2), (1, 4), (3, 7), (4, 5)))
    numerator = next((n for p in points if not is_zero(n := sympy.numer(sympy.together(p)))), None)
    if numerator is None:
        return not_shown_affine(None)
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
        return not_shown_affine(None)
    binary = decide(loss, 2)
    classes = ClassCounts.every(2 if binary.status is Status.REFUTED else 3).without(exceptions)
    scope = Scope(classes if by_root else ClassCounts.only(smallest))
    return refuted(witness, scope, Method.S1, f"G is not affine; for K = 2: {binary.status}")
