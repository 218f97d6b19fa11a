"""N3: is a loss classification-calibrated, that is, does its conditional risk find the likeliest class?

*Calibrated* at K: for every posterior pi whose largest entry pi_y is its only one,

    inf {R(u) : u_j >= u_y for some j != y}  >  inf {R(u) : all u},   R(u) = sum_j pi_j L(u, j),

over outputs of softmax (all entries > 0), so that no minimiser, and no sequence that approaches the infimum,
has another class at or above y. Where
several pi_j are largest nothing is asked: MAE then minimises on a whole face.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
import sympy

from lossmatters.theory.backends.sympy_ops import OPS, const, exactly
from lossmatters.theory.enclosure import certify_sign, trace
from lossmatters.theory.enclosure.settle import X
from lossmatters.theory.exact import check_num_classes
from lossmatters.theory.losses import (
    CallableLoss,
    Combination,
    EpsilonCE,
    Loss,
    Normalized,
    SeparableLoss,
    ShareLoss,
    ZeroOne,
)
from lossmatters.theory.losses.symmetrising import SymmetrisedSeparable
from lossmatters.theory.minimisers.audit import miscalibrated
from lossmatters.theory.minimisers.exchange import (
    attains,
    gives_up_below_half,
    limits_at_zero,
    monotone,
    positive,
    weight_of,
)
from lossmatters.theory.minimisers.numerical import minimise, risk_and_slopes
from lossmatters.theory.symbolic.algebra import K as CLASSES
from lossmatters.theory.symbolic.algebra import exact_losses, is_zero, limit_at_zero, symbolic_losses
from lossmatters.theory.symbolic.piecewise import CASES
from lossmatters.theory.symbolic.points import Point
from lossmatters.theory.verdict import ClassCounts, Method, Scope, Status, Verdict

DRAWS, CALLABLE_DRAWS, MANY_CLASSES = 30, 5, 5  # beyond so many classes a fifth of the draws: a second or two
LEAD = 0.05  # of the largest pi_j in the draws: near a tie float64 decides nothing
SAME = 1e-9  # risks this close are one after a descent that stops at a change of 1e-15


@dataclass(frozen=True)
class Calibration(Verdict):
    """What is known of the calibration of a loss.

    It is proved, certified (a sign by intervals), sampled, refuted or undecided, by EXCHANGE, LIMIT, EXACT,
    or SEARCH for a counterexample. Refuted, its witness is a posterior and outputs that a reader can put in.
    """


@lru_cache(maxsize=256)
def calibration(loss: Loss, num_classes: int | None = None) -> Calibration:
    """Decide whether a loss is calibrated, for one K or (None) for all K at once.

    *Proved* by exchange. L(u, y) = F(u_y; A) with aggregates A that exchanging entries of u does not change:
    exchanging u_1 < u_2 where pi_1 > pi_2 changes R by (pi_1 - pi_2)(F(u_2; A) - F(u_1; A)), and at a tie
    u_1 = u_2 = t moving mass from 2 to 1 changes it at the rate (pi_1 - pi_2) F'(t; A). Where F strictly
    decreases in u_y both are negative: no minimiser has another class at or above y. If R has no jump
    downwards at the boundary, its infimum over such outputs is attained, and so above the least value.
    *Refuted* with exact numbers. Else *sampled*: a search for a counterexample found none.

    Raises
    ------
    ValueError, TypeError : K < 2 or no integer.

    >>> from lossmatters.theory.losses import CCE, NCE
    >>> str(calibration(CCE()).status), str(calibration(NCE(), 10).status)
    ('proved', 'refuted')
    """
    k = None if num_classes is None else check_num_classes(num_classes)
    found = _by_kind(loss, k)
    if found.status in (Status.PROVED, Status.CERTIFIED) and not isinstance(loss, ZeroOne):
        against = miscalibrated(loss, k)
        if against is not None:
            return Calibration(Status.UNDECIDED, found.scope, found.method, against)
    return found


def _by_kind(loss: Loss, k: int | None) -> Calibration:
    scope = Scope.at(k)
    if isinstance(loss, ZeroOne):
        detail = (
            "R = 1 - (mean of pi over argmax u), at least (pi_y - pi_j)/2 above 1 - pi_y with j in argmax u"
        )
        return Calibration(Status.PROVED, scope, Method.EXACT, detail)
    if isinstance(loss, EpsilonCE):
        detail = (
            "exchanging u_y and the largest u_i gains (pi_y - pi_i) log((u_i + m)/u_y), at least "
            "(pi_y - pi_i) log(1 + m); at a tie, half of it"
        )
        return Calibration(Status.PROVED, scope, Method.EXCHANGE, detail)
    if isinstance(loss, CallableLoss):
        return _searched(loss, k or 3, CALLABLE_DRAWS)
    falls = monotone(loss, k)
    if falls and attains(loss, k):
        detail = "L(u, y) falls strictly in u_y, with all that is symmetric in u held fixed"
        status = Status.PROVED if falls == "symbolic" else Status.CERTIFIED
        return Calibration(status, scope, Method.EXCHANGE, detail)
    if gives_up_below_half(loss):
        detail = "L is constant up to u_y = 1/2 and never rises: with u_j >= u_y R is above R(e_y)"
        return Calibration(Status.CERTIFIED, scope, Method.EXACT, detail)
    if isinstance(loss, SymmetrisedSeparable):
        found = _symmetrised(loss, k)
        if found is not None:
            return found
    found = _beside_the_boundary(loss, k) if falls else _rises(loss, k or 3)
    return found or (_two_classes(loss) if k == 2 else None) or _searched(loss, k or 3, DRAWS)


def _rises(loss: Loss, k: int) -> Calibration | None:
    """Refute where F rises in u_y: exchanging entries the wrong way lowers the risk, argmax is never best."""
    if not monotone(loss, k, 1):
        return None
    pi, u = _spread([3, 2], k), _spread([3, 2], k)
    v = (u[1], u[0], *u[2:])
    return Calibration(
        Status.REFUTED,
        Scope.of(k),
        Method.EXCHANGE,
        "L(u, y) rises strictly in u_y: exchanging the two largest entries of u improves every right output",
        {"posterior": pi, "right": u, "better": v, "risk_gap": _gap(loss, pi, v, u)},
    )


def _spread(head: list[int], k: int) -> Point:
    weights = [*head, *[1] * (k - len(head))]
    return tuple(Fraction(w, sum(weights)) for w in weights)


def _risk(loss: Loss, pi: Point, u: Point) -> sympy.Expr:
    return sympy.Add(*(const(p) * v for p, v in zip(pi, exact_losses(loss, u), strict=True) if p))


def _gap(loss: Loss, pi: Point, u: Point, v: Point) -> sympy.Expr:
    return _risk(loss, pi, u) - _risk(loss, pi, v)


def _beside_the_boundary(loss: Loss, k: int | None) -> Calibration | None:
    """Decide losses with a term base/S, the base unbounded at 0, as NCE: no output attains the infimum."""
    if isinstance(loss, Combination):
        return _with_vertex_loss(loss, k)
    if isinstance(loss, SeparableLoss):
        return _without_least(loss, k)
    if not _unbounded_share(loss, k):
        return None
    if k == 2:
        detail = "L(u, 1) + L(u, 2) = 1 and L falls in u_y: R >= 1/2 where u_j >= u_y, and less elsewhere"
        return Calibration(Status.PROVED, Scope.of(2), Method.EXCHANGE, detail)
    scope = Scope(ClassCounts.every(3)) if k is None else Scope.of(k)
    detail = (
        "R is a mean of pi with weights L(u, j), so R >= min pi; as u_k -> 0 at argmin pi, L(u, k) -> 1 and "
        "R -> min pi, whichever of the other classes is first"
    )
    return Calibration(Status.REFUTED, scope, Method.LIMIT, detail, _limit_witness(loss, k or 3))


def _unbounded_share(loss: Loss, k: int | None) -> bool:
    if not (isinstance(loss, Normalized) and isinstance(loss.base, SeparableLoss)):
        return False
    on, off = limits_at_zero(loss.base, k)
    return bool(on == sympy.oo and off.is_finite)


def _symmetrised(loss: SymmetrisedSeparable, k: int | None) -> Calibration | None:
    """Decide R = sum_i (pi_i - 1/K) h(u_i) + c by what the boundary does to it, and for a flat h."""
    if gives_up_below_half(loss.base):
        detail = "h is constant up to 1/2 and never rises: R(u) is least where a likeliest class has all"
        return Calibration(Status.CERTIFIED, Scope.at(k), Method.EXACT, detail)
    on, off = limits_at_zero(loss, k)
    if not (on == sympy.oo and off == -sympy.oo) or k == 2:
        return None
    detail = (
        "R = sum_i (pi_i - 1/K) h(u_i) with h(0) infinite: as u_i -> 0 where pi_i < 1/K, R falls without "
        "bound, whichever of the other classes is first"
    )
    witness = _limit_witness(loss, k or 3, "-oo")
    scope = Scope(ClassCounts.every(3)) if k is None else Scope.of(k)
    return Calibration(Status.REFUTED, scope, Method.LIMIT, detail, witness)


def _limit_witness(loss: Loss, k: int, infimum: str = "") -> dict[str, Any]:
    """Return outputs with class 2 first, though pi's is class 1, whose risks fall to the infimum."""
    weights = [5, 3, *[2] * (k - 3), 1]
    pi = tuple(Fraction(w, sum(weights)) for w in weights)
    risks = {}
    for digits in (10, 100, 1000, 10000):
        small = Fraction(1, 10**digits)
        middle = (Fraction(1, 2 * k),) * (k - 3)
        u = (Fraction(1, 5), 1 - Fraction(1, 5) - sum(middle, Fraction(0)) - small, *middle, small)
        risks[f"u_K = 10^-{digits}"] = float(_risk(loss, pi, u).evalf(15))
    outputs = "u_1 = 1/5, u_3 = ... = u_(K-1) = 1/(2K), u_K as shown, u_2 the rest"
    return {"posterior": pi, "outputs": outputs, "risks": risks, "infimum": infimum or min(pi)}


