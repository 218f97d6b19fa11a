"""A1 to A3: how much uniform noise a loss tolerates before a certain label's vertex stops being best.

*Definition.* A sample is of class c for certain, and labels are uniformly noisy at rate eta: its noisy risk
is R(u) = (1 - eta) L(u, c) + b sum over j != c of L(u, j), b = eta/(K-1). The vertex e_c *minimises* R
where no output of the open simplex has less than the limit inferior of R at e_c: ties count, and a risk
that is unbounded below, or not attained, counts where it comes down to its infimum next to e_c. eta_L(K) is
the largest rate up to which that holds from 0 on. The rates at which it holds are an interval, as R(u) -
R(e_c) is affine in eta for each u; it ends at eta* = (K-1)/K at the latest where L(e_j, c) > L(e_c, c), for
R(e_j) - R(e_c) = (1 - eta - b)(L(e_j, c) - L(e_c, c)).

*A3.* L = f(u_y) + sum over i != y of g(u_i): R = sum_i h_i(u_i), h_i = pi_i f + (1 - pi_i) g, pi the noisy
posterior. Let f and g be convex. The one-sided slope of R from e_c towards e_j is h_j'(0) - h_c'(1), towards
any u it is the mean of those with weights u_j/(1 - u_c), and R lies above its tangents: e_c is optimal if and
only if h_c'(1) <= h_j'(0) for all j != c. That is affine in eta:

    g'(0) - f'(1) + eta ((f' - g')(0)/(K-1) + (f' - g')(1)) >= 0.

At eta* all h_i are G/K with G convex, so it fails there but for an affine G: eta_L <= eta*. With g = 0 and
rho = |f'(0)|/|f'(1)| it is pi_c >= rho max pi_j (A1), and eta_L = (K-1)/(K-1+rho) (A2).

f and g nowhere below their *chords* (concave, or flat and then falling): R is nowhere below the affine
function that it equals at the vertices, and so least at one, that of the largest pi_i if L(e_j, c) > L(e_c,
c): eta_L = eta*, though the loss need not be symmetric. *Symmetric* losses: R = b C + a L(u, c).

*Sums* of such a loss with symmetric terms that vanish to second order at e_c (shares of a sum that is
infinite there, as NCE): e_c is optimal for each term up to eta_L of the first, and beyond it the slope of
the first decides. The condition for A1 is that of asymmetric losses (Zhou et al., ICML 2021); the rates, A3
and the sums are this project's.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

import sympy

from lossmatters.theory.enclosure.settle import T, X
from lossmatters.theory.exact import check_num_classes
from lossmatters.theory.losses import (
    Combination,
    Loss,
    Normalized,
    SeparableLoss,
    ShareLoss,
    UnboundedSumLoss,
    ZeroOne,
)
from lossmatters.theory.losses.structure import by_structure, is_separable, separable_base
from lossmatters.theory.minimisers.alike import treats_classes_alike
from lossmatters.theory.minimisers.audit import better_beside, better_inside
from lossmatters.theory.minimisers.exchange import (
    gives_up_below_half,
    limits_at_zero,
    weight_of,
)
from lossmatters.theory.minimisers.least_at_vertex import least_at_vertex
from lossmatters.theory.noise import threshold
from lossmatters.theory.risk.separable_tolerance import separable_parts, slope_at_one, tolerance_of_separable
from lossmatters.theory.risk.tolerance_verdict import NoiseTolerance, threshold_at, undecided
from lossmatters.theory.symbolic.algebra import K, is_zero
from lossmatters.theory.symbolic.piecewise import CASES, pieces
from lossmatters.theory.symmetry.audit import sizes
from lossmatters.theory.symmetry.decide import decide
from lossmatters.theory.verdict import Known, Method, Point, Scope, Status


@lru_cache(maxsize=512)
def noise_tolerance(loss: Loss, num_classes: int | None = None) -> NoiseTolerance:
    """Decide eta_L of a loss, for one K or (None) for all K at once in closed form.

    Raises
    ------
    ValueError, TypeError : K < 2 or no integer.

    >>> from lossmatters.theory.losses import CCE, MAE, PHuberCE
    >>> [noise_tolerance(loss, 10).rate for loss in (CCE(), PHuberCE(tau=10), MAE())]
    [0, 9/19, 9/10]
    >>> noise_tolerance(PHuberCE(tau=10)).rate
    (K - 1)/(K + 9)
    """
    k = None if num_classes is None else check_num_classes(num_classes)
    scope = Scope.at(k)
    if not loss.has_formula:
        return undecided(scope, "no formula")
    return _audited(loss, _by_kind(loss, k, scope), k)


def _audited(loss: Loss, found: NoiseTolerance, k: int | None) -> NoiseTolerance:
    """Hold a rate against values of the formula as it is written; one that they contradict is none."""
    if found.status is Status.UNDECIDED:
        return found
    for classes in sizes(k, found.scope):
        why = _contradicted(loss, found, classes)
        if why is not None:
            return undecided(Scope.at(k), f"{why}, against {found.detail}")
    return found


def _contradicted(loss: Loss, found: NoiseTolerance, k: int) -> str | None:
    """Say what speaks against a rate at one K: a better output below it, or none beside the vertex above."""
    star = threshold(k)
    rate = Fraction(0) if found.rate is None else Fraction(float(found.rate.subs(K, k)))
    if found.clean_vertex:
        below = rate * Fraction(49, 50)
        better = better_inside(loss, k, _certain(below, k))
        if better is not None:
            shown = ", ".join(map(str, better))
            return (
                f"at K = {k} and rate {float(below):.4g} the output ({shown}) has less risk than the vertex"
            )
    if found.method is not Method.CONVEX or (found.clean_vertex and rate >= star * Fraction(99, 100)):
        return None
    above = rate + (star - rate) / 2 if found.clean_vertex else Fraction(0)
    if not better_beside(loss, k, _certain(above, k)):
        return f"at K = {k} and rate {float(above):.4g} no output beside the vertex has less risk"
    return None


def _certain(rate: Fraction, k: int) -> Point:
    """Return the noisy posterior of a sample that is of the first class for certain."""
    return (1 - rate, *[rate / (k - 1)] * (k - 1))


def _by_kind(loss: Loss, k: int | None, scope: Scope) -> NoiseTolerance:
    if not treats_classes_alike(loss, k or 3):
        return undecided(scope, "the loss is not shown to treat classes alike")
    symmetric = _of_symmetric(loss, k, scope)
    if symmetric is not None:
        return symmetric

    def by_parts(loss: Loss) -> NoiseTolerance | None:
        parts = separable_parts(loss, k)
        return None if parts is None else tolerance_of_separable(loss, *parts, k, scope)

    def any_other(loss: Loss) -> NoiseTolerance:
        return by_parts(loss) or undecided(scope, "neither symmetric, nor separable, nor a sum of such")

    def unbounded(loss: UnboundedSumLoss) -> NoiseTolerance:
        detail = (
            "L(., j) is infinite where u_j = 0, so with any noise the risk grows without bound towards e_c"
        )
        return NoiseTolerance(sympy.Integer(0), Status.PROVED, scope, Method.LIMIT, True, None, detail)

    return by_structure(
        loss,
        separable=any_other,
        total=lambda loss: by_parts(loss) or _sum(loss, k, scope),
        normalised=any_other,
        share=any_other,
        mixture=any_other,
        unbounded=unbounded,
        formula=any_other,
        opaque=any_other,
    )


def _of_symmetric(loss: Loss, k: int | None, scope: Scope) -> NoiseTolerance | None:
    verdict = decide(loss, k)
    if verdict.status is not Status.PROVED:
        return None
    if isinstance(loss, ZeroOne):
        known: tuple[Known, str, bool] | None = (Known.PROVED, "L >= 0, and 0 at e_c", False)
    else:
        known = least_at_vertex(loss, k)
        if known is None and is_separable(loss) and gives_up_below_half(_inner(loss)):
            known = Known.CERTIFIED, "h is constant up to 1/2 and never rises", False
    if known is None:
        return None
    how, why, _ = known
    status = Status.PROVED if how is Known.PROVED else Status.CERTIFIED
    scope = Scope(scope.classes & verdict.scope.classes)  # symmetric for some K is not symmetric for all
    detail = f"the noisy risk is b C + a L(u, c); {why}"
    return NoiseTolerance(threshold_at(k), status, scope, Method.SYMMETRIC, True, sympy.Integer(1), detail)


def _inner(loss: SeparableLoss) -> Loss:
    return getattr(loss, "base", loss)


def _sum(loss: Combination, k: int | None, scope: Scope) -> NoiseTolerance:
    """Decide a sum of a separable part, by its slopes, and symmetric terms that are flat at the vertex."""
    separable = [(c, term) for c, term in loss.terms if is_separable(term)]
    others = [term for _, term in loss.terms if not is_separable(term)]
    known = [noise_tolerance(term, k) for term in others]
    if not separable or any(v.method is not Method.SYMMETRIC for v in known):
        return undecided(scope, "a term is neither separable nor symmetric")
    total = separable[0][0] * separable[0][1]
    for factor, term in separable[1:]:
        total = total + factor * term
    first = noise_tolerance(total, k)
    if first.rate is None:
        return undecided(scope, f"the separable part: {first.detail}")
    statuses = {first.status, *(v.status for v in known)}
    weakest = Status.CERTIFIED if Status.CERTIFIED in statuses else Status.PROVED
    for verdict in (first, *known):
        scope &= verdict.scope
    reason = f"as for {total.title}: {first.detail}"
    if first.rate == threshold_at(k):
        return NoiseTolerance(
            first.rate, weakest, scope, Method.SUM, True, None, f"every term tolerates eta*; {reason}"
        )
    if not all(flat_at_vertex(term, k) for term in others):
        why = f"at least {first.rate}, that of {total.title}; the other terms have a slope at the vertex"
        return undecided(scope, why, True)
    detail = f"{reason}; the other terms are symmetric, and flat at the vertex"
    return NoiseTolerance(first.rate, weakest, scope, Method.SUM, True, first.asymmetry, detail)


def flat_at_vertex(loss: Loss, k: int | None = None) -> bool:
    """Return whether L(u, c) = o(1 - u_c) as u comes to e_c from anywhere, for a symmetric term.

    base/S with base(u, c) = f(u_c) falling to 0 at 1 with a finite slope, and S infinite at e_c; or a share
    1 - w_c/W whose weights vanish on an interval next to 0.
    """

    def share(loss: ShareLoss) -> bool:
        weight = weight_of(loss, k) if k is not None else None
        found = pieces(weight.subs(X, T), T) if weight is not None and weight.has(*CASES) else None
        return found is not None and is_zero(found[0].expression)

    def normalised(loss: Normalized) -> bool:
        base = separable_base(loss)
        if base is None or base.has_off_label:
            return False
        on, _ = limits_at_zero(base, k)
        parts = separable_parts(base, k)
        assert parts is not None
        return bool(on == sympy.oo and is_zero(parts[0].subs(T, 1)) and slope_at_one(parts[0]).is_finite)

    def not_shown(loss: Loss) -> bool:
        return False

    return by_structure(
        loss,
        separable=not_shown,
        total=not_shown,
        normalised=normalised,
        share=share,
        mixture=not_shown,
        unbounded=not_shown,
        formula=not_shown,
        opaque=not_shown,
    )
