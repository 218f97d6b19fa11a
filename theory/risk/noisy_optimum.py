"""D1: the output that training on noise drives a loss to, the minimiser of sum_j T[c, j] L(u, j)."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache

import sympy

from lossmatters.theory.backends.sympy_ops import const
from lossmatters.theory.exact import Number, check_num_classes, check_rate, fail
from lossmatters.theory.losses import Loss
from lossmatters.theory.losses.structure import is_total
from lossmatters.theory.minimisers.alike import treats_classes_alike
from lossmatters.theory.minimisers.along_line import numerical_optimum
from lossmatters.theory.minimisers.audit import beaten_vertex
from lossmatters.theory.minimisers.closed_forms import conditional_minimiser, has_closed_form
from lossmatters.theory.minimisers.least_at_vertex import least_at_vertex
from lossmatters.theory.minimisers.optimum import NoisyOptimum
from lossmatters.theory.noise import SymmetricNoise, threshold
from lossmatters.theory.risk.tolerance import noise_tolerance
from lossmatters.theory.symbolic.points import sign_of
from lossmatters.theory.symmetry.decide import decide
from lossmatters.theory.verdict import Known, Method, Status


def noisy_optimum(loss: Loss, num_classes: int, noise_rate: Number) -> NoisyOptimum:
    """Return the minimiser of sum_j T[c, j] L(u, j) under uniform noise.

    A symmetric loss below the threshold has noisy conditional risk b C + a L(u, c) with a > 0 (R1), so u*
    minimises L(., c), whatever the rate: the vertex e_c, where L(., c) is least. Else in closed form by N3,
    or the vertex at the rates that the loss is shown to tolerate (A2). Else the best of the outputs that are
    alike on the wrong classes: whether another output of a loss that is not convex does better is then left
    open, and the status says "numerical".

    Raises
    ------
    ValueError, TypeError : K < 2, a rate outside [0, 1], a loss that tells classes apart.

    >>> from lossmatters.theory.losses import MSE, NMSE
    >>> noisy_optimum(NMSE(), 10, 0.4).vertex, noisy_optimum(MSE(), 10, 0.4).clean_exact
    (True, 3/5)
    """
    k, eta = check_num_classes(num_classes), check_rate(noise_rate)
    if not treats_classes_alike(loss, k):
        fail("loss", "the same for all classes", loss.spec)
    found = _noisy_optimum(loss, k, eta)
    if found.vertex and loss.has_formula:
        better = beaten_vertex(loss, k, tuple(SymmetricNoise(eta).transition_matrix(k)[0]))
        if better is not None:
            shown = ", ".join(map(str, better))
            return replace(
                found,
                clean=math.nan,
                other=math.nan,
                clean_exact=None,
                vertex=False,
                status=Known.UNDECIDED,
                method=Method.NONE,
                detail=f"at the vertex the risk is above that at ({shown}); where it is least is not known",
                unique=None,
            )
    return found


@lru_cache(maxsize=1024)
def _noisy_optimum(loss: Loss, k: int, eta: Fraction) -> NoisyOptimum:
    below = eta < threshold(k)
    if below and decide(loss, k).status is Status.PROVED:
        found = _of_symmetric(loss, k)
        if found is not None:
            return found
    if has_closed_form(loss):
        return _closed(loss, k, eta)
    found = _tolerated(loss, k, eta) if below else None  # at the threshold another vertex is as good
    return found or _of_terms(loss, k, eta) or numerical_optimum(loss, k, eta)


def _tolerated(loss: Loss, k: int, eta: Fraction) -> NoisyOptimum | None:
    """Return the vertex at a rate up to eta_L, where A2 shows that no output has less risk.

    None where another class's vertex has the same loss, as all outputs have of a constant one.
    """
    if not loss.has_formula:
        return None
    right, wrong = (float(x) for x in loss.written((Fraction(1), *[Fraction(0)] * (k - 1)))[:2])
    if right == wrong:
        return None
    found = noise_tolerance(loss, k)
    if found.rate is None or found.status is Status.UNDECIDED or not found.clean_vertex:
        return None
    if sign_of(found.rate - const(eta))[0] not in (0, 1):
        return None
    status = Known.PROVED if found.status is Status.PROVED else Known.CERTIFIED
    detail = f"e_c is optimal up to eta_L = {float(found.rate):.4g} (A2): {found.detail}"
    assert found.method is not None
    return NoisyOptimum(1.0, 0.0, sympy.Integer(1), True, status, found.method, detail, None)


def _of_symmetric(loss: Loss, k: int) -> NoisyOptimum | None:
    found = least_at_vertex(loss, k)
    if found is None:
        return None
    status, why, only = found
    detail = f"L is symmetric, so u* minimises L(., c) at every rate below the threshold; {why}"
    return NoisyOptimum(1.0, 0.0, sympy.Integer(1), True, status, Method.SYMMETRIC, detail, only)


def _of_terms(loss: Loss, k: int, eta: Fraction) -> NoisyOptimum | None:
    """Find e_c best for a sum of losses whose risks are all least at e_c, or approach their infima there."""
    if not is_total(loss):
        return None
    parts = [_noisy_optimum(term, k, eta) for _, term in loss.terms]
    if not all(p.vertex and p.status in (Known.PROVED, Known.CERTIFIED) for p in parts):
        return None
    status = Known.PROVED if all(p.status is Known.PROVED for p in parts) else Known.CERTIFIED
    only = True if any(p.unique for p in parts) else None
    detail = "every term's optimum is e_c"
    return NoisyOptimum(1.0, 0.0, sympy.Integer(1), True, status, Method.TERMS, detail, only)


def _closed(loss: Loss, k: int, eta: Fraction) -> NoisyOptimum:
    found = conditional_minimiser(loss, SymmetricNoise(eta).transition_matrix(k)[0])
    assert found.exact is not None
    clean, other = float(found.probs[0]), float(found.probs[1])
    vertex = found.exact[0] == 1
    return NoisyOptimum(
        clean, other, found.exact[0], vertex, Known.PROVED, Method.CLOSED_FORM, found.method, found.unique
    )
