"""N3: the outputs that minimise the conditional risk sum_j pi_j L(u, j), and whether they find the argmax."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sympy

from lossmatters.proofs_checks.claim import Check, Claim, Evidence, Method, Status
from lossmatters.proofs_checks.claims.symmetry.losses import with_symbols
from lossmatters.proofs_checks.methods import exact
from lossmatters.proofs_checks.methods.symbolic import same
from lossmatters.theory.backends.sympy_ops import OPS, const, exactly
from lossmatters.theory.losses import CCE, GCE, MAE, MSE, NMSE, RLL, Loss, SeparableLoss
from lossmatters.theory.minimisers.closed_forms import Minimiser, Posterior, conditional_minimiser
from lossmatters.theory.minimisers.numerical import minimise, risk_and_slopes
from lossmatters.theory.symbolic.algebra import K, is_zero, symbolic_losses
from lossmatters.theory.symbolic.points import sign_of

OURS = "this project"
PI, T = sympy.symbols("pi_i t", positive=True)
LOSSES: tuple[Loss, ...] = (CCE(), MSE(), MAE(), GCE(), RLL(), NMSE())
# A descent that stops where the risk moves by less than 1e-15 has it to about 1e-10 (risks are of size 1).
SAME_RISK = 1e-8


# -- what is minimised: one term a class -----------------------------------------------------------


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


# -- the code, in exact arithmetic -----------------------------------------------------------------


def posteriors(rng: random.Random) -> Posterior:
    """Draw a posterior of two to five classes; zeros and ties are common."""
    return exact.simplex_point(rng, rng.randint(2, 5))


def violated(loss: Loss, pi: Posterior, point: Sequence[Any]) -> str | None:
    """Name the condition of a minimum over the simplex (Karush, Kuhn and Tucker) that fails at an exact
    point, or None.

    Slopes of R equal m where u_i > 0, and are at least m where u_i = 0.
    """
    k = len(pi)
    symbols, columns = symbolic_losses(loss, k)
    risk = sympy.Add(*(const(p) * column for p, column in zip(pi, columns, strict=True) if p))
    at = dict(zip(symbols, point, strict=True))
    slopes = [sympy.radsimp(sympy.diff(risk, u).subs(at)) for u in symbols]
    if not is_zero(sum(point) - 1):
        return "the output does not sum to 1"
    first = next(s for s, u in zip(slopes, point, strict=True) if u != 0)
    for i, (slope, u) in enumerate(zip(slopes, point, strict=True)):
        gap = slope - first
        if gap == sympy.oo or is_zero(gap):
            continue
        if not (u == 0 and sign_of(sympy.simplify(gap))[0] == 1):
            return f"the slope in u_{i + 1} is {slope}, against {first}"
    return None


@dataclass(frozen=True)
class Minimises:
    """The statement "this gives the minimiser of the loss for every posterior, and it has the argmax of pi"."""

    losses: tuple[Loss, ...]
    form: Callable[[Loss, Posterior], Minimiser] = conditional_minimiser
    count: int = 40


def exact_minimisers(claimed: Minimises) -> Evidence:
    """Check the conditions of a minimum, and the argmax, on random rational posteriors in exact arithmetic."""

    def fails(pi: Posterior) -> Any:
        for loss in claimed.losses:
            found = claimed.form(loss, pi)
            assert found.exact is not None
            why = violated(loss, pi, found.exact)
            if why is None and len(set(pi)) > 1 and not finds_argmax(pi, found.exact):
                why = "a class of smaller pi_j has the largest output"
            if why:
                return {
                    "loss": loss.spec,
                    "pi": exact.strings(pi),
                    "u": exact.strings(found.exact),
                    "fails": why,
                }
        return None

    names = ", ".join(loss.title for loss in claimed.losses)
    detail = f"the conditions of a minimum hold, and argmax u is in argmax pi: {names}"
    return exact.draws(
        posteriors, fails, claimed.count, "K = 2..5, rational posteriors, zeros and ties", detail
    )


def finds_argmax(pi: Sequence[Any], point: Sequence[Any]) -> bool:
    """Return whether the largest output is that of a class of largest pi_j, and no other's."""
    values = [sympy.N(u, 30) for u in point]
    best = {j for j, p in enumerate(pi) if p == max(pi)}
    return {j for j, u in enumerate(values) if u == max(values)} <= best


