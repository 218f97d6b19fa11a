"""R5: uniform noise at a rate that depends on the input."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any

import sympy

from lossmatters.proofs_checks.claim import Check, Claim, Evidence, Method
from lossmatters.proofs_checks.claims.risk.finite_problems import (
    RATIONAL_SYMMETRIC,
    FiniteProblem,
    draw_problem,
    vertex,
)
from lossmatters.proofs_checks.methods import exact
from lossmatters.proofs_checks.methods.symbolic import identity
from lossmatters.theory.losses import MSE, Loss
from lossmatters.theory.noise import SymmetricNoise, flip_probability, risk_slope, threshold
from lossmatters.theory.symbolic.algebra import K

GHOSH, OURS = "Ghosh, Kumar & Sastry 2017", "this project"


def instance_identity(slope: Callable[[Any, Any], Any]) -> Evidence:
    """Compare the noisy conditional risk at an input of rate eta(x), symmetric L, with C b(x) + a(x) r(x)."""
    eta, own, constant = sympy.symbols("eta_x L_y C")
    noisy = (1 - eta) * own + flip_probability(eta, K) * (constant - own)
    said = constant * flip_probability(eta, K) + slope(eta, K) * own
    return identity(noisy, said, "all K >= 2, every eta(x)", "R^N(h) = E[C b(x)] + E[a(x) r_h(x)]")


def draw_rates(rng: random.Random, certain: bool) -> tuple[FiniteProblem, list[Fraction]]:
    """Draw a random exact problem, and a rate below the threshold at each input."""
    problem = draw_problem(rng, certain=certain, hypotheses=4)
    return problem, [exact.noise_rate(rng, problem.num_classes, True) for _ in problem.weights]


def tight_rates() -> tuple[FiniteProblem, list[Fraction]]:
    """Return two inputs of rates 0 and eta*/2 (a = 1 and 1/2): h* errs at the first, the other at the second.

    Under a loss linear in u_y their noisy risks tie, and the clean ones are as 1 to 2.
    """
    half, right = Fraction(1, 2), vertex(3)
    outputs = [(1 - e, e, Fraction(0)) for e in (Fraction(1, 4), half)]
    hypotheses = ((outputs[0], right), (right, outputs[1]))
    problem = FiniteProblem(3, (half, half), (right, right), hypotheses, Fraction(0))
    return problem, [Fraction(0), threshold(3) / 2]


def risk_with_rates(bound: Callable[[Any, Any], Any]) -> Evidence:
    """Check R(h_N) <= R(h*) times bound(largest a, smallest a), on random exact problems and the tight one.

    Of several noisy minimisers the worst counts.
    """
    largest = [Fraction(0)]

    def fails(drawn: tuple[FiniteProblem, list[Fraction]]) -> Any:
        problem, rates = drawn
        matrices = [SymmetricNoise(r).transition_matrix(problem.num_classes) for r in rates]
        slopes = [risk_slope(r, problem.num_classes) for r in rates]
        for loss in RATIONAL_SYMMETRIC:
            clean, noisy = problem.risks(loss, matrices)
            chosen = max(c for c, n in zip(clean, noisy, strict=True) if n == min(noisy))
            allowed = min(clean) * bound(max(slopes), min(slopes))
            if chosen > allowed:
                shown = {"loss": loss.spec, "rates": exact.strings(rates)}
                return {**shown, "R": exact.strings(clean), "R^N": exact.strings(noisy), **problem.show()}
            if allowed:
                largest[0] = max(largest[0], Fraction(chosen, allowed))
        return None

    def make(rng: random.Random) -> tuple[FiniteProblem, list[Fraction]]:
        return draw_rates(rng, certain=False) if rng.random() < 0.9 else tight_rates()

    scope = "K = 2..5, 1..3 inputs, 4 hypotheses, eta(x) < (K-1)/K"
    evidence = exact.draws(make, fails, 60, scope, "R(h_N) <= R(h*) max a/min a")
    detail = f"{evidence.detail}; largest share of the bound {largest[0]}"
    return Evidence(evidence.method, evidence.status, evidence.scope, detail, evidence.witness)


def zero_risk_with_rates(losses: Iterable[Loss]) -> Evidence:
    """Decide whether h* of zero risk minimises the noisy risk, with rates below the threshold at each input."""
    losses = tuple(losses)

    def fails(drawn: tuple[FiniteProblem, list[Fraction]]) -> Any:
        problem, rates = drawn
        matrices = [SymmetricNoise(r).transition_matrix(problem.num_classes) for r in rates]
        for loss in losses:
            clean, noisy = problem.risks(loss, matrices)
            best = min(noisy)
            if noisy[0] > best or any(c > 0 for c, n in zip(clean, noisy, strict=True) if n == best):
                shown = {"loss": loss.spec, "rates": exact.strings(rates)}
                return {**shown, "R": exact.strings(clean), "R^N": exact.strings(noisy), **problem.show()}
        return None

    scope = "K = 2..5, 1..3 inputs, 4 hypotheses, eta(x) < (K-1)/K"
    names = ", ".join(loss.title for loss in losses)
    detail = f"h* of zero risk minimises the noisy risk under {names}"
    return exact.draws(lambda rng: draw_rates(rng, True), fails, 60, scope, detail)


CLAIMS = (
    Claim(
        "R5",
        "Instance-dependent noise",
        "For uniform noise of rate $\\eta(x) \\leq \\eta_{\\max} < \\eta^*$ and $L$ symmetric, $R(h^*) = 0$ implies "
        "that $h^*$ minimises the noisy risk; otherwise $R(h^*_\\eta) \\leq \\frac{\\max a}{\\min a} R(h^*)$ with "
        "$a(x) = 1 - \\eta(x) \\frac{K}{K-1}$, at most $R(h^*)/(1 - \\eta_{\\max} \\frac{K}{K-1})$.",
        f"{GHOSH}; the factor max a {OURS}",
        assumes=("L symmetric, L >= 0", "eta(x) depends on x alone"),
        checks=(
            Check(
                Method.SYMBOLIC,
                instance_identity,
                risk_slope,
                lambda eta, k: 1 - eta,
                "the factor of the clean risk at x is 1 - eta(x)",
            ),
            Check(
                Method.EXACT,
                zero_risk_with_rates,
                RATIONAL_SYMMETRIC,
                (MSE(),),
                "h* minimises the noisy risk under MSE too",
            ),
            Check(
                Method.EXACT,
                risk_with_rates,
                lambda high, low: high / low,
                lambda high, low: 1,
                "the noisy minimiser has the least clean risk",
            ),
        ),
    ),
)
