"""R3: what uniform noise can cost a loss that is not symmetric, and where that bound is attained."""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import sympy

from lossmatters.proofs_checks.claim import Check, Claim, Evidence, Method, Status
from lossmatters.proofs_checks.claims.risk.finite_problems import FiniteProblem, draw_problem
from lossmatters.proofs_checks.methods import exact
from lossmatters.proofs_checks.methods.symbolic import identity
from lossmatters.proofs_checks.methods.verdicts import Excess, excess
from lossmatters.theory.losses import CCE, GCE, MAE, MSE
from lossmatters.theory.noise import flip_probability, risk_slope
from lossmatters.theory.symbolic.algebra import K

ETA = sympy.Symbol("eta", positive=True)
SOURCE = "Zhang & Sabuncu 2018, Theorem 1; Ghosh, Kumar & Sastry 2017"
OURS = "this project"


def noisy_risk_of_any_loss(slope: Callable[[Any, Any], Any]) -> Evidence:
    """Compare R^eta with a R + b E[S] for every loss: the identity behind R3."""
    own, total = sympy.symbols("L_y S")
    noisy = (1 - ETA) * own + flip_probability(ETA, K) * (total - own)
    right = slope(ETA, K) * own + flip_probability(ETA, K) * total
    return identity(noisy, right, "all K >= 2, every eta, every loss", "R^eta = a R + b E[S]")


def bound_factor(factor: Callable[[Any, Any], Any]) -> Evidence:
    """Compare `factor` with b/a, that of C_U - C_L: minimality under noise gives a (R(h*_eta) - R(h*)) <= b
    (C_U - C_L).
    """
    ratio = flip_probability(ETA, K) / risk_slope(ETA, K)
    return identity(ratio, factor(ETA, K), "all K >= 2, 0 <= eta < (K-1)/K", "b/a = eta/(K - 1 - eta K)")


def excess_on_problems(bound: Callable[[Fraction, int], Fraction]) -> Evidence:
    """Check R3 for MSE on random exact problems: enumerate the hypotheses, compare the excess with the bound."""
    loss, largest = MSE(), [Fraction(0)]

    def fails(problem: FiniteProblem) -> Any:
        clean, noisy = problem.risks(loss)
        allowed = bound(problem.noise_rate, problem.num_classes)
        chosen = max(r for r, n in zip(clean, noisy, strict=True) if n == min(noisy))
        gap = chosen - min(clean)
        if allowed:
            largest[0] = max(largest[0], gap / allowed)
        if gap <= allowed:
            return None
        return {"excess": str(gap), "bound": str(allowed), **problem.show()}

    def make(rng: random.Random) -> FiniteProblem:
        return draw_problem(rng, below_threshold=True, hypotheses=4)

    scope = "MSE, K = 2..5, 1..3 points, 4 hypotheses"
    evidence = exact.draws(make, fails, 400, scope, "the excess clean risk is within the bound")
    detail = f"{evidence.detail}; largest excess/bound {float(largest[0]):.3f}"
    return Evidence(evidence.method, evidence.status, evidence.scope, detail, evidence.witness)


def attained(largest_rate: Callable[[Any], Any]) -> Evidence:
    """Compare the uniform output with the label's vertex, at the posterior where their noisy risks tie.

    For S least at the uniform output (C_L) and largest at the vertices (C_U), L(e_y, y) = 0 and so
    L(e_y, j) = C_U/(K - 1). The clean gap must then be R3's bound, and the posterior one for every rate
    up to largest_rate(C_L/C_U) eta*.
    """
    wrong, slack = sympy.symbols("l x", positive=True)  # l = L(e_y, j)
    number = sympy.Symbol("k", positive=True) + 1
    ratio = 1 / (1 + sympy.Symbol("z", positive=True))  # C_L/C_U in (0, 1)
    high, low = (number - 1) * wrong, (number - 1) * wrong * ratio
    # rates through (0, largest_rate eta*)
    eta = (number - 1) / number * largest_rate(ratio) / (1 + slack)
    slope, flip = risk_slope(eta, number), flip_probability(eta, number)
    bound = eta * (high - low) / (number - 1 - eta * number)
    mistaken = (low / number - bound) / wrong  # 1 - P(y | x)
    clean = low / number - mistaken * wrong  # risk of the uniform output less that of the vertex
    noisy = slope * clean + flip * (low - high)
    scope = "all K >= 2, every such loss"
    for name, value in (("clean gap less the bound", clean - bound), ("noisy gap", noisy)):
        if sympy.simplify(value) != 0:
            return Evidence(Method.SYMBOLIC, Status.UNDECIDED, scope, f"{name} is {value}")
    mistaken = sympy.factor(sympy.together(mistaken))
    detail = f"clean gap = bound, noisy gap = 0 at P(not y | x) = {mistaken}, eta* - eta measured by x"
    if mistaken.is_positive and sympy.factor(sympy.together(1 - mistaken)).is_positive:
        return Evidence(Method.SYMBOLIC, Status.PROVED, scope, detail)
    at = {s: sympy.Rational(1, 10) if s == slack else sympy.Integer(1) for s in mistaken.free_symbols}
    if mistaken.subs(at) < 0:
        witness = {**{str(s): str(v) for s, v in at.items()}, "P(not y | x)": str(mistaken.subs(at))}
        return Evidence(Method.SYMBOLIC, Status.REFUTED, scope, detail, witness)
    return Evidence(Method.SYMBOLIC, Status.UNDECIDED, scope, detail)


