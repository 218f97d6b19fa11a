"""M1 to M4: the definition of robustness to memorization."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import sympy

from lossmatters.proofs_checks.claim import Check, Claim, Evidence, Method, Status
from lossmatters.proofs_checks.claims.risk.risk import RATIONAL_SYMMETRIC, SLOPE_IS_POSITIVE, order_kept
from lossmatters.proofs_checks.methods import exact
from lossmatters.proofs_checks.methods.symbolic import identity
from lossmatters.theory.losses import MSE
from lossmatters.theory.memorization import (
    accuracies,
    flip_epoch,
    is_reachable,
    mean_interval,
    measure,
    quantile_interval,
    reachable_region,
)

SOURCE = "this project"


def gap_identity(gap: Callable[[Any, Any, Any], Any]) -> Evidence:
    """Compare J1 - J2 from the two accuracies with the claimed function of f, M and A_f."""
    f, a_c, m, a_f = sympy.symbols("f A_c M A_f", positive=True)
    j1, j2 = accuracies(f, a_c, m, a_f)
    return identity(j1 - j2, gap(f, m, a_f), "all f, A_c, M, A_f", "J1 - J2 = f (M - A_f)")


def all_samples(classes: int, size: int) -> Any:
    """Yield every (predictions, noisy labels, clean labels) of a size."""
    labels = list(itertools.product(range(classes), repeat=size))
    return itertools.product(labels, labels, labels)


def counted(formula: Callable[..., Any]) -> Evidence:
    """Compare the identity with counts, on every sample of three labels from three classes."""

    def fails(sample: Any) -> Any:
        got = measure(*sample)
        parts = (got.unaltered_accuracy, got.memorization_rate, got.recovery_rate)
        said = formula(got.altered_share, *(Fraction(0) if p is None else p for p in parts))
        if said == (got.noisy_train_accuracy, got.clean_train_accuracy):
            return None
        names = ("predictions", "noisy labels", "clean labels")
        return {**exact.strings(dict(zip(names, sample, strict=True))), "said": exact.strings(said)}

    return exact.all_of(
        all_samples(3, 3), fails, "every sample of size 3, K = 3", "J1 and J2 agree with counting"
    )


def region(corners: Callable[[Any], Any]) -> Evidence:
    """Decide whether the corners bound exactly the (J1, J2) that samples of one f attain.

    Every sample must lie in the convex hull of the corners, every corner must be attained by a sample
    (of ten labels, so that f is a multiple of 1/10), for each f.
    """

    def fails(altered: int) -> Any:
        f, attained = Fraction(altered, 10), set()
        points = corners(f)
        for right, memorised in itertools.product(range(11 - altered), range(altered + 1)):
            for recovered in range(altered + 1 - memorised):
                attained.add((Fraction(right + memorised, 10), Fraction(right + recovered, 10)))
        outside = next(
            (p for p in sorted(attained) if not in_hull(p, points) or not is_reachable(*p, f)), None
        )
        missing = next((c for c in points if tuple(c) not in attained), None)
        if outside is None and missing is None:
            return None
        return exact.strings({"f": f, "attained outside": outside, "corner not attained": missing})

    return exact.all_of(
        range(11), fails, "f = 0, 1/10, ..., 1; all counts of ten samples", "the region is the pentagon"
    )


def in_hull(point: tuple[Fraction, Fraction], corners: Any) -> bool:
    """Return whether a point is in a convex polygon given counter-clockwise (repeated corners allowed)."""
    (x, y), sides = point, zip(corners, [*corners[1:], corners[0]], strict=True)
    if all(c == corners[0] for c in corners):
        return point == tuple(corners[0])
    inside = all((bx - ax) * (y - ay) - (by - ay) * (x - ax) >= 0 for (ax, ay), (bx, by) in sides)
    xs, ys = [c[0] for c in corners], [c[1] for c in corners]
    return inside and min(xs) <= x <= max(xs) and min(ys) <= y <= max(ys)


SIMULATIONS = 2000
SEEDS = 5


def coverage(interval: Callable[[Any], tuple[float, float]]) -> Evidence:
    """Count how often an interval from five normal gaps covers the 0.9-quantile it speaks of."""
    from scipy.stats import norm

    rng = np.random.default_rng(0)
    target, hits = float(norm.ppf(0.9)), 0
    for row in rng.standard_normal((SIMULATIONS, SEEDS)):
        low, high = interval(row)
        hits += low <= target <= high
    share = hits / SIMULATIONS
    # four standard errors of a share of 0.95 in 2000 draws: a right interval fails once in 16000 seeds
    margin = 4 * (0.95 * 0.05 / SIMULATIONS) ** 0.5
    detail = f"covers in {share:.3f} of draws, nominal 0.95"
    scope = f"{SIMULATIONS} draws of {SEEDS} normal gaps, 0.9-quantile"
    if share >= 0.95 - margin:
        return Evidence(Method.SAMPLING, Status.SAMPLED, scope, detail)
    return Evidence(Method.SAMPLING, Status.REFUTED, scope, detail, {"coverage": share})


def quantile_ends(values: Any) -> tuple[float, float]:
    """Return the ends of the interval of the verdict M3."""
    interval = quantile_interval(values, 0.9)
    return interval.low, interval.high


def mean_ends(values: Any) -> tuple[float, float]:
    """Return the ends of the interval of the mean gap, often read as if it bounded what one run does."""
    interval = mean_interval(values)
    return interval.low, interval.high


def flips(rule: Callable[[Any, Any], int | None]) -> Evidence:
    """Compare a rule for the flip epoch with M4 read word for word, on every pattern of up to seven epochs."""

    def literal(j1: Any, j2: Any) -> int | None:
        for start in range(len(j1)):
            for_good = all(a > b for a, b in zip(j1[start:], j2[start:], strict=True))
            before = any(b > a for a, b in zip(j1[:start], j2[:start], strict=True))
            if for_good and before:
                return start
        return None

    def fails(pattern: tuple[int, ...]) -> Any:
        j1, j2 = list(pattern), [1] * len(pattern)
        found, said = rule(j1, j2), literal(j1, j2)
        return None if found == said else {"J1 - J2": [a - 1 for a in j1], "rule": found, "definition": said}

    patterns = (p for n in range(8) for p in itertools.product((0, 1, 2), repeat=n))
    return exact.all_of(patterns, fails, "every sign pattern of J1 - J2 over 0..7 epochs", "the flip is M4's")


def first_crossing(j1: Any, j2: Any) -> int | None:
    """Return the first epoch with J1 > J2: what the flip is not."""
    return next((i for i, (a, b) in enumerate(zip(j1, j2, strict=True)) if a > b), None)


CLAIMS = (
    Claim(
        "M1",
        "Accuracy on altered and on clean labels",
        "$J_1 = (1-f) A_c + f M$ and $J_2 = (1-f) A_c + f A_f$, so $J_1 - J_2 = f (M - A_f)$: $J_2 > J_1$ exactly "
        "when altered samples are recovered more often than memorised.",
        SOURCE,
        checks=(
            Check(
                Method.SYMBOLIC,
                gap_identity,
                lambda f, m, a_f: f * (m - a_f),
                lambda f, m, a_f: m - a_f,
                "J1 - J2 = M - A_f",
            ),
            Check(
                Method.EXACT,
                counted,
                accuracies,
                lambda f, a_c, m, a_f: (a_c + f * m, a_c + f * a_f),
                "J1 = A_c + f M, without the factor 1 - f",
            ),
        ),
    ),
    Claim(
        "M1.region",
        "The reachable pentagon",
        "With a share $f$ of altered labels the reachable $(J_1, J_2)$ fill the pentagon with corners "
        "$(0,0)$, $(f,0)$, $(1,1-f)$, $(1-f,1)$, $(0,f)$; a perfect memoriser is at $(1,1-f)$, a perfect "
        "resister at $(1-f,1)$.",
        SOURCE,
        checks=(
            Check(
                Method.EXACT,
                region,
                reachable_region,
                lambda f: ((0 * f, 0 * f), (f, 0 * f), (1 + 0 * f, 1 - f), (1 - f, 1 - f), (0 * f, f)),
                "the corner (1-f, 1) cannot be reached",
            ),
        ),
    ),
    Claim(
        "M2",
        "Robustness to memorization, at the level of risk",
        "A loss is robust to memorization under noise over a class if for all distributions and $h_1, h_2$ in the "
        "class $R(h_1) < R(h_2)$ if and only if $R^N(h_1) < R^N(h_2)$. Under uniform noise below the threshold "
        "symmetric losses are, by R1; MSE is not.",
        "Patel & Sastry 2021, Definition 1",
        assumes=("uniform noise, eta < (K-1)/K",),
        checks=(
            SLOPE_IS_POSITIVE,
            Check(
                Method.EXACT,
                order_kept,
                RATIONAL_SYMMETRIC,
                (MSE(),),
                "MSE is robust to memorization as well",
            ),
        ),
    ),
    Claim(
        "M3",
        "Robustness to memorization, at the level of training",
        "An algorithm is $(\\epsilon, \\delta)$-robust if with probability at least $1 - \\delta$ training on altered "
        "labels loses at most $\\epsilon$ of $J_2$. The verdict from runs reads a confidence interval for the "
        "$(1-\\delta)$-quantile of the gap, which covers it as often as it says.",
        SOURCE,
        assumes=("gaps of seeds independent and normal",),
        checks=(
            Check(
                Method.SAMPLING,
                coverage,
                quantile_ends,
                mean_ends,
                "the interval of the mean gap covers the 0.9-quantile",
            ),
        ),
    ),
    Claim(
        "M4",
        "The flip",
        "The flip is the first epoch from which $J_1 > J_2$ for good, having been $J_2 > J_1$ before.",
        SOURCE,
        checks=(
            Check(Method.EXACT, flips, flip_epoch, first_crossing, "it is the first epoch with J1 > J2"),
        ),
    ),
)
