"""Differences of the losses of two outputs, in exact numbers."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import sympy

from lossmatters.theory.backends.sympy_ops import OPS
from lossmatters.theory.losses.base import Loss
from lossmatters.theory.symbolic.algebra import exact_losses
from lossmatters.theory.symbolic.points import Point, losses_at

ATTEMPTS = 8  # candidates that float64 proposes and exact numbers then decide


def finite_losses(loss: Loss, points: Sequence[Point]) -> tuple[list[Point], list[list[Fraction]]]:
    """Return the points at which the loss of every label is finite, and these losses."""
    pairs = [(p, row) for p, row in zip(points, losses_at(loss, points), strict=True) if row is not None]
    return [p for p, _ in pairs], [row for _, row in pairs]


def loss_gaps(loss: Loss, u: Point, v: Point) -> list[sympy.Expr]:
    """Return L(u, j) - L(v, j) for every label j, in closed form."""
    return [x - y for x, y in zip(exact_losses(loss, u), exact_losses(loss, v), strict=True)]


def mean_gap(posterior: Sequence[Fraction], values: Sequence[sympy.Expr]) -> sympy.Expr:
    """Return the mean of one value a label under a posterior."""
    return sympy.expand(sum(OPS.const(p) * v for p, v in zip(posterior, values, strict=True) if p))


def how_known(signs: Sequence[tuple[int | None, str]]) -> str:
    """Return "exact" where every sign was decided so, else "balls"."""
    return "exact" if all(how == "exact" for _, how in signs) else "balls"


def vertex(k: int, label: int) -> Point:
    """Return the output that is certain of a label."""
    return tuple(Fraction(int(j == label)) for j in range(k))
