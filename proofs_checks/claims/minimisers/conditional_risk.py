"""N3: the conditional risk of a loss as a sum of one term a class, and the slopes of these terms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sympy

from lossmatters.proofs_checks.claim import Evidence, Method, Status
from lossmatters.proofs_checks.claims.symmetry.loss_checks import with_symbols
from lossmatters.proofs_checks.methods.symbolic import same
from lossmatters.theory.backends.sympy_ops import OPS, exactly
from lossmatters.theory.losses import GCE, RLL, SeparableLoss
from lossmatters.theory.symbolic.algebra import K

PI, T = sympy.symbols("pi_i t", positive=True)


@dataclass(frozen=True)
class Term:
    """The statement "R(u) is sum_i term(pi_i, u_i) and a number", with what is said of the term.

    Attributes
    ----------
    term : of (loss, pi_i, u_i), the parameters of the loss symbolic.
    output : u_i of (loss, pi_i, c), c > 0 the same for all classes, where all slopes are to be equal; None
        where nothing is said of that.
    """

    loss: SeparableLoss
    term: Callable[[Any, Any, Any], Any]
    output: Callable[[Any, Any, Any], Any] | None = None


def conditional_risk(claimed: Term) -> Evidence:
    """Decide whether sum_i [pi_i f(u_i) + (1 - pi_i) g(u_i)] is the claimed sum, up to a + b t with one b for
    all classes.

    Then also: is its slope at the output the same for all classes, and is it strictly convex? Together they
    make the output the only minimiser, as sum u = 1 fixes c.
    """
    scope, loss = "all K >= 2, all parameters, pi_i > 0", with_symbols(claimed.loss)
    assert isinstance(loss, SeparableLoss)
    on = exactly(loss.on_label(T, K, OPS))
    off = exactly(loss.off_label(T, K, OPS)) if loss.has_off_label else sympy.Integer(0)
    term = sympy.sympify(claimed.term(loss, PI, T))
    slope = sympy.diff(PI * on + (1 - PI) * off - term, T)
    for part in (sympy.diff(slope, T), sympy.diff(slope, PI)):
        found = _vanishes(part, scope, f"R of {loss.title} less the sum of the terms")
        if found is not None:
            return found
    detail = f"R of {loss.title} is a number + sum_i ({term.subs({PI: sympy.Symbol('pi_i')})}) at t = u_i"
    if claimed.output is None:
        return Evidence(Method.SYMBOLIC, Status.PROVED, scope, detail)
    c = sympy.Symbol("c", positive=True)
    stationary = sympy.diff(term, T).subs(T, claimed.output(loss, PI, c))
    found = _vanishes(sympy.diff(stationary, PI), scope, f"the slope of {loss.title} at the output in pi_i")
    if found is not None:
        return found
    curvature = sympy.diff(term, T, 2)
    if isinstance(claimed.loss, GCE):  # q < 1: q = 1/(1 + r)
        curvature = curvature.subs(
            sympy.Symbol("q", positive=True), 1 / (1 + sympy.Symbol("r", positive=True))
        )
    if not sympy.simplify(curvature).is_positive:
        return Evidence(Method.SYMBOLIC, Status.UNDECIDED, scope, f"convexity is not shown: {curvature}")
    detail += ", strictly convex, with one slope for all classes at the output"
    return Evidence(Method.SYMBOLIC, Status.PROVED, scope, detail)


def water(side: int) -> Evidence:
    """Check RLL class by class, y > 0: where pi_i = (1 + y)/K, so w_i > 0, and where pi_i = (1 - side y)/K.

    In the first a strictly convex term with the slope -lambda at w_i/lambda - alpha; in the second it is to rise.
    """
    y, level = sympy.symbols("y lambda", positive=True)
    k = sympy.Symbol("k", integer=True, positive=True)  # K = k + 1
    loss: Any = with_symbols(RLL())
    term = (PI * loss.on_label(T, k + 1, OPS) + (1 - PI) * loss.off_label(T, k + 1, OPS)).subs(K, k + 1)
    slope = sympy.diff(term, T)
    full = slope.subs(PI, (1 + y) / (k + 1))
    at_level = sympy.simplify(full.subs(T, y / k / level - loss.alpha) + level)
    bend = sympy.factor(sympy.simplify(sympy.diff(full, T)))
    other = sympy.factor(sympy.simplify(slope.subs(PI, (1 - side * y) / (k + 1))))
    scope, detail = "all K >= 2, all alpha", f"w_i > 0: R'' = {bend}; else R' = {other} (K = k + 1)"
    if at_level == 0 and bend.is_positive and other.is_positive:
        return Evidence(Method.SYMBOLIC, Status.PROVED, scope, detail)
    if other.is_negative:
        return Evidence(Method.SYMBOLIC, Status.REFUTED, scope, detail, {"R'": str(other)})
    return Evidence(Method.SYMBOLIC, Status.UNDECIDED, scope, detail)


def _vanishes(expression: Any, scope: str, what: str) -> Evidence | None:
    """Return None where the expression is 0; else the evidence that it is not, or that it was not shown."""
    equal, witness = same(sympy.powsimp(sympy.expand(expression)), 0)
    if equal:
        return None
    status = Status.REFUTED if witness else Status.UNDECIDED
    return Evidence(Method.SYMBOLIC, status, scope, f"{what} moves: {expression}", witness)


def fractional_program(kappa: Callable[[Any, Any], Any]) -> Evidence:
    """Check of NMSE that N - lambda D is kappa |u - pi/kappa|^2 and a number, for the stated kappa of
    (lambda, K).

    N = 1 - 2 pi.u + s and D = K s + K - 2. Class by class: t^2 - 2 pi_i t - lambda K t^2.
    """
    value = sympy.Symbol("lambda", positive=True)
    factor = kappa(value, K)
    left = T**2 - 2 * PI * T - value * K * T**2
    right = factor * (T - PI / factor) ** 2
    scope = "all K >= 2, all posteriors"
    found = _vanishes(sympy.simplify(sympy.diff(left - right, T)), scope, "N - lambda D less the square")
    if found is not None:
        return found
    detail = (
        "N - lambda D = kappa |u - pi/kappa|^2 + a number; at lambda = min R it is >= 0, and 0 at the minimisers "
        "(Dinkelbach), so they are the projection of pi/kappa"
    )
    return Evidence(Method.SYMBOLIC, Status.PROVED, scope, detail)
