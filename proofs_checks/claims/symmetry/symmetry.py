"""S1 and S2: the label sum of a separable loss, when it is constant and within what it varies."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy

from lossmatters.proofs_checks.claim import Check, Claim, Evidence, Method, Status
from lossmatters.proofs_checks.methods import exact
from lossmatters.proofs_checks.methods.symbolic import identity, sum_over_classes
from lossmatters.proofs_checks.methods.verdicts import Symmetric, symmetry
from lossmatters.theory.backends import N, Ops, Plain
from lossmatters.theory.losses import MAE, SeparableLoss
from lossmatters.theory.symbolic.algebra import K, is_zero

SOURCE = "this project; elementary"


def affine_sum(constant: Callable[[Any, Any, Any], Any]) -> Evidence:
    """Decide whether sum_i G(u_i), G(t) = beta + slope t, is the claimed constant of G(0), G(1), K on the
    simplex.
    """
    slope, beta = sympy.symbols("slope beta")
    u, i = sympy.IndexedBase("u"), sympy.Symbol("i", integer=True)
    total = sum_over_classes(beta + slope * u[i], u[i], 1, K)  # the entries of u sum to 1
    return identity(
        total, constant(beta, beta + slope, K), "all K >= 2", "sum_i G(u_i) = (K - 1) G(0) + G(1)"
    )


POLYNOMIAL_DEGREE = 8


def only_affine(num_classes: int) -> Evidence:
    """Decide whether, among polynomials G up to a degree, S is constant on the K-simplex only for affine G.

    The coefficients of S - S(vertex) as a polynomial in the free coordinates are linear in those of G:
    the claim is that the solutions of that linear system have no term beyond the first power.
    """
    c = sympy.symbols(f"c0:{POLYNOMIAL_DEGREE + 1}")
    u = sympy.symbols(f"u1:{num_classes}")

    def g(t: Any) -> Any:
        return sum(ci * t**power for power, ci in enumerate(c))

    departure = sympy.expand(
        sum(map(g, (*u, 1 - sum(u)))) - g(sympy.Integer(1)) - (num_classes - 1) * g(sympy.Integer(0))
    )
    equations = sympy.Poly(departure, *u).coeffs() if departure != 0 else []
    solution = sympy.solve(equations, c, dict=True)[0]
    free = [ci for ci in c if ci not in solution]
    scope = f"K = {num_classes} and so every larger K (its face), polynomials to degree {POLYNOMIAL_DEGREE}"
    if set(free) <= set(c[:2]) and all(solution.get(ci, 0) == 0 for ci in c[2:]):
        return Evidence(
            Method.EXACT, Status.PROVED, scope, "linear algebra on the coefficients leaves only affine G"
        )
    extra = next(ci for ci in free if ci not in c[:2])
    t = sympy.Symbol("t")
    example = g(t).subs(solution).subs({ci: int(ci == extra) for ci in free})
    return Evidence(
        Method.EXACT,
        Status.REFUTED,
        f"K = {num_classes}",
        "a polynomial that is not affine has constant S",
        {"G": str(sympy.expand(example)), "K": num_classes},
    )


def additive_difference(points: Callable[[Any, Any, Any], Any]) -> Evidence:
    """Decide whether the mixed derivative of a difference of two label sums gives -G''(s + t).

    S(s, t, r, 0, ...) = S(s + t, 0, r, 0, ...) for all s, t is the equation; its derivative in s and t
    forces G'' = 0 on (0, 1).
    """
    s, t = sympy.symbols("s t", positive=True)
    g = sympy.Function("G")
    mixed = sympy.diff(points(g, s, t), s, t)
    second = sympy.diff(g(s + t), s, 2)
    if is_zero((mixed + second).doit()):
        scope = "all K >= 3, twice differentiable G"
        return Evidence(
            Method.SYMBOLIC, Status.PROVED, scope, "d2/ds dt of the difference is -G''(s + t), so G'' = 0"
        )
    if is_zero(mixed.doit()):
        detail = "the mixed derivative is 0 whatever G: nothing follows"
        return Evidence(Method.SYMBOLIC, Status.REFUTED, "K = 2", detail, {"mixed derivative": "0"})
    detail = f"the mixed derivative is {mixed}"
    return Evidence(Method.SYMBOLIC, Status.UNDECIDED, "K >= 2", detail)


@dataclass(frozen=True)
class ConvexRange:
    """The claimed ends of S for convex G, from the function G and K."""

    low: Callable[[Any, int], Any]
    high: Callable[[Any, int], Any]


def jensen(ends: ConvexRange) -> Evidence:
    """Try the ends on random convex rational G and random exact points; both must also be attained."""

    def make(rng: random.Random) -> Any:
        k = rng.randint(2, 7)
        knots = [(Fraction(rng.randint(0, 6), 6), rng.randint(0, 4)) for _ in range(3)]
        square, slope, base = rng.randint(0, 3), rng.randint(-5, 5), rng.randint(-3, 3)

        def g(t: Fraction) -> Fraction:
            return base + slope * t + square * t * t + sum(c * abs(t - a) for a, c in knots)

        return k, g, exact.simplex_point(rng, k)

    def fails(instance: Any) -> Any:
        k, g, u = instance
        low, high = ends.low(g, k), ends.high(g, k)
        vertex = (Fraction(1),) + (Fraction(0),) * (k - 1)
        sums = {"u": sum(map(g, u)), "uniform": k * g(Fraction(1, k)), "vertex": sum(map(g, vertex))}
        if low <= sums["u"] <= high and sums["uniform"] == low and sums["vertex"] == high:
            return None
        return exact.strings({"K": k, "u": u, "sums": sums, "low": low, "high": high})

    detail = "K G(1/K) <= sum_i G(u_i) <= G(1) + (K - 1) G(0), attained at the uniform point and the vertices"
    return exact.draws(make, fails, 400, "K = 2..7, convex piecewise quadratic G, exact points", detail)


def chord_sum(claimed: Callable[[Any, Any, Any], Any]) -> Evidence:
    """Compare the chord and the tangent that bound a convex G, summed over the simplex, with the claim for
    every K.
    """
    g0, g1, slope = sympy.symbols("G0 G1 slope")
    u, i = sympy.IndexedBase("u"), sympy.Symbol("i", integer=True)
    chord = sum_over_classes((1 - u[i]) * g0 + u[i] * g1, u[i], 1, K)
    tangent = sum_over_classes(slope * (u[i] - 1 / K), u[i], 1, K)
    if not is_zero(tangent):
        return Evidence(Method.SYMBOLIC, Status.UNDECIDED, "all K", "the tangent's sum does not vanish")
    detail = "chords sum to G(1) + (K - 1) G(0), tangents at 1/K to K G(1/K); convexity lies between"
    return identity(chord, claimed(g0, g1, K), "all K >= 2, convex G", detail)


@dataclass(frozen=True)
class NearlyMAE(SeparableLoss):
    """MAE + 10^-9 u_y^2: what a tolerance would pass."""

    name = "nearly-mae"

    def on_label(self, t: N, num_classes: N | Plain, ops: Ops[N]) -> N | Plain:
        return 2 * (1 - t) + ops.const(Fraction(1, 10**9)) * t**2


@dataclass(frozen=True)
class BinaryOnly(SeparableLoss):
    """Symmetric for K = 2 and for no other K."""

    name = "binary-only"

    def on_label(self, t: N, num_classes: N | Plain, ops: Ops[N]) -> N | Plain:
        half = ops.const(Fraction(1, 2))
        return half - (t - half) - (t - half) ** 3


CLAIMS = (
    Claim(
        "S1",
        "Affine generators are symmetric",
        "A separable loss $L(u,y) = f(u_y) + \\sum_{i \\neq y} g(u_i)$ has "
        "$S(u) = \\sum_i G(u_i)$ with $G(t) = f(t) + (K-1) g(t)$. If $G$ is affine, $S$ is constant on the "
        "simplex and $C = (K-1)\\,G(0) + G(1)$, for every $K$ at once.",
        SOURCE,
        checks=(
            Check(
                Method.SYMBOLIC,
                affine_sum,
                lambda g0, g1, k: (k - 1) * g0 + g1,
                lambda g0, g1, k: k * g0 + g1,
                "C = K G(0) + G(1)",
            ),
        ),
    ),
    Claim(
        "S1.converse",
        "Only affine generators are symmetric, for three classes or more",
        "For $K \\geq 3$ and continuous $G$, $S$ is constant on the simplex only if $G$ is affine. "
        "For $K = 2$ the condition is weaker: $G(t) + G(1-t)$ constant.",
        SOURCE,
        assumes=("K >= 3", "G continuous (shown for twice differentiable G, and for polynomials)"),
        checks=(
            Check(
                Method.SYMBOLIC,
                additive_difference,
                lambda g, s, t: g(s) + g(t) - g(s + t) - g(0),
                lambda g, s, t: g(s) + g(1 - s) - g(t) - g(1 - t),
                "the same follows from the points of the 1-simplex (K = 2)",
            ),
            Check(Method.EXACT, only_affine, 3, 2, "for K = 2, too, only affine polynomials have constant S"),
        ),
    ),
    Claim(
        "S1.binary",
        "Symmetric for two classes, and for no more",
        "The loss with $f(t) = \\frac12 - (t - \\frac12) - (t - \\frac12)^3$ and $g = 0$ is symmetric for "
        "$K = 2$, with $C = 1$, and for no $K \\geq 3$.",
        SOURCE,
        checks=(
            Check(
                Method.SYMBOLIC,
                symmetry,
                Symmetric(BinaryOnly(), "1", 2),
                Symmetric(BinaryOnly(), "1", 3),
                "it is symmetric for K = 3",
            ),
            Check(
                Method.EXACT,
                symmetry,
                Symmetric(BinaryOnly(), None),
                Symmetric(MAE(), None),
                "MAE is not symmetric",
            ),
        ),
    ),
    Claim(
        "S1.near",
        "Nearly symmetric is not symmetric",
        "The loss $2(1 - u_y) + 10^{-9} u_y^2$ is not symmetric: no tolerance is involved in a verdict.",
        SOURCE,
        checks=(
            Check(
                Method.EXACT,
                symmetry,
                Symmetric(NearlyMAE(), None),
                Symmetric(MAE(), None),
                "without the 10^-9 term it is not symmetric either",
            ),
        ),
    ),
    Claim(
        "S2",
        "Sharp range of the label sum",
        "If $G$ is convex on $[0, 1]$, the ends counted, $S$ lies between $K\\,G(1/K)$ and $G(1) + (K-1)\\,G(0)$, "
        "both attained (uniform output, vertex); for concave $G$ the ends change places.",
        SOURCE,
        checks=(
            Check(
                Method.SYMBOLIC,
                chord_sum,
                lambda g0, g1, k: g1 + (k - 1) * g0,
                lambda g0, g1, k: g1 + k * g0,
                "the upper end is G(1) + K G(0)",
            ),
            Check(
                Method.EXACT,
                jensen,
                ConvexRange(
                    lambda g, k: k * g(Fraction(1, k)), lambda g, k: g(Fraction(1)) + (k - 1) * g(Fraction(0))
                ),
                ConvexRange(lambda g, k: k * g(Fraction(1, k)), lambda g, k: k * g(Fraction(1, 2))),
                "the upper end is K G(1/2)",
            ),
        ),
    ),
)
