"""What each loss is robust to: four kinds of noise, two things that noise may leave as they are.

*Order*: the order of the risks of every two hypotheses, for every distribution. *Zero risk*: a
hypothesis whose clean risk is 0 minimises the noisy risk too, whatever it is compared with.

========================  ==========================================================================
uniform                   one rate eta < (K - 1)/K
class-conditional         any T with T[i, i] > T[i, j] for all j != i
pair                      class i becomes i + 1 at one rate eta < 1/2
instance-dependent        uniform at each input, at a rate eta(x) <= eta_max < (K - 1)/K
========================  ==========================================================================

What is proved rests on R1, R4, R5 or on concavity (`concave`); what is refuted comes with exact numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
import sympy

from lossmatters.theory.backends.sympy_ops import OPS
from lossmatters.theory.exact import check_num_classes, fail
from lossmatters.theory.losses.base import Loss
from lossmatters.theory.losses.callable_loss import CallableLoss
from lossmatters.theory.noise import risk_slope, threshold
from lossmatters.theory.risk.conditions import concave, meets_bound
from lossmatters.theory.risk.finite import noisy_posterior
from lossmatters.theory.risk.noise_examples import NOISE_KINDS, first_rows, matrices
from lossmatters.theory.risk.reversal_search import search_reversal
from lossmatters.theory.symbolic.algebra import exact_losses, is_zero
from lossmatters.theory.symbolic.points import Point, cost, losses_at, sign_of, small_points
from lossmatters.theory.symmetry.decide import decide
from lossmatters.theory.verdict import Method, Status, plain

STEPS = (10, 100, 1000)  # how close to a vertex, 1/step, outputs are tried
INSIDE = Fraction(1, 10**6)  # how far a vertex is pulled inside for a loss that has no value at it
ATTEMPTS = 8


@dataclass(frozen=True)
class Finding:
    """One answer: proved, refuted (with a witness in exact numbers) or undecided, and why.

    Attributes
    ----------
    status : Status
        What may be said.
    reason : str
        Why, for a reader.
    witness : mapping or None
        For a refutation, exact numbers that a reader can put in.
    method : Method or None
        What a proof rests on.
    """

    status: Status
    reason: str
    witness: Mapping[str, Any] | None = None
    method: Method | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {"status": self.status.value, "reason": self.reason, "witness": plain(self.witness)}


class Keeps(StrEnum):
    """What a kind of noise leaves as it is."""

    ORDER = "keeps the order of all risks"
    ZERO_RISK = "keeps minimisers of zero risk, not the order of all risks"
    NEITHER = "keeps neither"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Robustness:
    """What a loss is robust to under one kind of noise, at one K.

    Attributes
    ----------
    order : is the order of risks of every pair of hypotheses kept?
    zero_risk : does a hypothesis of clean risk 0 minimise the noisy risk?
    """

    loss: str
    noise: str
    num_classes: int
    order: Finding
    zero_risk: Finding

    @property
    def says(self) -> Keeps:
        """What is kept, of the two."""
        if self.order.status is Status.PROVED:
            return Keeps.ORDER
        if self.zero_risk.status is Status.PROVED:
            return Keeps.ZERO_RISK
        return Keeps.NEITHER if self.zero_risk.status is Status.REFUTED else Keeps.UNDECIDED

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "loss": self.loss,
            "noise": self.noise,
            "num_classes": self.num_classes,
            "says": self.says.value,
            "order": self.order.to_dict(),
            "zero_risk": self.zero_risk.to_dict(),
        }


@lru_cache(maxsize=256)
def robust_to(loss: Loss, noise: str, num_classes: int) -> Robustness:
    """Decide what a loss is robust to under one kind of noise (a key of `NOISE_KINDS`).

    Raises
    ------
    ValueError : an unknown kind of noise, K < 2.
    TypeError : K that is no integer.

    >>> from lossmatters.theory.losses import MAE, RLL
    >>> str(robust_to(MAE(), "pair", 10).says)
    'keeps minimisers of zero risk, not the order of all risks'
    >>> str(robust_to(RLL(), "pair", 10).zero_risk.status)
    'refuted'
    """
    k = check_num_classes(num_classes)
    if noise not in NOISE_KINDS:
        fail("noise", f"one of {', '.join(NOISE_KINDS)}", noise)
    if isinstance(loss, CallableLoss):
        finding = Finding(Status.UNDECIDED, "no formula")
        return Robustness(loss.spec, noise, k, finding, finding)
    kind = "uniform" if k == 2 and noise == "pair" else noise  # the same matrices
    return Robustness(loss.spec, noise, k, _order(loss, kind, k), _zero_risk(loss, kind, k))


# -- the order of all risks ------------------------------------------------------------------------


def _order(loss: Loss, noise: str, k: int) -> Finding:
    symmetric = decide(loss, k).status is Status.PROVED
    if symmetric and noise == "uniform":
        return Finding(
            Status.PROVED,
            "R1: the noisy risk is an increasing function of the clean one",
            method=Method.SYMMETRIC,
        )
    if noise in ("uniform", "instance-dependent") and not symmetric:
        search = search_reversal(loss, k, threshold(k) / 2)
        if search.found is None:
            return Finding(Status.UNDECIDED, search.reason)
        return Finding(Status.REFUTED, f"R2, {search.found.how}: an order reversal", search.found.to_dict())
    if noise == "instance-dependent":
        return _two_rates(loss, k)
    return _order_under_matrices(loss, noise, k)


def _two_rates(loss: Loss, k: int) -> Finding:
    """A symmetric loss, the label 1 certain at two inputs, no noise at one and rate eta*/2 at the other.

    There a is 1 and 1/2. h1 outputs u at the first input and v at the second, h2 the other way round;
    with weights 2/5 and 3/5 the clean gap is (2/5 - 3/5) d and the noisy one (2/5 - 3/10) d,
    d = L(u, 1) - L(v, 1).
    """
    rate = threshold(k) / 2
    weights, slopes = (Fraction(2, 5), Fraction(3, 5)), (Fraction(1), risk_slope(rate, k))
    u = (Fraction(1, k),) * k
    v = tuple(Fraction(2 if j == 0 else 1, k + 1) for j in range(k))
    gap = exact_losses(loss, u)[0] - exact_losses(loss, v)[0]
    sign, how = sign_of(gap)
    if not sign:
        return Finding(Status.UNDECIDED, "the uniform output is not known to differ from the one tried")
    if sign < 0:
        u, v, gap = v, u, -gap
    witness = {
        "rates": (Fraction(0), rate),
        "weights": weights,
        "posterior": _vertex(k, 0),
        "u": u,
        "v": v,
        "clean_gap": float((weights[0] - weights[1]) * gap),
        "noisy_gap": float((weights[0] * slopes[0] - weights[1] * slopes[1]) * gap),
    }
    return Finding(Status.REFUTED, f"{how}: two inputs of different rates", witness)


def _order_under_matrices(loss: Loss, noise: str, k: int) -> Finding:
    points, rows = _known(loss, small_points(k))
    posteriors = small_points(k, spread=False)
    if len(points) < 2:
        return Finding(Status.UNDECIDED, "the loss is not finite at two of the points tried")
    table = np.array([[float(x) for x in row] for row in rows])
    costs = np.array([cost(p) for p in points])
    for name, matrix in matrices(noise, k):
        seen = [tuple(noisy_posterior(p, matrix)) for p in posteriors]
        clean, noisy = (table @ np.array(ps, dtype=object).astype(float).T for ps in (posteriors, seen))
        better, worse = (x[:, None, :] - x[None, :, :] for x in (clean, noisy))
        size = np.minimum(-better, worse)
        clear = size > 1e-3 * size.max() + 1e-12 * np.abs(table).max()
        found = np.argwhere(clear)
        simplest = np.argsort(costs[found[:, 0]] + costs[found[:, 1]], kind="stable")[:ATTEMPTS]
        for i, j, m in found[simplest]:
            gap = _gap(loss, points[i], points[j])
            gaps = [_mean(p, gap) for p in (posteriors[m], seen[m])]
            signs = [sign_of(g) for g in gaps]
            if [s for s, _ in signs] == [-1, 1]:
                witness: dict[str, Any] = {
                    "noise": name,
                    "posterior": posteriors[m],
                    "noisy_posterior": seen[m],
                    "u": points[i],
                    "v": points[j],
                    "clean_gap": float(gaps[0]),
                    "noisy_gap": float(gaps[1]),
                }
                return Finding(Status.REFUTED, f"{_how(signs)}: an order reversal", witness)
    return Finding(Status.UNDECIDED, "no order reversal among the points and matrices tried")


# -- hypotheses of zero risk -----------------------------------------------------------------------


def _zero_risk(loss: Loss, noise: str, k: int) -> Finding:
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
    return _beaten(loss, noise, k)


def _beaten(loss: Loss, noise: str, k: int) -> Finding:
    """Look for an output of smaller noisy risk than the vertex of the label, whose clean risk is 0."""
    right = _vertex(k, 0)
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
        limit = "; no output has zero risk, here it is nearly 0 as the output nears the vertex"
    elif not is_zero(values[0]):
        return Finding(Status.UNDECIDED, "the loss does not vanish at the label's vertex")
    candidates = _candidates(k)
    points, rows = _known(loss, [_inside(p) for p in candidates] if limit else candidates)
    base = losses_at(loss, [right])[0]
    if base is None:
        return Finding(Status.UNDECIDED, "the loss is not finite at the outputs tried")
    gaps = np.array([[float(x - y) for x, y in zip(row, base, strict=True)] for row in rows])
    for posterior in first_rows(noise, k):
        noisy = gaps @ np.array([float(p) for p in posterior])
        for i in np.argsort(noisy)[:ATTEMPTS]:
            if noisy[i] >= 0:
                break
            gap = _mean(posterior, _gap(loss, points[i], right))
            sign, how = sign_of(gap)
            if sign == -1:
                witness: dict[str, Any] = {
                    "noisy_posterior": posterior,
                    "h_star": right,
                    "clean_risk_of_h_star": float(values[0]) if limit else 0.0,
                    "h": points[i],
                    "noisy_gap": float(gap),
                    "noisy_gap_exact": str(gap) if gap.is_Rational else None,
                }
                return Finding(Status.REFUTED, f"{how}: h has a smaller noisy risk than h*{limit}", witness)
    return Finding(Status.UNDECIDED, "no output of smaller noisy risk among those tried")


# -- outputs to try -----------------------------------------------------------------------------------


def _candidates(k: int) -> list[Point]:
    """Outputs to set against the vertex of the first label: small ones, and ones close to it."""
    near = []
    for step in STEPS:
        small = Fraction(1, step * k)
        near.append((1 - small, small, *[Fraction(0)] * (k - 2)))
        near.append((1 - small * (k - 1), *[small] * (k - 1)))
    but_last = (*[Fraction(1, k - 1)] * (k - 1), Fraction(0))
    return [*small_points(k), but_last, *near]


def _inside(point: Point) -> Point:
    k = len(point)
    return tuple((1 - k * INSIDE) * x + INSIDE for x in point)


def _known(loss: Loss, points: Sequence[Point]) -> tuple[list[Point], list[list[Fraction]]]:
    pairs = [(p, row) for p, row in zip(points, losses_at(loss, points), strict=True) if row is not None]
    return [p for p, _ in pairs], [row for _, row in pairs]


def _gap(loss: Loss, u: Point, v: Point) -> list[sympy.Expr]:
    return [x - y for x, y in zip(exact_losses(loss, u), exact_losses(loss, v), strict=True)]


def _mean(posterior: Sequence[Fraction], values: Sequence[sympy.Expr]) -> sympy.Expr:
    return sympy.expand(sum(OPS.const(p) * v for p, v in zip(posterior, values, strict=True) if p))


def _how(signs: Sequence[tuple[int | None, str]]) -> str:
    return "exact" if all(how == "exact" for _, how in signs) else "balls"


def _vertex(k: int, label: int) -> Point:
    return tuple(Fraction(int(j == label)) for j in range(k))
