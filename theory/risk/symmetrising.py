"""Y1: which properties of a loss its symmetric part L - S/K + c keeps, decided loss by loss.

A bounded L has a bounded S, so its symmetric part is bounded. For L = f(u_y) + sum over i != y of g(u_i) the
symmetric part is h(u_y) - mean h(u_i) + c, h = f - g: where h falls it is least at the label's vertex for a
certain label, whether L was or not, and c makes that 0 if h(0) is finite. Where h(0) is infinite it has no
lower bound, and for K >= 3 is no longer calibrated: outputs that starve a class of less than average
probability lower the risk without bound, whichever other class is first.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import sympy

from lossmatters.theory.backends.sympy_ops import OPS, exactly
from lossmatters.theory.exact import check_num_classes
from lossmatters.theory.losses import Loss
from lossmatters.theory.losses.structure import is_separable
from lossmatters.theory.losses.symmetrising import symmetrised
from lossmatters.theory.minimisers.calibration import calibration
from lossmatters.theory.minimisers.exchange import limits_at_zero
from lossmatters.theory.minimisers.least_at_vertex import least_at_vertex
from lossmatters.theory.risk.tolerance import noise_tolerance
from lossmatters.theory.symbolic.algebra import tidy
from lossmatters.theory.symmetry.loss_maximum import loss_maximum
from lossmatters.theory.verdict import Status

PROPERTIES = ("bounded", "non-negative", "calibrated", "vertex optimal")


@dataclass(frozen=True)
class BeforeAfter:
    """One property before and after symmetrising: True, False, or None where not known."""

    before: bool | None
    after: bool | None


@lru_cache(maxsize=128)
def symmetrised_properties(loss: Loss, num_classes: int = 10) -> dict[str, BeforeAfter]:
    """Decide what of a loss its symmetric part keeps, at one K.

    Keys: "bounded" (above and below), "non-negative", "calibrated" (N3), "vertex optimal" (the loss of a
    certain clean label is least at its vertex, or comes down to its infimum there).

    Raises
    ------
    ValueError, TypeError : K < 2 or no integer.

    >>> from lossmatters.theory.losses import CCE
    >>> symmetrised_properties(CCE())["non-negative"]
    BeforeAfter(before=True, after=False)
    """
    k = check_num_classes(num_classes)
    part = symmetrised(loss)
    before, after = properties(loss, k), properties(part, k, bounded=False)
    low = least_loss(part, k)
    if before["bounded"]:  # so is S, and L - S/K + c
        after["bounded"] = True
    elif low is not None and not low.is_finite:
        after["bounded"] = False
    return {key: BeforeAfter(before[key], after[key]) for key in PROPERTIES}


def properties(loss: Loss, num_classes: int, bounded: bool = True) -> dict[str, bool | None]:
    """Decide the four properties of a loss at one K; None where not known (or, the first, not asked for)."""
    low = least_loss(loss, num_classes)
    high = loss_maximum(loss, num_classes).value if bounded else None
    status = calibration(loss, num_classes).status
    return {
        "bounded": None if low is None or high is None else bool(low.is_finite and high.is_finite),
        "non-negative": None if low is None else bool(low >= 0),
        "calibrated": {Status.PROVED: True, Status.CERTIFIED: True, Status.REFUTED: False}.get(status),
        "vertex optimal": noise_tolerance(loss, num_classes).clean_vertex,
    }


def least_loss(loss: Loss, num_classes: int) -> sympy.Expr | None:
    """Return the infimum of L at one K, where shown to be approached at the label's vertex; else None."""
    if not loss.has_formula or noise_tolerance(loss, num_classes).clean_vertex is not True:
        return None
    if not is_separable(loss):  # shares, base/S and sums of them with losses that are 0 there
        return sympy.Integer(0) if least_at_vertex(loss, num_classes) is not None else None
    number = sympy.Integer(num_classes)
    _, off = limits_at_zero(loss, num_classes)
    own = exactly(loss.bound_to(OPS).on_label(sympy.Integer(1), number, OPS))
    return tidy(own + (num_classes - 1) * off)
