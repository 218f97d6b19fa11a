"""Calibration of losses whose risks tend to their infima at the boundary of the simplex, and attain none."""

from __future__ import annotations

from fractions import Fraction

import sympy

from lossmatters.theory.backends.sympy_ops import OPS, exactly
from lossmatters.theory.enclosure import trace
from lossmatters.theory.enclosure.settle import X
from lossmatters.theory.losses import Combination, Loss, SeparableLoss, ShareLoss
from lossmatters.theory.losses.structure import by_structure, separable_base
from lossmatters.theory.losses.symmetrising import SymmetrisedSeparable
from lossmatters.theory.minimisers.calibration_verdict import Calibration, risk_at
from lossmatters.theory.minimisers.exchange import gives_up_below_half, limits_at_zero, monotone, weight_of
from lossmatters.theory.minimisers.slopes import positive
from lossmatters.theory.symbolic.algebra import K as CLASSES
from lossmatters.theory.symbolic.algebra import is_zero, limit_at_zero
from lossmatters.theory.symbolic.piecewise import CASES
from lossmatters.theory.verdict import ClassCounts, Method, Scope, Status


def beside_the_boundary(loss: Loss, k: int | None) -> Calibration | None:
    """Decide losses with a term base/S, the base unbounded at 0, as NCE: no output attains the infimum."""
    return by_structure(
        loss,
        separable=lambda loss: _without_least(loss, k),
        total=lambda loss: _with_vertex_loss(loss, k),
        normalised=lambda loss: _of_unbounded_share(loss, k),
        share=_unknown,
        mixture=_unknown,
        unbounded=_unknown,
        formula=_unknown,
        opaque=_unknown,
    )


def _unknown(loss: Loss) -> None:
    """Leave open a kind of loss of whose boundary nothing is known."""


def _of_unbounded_share(loss: Loss, k: int | None) -> Calibration | None:
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
    base = separable_base(loss)
    if base is None:
        return False
    on, off = limits_at_zero(base, k)
    return bool(on == sympy.oo and off.is_finite)


def of_symmetrised(loss: SymmetrisedSeparable, k: int | None) -> Calibration | None:
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


def _limit_witness(loss: Loss, k: int, infimum: str = "") -> dict[str, object]:
    """Return outputs with class 2 first, though pi's is class 1, whose risks fall to the infimum."""
    weights = [5, 3, *[2] * (k - 3), 1]
    pi = tuple(Fraction(w, sum(weights)) for w in weights)
    risks = {}
    for digits in (10, 100, 1000, 10000):
        small = Fraction(1, 10**digits)
        middle = (Fraction(1, 2 * k),) * (k - 3)
        u = (Fraction(1, 5), 1 - Fraction(1, 5) - sum(middle, Fraction(0)) - small, *middle, small)
        risks[f"u_K = 10^-{digits}"] = float(risk_at(loss, pi, u).evalf(15))
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

    def share(term: ShareLoss) -> str | None:
        weight = None if k is None else weight_of(term, k)
        return "symbolic" if weight is not None and is_zero(limit_at_zero(weight, X)) else None

    def separable(term: SeparableLoss) -> str | None:
        found = trace(term, k)
        value = sympy.sympify(found.loss)
        if found.symbols & value.free_symbols or value.has(*CASES):
            return None
        bend = sympy.diff(value, X, 2)
        ways = [monotone(term, k), "symbolic" if bend == 0 else positive(-bend, k)]
        return None if None in ways else "interval" if "interval" in ways else "symbolic"

    return by_structure(
        term,
        separable=separable,
        total=_unknown,
        normalised=_unknown,
        share=share,
        mixture=_unknown,
        unbounded=_unknown,
        formula=_unknown,
        opaque=_unknown,
    )


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
