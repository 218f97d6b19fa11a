"""V1: clean accuracy from noisy validation labels."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from lossmatters.proofs_checks.claim import Check, Claim, Evidence, Method, Status
from lossmatters.proofs_checks.claims.risk.corrected import transposed_inverse
from lossmatters.proofs_checks.methods.exact import draws, simplex_point, strings
from lossmatters.theory.losses.corrected import inverse
from lossmatters.theory.noise import SymmetricNoise, flip_probability, risk_slope
from lossmatters.theory.validation import accuracy_difference, clean_accuracy

OURS = "this project"
REPEATS = 2000
MARGIN = 0.015  # three standard errors of a coverage of 0.95 over so many


def affine(slope: Callable[[Any, Any], Any]) -> Evidence:
    """Compare noisy accuracy with b + slope acc on random joint tables of prediction and clean label,
    exactly.
    """

    def make(rng: random.Random) -> Any:
        k = rng.randint(2, 4)
        return k, Fraction(rng.randint(0, 10), 20), simplex_point(rng, k * k)

    def fails(instance: Any) -> Any:
        k, eta, joint = instance
        matrix = SymmetricNoise(eta).transition_matrix(k)
        noisy = sum(joint[p * k + i] * matrix[i][p] for p in range(k) for i in range(k))
        clean = sum(joint[i * k + i] for i in range(k))
        said = flip_probability(eta, k) + slope(eta, k) * clean
        return None if noisy == said else strings({"eta": eta, "joint": joint})

    return draws(make, fails, 200, "random joint tables, K = 2..4", "acc_noisy = b + a acc")


def by_matrix(undo: Callable[[Any], Any]) -> Evidence:
    """Recover the clean table from the noisy one, for random joint tables and matrices, exactly."""

    def make(rng: random.Random) -> Any:
        k = rng.randint(2, 4)
        rows = [[Fraction(rng.randint(0, 4) + 4 * k * (i == j)) for j in range(k)] for i in range(k)]
        return tuple(tuple(x / sum(row) for x in row) for row in rows), simplex_point(rng, k * k)

    def fails(instance: Any) -> Any:
        matrix, joint = instance
        k, back = len(matrix), undo(matrix)
        noisy = [[sum(joint[p * k + i] * matrix[i][m] for i in range(k)) for m in range(k)] for p in range(k)]
        found = [sum(noisy[p][m] * back[m][i] for m in range(k)) for p in range(k) for i in range(k)]
        return None if found == list(joint) else strings({"T": matrix, "joint": joint})

    return draws(make, fails, 100, "random joint tables and matrices, K = 2..4", "J = J_noisy T^(-1)")


@dataclass(frozen=True)
class Covers:
    """The statement "the 95% intervals for data at this rate cover, computed as if it were `assumed`"."""

    assumed: str = "2/5"
    noise_rate: str = "2/5"


def covers(claimed: Covers) -> Evidence:
    """Simulate validation sets of 500 samples, K = 10, with two classifiers of accuracy 0.9 and 0.85."""
    rng, n, k = np.random.default_rng(0), 500, 10
    hits, eta = np.zeros(2), float(Fraction(claimed.noise_rate))
    for _ in range(REPEATS):
        # label 0 is clean; a wrong prediction and an altered label are each one of the others
        guesses = [np.where(rng.random(n) < p, 0, rng.integers(1, k, n)) for p in (0.9, 0.85)]
        noisy = np.where(rng.random(n) < eta, rng.integers(1, k, n), 0)
        right = [g == noisy for g in guesses]
        try:
            one = clean_accuracy(int(right[0].sum()), n, k, claimed.assumed)
        except ValueError:  # explained by no accuracy: not covered
            continue
        two = accuracy_difference(
            int((right[0] & ~right[1]).sum()), int((right[1] & ~right[0]).sum()), n, k, claimed.assumed
        )
        hits += [one.low <= 0.9 <= one.high, two.low <= 0.05 <= two.high]
    shares = (hits / REPEATS).tolist()
    scope = f"{REPEATS} simulated sets of {n} samples, K = {k}, eta = {claimed.noise_rate}"
    detail = f"coverage {shares[0]:.3f} of accuracies and {shares[1]:.3f} of paired differences; 0.95 less {MARGIN} is asked"
    good = min(shares) >= 0.95 - MARGIN
    return Evidence(
        Method.SAMPLING, Status.SAMPLED if good else Status.REFUTED, scope, detail, None if good else shares
    )


CLAIMS = (
    Claim(
        "V1",
        "Clean accuracy from noisy labels",
        "Under uniform noise that does not depend on the prediction given the clean label, accuracy on noisy labels is "
        "$b + a \\cdot$ accuracy on clean ones: it ranks classifiers alike, and $(acc_{noisy} - b)/a$ estimates clean accuracy "
        "with an interval $1/a$ times as wide. For a known $T$ the table of predictions and clean labels is the noisy one "
        "times $T^{-1}$.",
        OURS,
        ("noise independent of the prediction given the clean label", "the rate, or T, is known"),
        (
            Check(Method.EXACT, affine, risk_slope, lambda eta, k: 1 - eta, "the slope is 1 - eta"),
            Check(
                Method.EXACT,
                by_matrix,
                inverse,
                transposed_inverse,
                "the inverse of the transposed T does it",
            ),
            Check(
                Method.SAMPLING,
                covers,
                Covers(),
                Covers(assumed="1/4"),
                "a rate assumed too low covers as well",
            ),
        ),
    ),
)
