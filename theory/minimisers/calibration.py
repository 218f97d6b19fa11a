"""N3: is a loss classification-calibrated, that is, does its conditional risk find the likeliest class?

*Calibrated* at K: for every posterior pi whose largest entry pi_y is its only one,

    inf {R(u) : u_j >= u_y for some j != y}  >  inf {R(u) : all u},   R(u) = sum_j pi_j L(u, j),

over outputs of softmax (all entries > 0), so that no minimiser, and no sequence that approaches the infimum,
has another class at or above y. Where
several pi_j are largest nothing is asked: MAE then minimises on a whole face.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

import numpy as np
import sympy

from lossmatters.theory.backends.sympy_ops import const
from lossmatters.theory.enclosure import certify_sign
from lossmatters.theory.exact import check_num_classes
from lossmatters.theory.losses import EpsilonCE, Loss, ZeroOne
from lossmatters.theory.losses.symmetrising import SymmetrisedSeparable
from lossmatters.theory.minimisers.audit import miscalibrated
from lossmatters.theory.minimisers.boundary import beside_the_boundary, of_symmetrised
from lossmatters.theory.minimisers.calibration_verdict import Calibration, risk_at
from lossmatters.theory.minimisers.exchange import attains, gives_up_below_half, monotone
from lossmatters.theory.minimisers.numerical import minimise, risk_and_slopes
from lossmatters.theory.symbolic.algebra import symbolic_losses
from lossmatters.theory.symbolic.points import Point
from lossmatters.theory.verdict import Method, Scope, Status

DRAWS, CALLABLE_DRAWS, MANY_CLASSES = 30, 5, 5  # beyond so many classes a fifth of the draws: a second or two
LEAD = 0.05  # of the largest pi_j in the draws: near a tie float64 decides nothing
SAME = 1e-9  # risks this close are one after a descent that stops at a change of 1e-15


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
    if not loss.has_formula:
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
        found = of_symmetrised(loss, k)
        if found is not None:
            return found
    found = beside_the_boundary(loss, k) if falls else _rises(loss, k or 3)
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


def _gap(loss: Loss, pi: Point, u: Point, v: Point) -> sympy.Expr:
    return risk_at(loss, pi, u) - risk_at(loss, pi, v)


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
