"""R2: which losses keep the order of risks under uniform noise."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import sympy

from lossmatters.proofs_checks.claim import Check, Claim, Evidence, Method, Status
from lossmatters.proofs_checks.methods import exact
from lossmatters.theory.noise import SymmetricNoise, flip_probability, risk_slope
from lossmatters.theory.risk.finite import clean_risk, noisy_risk

OURS = "this project"
Table = tuple[tuple[Fraction, ...], ...]  # one row an output, one column a label: L(u, j)


def construction(depth: Callable[[Any, Any], Any]) -> Evidence:
    """Check R2's posterior on two labels, of d = -l < 0 and h > 0, at which pi.d = -depth(l, t), t = b sum
    d/a.

    With sum d = s > 0 (else exchange u and v) the clean gap must come out < 0, the noisy one > 0 and
    the posterior inside (0, 1), for all l, h, s > 0, every K >= 2 and every rate 0 < eta < (K-1)/K.
    """
    low, high, total, share = sympy.symbols("l h s x", positive=True)
    number = sympy.Symbol("k", positive=True) + 1  # K > 1
    eta = (number - 1) / number / (1 + share)  # all of (0, (K-1)/K) as x runs through (0, oo)
    slope, flip = risk_slope(eta, number), flip_probability(eta, number)
    delta = depth(low, flip * total / slope)
    weight = (low - delta) / (low + high)
    clean = weight * high - (1 - weight) * low
    signs = {"pi(h)": weight, "pi(l)": 1 - weight, "-clean gap": -clean}
    signs["noisy gap"] = slope * clean + flip * total
    scope = "all K >= 2, 0 < eta < (K-1)/K, every d with both signs and sum d > 0"
    for name, value in signs.items():
        value = sympy.factor(sympy.together(value))
        if not value.is_positive:
            at = {low: 1, high: 1, total: 1, share: 1, sympy.Symbol("k", positive=True): 1}
            number_there = value.subs(at)
            shown = {**{str(s): str(v) for s, v in at.items()}, name: str(number_there)}
            status = Status.REFUTED if number_there <= 0 else Status.UNDECIDED
            return Evidence(Method.SYMBOLIC, status, scope, f"{name} = {value} is not shown > 0", shown)
    detail = (
        "with pi.d = -l t/(l + t), t = b sum d/a: clean gap -l t/(l + t) < 0, noisy gap a t^2/(l + t) > 0"
    )
    return Evidence(Method.SYMBOLIC, Status.PROVED, scope, detail)


def both_signs(apart: Callable[[Any, Any], bool]) -> Evidence:
    """Decide whether each of two outputs that are `apart` has a coordinate larger than the other's."""

    def fails(pair: Any) -> Any:
        u, v = pair
        differences = [x - y for x, y in zip(u, v, strict=True)]
        if not apart(u, v) or min(differences) < 0 < max(differences):
            return None
        return {"u": exact.strings(u), "v": exact.strings(v)}

    grid = [
        tuple(Fraction(w, 6) for w in weights)
        for k in (2, 3, 4)
        for weights in itertools.product(range(7), repeat=k)
        if sum(weights) == 6
    ]
    pairs = [(u, v) for u, v in itertools.product(grid, grid) if len(u) == len(v)]
    detail = "u != v with equal sums: some u_i > v_i and some u_j < v_j, so d has both signs if f decreases"
    return exact.all_of(pairs, fails, "all pairs of sixths, K = 2, 3, 4", detail)


def is_symmetric(table: Table) -> bool:
    """Return whether all outputs have the same label sum."""
    return len({sum(row) for row in table}) == 1


def is_additive(table: Table) -> bool:
    """Return whether L(u, y) = c(u) + r(y), so that no difference L(u, y) - L(v, y) depends on y."""
    return all(len({x - y for x, y in zip(row, table[0], strict=True)}) == 1 for row in table)


def draw_table(rng: random.Random) -> tuple[Table, Fraction]:
    """Draw a random loss on three outputs as its table, a third of them symmetric, a third additive; and a
    rate.
    """
    k = rng.randint(2, 4)
    rows = [[Fraction(rng.randint(0, 9)) for _ in range(k)] for _ in range(3)]
    kind = rng.choice(("any", "symmetric", "additive"))
    if kind == "symmetric":
        rows = [[x + (30 - sum(row, Fraction(0))) / k for x in row] for row in rows]
    elif kind == "additive":
        shift = [Fraction(rng.randint(0, 9)) for _ in rows]
        rows = [[x + s for x in rows[0]] for s in shift]
    return tuple(map(tuple, rows)), exact.noise_rate(rng, k, below_threshold=True) or Fraction(1, 10)


