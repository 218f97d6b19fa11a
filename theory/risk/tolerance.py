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

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import Any

import sympy

from lossmatters.theory.backends.sympy_ops import OPS, const, exactly
from lossmatters.theory.enclosure import NotTracedError, trace
from lossmatters.theory.enclosure.settle import T, X
from lossmatters.theory.exact import check_num_classes, fail
from lossmatters.theory.losses import (
    CallableLoss,
    Combination,
    Loss,
    Normalized,
    SeparableLoss,
    ShareLoss,
    ZeroOne,
)
from lossmatters.theory.minimisers.audit import better_beside, better_inside
from lossmatters.theory.minimisers.exchange import (
    gives_up_below_half,
    limit_at_zero,
    limits_at_zero,
    treats_classes_alike,
    weight_of,
)
from lossmatters.theory.minimisers.noisy_optimum import least_at_vertex
from lossmatters.theory.noise import threshold
from lossmatters.theory.symbolic.algebra import Generator, K, is_zero, tidy
from lossmatters.theory.symbolic.piecewise import CASES, curvature, keeps_to, pieces
from lossmatters.theory.symmetry.audit import sizes
from lossmatters.theory.symmetry.decide import decide
from lossmatters.theory.verdict import Known, Method, Point, Scope, Status

CONVEX, CONCAVE = ("convex", "affine"), ("concave", "affine")


@dataclass(frozen=True)
class NoiseTolerance:
    """The largest uniform rate at which a certain clean label's vertex minimises the noisy risk.

    Attributes
    ----------
    rate : eta_L in closed form (in K where no K was given), or None where there is none or it is not known.
    status : PROVED, CERTIFIED (a sign by intervals) or UNDECIDED.
    scope : for which K.
    method : SYMMETRIC, CONVEX, CHORD, FLAT, SUM, or None where undecided.
    clean_vertex : is the vertex optimal at rate 0? None where not known; False leaves no rate.
    asymmetry : rho of A1 where the loss is f(u_y), else None.
    detail : a sentence.
    """

    rate: sympy.Expr | None
    status: Status
    scope: Scope
    method: Method | None
    clean_vertex: bool | None
    asymmetry: sympy.Expr | None
    detail: str

    @property
    def value(self) -> float | None:
        """eta_L as a float, where K is a number and it is known."""
        return None if self.rate is None or self.rate.free_symbols else float(self.rate)

    def at(self, num_classes: int) -> NoiseTolerance:
        """Return what is known for many K, said of one of them.

        Raises
        ------
        ValueError : it is undecided, or not known at this K.
        """
        if not self.holds_at(num_classes):
            fail("num_classes", f"in the scope, {self.scope}, of what is decided", num_classes)
        rate, rho = (None if x is None else tidy(x.subs(K, num_classes)) for x in (self.rate, self.asymmetry))
        return replace(self, rate=rate, asymmetry=rho, scope=Scope.at(num_classes, self.scope.domain))

    def holds_at(self, num_classes: int) -> bool:
        """Tell whether it is decided at this K."""
        return self.status != "undecided" and num_classes in self.scope.classes

    def to_dict(self) -> dict[str, Any]:
        """The `noise_tolerance` object of ``lossmatters certify --json``."""
        return {
            "status": self.status.value,
            "scope": str(self.scope),
            "method": "" if self.method is None else self.method.value,
            "rate": self.value,
            "rate_exact": None if self.rate is None else str(self.rate),
            "asymmetry": None if self.asymmetry is None else str(self.asymmetry),
            "clean_vertex": self.clean_vertex,
            "detail": self.detail,
        }


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
    if isinstance(loss, CallableLoss):
        return _undecided(scope, "no formula")
    return _audited(loss, _by_kind(loss, k, scope), k)