def _with_vertex_loss(loss: Combination, k: int | None) -> Calibration | None:
    """Decide losses that are best at a vertex, with terms as NCE: their infima are approached together.

    On the way to e_y some u_k with k in argmin pi may vanish faster than the other entries, which brings
    base/S down to min pi. The other terms have their least risk at e_y, for every pi, and miss it by a gap
    where u_j >= u_y.
    """
    ways = [_best_at_vertex(term, k) for _, term in loss.terms if not _unbounded_share(term, k)]
    if not ways or None in ways:
        return None
    detail = (
        "the other terms and the shares approach their infima together, at the vertex of y and nowhere else"
    )
    status = Status.CERTIFIED if "interval" in ways else Status.PROVED
    return Calibration(status, Scope.at(k), Method.LIMIT, detail)


def _best_at_vertex(term: Loss, k: int | None) -> str | None:
    """Return how it is known that the risk is least at e_y for every pi, with a gap where u_j >= u_y.

    For f(u_y), f concave and falling: a concave risk is least at a vertex, and at e_y. Where u_j >= u_y it is
    least at vertices of that part: e_i with i != y, and ties of y and others, where it is above by
    (pi_y - pi_j) (f(0) - f(1))/2 at least. For shares of weights that rise from 0: the risk is one minus a
    mean of pi, least where all the weight is on y, and where w_j >= w_y at least (pi_y - pi_j)/2 above.
    """
    if isinstance(term, ShareLoss):
        weight = None if k is None else weight_of(term, k)
        return "symbolic" if weight is not None and is_zero(limit_at_zero(weight, X)) else None
    if not isinstance(term, SeparableLoss):
        return None
    found = trace(term, k)
    value = sympy.sympify(found.loss)
    if found.symbols & value.free_symbols or value.has(*CASES):
        return None
    bend = sympy.diff(value, X, 2)
    ways = [monotone(term, k), "symbolic" if bend == 0 else positive(-bend, k)]
    return None if None in ways else "interval" if "interval" in ways else "symbolic"


