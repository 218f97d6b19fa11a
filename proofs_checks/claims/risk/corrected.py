"""R9: losses corrected for a known noise, backward and forward."""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import sympy

from lossmatters.proofs_checks.claim import Check, Claim, Evidence, Method
from lossmatters.proofs_checks.methods.exact import draws, simplex_point, strings
from lossmatters.proofs_checks.methods.symbolic import identity
from lossmatters.theory.backends.sympy_ops import OPS, exactly
from lossmatters.theory.losses import CCE, corrected
from lossmatters.theory.losses.corrected import inverse
from lossmatters.theory.noise import SymmetricNoise, flip_probability, risk_slope
from lossmatters.theory.symbolic.algebra import K

OURS = "this project"
PATRINI = "Patrini et al., CVPR 2017"
ETA = sympy.Symbol("eta", positive=True)
T = sympy.Symbol("t", positive=True)
ALL = "all K >= 2, every eta, every loss"


def unbiased(undo: Callable[[Any], Any]) -> Evidence:
    """Compare sum_j T_ij (undo(T) L)_j with L_i for random invertible T and loss rows, exactly."""

    def make(rng: random.Random) -> Any:
        k = rng.randint(2, 4)
        rows = [[Fraction(rng.randint(0, 4)) for _ in range(k)] for _ in range(k)]
        for i, row in enumerate(rows):
            row[i] += 4 * k  # then T is diagonally dominant, and so invertible
        matrix = tuple(tuple(x / sum(row) for x in row) for row in rows)
        return matrix, [Fraction(rng.randint(-20, 20), rng.randint(1, 9)) for _ in range(k)]

    def fails(instance: Any) -> Any:
        matrix, losses = instance
        back, k = undo(matrix), len(matrix)
        fixed = [sum(back[j][i] * losses[i] for i in range(k)) for j in range(k)]
        means = [sum(matrix[i][j] * fixed[j] for j in range(k)) for i in range(k)]
        return None if means == losses else strings({"T": matrix, "losses": losses, "means": means})

    return draws(
        make, fails, 100, "random transition matrices, K = 2..4", "the mean over the noisy label is L"
    )


def uniform_backward(offset: Callable[[Any, Any], Any]) -> Evidence:
    """Compare (L - offset S)/a, averaged over uniform noise, with L; and its S with the same S."""
    own, total = sympy.symbols("L_y S")
    a, b = risk_slope(ETA, K), flip_probability(ETA, K)
    fixed, others = (own - offset(ETA, K) * total) / a, (total - own - (K - 1) * offset(ETA, K) * total) / a
    detail = "L^T = (L - b S)/a = L_sym/a + S/K has the mean L over the noisy label; an affine map of L if S is constant"
    return identity((1 - ETA) * fixed + b * others, own, ALL, detail)


def variance(factor: Callable[[Any], Any]) -> Evidence:
    """Compare the variance of (L - b S)/a over the noisy label with `factor`(a) that of L, on random losses."""

    def make(rng: random.Random) -> Any:
        k = rng.randint(2, 5)
        return Fraction(rng.randint(1, 9), 20), [Fraction(rng.randint(-9, 9)) for _ in range(k)]

    def fails(instance: Any) -> Any:
        eta, losses = instance
        k = len(losses)
        a, b = risk_slope(eta, k), flip_probability(eta, k)
        if a <= 0:
            return None
        row = SymmetricNoise(eta).transition_matrix(k)[0]
        fixed = [(x - b * sum(losses)) / a for x in losses]
        spread = [
            sum(p * x * x for p, x in zip(row, values, strict=True))
            - sum(p * x for p, x in zip(row, values, strict=True)) ** 2
            for values in (losses, fixed)
        ]
        return None if spread[1] == factor(a) * spread[0] else strings({"eta": eta, "losses": losses})

    return draws(
        make, fails, 100, "random losses and rates, K = 2..5", "variance over the noisy label times 1/a^2"
    )