def _audited(loss: Loss, found: NoiseTolerance, k: int | None) -> NoiseTolerance:
    """Hold a rate against values of the formula as it is written; one that they contradict is none."""
    if found.status is Status.UNDECIDED:
        return found
    for classes in sizes(k, found.scope):
        why = _contradicted(loss, found, classes)
        if why is not None:
            return _undecided(Scope.at(k), f"{why}, against {found.detail}")
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
        return _undecided(scope, "the loss tells classes apart")
    symmetric = _of_symmetric(loss, k, scope)
    if symmetric is not None:
        return symmetric
    parts = _parts(loss, k)
    if parts is not None:
        return _separable(loss, *parts, k, scope)
    if isinstance(loss, Combination):
        return _sum(loss, k, scope)
    return _undecided(scope, "neither symmetric, nor separable, nor a sum of such")


def _undecided(scope: Scope, why: str, clean: bool | None = None) -> NoiseTolerance:
    return NoiseTolerance(None, Status.UNDECIDED, scope, None, clean, None, why)


def _star(k: int | None) -> Any:
    return tidy((K - 1) / K) if k is None else const(threshold(k))


def _of_symmetric(loss: Loss, k: int | None, scope: Scope) -> NoiseTolerance | None:
    verdict = decide(loss, k)
    if verdict.status is not Status.PROVED:
        return None
    if isinstance(loss, ZeroOne):
        known: tuple[Known, str, bool] | None = (Known.PROVED, "L >= 0, and 0 at e_c", False)
    else:
        known = least_at_vertex(loss, k)
        if known is None and isinstance(loss, SeparableLoss) and gives_up_below_half(_inner(loss)):
            known = Known.CERTIFIED, "h is constant up to 1/2 and never rises", False
    if known is None:
        return None
    how, why, _ = known
    status = Status.PROVED if how is Known.PROVED else Status.CERTIFIED
    scope = Scope(scope.classes & verdict.scope.classes)  # symmetric for some K is not symmetric for all
    detail = f"the noisy risk is b C + a L(u, c); {why}"
    return NoiseTolerance(_star(k), status, scope, Method.SYMMETRIC, True, sympy.Integer(1), detail)


def _inner(loss: SeparableLoss) -> Loss:
    return getattr(loss, "base", loss)


# -- separable -------------------------------------------------------------------------------------


def _parts(loss: Loss, k: int | None) -> tuple[Any, Any] | None:
    """(f, g) in `T` where L is f(u_y) + sum over i != y of g(u_i), as written or in disguise."""
    number = K if k is None else sympy.Integer(k)
    if isinstance(loss, SeparableLoss):
        view = loss.bound_to(OPS)
        on = exactly(view.on_label(T, number, OPS))
        return on, exactly(view.off_label(T, number, OPS)) if loss.has_off_label else sympy.Integer(0)
    try:
        return trace(loss, k).parts()
    except NotTracedError:
        return None


def _shape(function: Any, k: int | None) -> str:
    return "affine" if not function.has(T) else curvature(Generator(function, T, K if k is None else k))


@dataclass(frozen=True)
class _Slopes:
    """One-sided slopes of f and g at 0 and 1."""

    f0: Any
    f1: Any
    g0: Any
    g1: Any

    @property
    def known(self) -> bool:
        return not any(
            s is sympy.nan or s.has(sympy.nan, sympy.zoo) for s in (self.f0, self.f1, self.g0, self.g1)
        )


def _slopes(on: Any, off: Any) -> _Slopes:
    return _Slopes(*(end(f) for f in (on, off) for end in (slope_at_zero, slope_at_one)))


def slope_at_zero(function: Any) -> Any:
    """The limit of f'(t) as t -> 0 from above, along its first piece."""
    return _limit(sympy.diff(_piece(function, 0), T), T)


def slope_at_one(function: Any) -> Any:
    """The limit of f'(t) as t -> 1 from below, along its last piece."""
    gap = sympy.Symbol("s", positive=True)
    return _limit(sympy.diff(_piece(function, -1), T).subs(T, 1 - gap), gap)


def _piece(function: Any, which: int) -> Any:
    if not function.has(*CASES):
        return function
    found = pieces(function, T)
    return sympy.nan if found is None else found[which].expression


def _limit(slope: Any, t: Any) -> Any:
    if slope is sympy.nan:
        return slope
    return limit_at_zero(sympy.powsimp(sympy.expand(slope)), t)