def _without_least(loss: SeparableLoss, k: int | None) -> Calibration | None:
    """Decide a symmetric loss whose on_label - off_label is a -log, as the unhinged loss on logits.

    R = -sum_j (pi_j - 1/K) z_j, times a factor: linear in z, it falls without bound as the logit of any class
    with pi_j < 1/K does, whichever of the others is first. For K >= 3 any of these may be in front.
    """
    number = CLASSES if k is None else sympy.Integer(k)
    view = loss.bound_to(OPS)
    on, off = exactly(view.on_label(X, number, OPS)), exactly(view.off_label(X, number, OPS))
    factor = sympy.simplify((on - off) / sympy.log(X))
    if factor.has(X) or not is_zero(on + (number - 1) * off) or not factor.is_negative:
        return None
    if k == 2:
        detail = "R is linear in z_1 - z_2, and falls without bound only where y comes first"
        return Calibration(Status.PROVED, Scope.of(2), Method.LIMIT, detail)
    scope = Scope(ClassCounts.every(3)) if k is None else Scope.of(k)
    detail = (
        "R is linear in the logits, and falls without bound as that of the least likely class does, "
        "whichever of the other classes is first"
    )
    return Calibration(Status.REFUTED, scope, Method.LIMIT, detail, _limit_witness(loss, k or 3, "-oo"))


