"""Whether a hypothesis of zero risk minimises the noisy risk too (R1, R4, R5), or one that beats it."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from lossmatters.theory.losses.base import Loss
from lossmatters.theory.risk.conditions import concave, meets_bound, never_negative
from lossmatters.theory.risk.finding import Finding
from lossmatters.theory.risk.gaps import ATTEMPTS, finite_losses, loss_gaps, mean_gap, vertex
from lossmatters.theory.risk.noise_examples import first_rows
from lossmatters.theory.symbolic.algebra import exact_losses, is_zero
from lossmatters.theory.symbolic.points import Point, losses_at, sign_of, small_points
from lossmatters.theory.symmetry.decide import decide
from lossmatters.theory.verdict import Method, Status

STEPS = (10, 100, 1000)  # how close to a vertex, 1/step, outputs are tried
INSIDE = Fraction(1, 10**6)  # how far a vertex is pulled inside for a loss that has no value at it
NEARLY = 1e-4  # a loss that is taken to vanish at a vertex where it has no value


def decide_zero_risk(loss: Loss, noise: str, k: int) -> Finding:
    """Decide whether a hypothesis of clean risk 0 minimises the noisy risk.

    Where L may be negative a clean risk of 0 need not be the least, and nothing follows from what noise does
    to minimisers.
    """
    kept = _kept(loss, noise, k)
    if kept is None:
        return _beaten(loss, noise, k)
    sign = never_negative(loss, k)
    if sign:
        return kept
    found = _beaten(loss, noise, k)
    if found.status is Status.REFUTED:
        return found
    known = "L is negative at some outputs" if sign is False else "L was not shown to be >= 0"
    return Finding(Status.UNDECIDED, f"{known}, so that a clean risk of 0 may not be the least")


def _kept(loss: Loss, noise: str, k: int) -> Finding | None:
    """Return why minimisers of the clean risk minimise the noisy one; None where that is not known."""
    symmetric = decide(loss, k).status is Status.PROVED
    if symmetric and noise == "uniform":
        return Finding(Status.PROVED, "R1: the minimisers are the same", method=Method.SYMMETRIC)
    if symmetric and noise == "instance-dependent":
        return Finding(
            Status.PROVED,
            "R5: the noisy risk is a constant plus the mean of a(x) times the clean one",
            method=Method.SYMMETRIC,
        )
    if symmetric and meets_bound(loss, k):
        return Finding(
            Status.PROVED, "R4: symmetric, and L <= C/(K - 1) on the simplex", method=Method.SYMMETRIC
        )
    if concave(loss, k):
        return Finding(
            Status.PROVED,
            "the conditional risk is concave in u, and least at the likeliest label",
            method=Method.CONCAVITY,
        )
    return None


def _beaten(loss: Loss, noise: str, k: int) -> Finding:
    """Look for an output of smaller noisy risk than the vertex of the label, whose clean risk is 0."""
    right = vertex(k, 0)
    values = exact_losses(loss, right)
    limit = ""
    if not all(v.is_finite for v in values):
        if values[0] == 0 and all(v.is_infinite for v in values[1:]):
            posterior = next(first_rows(noise, k))
            shown = {"noisy_posterior": posterior, "h": (Fraction(1, k),) * k}
            return Finding(Status.REFUTED, "at the label's vertex the noisy risk is infinite", shown)
        # No value at the vertex: no output has zero risk, and the clean risk only tends to 0.
        right = _inside(right)
        values = exact_losses(loss, right)
        if not abs(values[0].evalf(20)) < NEARLY:
            return Finding(Status.UNDECIDED, "the loss does not come near 0 at the label's vertex")
        limit = "; no output has zero risk, here it is nearly 0 as the output nears the vertex"
    elif not is_zero(values[0]):
        return Finding(Status.UNDECIDED, "the loss does not vanish at the label's vertex")
    candidates = _candidates(k)
    points, rows = finite_losses(loss, [_inside(p) for p in candidates] if limit else candidates)
    base = losses_at(loss, [right])[0]
    if base is None:
        return Finding(Status.UNDECIDED, "the loss is not finite at the outputs tried")
    gaps = np.array([[float(x - y) for x, y in zip(row, base, strict=True)] for row in rows])
    for posterior in first_rows(noise, k):
        noisy = gaps @ np.array([float(p) for p in posterior])
        for i in np.argsort(noisy)[:ATTEMPTS]:
            if noisy[i] >= 0:
                break
            gap = mean_gap(posterior, loss_gaps(loss, points[i], right))
            sign, how = sign_of(gap)
            if sign == -1:
                witness: dict[str, object] = {
                    "noisy_posterior": posterior,
                    "h_star": right,
                    "clean_risk_of_h_star": float(values[0]) if limit else 0.0,
                    "h": points[i],
                    "noisy_gap": float(gap),
                    "noisy_gap_exact": str(gap) if gap.is_Rational else None,
                }
                return Finding(Status.REFUTED, f"{how}: h has a smaller noisy risk than h*{limit}", witness)
    return Finding(Status.UNDECIDED, "no output of smaller noisy risk among those tried")


def _candidates(k: int) -> list[Point]:
    """Return outputs to set against the vertex of the first label: small ones, and ones close to it."""
    near = []
    for step in STEPS:
        small = Fraction(1, step * k)
        near.append((1 - small, small, *[Fraction(0)] * (k - 2)))
        near.append((1 - small * (k - 1), *[small] * (k - 1)))
    but_last = (*[Fraction(1, k - 1)] * (k - 1), Fraction(0))
    return [*small_points(k), but_last, *near]


def _inside(point: Point) -> Point:
    """Return the point moved off the faces of the simplex, for a loss without a value there."""
    k = len(point)
    return tuple((1 - k * INSIDE) * x + INSIDE for x in point)