CLAIMS = (
    Claim(
        "R3",
        "What noise can cost a loss that is nearly symmetric",
        "If $C_L \\leq S \\leq C_U$, the minimiser of the noisy risk over a class has clean risk at most "
        "$\\frac{\\eta (C_U - C_L)}{K - 1 - \\eta K}$ above the best.",
        "Zhang & Sabuncu 2018, Theorem 1; Ghosh, Kumar & Sastry 2017",
        assumes=("uniform noise, eta < (K-1)/K", "both minimisers exist"),
        checks=(
            Check(
                Method.SYMBOLIC,
                noisy_risk_of_any_loss,
                risk_slope,
                lambda eta, k: 1 - eta,
                "the factor of the clean risk is 1 - eta",
            ),
            Check(
                Method.SYMBOLIC,
                bound_factor,
                lambda eta, k: eta / (k - 1 - eta * k),
                lambda eta, k: eta / (k - 1),
                "b/a = eta/(K - 1)",
            ),
            Check(
                Method.EXACT,
                excess_on_problems,
                lambda eta, k: eta * (k - 1) / (k - 1 - eta * k),
                lambda eta, k: Fraction(0),
                "MSE has no excess, as if it were symmetric",
            ),
        ),
    ),
    Claim(
        "R3.forms",
        "Closed forms of the excess-risk bound",
        "R3's bound is $\\frac{\\eta (K^{1-q} - 1)}{q (K-1-\\eta K)}$ for GCE (here $q = \\frac7{10}$), "
        "$\\frac{\\eta (K-1)}{K-1-\\eta K}$ for MSE, infinite for CCE and $0$ for a symmetric loss.",
        "Zhang & Sabuncu 2018, Theorem 1",
        checks=(
            Check(
                Method.SYMBOLIC,
                excess,
                Excess(GCE(), "eta*(K**(3/10) - 1)*10/7/(K - 1 - eta*K)"),
                Excess(GCE(), "eta*(K - 1)/(K - 1 - eta*K)"),
                "GCE has the bound of MSE",
            ),
            Check(
                Method.SYMBOLIC,
                excess,
                Excess(MSE(), "eta*(K - 1)/(K - 1 - eta*K)"),
                Excess(MSE(), "eta*K/(K - 1 - eta*K)"),
                "the bound for MSE is eta K/(K - 1 - eta K)",
            ),
            Check(Method.SYMBOLIC, excess, Excess(CCE(), "oo"), Excess(CCE(), "0"), "CCE has no excess"),
            Check(Method.SYMBOLIC, excess, Excess(MAE(), "0"), Excess(MAE(), "eta"), "MAE can lose eta"),
        ),
    ),
    Claim(
        "R3.sharp",
        "The bound is attained up to a certain rate",
        "If $S$ is least ($C_L$) at the uniform output and largest ($C_U$) at the vertices and $L(e_y, y) = 0$, "
        "R3's bound is attained by these two outputs for every rate $\\eta \\leq \\eta^* \\frac{C_L}{C_U}$: half "
        "the threshold for MSE.",
        OURS,
        assumes=("ties under noise may go to the worse hypothesis",),
        checks=(
            Check(
                Method.SYMBOLIC,
                attained,
                lambda ratio: ratio,
                lambda ratio: 1,
                "it is attained by them at every rate below the threshold",
            ),
        ),
    ),
)
