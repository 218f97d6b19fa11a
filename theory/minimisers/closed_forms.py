"""N3: the outputs that minimise the conditional risk sum_j pi_j L(u, j), in closed form if there is one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
import sympy
from jaxtyping import Float

from lossmatters.theory.backends.sympy_ops import const
from lossmatters.theory.exact import Number, check_num_classes, exact, fail
from lossmatters.theory.losses import (
    CCE,
    GCE,
    MAE,
    MSE,
    RCE,
    RLL,
    Loss,
    Normalized,
    Unhinged,
    ZeroOne,
)
from lossmatters.theory.losses.structure import multiple_of
from lossmatters.theory.minimisers.exchange import attains
from lossmatters.theory.minimisers.numerical import minimise

Posterior = tuple[Fraction, ...]
Point = tuple[sympy.Expr, ...]


@dataclass(frozen=True)
class Minimiser:
    """A minimiser of the conditional risk.

    Attributes
    ----------
    probs : (K,) in float64.
    exact : the same in closed form, or None where it was found numerically.
    method : the form, in words.
    unique : is it the only one? None where that is not known.
    others : which other outputs minimise too, in words.
    residual : for a numerical one, by how much it misses the conditions of a minimum on the simplex
        (Karush, Kuhn and Tucker); None where exact.
    """

    probs: Float[np.ndarray, " k"]
    exact: Point | None
    method: str
    unique: bool | None
    others: str = ""
    residual: float | None = None


def check_posterior(posterior: Sequence[Number]) -> Posterior:
    """Return a posterior as exact rationals that sum to 1, or the house's error."""
    values = tuple(exact(p, "posterior") for p in posterior)
    check_num_classes(len(values))
    if min(values) < 0 or sum(values) != 1:
        fail("posterior", "non-negative with sum 1", [str(v) for v in values])
    return values


def conditional_minimiser(loss: Loss, posterior: Sequence[Number]) -> Minimiser:
    """Return the output u that minimises sum_j pi_j L(u, j).

    Closed forms: CCE and MSE give pi; the linear losses (MAE, RCE, unhinged) and 0-1 the vertex at argmax
    pi; GCE pi^(1/(1-q)), normalised; RLL and NMSE fill water, see `water_filling` and `projection`. Positive
    multiples share them. Any other loss is minimised numerically, from several starts.

    Parameters
    ----------
    posterior : K numbers that sum to 1, exact after reading floats as the simplest rationals.

    Raises
    ------
    ValueError, TypeError : no posterior.

    >>> conditional_minimiser(RLL(), ["3/5", "2/5", *[0] * 8]).exact[:3]
    (13/20, 7/20, 0)
    """
    pi = check_posterior(posterior)
    form = _form(loss)
    if form is not None:
        return form(pi)
    probs, residual = minimise(loss, [float(p) for p in pi])
    others = "" if attains(loss, len(pi)) else "whether the infimum is attained is not known: the best found"
    return Minimiser(probs, None, "numerical, several starts", None, others, residual)


def has_closed_form(loss: Loss) -> bool:
    """Tell whether the minimiser is known in closed form for every posterior."""
    return _form(loss) is not None


def _form(loss: Loss) -> Callable[[Posterior], Minimiser] | None:
    """Return the closed form of a loss, or of what it is a multiple of."""
    once = multiple_of(loss)
    if once is not None:
        return _form(once)
    if isinstance(loss, Normalized) and type(loss.base) is MSE:
        return projection
    form = _FORMS.get(type(loss))
    return None if form is None else partial(form, loss)


def _exact(
    point: Sequence[Fraction | sympy.Expr], method: str, unique: bool = True, others: str = ""
) -> Minimiser:
    values = tuple(const(x) for x in point)
    return Minimiser(np.array([float(x) for x in values]), values, method, unique, others)


def _posterior(loss: Loss, pi: Posterior) -> Minimiser:
    return _exact(pi, "u = pi")


def _vertex(loss: Loss, pi: Posterior) -> Minimiser:
    """Minimise sum_j pi_j A (1 - u_j) = A (1 - pi.u), which is linear: on the face of the largest pi_j."""
    best = [j for j, p in enumerate(pi) if p == max(pi)]
    if len(best) == 1:
        return _exact([int(j == best[0]) for j in range(len(pi))], "the vertex at argmax pi")
    method = "the middle of the face of the largest pi_j"
    point = [Fraction(int(j in best), len(best)) for j in range(len(pi))]
    return _exact(point, method, False, "all outputs on that face")


def _zero_one(loss: Loss, pi: Posterior) -> Minimiser:
    found = _vertex(MAE(), pi)
    others = "every output whose argmax is among the classes of largest pi_j"
    return _exact(found.exact or (), "the vertex at argmax pi", False, others)