def _separable(loss: Loss, on: Any, off: Any, k: int | None, scope: Scope) -> NoiseTolerance:
    shapes = _shape(on, k), _shape(off, k)
    alone = not off.has(T)
    if all(s in CONVEX for s in shapes):
        return _convex(on, off, alone, k, scope)
    if all(s in CONCAVE or _above_chord(f) for s, f in zip(shapes, (on, off), strict=True)):
        return _above(on, off, k, scope)
    if gives_up_below_half(loss):
        detail = (
            "L is constant up to u_y = 1/2 and falls from there: R is least where the likeliest class has all"
        )
        return NoiseTolerance(_star(k), Status.CERTIFIED, scope, Method.FLAT, True, sympy.Integer(1), detail)
    return _undecided(scope, f"f is {shapes[0]}, g is {shapes[1]}: the slopes at the vertex do not decide")


def _sign(value: Any) -> int | None:
    """The sign of a number, or of an expression in K for every K >= 2; None where not shown."""
    value = sympy.sympify(value)
    if value.free_symbols:
        if is_zero(value):
            return 0
        value = sympy.together(value.subs(K, sympy.Symbol("k", integer=True, nonnegative=True) + 2))
        above, below = (sympy.expand(part) for part in sympy.fraction(value))
        for form in (sympy.factor(value), above / below):
            if form.is_positive or form.is_negative:
                return 1 if form.is_positive else -1
        return None
    if is_zero(value):
        return 0
    if value in (sympy.oo, -sympy.oo):
        return 1 if value == sympy.oo else -1
    number = sympy.N(value, 50)
    if not number.is_comparable or abs(number) < sympy.Float(10) ** -40:
        return None
    return 1 if number > 0 else -1


def _convex(on: Any, off: Any, alone: bool, k: int | None, scope: Scope) -> NoiseTolerance:
    slopes, number = _slopes(on, off), K if k is None else sympy.Integer(k)
    if not slopes.known:
        return _undecided(scope, "a slope at 0 or 1 was not found")
    f0, f1, g0, g1 = slopes.f0, slopes.f1, slopes.g0, slopes.g1
    clean = None if g0.is_infinite and f1.is_infinite else _sign(g0 - f1)
    if clean is None:
        return _undecided(scope, "the sign of g'(0) - f'(1) is not known")
    if clean < 0:
        detail = "f'(1) > g'(0): an output beside the vertex has less loss even for a clean label"
        return NoiseTolerance(None, Status.PROVED, scope, Method.CONVEX, False, None, detail)
    rho = _ratio(f0, f1) if alone else None
    if f0 == -sympy.oo or g1 == sympy.oo:
        detail = "the slope towards a wrong class is infinite: any noise moves the optimum off the vertex"
        return NoiseTolerance(sympy.Integer(0), Status.PROVED, scope, Method.CONVEX, True, rho, detail)
    fall = (g0 - f0) / (number - 1) + g1 - f1
    sign = _sign(fall)
    if sign is None:
        return _undecided(scope, "the sign of the slope in eta is not known", True)
    if sign <= 0:
        detail = "the slope of the risk from the vertex never turns negative"
        return NoiseTolerance(_star(k), Status.PROVED, scope, Method.CONVEX, True, rho, detail)
    rate = tidy(sympy.together((g0 - f1) / fall))
    what = (
        f"rho = |f'(0)|/|f'(1)| = {rho}" if alone else f"f'(0), f'(1), g'(0), g'(1) = {f0}, {f1}, {g0}, {g1}"
    )
    detail = f"f and g are convex, so the slopes at the vertex decide; {what}"
    return NoiseTolerance(rate, Status.PROVED, scope, Method.CONVEX, True, rho, detail)


def _ratio(f0: Any, f1: Any) -> Any:
    if f1 == 0 or f0 == -sympy.oo:
        return sympy.oo
    return tidy(f0 / f1)


