"""R1: what uniform noise does to the risk of a symmetric loss."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy

from lossmatters.proofs_checks.claim import Check, Claim, Evidence, Method, Status
from lossmatters.proofs_checks.claims.risk.finite_problems import (
    RATIONAL_SYMMETRIC,
    FiniteProblem,
    draw_problem,
    rational_losses,
    vertex,
)
from lossmatters.proofs_checks.methods import exact
from lossmatters.proofs_checks.methods.symbolic import identity
from lossmatters.theory.losses import MSE, Loss
from lossmatters.theory.memorization import preserves_minimisers, preserves_order
from lossmatters.theory.noise import flip_probability, risk_slope, threshold
from lossmatters.theory.risk.finite import predicted_noisy_risk
from lossmatters.theory.symbolic.algebra import K

ETA = sympy.Symbol("eta", positive=True)
SOURCE = "Patel & Sastry 2021, Theorem 1; Ghosh, Kumar & Sastry 2017"


def pointwise_identity(slope: Callable[[Any, Any], Any]) -> Evidence:
    """Compare a symmetric loss's noisy conditional risk, from T itself, with C eta/(K-1) + slope times the
    clean one.
    """
    own, constant = sympy.symbols("L_y C")
    others = constant - own  # symmetry: the losses of the other labels sum to C - L_y
    noisy = (1 - ETA) * own + flip_probability(ETA, K) * others
    right = constant * flip_probability(ETA, K) + slope(ETA, K) * own
    return identity(
        noisy, right, "all K >= 2, every eta; pointwise, so for every distribution", "R^eta = C b + a R"
    )


def exact_identity(losses: tuple[Loss, ...]) -> Evidence:
    """Check R1 (noisy risk = constant + a times clean risk) on random exact problems, rates 0, (K-1)/K and 1
    among them.
    """

    def fails(problem: FiniteProblem) -> Any:
        for loss in losses:
            constant = sum(rational_losses(loss, vertex(problem.num_classes)), Fraction(0))
            clean, noisy = problem.risks(loss)
            said = [predicted_noisy_risk(r, constant, problem.noise_rate, problem.num_classes) for r in clean]
            if said != noisy:
                return {
                    "loss": loss.spec,
                    "R": exact.strings(clean),
                    "R^eta": exact.strings(noisy),
                    **problem.show(),
                }
        return None

    scope = "K = 2..5, 1..3 points, eta with 0, (K-1)/K and 1"
    return exact.draws(draw_problem, fails, 100, scope, f"R^eta = C b + a R exactly for {_names(losses)}")


def _names(losses: tuple[Loss, ...]) -> str:
    return ", ".join(loss.title for loss in losses)


def order_kept(losses: tuple[Loss, ...]) -> Evidence:
    """Check M2 on random exact problems below the threshold: the order of every pair, and the minimisers."""

    def fails(problem: FiniteProblem) -> Any:
        for loss in losses:
            clean, noisy = problem.risks(loss)
            pair = preserves_order(clean, noisy)
            if pair is not None or not preserves_minimisers(clean, noisy):
                shown = {"loss": loss.spec, "pair": list(pair) if pair else None}
                return {**shown, "R": exact.strings(clean), "R^eta": exact.strings(noisy), **problem.show()}
        return None

    def make(rng: random.Random) -> FiniteProblem:
        return draw_problem(rng, below_threshold=True, hypotheses=4)

    scope = "K = 2..5, 1..3 points, 4 hypotheses, 0 <= eta < (K-1)/K"
    return exact.draws(make, fails, 100, scope, f"noise keeps the order of all pairs under {_names(losses)}")


def vanishing_rate(rate: Callable[[Any], Any]) -> Evidence:
    """Decide at which rate the factor a of the clean risk vanishes."""
    detail = "a = 1 - eta K/(K-1) vanishes there, so the noisy risk is the constant C/K"
    return identity(risk_slope(rate(K), K), 0, "all K >= 2", detail)


def constant_at_threshold(value: Callable[[Any, Any], Any]) -> Evidence:
    """Compare the noisy risk at the threshold, whatever the clean risk, with `value`."""
    constant, risk = sympy.symbols("C R")
    noisy = predicted_noisy_risk(risk, constant, threshold(K), K)
    return identity(noisy, value(constant, K), "all K >= 2", "the noisy risk at eta = (K-1)/K")


@dataclass(frozen=True)
class Sign:
    """The statement "a has this sign on this side of the threshold" (-1 below it, +1 beyond)."""

    side: int
    sign: int


def sign_of_slope(claimed: Sign) -> Evidence:
    """Decide the sign of a at eta = (K-1)/K + side x, x > 0: by R1 risks differ by a times their clean
    difference.
    """
    x = sympy.Symbol("x", positive=True)
    slope = risk_slope(threshold(K) + claimed.side * x, K).subs(K, sympy.Symbol("k", positive=True) + 1)
    slope = sympy.simplify(slope)
    scope = f"all K >= 2, eta {'<' if claimed.side < 0 else '>'} (K-1)/K"
    detail = f"R^eta(h1) - R^eta(h2) = a (R(h1) - R(h2)), a = {slope} at x from the threshold, K = k + 1"
    if (claimed.sign * slope).is_positive:
        return Evidence(Method.SYMBOLIC, Status.PROVED, scope, detail)
    if (claimed.sign * slope).is_negative:
        return Evidence(Method.SYMBOLIC, Status.REFUTED, scope, detail, {"a": str(slope)})
    return Evidence(Method.SYMBOLIC, Status.UNDECIDED, scope, detail)


SLOPE_IS_POSITIVE = Check(
    Method.SYMBOLIC, sign_of_slope, Sign(-1, 1), Sign(-1, -1), "the factor is negative below the threshold"
)

CLAIMS = (
    Claim(
        "R1",
        "Noisy risk is an affine function of clean risk",
        "For a symmetric loss and uniform noise, $R^\\eta(h) = \\frac{C\\eta}{K-1} + "
        "\\left(1 - \\frac{\\eta K}{K-1}\\right) R(h)$.",
        SOURCE,
        assumes=("L symmetric", "noise uniform and independent of the hypothesis"),
        checks=(
            Check(
                Method.SYMBOLIC,
                pointwise_identity,
                risk_slope,
                lambda eta, k: 1 - eta,
                "the factor of the clean risk is 1 - eta",
            ),
            Check(Method.EXACT, exact_identity, RATIONAL_SYMMETRIC, (MSE(),), "the identity holds for MSE"),
        ),
    ),
    Claim(
        "R1.order",
        "Noise below the threshold keeps the order of risks",
        "For $\\eta < (K-1)/K$ and a symmetric loss, $R(h_1) < R(h_2)$ if and only if "
        "$R^\\eta(h_1) < R^\\eta(h_2)$, and both risks have the same minimisers over any class.",
        SOURCE,
        assumes=("L symmetric", "uniform noise, eta < (K-1)/K"),
        checks=(
            SLOPE_IS_POSITIVE,
            Check(Method.EXACT, order_kept, RATIONAL_SYMMETRIC, (MSE(),), "MSE keeps the order too"),
        ),
    ),
    Claim(
        "R1.threshold",
        "At the threshold labels say nothing; beyond it the order is reversed",
        "At $\\eta^* = (K-1)/K$ the noisy risk is the constant $C/K$; for $\\eta > \\eta^*$ the factor of the "
        "clean risk is negative.",
        SOURCE,
        assumes=("L symmetric", "uniform noise"),
        checks=(
            Check(
                Method.SYMBOLIC,
                vanishing_rate,
                threshold,
                lambda k: sympy.Rational(1, 2),
                "the factor vanishes at eta = 1/2",
            ),
            Check(
                Method.SYMBOLIC,
                constant_at_threshold,
                lambda c, k: c / k,
                lambda c, k: c / (k - 1),
                "the constant is C/(K-1)",
            ),
            Check(
                Method.SYMBOLIC,
                sign_of_slope,
                Sign(1, -1),
                Sign(1, 1),
                "the factor is positive beyond the threshold",
            ),
        ),
    ),
)