def _power(loss: Loss, pi: Posterior) -> Minimiser:
    """Minimise -sum_j pi_j u_j^q, strictly convex for q < 1: its slopes pi_j u_j^(q-1) are equal there."""
    q = loss.parameters["q"]
    if q == 1:
        return _vertex(loss, pi)
    weights = [const(p) ** const(1 / (1 - q)) for p in pi]
    total = sympy.Add(*weights)
    method = "u proportional to pi^(1/(1-q))"
    point = tuple(w / total for w in weights)
    powers = np.array([float(p) for p in pi]) ** float(1 / (1 - q))
    return Minimiser(powers / powers.sum(), point, method, True)


def water_filling(loss: Loss, pi: Posterior) -> Minimiser:
    """Minimise RLL: w_i = (K pi_i - 1)/(K - 1), u_i = max(0, w_i/lambda - alpha) where w_i > 0, else 0.

    The conditional risk is a constant less sum_i w_i log(alpha + u_i), and sum w_i = 0. Mass on a class
    with w_i <= 0 does better on one with w_i > 0, and on those the sum is strictly concave: the minimiser is
    unique, and rational for a rational posterior. At the uniform posterior all w_i = 0, and every output
    minimises.
    """
    k, alpha = len(pi), loss.parameters["alpha"]
    weights = [(k * p - 1) / (k - 1) for p in pi]
    if not any(weights):
        return _anything(k)
    order = sorted((w for w in weights if w > 0), reverse=True)
    # The m largest share the water; the level is right for the most that all stay above the ground.
    levels = (sum(order[:m]) / (1 + m * alpha) for m in range(len(order), 0, -1))
    level = next(x for x, w in zip(levels, reversed(order), strict=True) if w > alpha * x)
    point = [max(Fraction(0), w / level - alpha) if w > 0 else Fraction(0) for w in weights]
    return _exact(point, "water filling over w_i = (K pi_i - 1)/(K - 1)")


def projection(pi: Posterior) -> Minimiser:
    """Minimise NMSE: u is the projection of pi/kappa on the simplex, kappa = 1 - K min_u R(u) in (0, 1].

    R = N/D with N = 1 - 2 pi.u + s and D = K s + K - 2 > 0. At its least value lambda, N - lambda D >= 0
    with equality at the minimisers (Dinkelbach), and it is kappa |u - pi/kappa|^2 plus a constant, with
    kappa = 1 - K lambda > 0 unless pi is uniform. So u_i = max(0, (pi_i - tau)/kappa): unique. Where the m
    largest pi_i are above tau, with sum P and V = sum pi_i^2 - P^2/m,
    (K/m + K - 2) kappa^2 = 2 (K P/m - 1) kappa + K V.
    One class alone (m = 1) has kappa = (K pi_1 - 1)/(K - 1), tau = (1 - pi_1)/(K - 1): the vertex is the
    minimiser exactly where no other pi_i exceeds the mean of the others, that is, where they are equal.
    """
    k = len(pi)
    if len(set(pi)) == 1:
        return _anything(k)
    ranked = sorted(pi, reverse=True)
    for m in range(1, k + 1):
        mass = sum(ranked[:m], Fraction(0))
        spread = sum((p * p for p in ranked[:m]), Fraction(0)) - mass * mass / m
        factor, half = Fraction(k, m) + k - 2, k * mass / m - 1
        kappa = (const(half) + sympy.sqrt(const(half * half + k * spread * factor))) / const(factor)
        tau = (const(mass) - kappa) / m
        below = m == k or _at_most(const(ranked[m]), tau)
        if below and not _at_most(const(ranked[m - 1]), tau):
            point = [sympy.radsimp((const(p) - tau) / kappa) if p >= ranked[m - 1] else 0 for p in pi]
            return _exact(point, "projection of pi/kappa on the simplex")
    raise AssertionError("some m solves it: the minimiser exists")


def _at_most(first: sympy.Expr, second: sympy.Expr) -> bool:
    """Return whether first <= second, exactly: both lie in Q(sqrt r), where SymPy settles equality."""
    gap = sympy.radsimp(second - first)
    return bool(gap == 0 or gap.is_nonnegative)


def _anything(k: int) -> Minimiser:
    point = [Fraction(1, k)] * k
    return _exact(point, "the uniform output", False, "every output: the risk is constant")


_FORMS: dict[type[Loss], Callable[[Any, Posterior], Minimiser]] = {
    CCE: _posterior,
    MSE: _posterior,
    MAE: _vertex,
    RCE: _vertex,
    Unhinged: _vertex,
    ZeroOne: _zero_one,
    GCE: _power,
    RLL: water_filling,
}