def two_inputs(table: Table, eta: Fraction) -> dict[str, Any] | None:
    """Return a reversal on two inputs with certain labels, from two atoms that are not on one line through 0."""
    k = len(table[0])
    slope, flip = risk_slope(eta, k), flip_probability(eta, k)
    atoms = [
        (u, v, j, table[u][j] - table[v][j], sum(table[u]) - sum(table[v]))
        for u, v in itertools.permutations(range(len(table)), 2)
        for j in range(k)
    ]
    for p, q in itertools.combinations(atoms, 2):
        det = p[3] * q[4] - q[3] * p[4]
        if det == 0:
            continue
        # alpha p + beta q = (-1, 2 a/b): a negative coefficient exchanges the two hypotheses there
        aim = 2 * slope / flip
        alpha, beta = (-q[4] - q[3] * aim) / det, (p[3] * aim + p[4]) / det
        size = abs(alpha) + abs(beta)
        first, second = ((a[:2] if c >= 0 else a[1::-1], a[2]) for a, c in ((p, alpha), (q, beta)))
        return {
            "weights": [abs(alpha) / size, abs(beta) / size],
            "labels": [first[1], second[1]],
            "outputs": [[pair[0][side] for pair in (first, second)] for side in (0, 1)],
        }
    return None


def general_converse(keeps: Callable[[Table], bool]) -> Evidence:
    """Decide whether noise keeps the order of all risks exactly for the tables that are said to.

    Where a reversal is constructed its two risks are computed from T; where none can be, every atom
    lies on one line, and the order of 20 random pairs of risks is looked at.
    """

    def fails(drawn: tuple[Table, Fraction]) -> Any:
        table, eta = drawn
        k = len(table[0])
        matrix = SymmetricNoise(eta).transition_matrix(k)
        shown = {"L(u, y)": exact.strings(table), "eta": str(eta)}
        found = two_inputs(table, eta)
        if found is not None:
            posteriors = [[Fraction(int(j == y)) for j in range(k)] for y in found["labels"]]
            rows = [[table[u] for u in outputs] for outputs in found["outputs"]]
            clean = [clean_risk(found["weights"], posteriors, r) for r in rows]
            noisy = [noisy_risk(found["weights"], posteriors, r, matrix) for r in rows]
            if not (clean[0] < clean[1] and noisy[0] > noisy[1]):
                return {**shown, "no reversal": exact.strings(found)}
        elif not _order_kept_on_draws(table, matrix):
            return {**shown, "missed": True}
        if keeps(table) == (found is None):
            return None
        return {**shown, "order is kept": found is None, "reversal": exact.strings(found)}

    scope = "losses on three outputs, K = 2..4, a third symmetric, a third c(u) + r(y)"
    return exact.draws(
        draw_table, fails, 300, scope, "a reversal exists unless L is symmetric or c(u) + r(y)"
    )


def _order_kept_on_draws(table: Table, matrix: Any) -> bool:
    rng, k = random.Random(1), len(table[0])
    for _ in range(20):
        posteriors = [exact.simplex_point(rng, k) for _ in range(2)]
        weights = [Fraction(1, 3), Fraction(2, 3)]
        rows = [[table[rng.randrange(len(table))] for _ in range(2)] for _ in range(2)]
        clean = [clean_risk(weights, posteriors, r) for r in rows]
        noisy = [noisy_risk(weights, posteriors, r, matrix) for r in rows]
        if (clean[0] < clean[1]) != (noisy[0] < noisy[1]):
            return False
    return True


CLAIMS = (
    Claim(
        "R2",
        "The converse",
        "If $L(u,j) = f(u_j)$ with $f$ strictly decreasing, and $K \\geq 2$, uniform noise at one rate "
        "$0 < \\eta < \\eta^*$ preserves the order of risks for all distributions and pairs only if $L$ is "
        "symmetric. For $K \\geq 3$ that leaves $L = c - m\\,u_j$, $m > 0$: MAE up to scale and shift.",
        OURS,
        assumes=("f finite on the open simplex", "S1, for the last sentence"),
        checks=(
            Check(
                Method.EXACT,
                both_signs,
                lambda u, v: u != v,
                lambda u, v: True,
                "even of two equal outputs each has a larger coordinate",
            ),
            Check(
                Method.SYMBOLIC,
                construction,
                lambda low, t: low * t / (low + t),
                lambda low, t: 2 * t,
                "pi.d may be as low as -2 b sum d/a",
            ),
        ),
    ),
    Claim(
        "R2.general",
        "The converse for every loss",
        "Uniform noise at one rate $0 < \\eta < \\eta^*$ preserves the order of risks for all distributions and "
        "pairs if and only if $L$ is symmetric or $L(u,j) = c(u) + r(j)$; otherwise two inputs with certain "
        "labels suffice for a reversal.",
        OURS,
        checks=(
            Check(
                Method.EXACT,
                general_converse,
                lambda table: is_symmetric(table) or is_additive(table),
                is_symmetric,
                "only symmetric losses keep the order",
            ),
        ),
    ),
)