def against_descent(claimed: Minimises) -> Evidence:
    """Decide whether a numerical descent from several starts finds a smaller risk than the closed form
    anywhere.
    """
    rng, worst = random.Random(1), 0.0
    scope = f"{claimed.count} rational posteriors, K = 2..5, float64"
    for _ in range(claimed.count):
        pi = posteriors(rng)
        for loss in claimed.losses:
            point = claimed.form(loss, pi).probs
            best, _ = minimise(loss, np.array(pi, dtype=float))
            risk = risk_and_slopes(loss, np.array(pi, dtype=float))[0]
            gap = risk(np.clip(point, 1e-15, 1)) - risk(best)
            worst = max(worst, gap)
            if gap > SAME_RISK:
                witness = {"loss": loss.spec, "pi": exact.strings(pi), "better": best.tolist(), "by": gap}
                return Evidence(
                    Method.SAMPLING, Status.REFUTED, scope, f"{loss.title}: a better output", witness
                )
    detail = f"no descent went below the closed form by more than {worst:.1e}"
    return Evidence(Method.SAMPLING, Status.SAMPLED, scope, detail)


def _wrong_power(loss: Loss, pi: Posterior) -> Minimiser:
    """Return GCE's form with the exponent 1/q instead of 1/(1-q)."""
    return conditional_minimiser(replace(loss, q=1 - loss.parameters["q"]), pi)  # type: ignore[type-var]  # GCE is a dataclass


def _posterior(loss: Loss, pi: Posterior) -> Minimiser:
    return conditional_minimiser(MSE(), pi)


def _of_loss(
    name: str, title: str, statement: str, loss: Loss, symbolic: Check, wrong: Any, says: str, *more: Check
) -> Claim:
    count = 6 if isinstance(loss, NMSE) else 30  # roots of rationals take time
    return Claim(
        f"N3.{name}",
        title,
        statement,
        OURS,
        checks=(
            symbolic,
            *more,
            Check(
                Method.EXACT,
                exact_minimisers,
                Minimises((loss,), count=count),
                Minimises((loss,), wrong, count),
                says,
            ),
        ),
    )


def _vertex(loss: Loss, pi: Posterior) -> Minimiser:
    return conditional_minimiser(MAE(), pi)