def _two_classes(loss: Loss) -> Calibration | None:
    """Refute at K = 2 by an output on the wrong side with less risk than every one on the right side."""
    try:
        (first, second), columns = symbolic_losses(loss, 2)
    except TypeError:
        return None
    grid = [Fraction(i, 40) for i in range(1, 21)]
    for p in (Fraction(3, 5), Fraction(3, 4), Fraction(9, 10)):
        risk = (const(p) * columns[0] + const(1 - p) * columns[1]).subs(second, 1 - first)
        values = [float(risk.subs(first, const(x))) for x in grid]
        wrong = grid[int(np.argmin(values))]
        least = risk.subs(first, const(wrong))
        right = min(float(risk.subs(first, const(1 - x))) for x in grid)
        if not float(least) < right:
            continue
        if certify_sign(risk - least, {first: (Fraction(1, 2), 1)}).sign == "positive":
            detail = "an output that puts the other class first has less risk than every output that does not"
            witness = {"posterior": (p, 1 - p), "u": (wrong, 1 - wrong), "risk": least}
            return Calibration(Status.REFUTED, Scope.of(2), Method.EXACT, detail, witness)
    return None


def _searched(loss: Loss, k: int, draws: int) -> Calibration:
    rng, tried = np.random.default_rng(0), 0
    draws = draws if k <= MANY_CLASSES else max(draws // 5, CALLABLE_DRAWS)
    while tried < draws:
        pi = rng.dirichlet(np.ones(k))
        first, second = np.sort(pi)[::-1][:2]
        if first - second < LEAD:
            continue
        tried += 1
        u, _ = minimise(loss, tuple(pi))
        y = int(pi.argmax())
        j = int(np.argmax(np.where(np.arange(k) == y, -1.0, u)))
        exchanged = u.copy()
        exchanged[[y, j]] = u[[j, y]]
        risk = risk_and_slopes(loss, pi)[0]
        if u[j] >= u[y] and risk(u) < risk(exchanged) - SAME:
            shown = ", ".join(f"{x:.4g}" for x in pi), ", ".join(f"{x:.4g}" for x in u)
            detail = (
                f"at posterior ({shown[0]}) the least risk found is at ({shown[1]}), in float64: no proof"
            )
            return Calibration(Status.UNDECIDED, Scope.of(k), Method.SEARCH, detail)
    detail = f"{draws} random posteriors, each minimised from several starts: the argmax was right"
    return Calibration(Status.SAMPLED, Scope.of(k), Method.SEARCH, detail)