def forward_minimiser(target: str) -> Evidence:
    """Check MSE after T': the noisy risk at u less that at the target is |T'(u - pi)|^2 less |T'(target -
    pi)|^2.
    """

    def make(rng: random.Random) -> Any:
        k = rng.randint(2, 4)
        pi, u = simplex_point(rng, k), simplex_point(rng, k)
        return SymmetricNoise(Fraction(rng.randint(1, 9), 20)).transition_matrix(k), pi, u

    def fails(instance: Any) -> Any:
        matrix, pi, u = instance
        k = len(pi)

        def moved(x: Any) -> list[Fraction]:
            return [sum((matrix[i][j] * x[i] for i in range(k)), Fraction(0)) for j in range(k)]

        noisy = moved(pi)

        def risk(x: Any) -> Fraction:
            v = moved(x)
            parts = (q * (1 - 2 * v[j] + sum(y * y for y in v)) for j, q in enumerate(noisy))
            return sum(parts, Fraction(0))

        best = pi if target == "clean posterior" else noisy
        return None if risk(u) >= risk(best) else strings({"T": matrix, "pi": pi, "u": u})

    return draws(
        make, fails, 300, "random posteriors and outputs, K = 2..4", f"forward MSE is least at the {target}"
    )


def forward_shift(alpha: Callable[[Any, Any], Any]) -> Evidence:
    """Check forward-corrected CCE less -log(alpha + t): the slope in t must vanish."""
    loss: Any = corrected(CCE(), 0, "forward")
    object.__setattr__(loss, "eta", ETA)
    found = sympy.diff(exactly(loss.on_label(T, K, OPS)), T)
    said = sympy.diff(-sympy.log(alpha(ETA, K) + T), T)
    detail = "forward CCE is the shifted cross-entropy with alpha = b/a, up to a constant"
    return identity(found, said, "all K >= 2, every eta below the threshold", detail)


def transposed_inverse(matrix: Any) -> Any:
    """Return the inverse with rows and columns exchanged: what a false twin takes for the inverse."""
    return tuple(zip(*inverse(matrix), strict=True))


CLAIMS = (
    Claim(
        "R9",
        "Backward correction is unbiased",
        "For an invertible $T$ the loss $L^T = T^{-1} L$ has the mean $L(u, i)$ over the noisy label of clean class $i$. "
        "Under uniform noise $L^T = (L - bS)/a = L_{sym}/a + S/K$, with the same label sum $S$.",
        PATRINI + "; the uniform form is this project's",
        ("T known and invertible",),
        (
            Check(
                Method.EXACT,
                unbiased,
                inverse,
                transposed_inverse,
                "the inverse of the transposed T does it too",
            ),
            Check(
                Method.SYMBOLIC,
                uniform_backward,
                flip_probability,
                lambda eta, k: 0,
                "L/a is unbiased without b S",
            ),
        ),
    ),
    Claim(
        "R9.variance",
        "What backward correction costs",
        "Under uniform noise the variance of $L^T(u, \\tilde y)$ over the noisy label is $1/a^2$ times that of "
        "$L(u, \\tilde y)$, for every loss and output.",
        OURS,
        ("uniform noise below the threshold",),
        (Check(Method.EXACT, variance, lambda a: 1 / a**2, lambda a: 1 / a, "the factor is 1/a"),),
    ),
    Claim(
        "R9.forward",
        "Forward correction finds the clean posterior",
        "With the strictly proper MSE, $L(T'u, \\cdot)$ has its least noisy risk at the clean posterior. Forward-corrected "
        "CCE under uniform noise is the shifted cross-entropy $-\\log(\\alpha + u_y)$, $\\alpha = b/a$, up to a constant: "
        "symmetrised it is RLL.",
        PATRINI + "; the shift is this project's",
        ("T known and invertible",),
        (
            Check(
                Method.EXACT, forward_minimiser, "clean posterior", "noisy posterior", "the minimiser is T'pi"
            ),
            Check(
                Method.SYMBOLIC,
                forward_shift,
                lambda eta, k: flip_probability(eta, k) / risk_slope(eta, k),
                flip_probability,
                "alpha is b",
            ),
        ),
    ),
)