CLAIMS = (
    Claim(
        "N3",
        "Minimisers of the conditional risk",
        "$\\arg\\min_u \\sum_j \\pi_j L(u,j)$ is $\\pi$ for CCE and MSE, the vertex at $\\arg\\max \\pi$ for MAE, "
        "$u \\propto \\pi^{1/(1-q)}$ for GCE, water filling for RLL, a projection for NMSE; all have the argmax of "
        "$\\pi$.",
        OURS,
        checks=(
            Check(
                Method.SAMPLING,
                against_descent,
                Minimises(LOSSES, count=8),
                Minimises((GCE(),), _wrong_power, 8),
                "u is proportional to pi^(1/q) for GCE",
            ),
        ),
    ),
    _of_loss(
        "cce",
        "CCE: the posterior",
        "$\\sum_j \\pi_j L(u,j) = -\\sum_i \\pi_i \\log u_i$ is least at $u = \\pi$ alone.",
        CCE(),
        Check(
            Method.SYMBOLIC,
            conditional_risk,
            Term(CCE(), lambda loss, p, t: -p * sympy.log(t), lambda loss, p, c: c * p),
            Term(CCE(), lambda loss, p, t: -p * sympy.log(t), lambda loss, p, c: c * p**2),
            "u is proportional to pi^2",
        ),
        _vertex,
        "the minimiser is the vertex at argmax pi",
    ),
    _of_loss(
        "mse",
        "MSE: the posterior",
        "$\\sum_j \\pi_j L(u,j)$ is $\\sum_i (u_i - \\pi_i)^2$ and a number, so least at $u = \\pi$ alone.",
        MSE(),
        Check(
            Method.SYMBOLIC,
            conditional_risk,
            Term(MSE(), lambda loss, p, t: (t - p) ** 2, lambda loss, p, c: p),
            Term(MSE(), lambda loss, p, t: (t - p) ** 2 / 2, lambda loss, p, c: p),
            "the terms are half of that",
        ),
        _vertex,
        "the minimiser is the vertex at argmax pi",
    ),
    _of_loss(
        "mae",
        "MAE: a vertex",
        "$\\sum_j \\pi_j L(u,j) = 2(1 - \\sum_i \\pi_i u_i)$ is least at the vertex of the largest $\\pi_j$, or on the "
        "face of all that are largest.",
        MAE(),
        Check(
            Method.SYMBOLIC,
            conditional_risk,
            Term(MAE(), lambda loss, p, t: -2 * p * t),
            Term(MAE(), lambda loss, p, t: -p * t),
            "the slope is -pi_i",
        ),
        _posterior,
        "the minimiser is pi",
    ),
    _of_loss(
        "gce",
        "GCE: a power of the posterior",
        "$\\sum_j \\pi_j L(u,j)$ is $-\\sum_i \\frac{\\pi_i u_i^q}{q}$ and a number, least at "
        "$u_i = \\frac{\\pi_i^{1/(1-q)}}{\\sum_j \\pi_j^{1/(1-q)}}$ alone ($0 < q < 1$).",
        GCE(),
        Check(
            Method.SYMBOLIC,
            conditional_risk,
            Term(
                GCE(),
                lambda loss, p, t: -p * t**loss.q / loss.q,
                lambda loss, p, c: c * p ** (1 / (1 - loss.q)),
            ),
            Term(GCE(), lambda loss, p, t: -p * t**loss.q / loss.q, lambda loss, p, c: c * p ** (1 / loss.q)),
            "u is proportional to pi^(1/q)",
        ),
        _wrong_power,
        "u is proportional to pi^(1/q)",
    ),
    _of_loss(
        "rll",
        "RLL: water filling",
        "$\\sum_j \\pi_j L(u,j)$ is $-\\sum_i w_i \\log(\\alpha + u_i)$ and a number, $w_i = \\frac{K\\pi_i - 1}{K - 1}$: "
        "it rises in $u_i$ where $w_i < 0$ and is strictly convex in the others, so it is least at "
        "$u_i = \\max(0, w_i/\\lambda - \\alpha)$ where $w_i > 0$, and $0$ else, with $\\lambda$ set by "
        "$\\sum_i u_i = 1$. Where $\\pi$ is uniform every output minimises.",
        RLL(),
        Check(
            Method.SYMBOLIC,
            conditional_risk,
            Term(RLL(), lambda loss, p, t: -(K * p - 1) / (K - 1) * sympy.log(loss.alpha + t)),
            Term(RLL(), lambda loss, p, t: -p * sympy.log(loss.alpha + t)),
            "the weights are pi_i",
        ),
        _posterior,
        "the minimiser is pi",
        Check(Method.SYMBOLIC, water, 1, -1, "it rises in u_i where w_i > 0 as well"),
    ),
    _of_loss(
        "nmse",
        "NMSE: a projection",
        "With $\\lambda$ the least conditional risk and $\\kappa = 1 - K\\lambda$, NMSE is least at the projection of "
        "$\\pi/\\kappa$ on the simplex alone, unless $\\pi$ is uniform; a vertex exactly where the other "
        "$\\pi_j$ are all equal, as under uniform noise.",
        NMSE(),
        Check(
            Method.SYMBOLIC,
            fractional_program,
            lambda value, k: 1 - k * value,
            lambda value, k: 1 - (k - 1) * value,
            "kappa is 1 - (K - 1) lambda",
        ),
        _vertex,
        "the minimiser is the vertex at argmax pi for every posterior",
    ),
)
