"""A verdict on calibration as a value, and the risks that its witnesses show."""

from __future__ import annotations

from dataclasses import dataclass

import sympy

from lossmatters.theory.backends.sympy_ops import const
from lossmatters.theory.losses import Loss
from lossmatters.theory.symbolic.algebra import exact_losses
from lossmatters.theory.symbolic.points import Point
from lossmatters.theory.verdict import Verdict


@dataclass(frozen=True)
class Calibration(Verdict):
    """What is known of the calibration of a loss.

    It is proved, certified (a sign by intervals), sampled, refuted or undecided, by EXCHANGE, LIMIT, EXACT,
    or SEARCH for a counterexample. Refuted, its witness is a posterior and outputs that a reader can put in.
    """


def risk_at(loss: Loss, pi: Point, u: Point) -> sympy.Expr:
    """Return R(u) at a posterior, in closed form."""
    return sympy.Add(*(const(p) * v for p, v in zip(pi, exact_losses(loss, u), strict=True) if p))
