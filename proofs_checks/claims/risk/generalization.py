"""R6: what finitely many noisy samples cost, on real data and a class where everything is computed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import sqrt
from typing import Any

import numpy as np
import sympy

from lossmatters.proofs_checks.claim import Check, Claim, Evidence, Method, Status
from lossmatters.proofs_checks.methods.symbolic import identity
from lossmatters.theory.noise import risk_slope
from lossmatters.theory.risk.generalization import LinearClass, risk_bound

RATES = (Fraction(0), Fraction(2, 5), Fraction(4, 5))
SIZES = (20, 100, 1000, 10000)
RUNS, DELTA = 10, 0.05
CLEAN_SIZE, PAIRED_RUNS = 200, 200


@cache
def digits() -> LinearClass:
    """Return the linear class on scikit-learn's digits, inputs scaled to norm 1."""
    from sklearn.datasets import load_digits

    data, labels = load_digits(return_X_y=True)
    return LinearClass(data / np.linalg.norm(data, axis=1, keepdims=True), labels, 10)


def composition(factor: Callable[[Any], Any]) -> Evidence:
    """Compare the two deviations added up and divided by a with factor(a) (Rad + B sqrt(log(2/delta)/(2n)))."""
    a, rad, length, n, delta = sympy.symbols("a Rad B n delta", positive=True)
    hoeffding = length * sympy.sqrt(sympy.log(2 / delta) / (2 * n))  # at delta/2: log(1/(delta/2))
    supremum, single = 2 * rad + hoeffding, hoeffding
    detail = (
        "[R^eta - R_n](h_hat) <= 2 Rad + Hoeffding term, [R_n - R^eta](h*) <= Hoeffding term; R1 divides by a"
    )
    scope = "all n, delta, B, 0 < a <= 1"
    return identity((supremum + single) / a, factor(a) * (rad + hoeffding), scope, detail)


@dataclass(frozen=True)
class Bounded:
    """The statement "the excess is within R6's bound, computed as if there were `gain` times the samples"."""

    gain: int


def bound_on_digits(claimed: Bounded) -> Evidence:
    """Compare the excess clean risk of the exact empirical minimiser with the bound, over rates, sizes and
    runs.
    """
    world, rng = digits(), np.random.default_rng(0)
    rows, worst, wrong = [], 0.0, None
    for rate in RATES:
        for size in SIZES:
            excesses = []
            for _ in range(RUNS):
                sample = world.excess(size, rate, rng)
                # Rad_n of unit inputs is at most rho sqrt((1 - 1/K)/n), whatever the labels (Jensen)
                rademacher = world.rademacher_bound(sample.inputs, sample.labels) / sqrt(claimed.gain)
                bound = risk_bound(rademacher, size * claimed.gain, world.length, DELTA, sample.slope)
                excesses.append(sample.excess)
                worst = max(worst, sample.excess / bound)
                if sample.excess > bound and wrong is None:
                    wrong = {"eta": str(rate), "n": size, "excess": sample.excess, "bound": bound}
            rows.append({"eta": str(rate), "n": size, "excess": float(np.mean(excesses)), "bound": bound})
    scope = f"digits, linear class, unhinged; eta = 0, 2/5, 4/5; n = 20 to 10000; {RUNS} runs each"
    detail = f"largest excess/bound {worst:.3f} at delta = {DELTA}"
    status = Status.REFUTED if wrong else Status.SAMPLED
    return Evidence(Method.SAMPLING, status, scope, detail, wrong, {"rows": rows, "largest ratio": worst})


def rademacher_estimate(share: float) -> Evidence:
    """Compare a Monte Carlo mean of exact suprema with `share` times the closed form rho sqrt((1 - 1/K)/n)."""
    world, rng = digits(), np.random.default_rng(1)
    rows, wrong = [], None
    for size in SIZES[:3]:
        sample = world.excess(size, RATES[1], rng)
        mean, error = world.rademacher(sample.inputs, sample.labels, rng, 200)
        limit = share * world.rademacher_bound(sample.inputs, sample.labels)
        rows.append({"n": size, "estimate": mean, "standard error": error, "limit": limit})
        # four standard errors: a false alarm in about 1 of 30000
        if mean - 4 * error > limit and wrong is None:
            wrong = rows[-1]
    ratios = ", ".join(f"{r['estimate'] / r['limit']:.3f} at n = {r['n']}" for r in rows)
    status = Status.REFUTED if wrong else Status.SAMPLED
    scope = "digits, linear class, unhinged, 200 draws of signs"
    return Evidence(Method.SAMPLING, status, scope, f"estimate/limit {ratios}", wrong, {"rows": rows})