def _above_chord(function: Any) -> bool:
    """Is it nowhere below the line through its ends?"""
    found = pieces(function, T) if not function.has(K) else None
    if found is None:
        return False
    start, end = limit_at_zero(found[0].expression, T), found[-1].expression.subs(T, 1)
    return bool(start.is_finite and end.is_finite and keeps_to(found, T, start + T * (end - start)) == 1)


def _above(on: Any, off: Any, k: int | None, scope: Scope) -> NoiseTolerance:
    ends = [limit_at_zero(on, T), _at_one(on), limit_at_zero(off, T), _at_one(off)]
    if any(e is sympy.nan or e.has(sympy.nan, sympy.zoo) for e in ends):
        return _undecided(scope, "a value at 0 or 1 was not found")
    gain = _sign(ends[0] + ends[3] - ends[1] - ends[2])
    if gain is None:
        return _undecided(scope, "the sign of L(e_j, c) - L(e_c, c) is not known")
    if gain < 0:
        detail = "f and g are nowhere below their chords, and a wrong vertex has less loss"
        return NoiseTolerance(None, Status.PROVED, scope, Method.CHORD, False, None, detail)
    detail = "f and g are nowhere below their chords, so the risk is least at a vertex, the likeliest class's"
    return NoiseTolerance(_star(k), Status.PROVED, scope, Method.CHORD, True, sympy.Integer(1), detail)


def _at_one(function: Any) -> Any:
    return _piece(function, -1).subs(T, 1) if function.has(T) else function


# -- sums ------------------------------------------------------------------------------------------


def _sum(loss: Combination, k: int | None, scope: Scope) -> NoiseTolerance:
    """A separable part whose slopes decide, and symmetric terms that are flat at the vertex."""
    separable = [(c, term) for c, term in loss.terms if isinstance(term, SeparableLoss)]
    others = [term for _, term in loss.terms if not isinstance(term, SeparableLoss)]
    known = [noise_tolerance(term, k) for term in others]
    if not separable or any(v.method is not Method.SYMMETRIC for v in known):
        return _undecided(scope, "a term is neither separable nor symmetric")
    total = separable[0][0] * separable[0][1]
    for factor, term in separable[1:]:
        total = total + factor * term
    first = noise_tolerance(total, k)
    if first.rate is None:
        return _undecided(scope, f"the separable part: {first.detail}")
    statuses = {first.status, *(v.status for v in known)}
    weakest = Status.CERTIFIED if Status.CERTIFIED in statuses else Status.PROVED
    for verdict in (first, *known):
        scope &= verdict.scope
    reason = f"as for {total.title}: {first.detail}"
    if first.rate == _star(k):
        return NoiseTolerance(
            first.rate, weakest, scope, Method.SUM, True, None, f"every term tolerates eta*; {reason}"
        )
    if not all(flat_at_vertex(term, k) for term in others):
        why = f"at least {first.rate}, that of {total.title}; the other terms have a slope at the vertex"
        return _undecided(scope, why, True)
    detail = f"{reason}; the other terms are symmetric, and flat at the vertex"
    return NoiseTolerance(first.rate, weakest, scope, Method.SUM, True, first.asymmetry, detail)


def flat_at_vertex(loss: Loss, k: int | None = None) -> bool:
    """Is L(u, c) = o(1 - u_c) as u comes to e_c from anywhere, for a symmetric term?

    base/S with base(u, c) = f(u_c) falling to 0 at 1 with a finite slope, and S infinite at e_c; or a share
    1 - w_c/W whose weights vanish on an interval next to 0.
    """
    if isinstance(loss, ShareLoss):
        weight = weight_of(loss, k) if k is not None else None
        found = pieces(weight.subs(X, T), T) if weight is not None and weight.has(*CASES) else None
        return found is not None and is_zero(found[0].expression)
    if not (isinstance(loss, Normalized) and isinstance(loss.base, SeparableLoss)) or loss.base.has_off_label:
        return False
    on, _ = limits_at_zero(loss.base, k)
    parts = _parts(loss.base, k)
    assert parts is not None
    return bool(on == sympy.oo and is_zero(parts[0].subs(T, 1)) and slope_at_one(parts[0]).is_finite)
