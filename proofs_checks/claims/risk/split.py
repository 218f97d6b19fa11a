"""R8: what uniform noise does to every loss, split in two."""

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
from lossmatters.theory.losses import CCE, noise_averaged
from lossmatters.theory.noise import SymmetricNoise, flip_probability, risk_slope
from lossmatters.theory.symbolic.algebra import K

OURS = "this project"
ETA = sympy.Symbol("eta", positive=True)
T = sympy.Symbol("t", positive=True)
ALL = "all K >= 2, every eta, every loss"


def split_of_risk(weight: Callable[[Any, Any], Any]) -> Evidence:
    """Compare (1 - eta) L_y + b (S - L_y) with weight (L_y - S/K) + S/K, as polynomials in L_y and S."""
    own, total = sympy.symbols("L_y S")
    noisy = (1 - ETA) * own + flip_probability(ETA, K) * (total - own)
    detail = "E[L(u, noisy)] = a L_sym(u, y) + S(u)/K"
    return identity(noisy, weight(ETA, K) * (own - total / K) + total / K, ALL, detail)


def split_on_rationals(weight: Callable[[Any, Any], Any]) -> Evidence:
    """Compare, on random loss tables, posteriors and outputs, the noisy risk with weight R_sym + E[S]/K,
    exactly.
    """

    def make(rng: random.Random) -> Any:
        k, size = rng.randint(2, 5), rng.randint(1, 3)
        table = [[Fraction(rng.randint(-20, 20), rng.randint(1, 9)) for _ in range(k)] for _ in range(size)]
        eta = Fraction(rng.randint(1, 19), 20)
        return k, eta, table, [simplex_point(rng, k) for _ in range(size)]

    def fails(instance: Any) -> Any:
        k, eta, table, posteriors = instance
        matrix = SymmetricNoise(eta).transition_matrix(k)
        noisy = clean = total = Fraction(0)
        for row, pi in zip(table, posteriors, strict=True):
            mean = sum(row) / k
            noisy += sum(pi[i] * matrix[i][j] * row[j] for i in range(k) for j in range(k)) / len(table)
            clean += sum(p * (x - mean) for p, x in zip(pi, row, strict=True)) / len(table)
            total += mean / len(table)
        same = noisy == weight(eta, k) * clean + total
        return None if same else strings({"eta": eta, "losses": table, "posteriors": posteriors})

    return draws(make, fails, 200, "random losses, posteriors and rates", "R^eta = a R_sym + E[S]/K")


def only_way(share: Any) -> Evidence:
    """Show that L = A + B with sum_j A_j = 0 and B alike for all labels has S = K B, so that B is `share`
    times S.
    """
    label_free = sympy.Symbol("B")
    detail = "summed over labels, L = A + B says S = K B: the label-free part is S/K"
    return identity(label_free, share * (K * label_free), "all K >= 2, every loss", detail)


def label_smoothing(smoothing: Callable[[Any, Any], Any]) -> Evidence:
    """Compare the mean of CCE over the noisy label with (1 - s) CCE + s mean(-log u), part by part."""
    loss: Any = noise_averaged(CCE(), 0)
    object.__setattr__(loss, "eta", ETA)
    s = smoothing(ETA, K)
    on = exactly(loss.on_label(T, K, OPS)) - (1 - s + s / K) * -sympy.log(T)
    off = exactly(loss.off_label(T, K, OPS)) - s / K * -sympy.log(T)
    mark = sympy.Symbol("m")
    detail = "on and off label: noisy CCE is label-smoothed CCE with smoothing 1 - a = eta K/(K - 1)"
    return identity(on + mark * off, 0, "all K >= 2, every eta", detail)


CLAIMS = (
    Claim(
        "R8",
        "Noise splits every loss in two",
        "With $L_{sym} = L - S/K$, of label sum 0, uniform noise makes of every loss "
        "$\\mathbb{E}[L(u, \\tilde y)] = a L_{sym}(u, y) + S(u)/K$: it shrinks what the loss knows of the label by $a$ "
        "and leaves the rest alone, so $R^\\eta = a R_{sym} + \\mathbb{E}[S]/K$. No other way splits $L$ into a part of "
        "label sum 0 and one alike for all labels. For a symmetric loss $S/K$ is constant: R1, R3 and R7 follow.",
        OURS,
        ("uniform noise",),
        (
            Check(
                Method.SYMBOLIC,
                split_of_risk,
                risk_slope,
                lambda eta, k: 1 - eta,
                "what is known shrinks by 1 - eta",
            ),
            Check(
                Method.EXACT,
                split_on_rationals,
                risk_slope,
                lambda eta, k: 1 - eta,
                "R_sym shrinks by 1 - eta",
            ),
            Check(Method.SYMBOLIC, only_way, 1 / K, 1 / (K - 1), "the label-free part is S/(K - 1)"),
        ),
    ),
    Claim(
        "R8.smoothing",
        "Noisy cross-entropy is label smoothing",
        "The mean of CCE over uniformly noisy labels is $(1 - s)$ CCE $+ s \\cdot \\frac{1}{K}\\sum_i -\\log u_i$ with "
        "$s = 1 - a = \\eta K/(K - 1)$.",
        OURS,
        ("uniform noise",),
        (
            Check(
                Method.SYMBOLIC,
                label_smoothing,
                lambda eta, k: 1 - risk_slope(eta, k),
                lambda eta, k: eta,
                "the smoothing is eta",
            ),
        ),
    ),
)
