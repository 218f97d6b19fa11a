"""Constants on which the literature disagrees: A of the reverse cross-entropy, and what normalises it."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import sympy

from lossmatters.proofs_checks.claim import Check, Claim, Evidence, Method
from lossmatters.proofs_checks.methods.symbolic import identity
from lossmatters.proofs_checks.methods.verdicts import Symmetric, symmetry
from lossmatters.theory.backends.sympy_ops import OPS
from lossmatters.theory.losses import RCE, Normalized, get
from lossmatters.theory.symbolic.algebra import K

Constant = Callable[[Any], Any]
CLAMP = sympy.Rational(1, 10**4)  # what published criteria raise the zeros of a one-hot label to


def clamped_entropy(read_as: Constant) -> Evidence:
    """Decide whether -sum_i u_i log max(e_i, c), at c = 10^-4 and K = 2 to 5, is RCE with A = read_as(c)."""
    evidence = None
    for k in (2, 3, 4, 5):
        free = sympy.symbols(f"u2:{k + 1}", positive=True)
        probs = (1 - sum(free), *free)  # the label is the first class
        found = -sum(u * sympy.log(1 if i == 0 else CLAMP) for i, u in enumerate(probs))
        said = RCE(A=Fraction(1)).bound_to(OPS).on_label(probs[0], k, OPS) * read_as(CLAMP)
        evidence = identity(found, said, f"K = 2..5, c = {CLAMP}", "-sum_i u_i log max(e_i, c) = A (1 - u_y)")
        if not evidence.status.holds:
            return evidence
    assert evidence is not None
    return evidence


def normalises(factor: Callable[[Any, Any], Any]) -> Evidence:
    """Decide whether RCE times the factor has the label sum 1, as a normalised loss has, for every K and A >
    0.
    """
    a = sympy.Symbol("A", positive=True)
    total = factor(a, K) * sympy.sympify(K - 1) * a  # S of A (1 - u_y)
    return identity(total, 1, "all K >= 2, A > 0", "the label sum of the normalised loss is 1")


PUBLISHED = "Wang et al. 2019; Ma et al. 2020, and code written after them"

CLAIMS = (
    Claim(
        "L.rce.constant",
        "RCE's A is minus the natural logarithm of the clamp",
        "Reverse cross-entropy reads $\\log 0$ as $-A$ and is $A(1 - u_y)$ for every $A > 0$, so $A$ is a scale and "
        "no value of it is wrong. Code that raises the zeros of a one-hot label to $c$ has $A = -\\log c$: at "
        "$c = 10^{-4}$ that is $9.21$, not the $4 = -\\log_{10} c$ of the texts, which would take "
        "$c = e^{-4} = 0.018$. Results at the two differ by a factor $2.30$ in the weight of this term.",
        PUBLISHED,
        checks=(
            Check(
                Method.SYMBOLIC,
                clamped_entropy,
                lambda c: -sympy.log(c),
                lambda c: -sympy.log(c, 10),
                "the clamp 10^-4 means A = 4",
            ),
        ),
    ),
    Claim(
        "L.nrce.constant",
        "A normalised RCE is a scaled MAE, whatever A is",
        "$RCE/\\sum_j RCE_j = (1 - u_y)/(K-1)$: $A$ cancels, $C = 1$, and the loss is MAE over $2(K-1)$. So the "
        "factor is $\\frac{1}{A(K-1)}$. Published code multiplies by $\\frac{K-1}{4}$ instead of "
        "$\\frac{1}{4(K-1)}$, whose label sum is $A(K-1)^2/4$: $81$ for $A = 4$ and $186.5$ for $A = 9.21$ at $K = 10$.",
        PUBLISHED,
        checks=(
            Check(
                Method.SYMBOLIC,
                normalises,
                lambda a, k: 1 / (a * (k - 1)),
                lambda a, k: (k - 1) / sympy.Integer(4),
                "the factor (K - 1)/4 normalises",
            ),
            Check(
                Method.SYMBOLIC,
                symmetry,
                Symmetric(Normalized(get("rce")), "1"),
                Symmetric(Fraction(9, 4) * get("rce"), "1", 10),
                "RCE times (K - 1)/4 at K = 10 has C = 1",
            ),
        ),
    ),
)
