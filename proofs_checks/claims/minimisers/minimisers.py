"""N3: the outputs that minimise the conditional risk sum_j pi_j L(u, j), and whether they find the argmax."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sympy

from lossmatters.proofs_checks.claim import Check, Claim, Evidence, Method, Status
from lossmatters.proofs_checks.claims.minimisers.conditional_risk import (
    Term,
    conditional_risk,
    fractional_program,
    water,
)
from lossmatters.proofs_checks.methods import exact
from lossmatters.theory.backends.sympy_ops import const
from lossmatters.theory.losses import CCE, GCE, MAE, MSE, NMSE, RLL, Loss
from lossmatters.theory.minimisers.closed_forms import Minimiser, Posterior, conditional_minimiser
from lossmatters.theory.minimisers.numerical import minimise, risk_and_slopes
from lossmatters.theory.symbolic.algebra import K, symbolic_losses
from lossmatters.theory.symbolic.points import sign_of

OURS = "this project"
LOSSES: tuple[Loss, ...] = (CCE(), MSE(), MAE(), GCE(), RLL(), NMSE())
# A descent that stops where the risk moves by less than 1e-15 has it to about 1e-10 (risks are of size 1).
SAME_RISK = 1e-8


def posteriors(rng: random.Random) -> Posterior:
    """Draw a posterior of two to five classes; zeros and ties are common."""
    return exact.simplex_point(rng, rng.randint(2, 5))


def violated(loss: Loss, pi: Posterior, point: Sequence[Any]) -> str | None:
    """Name the condition of a minimum over the simplex (Karush, Kuhn and Tucker) that fails at an exact
    point, or None.

    Slopes of R equal m where u_i > 0, and are at least m where u_i = 0.

    Raises
    ------
    NotShown : a slope cannot be told from m.
    """
    k = len(pi)
    symbols, columns = symbolic_losses(loss, k)
    risk = sympy.Add(*(const(p) * column for p, column in zip(pi, columns, strict=True) if p))
    at = dict(zip(symbols, point, strict=True))
    slopes = [sympy.radsimp(sympy.diff(risk, u).subs(at)) for u in symbols]
    if not exact.vanishes(sum(point) - 1):
        return "the output does not sum to 1"
    first = next(s for s, u in zip(slopes, point, strict=True) if u != 0)
    for i, (slope, u) in enumerate(zip(slopes, point, strict=True)):
        gap = slope - first
        if gap == sympy.oo or exact.vanishes(gap):
            continue
        if not (u == 0 and sign_of(gap)[0] == 1):
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
        "it rises in $u_i$ where $w_i < 0$ and is strictly convex in those with $w_i > 0$, so it is least at "
        "$u_i = \\max(0, w_i/\\lambda - \\alpha)$ where $w_i > 0$, and $0$ else, with $\\lambda$ set by "
        "$\\sum_i u_i = 1$, and there alone. Where $\\pi$ is uniform every output minimises.",
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
