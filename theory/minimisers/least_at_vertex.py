"""Is L(., c) of a symmetric loss least at the vertex e_c?"""

from __future__ import annotations

from fractions import Fraction

import sympy

from lossmatters.theory.backends.sympy_ops import OPS, exactly
from lossmatters.theory.enclosure.settle import X
from lossmatters.theory.losses import Combination, Loss, Normalized, SeparableLoss, ShareLoss
from lossmatters.theory.losses.mixtures import GeneralMixture
from lossmatters.theory.losses.structure import by_structure, separable_base
from lossmatters.theory.minimisers.exchange import attains, limits_at_zero, monotone
from lossmatters.theory.minimisers.slopes import positive
from lossmatters.theory.symbolic.algebra import K as CLASSES
from lossmatters.theory.symbolic.algebra import is_zero
from lossmatters.theory.symbolic.points import sign_of
from lossmatters.theory.symmetry.decide import decide
from lossmatters.theory.symmetry.regular import is_share
from lossmatters.theory.verdict import Known, Status


def least_at_vertex(loss: Loss, num_classes: int | None = None) -> tuple[Known, str, bool] | None:
    """Return how L(., c) of a symmetric loss is known to be least at e_c: (status, why, only there).

    K L(u, c) = C + sum_i (F(u_c; A) - F(u_i; A)) for a symmetric loss L(u, y) = F(u_y; A). Separable: F is
    h = on_label - off_label plus A, and every h(u_c) - h(u_i) is least at u_c = 1, u_i = 0 where h falls.
    L/S >= 0 with base >= 0, and it is 0 where base(u, c) is: at e_c, and where S is infinite.
    """

    def separable(loss: SeparableLoss) -> tuple[Known, str, bool] | None:
        known_by = monotone(loss, num_classes)
        if known_by is None:
            return None
        status = Known.PROVED if known_by == "symbolic" else Known.CERTIFIED
        if any(end.is_infinite for end in limits_at_zero(loss, num_classes)):
            why = "h falls without bound, and L(., c) with it: e_c is approached, no output is best"
            return status, why, False
        return status, "K L(u, c) = C + sum_i (h(u_c) - h(u_i)), h falls", True

    def total(loss: Combination) -> tuple[Known, str, bool] | None:
        parts = [least_at_vertex(term, num_classes) for _, term in loss.terms]
        known = [p for p in parts if p is not None]
        if len(known) < len(parts):
            return None
        status = Known.PROVED if all(p[0] is Known.PROVED for p in known) else Known.CERTIFIED
        return status, "every term is least at e_c", any(p[2] for p in known)

    def mixture(loss: GeneralMixture) -> tuple[Known, str, bool] | None:
        # p L + const: the base is symmetric with it, unless p + K q = 0
        p, _ = (0, 0) if num_classes is None else loss.weights(Fraction(num_classes))
        return (
            least_at_vertex(loss.base, num_classes)
            if p > 0 and _is_symmetric(loss.base, num_classes)
            else None
        )

    def share(loss: ShareLoss) -> tuple[Known, str, bool] | None:
        if num_classes is None or not (
            is_share(loss, num_classes) and _all_weight_at_vertex(loss, num_classes)
        ):
            return None
        return Known.PROVED, "1 - w_c/sum w >= 0, and 0 at e_c, where every other weight is 0", False

    def normalised(loss: Normalized) -> tuple[Known, str, bool] | None:
        base = separable_base(loss)
        ways = None if base is None else _zero_at_vertex(base, num_classes)
        if ways is None:
            return None
        only = attains(loss, num_classes)
        where = "only at e_c" if only else "at e_c, and wherever S is infinite"
        return Known.CERTIFIED if "interval" in ways else Known.PROVED, f"L >= 0, and 0 {where}", only

    return by_structure(
        loss,
        separable=separable,
        total=total,
        normalised=normalised,
        share=share,
        mixture=mixture,
        unbounded=lambda loss: None,
        formula=lambda loss: None,
        opaque=lambda loss: None,
    )


def _is_symmetric(loss: Loss, num_classes: int | None) -> bool:
    return decide(loss, num_classes).status is Status.PROVED


def _all_weight_at_vertex(loss: ShareLoss, k: int) -> bool:
    """Return whether w_c > 0 at e_c and every other weight is 0, exactly."""
    vertex = OPS.array([1, *[0] * (k - 1)])
    first, *others = (exactly(w) for w in loss.bound_to(OPS).share_weights(vertex, OPS))
    return sign_of(first)[0] == 1 and all(is_zero(w) for w in others)


def _zero_at_vertex(base: SeparableLoss, num_classes: int | None) -> list[str] | None:
    """Say how base(u, c) is known to be >= 0, 0 only at e_c: on_label falls to 0, off_label rises from 0."""
    view = base.bound_to(OPS)
    number = CLASSES if num_classes is None else sympy.Integer(num_classes)
    on = exactly(view.on_label(X, number, OPS))
    off = exactly(view.off_label(X, number, OPS)) if base.has_off_label else sympy.Integer(0)
    if not (is_zero(on.subs(X, 1)) and is_zero(off.subs(X, 0) if off.has(X) else off)):
        return None
    ways = [positive(-sympy.diff(on, X), None)]
    if off != 0:
        ways.append(positive(sympy.diff(off, X), None))
    return None if None in ways else ways  # type: ignore[return-value]