def effective_size(size: Callable[[float], float]) -> Evidence:
    """Decide whether the mean excess of n noisy samples is that of size(a) n clean ones, within a quarter."""
    world, rng = digits(), np.random.default_rng(2)

    def mean_excess(n: int, rate: Fraction) -> float:
        return float(np.mean([world.excess(n, rate, rng).excess for _ in range(PAIRED_RUNS)]))

    clean = mean_excess(CLEAN_SIZE, Fraction(0))
    found, wrong = {}, None
    for rate in RATES[1:]:
        a = float(risk_slope(rate, world.num_classes))
        n = round(CLEAN_SIZE / size(a))
        ratio = mean_excess(n, rate) / clean
        found[f"eta = {rate}, n = {n}"] = ratio
        # 200 runs leave the mean of either side uncertain by about 2%; the second moments differ by less
        if not 0.8 < ratio < 1.25 and wrong is None:
            wrong = {"eta": str(rate), "n": n, "excess relative to clean": ratio}
    scope = f"digits, linear class, unhinged; {CLEAN_SIZE} clean samples; {PAIRED_RUNS} runs a side"
    detail = "excess relative to clean labels: " + ", ".join(f"{v:.3f} at {k}" for k, v in found.items())
    status = Status.REFUTED if wrong else Status.SAMPLED
    return Evidence(Method.SAMPLING, status, scope, detail, wrong, {"ratios": found})


CLAIMS = (
    Claim(
        "R6",
        "Finite samples",
        "With probability $1-\\delta$, $R(\\hat h) - R(h^*) \\leq \\frac2a \\left(\\mathrm{Rad}_n + "
        "B\\sqrt{\\log(2/\\delta)/(2n)}\\right)$ for a symmetric loss whose values lie in an interval of length $B$, "
        "$\\hat h$ the minimiser on $n$ noisy samples, $\\mathrm{Rad}_n$ of the losses on noisy samples.",
        "standard; this form this project",
        assumes=(
            "L symmetric and bounded",
            "uniform noise, eta < (K-1)/K",
            "independent samples",
            "symmetrisation, McDiarmid's and Hoeffding's inequalities",
        ),
        checks=(
            Check(
                Method.SYMBOLIC,
                composition,
                lambda a: 2 / a,
                lambda a: 1 / a,
                "the factor is 1/a",
            ),
            Check(
                Method.SAMPLING,
                bound_on_digits,
                Bounded(1),
                Bounded(10**4),
                "the bound for 10^4 times the samples holds too",
            ),
        ),
    ),
    Claim(
        "R6.rademacher",
        "The complexity of a linear class",
        "For outputs $\\frac1K + Wx$, $|W| \\leq \\rho$, and the unhinged loss, $\\mathrm{Rad}_n \\leq "
        "\\frac{\\rho}{n} \\sqrt{(1 - \\frac1K) \\sum_i |x_i|^2}$, and nearly attains it on digits.",
        "standard (Jensen)",
        checks=(
            Check(
                Method.SAMPLING,
                rademacher_estimate,
                1.0,
                0.5,
                "it is at most half of that",
            ),
        ),
    ),
    Claim(
        "R6.effective",
        "Noise costs samples: n becomes a^2 n",
        "The mean excess risk of the noisy minimiser on $n$ samples is that of $a^2 n$ clean samples, within a "
        "quarter, for the linear class on digits at $\\eta = \\frac25$ and $\\frac45$.",
        "this project",
        checks=(
            Check(
                Method.SAMPLING,
                effective_size,
                lambda a: a**2,
                lambda a: a,
                "it is that of a n clean samples",
            ),
        ),
    ),
)
