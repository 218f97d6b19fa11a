"""R2: which losses keep the order of risks under uniform noise, and a reversal for every other one."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy

from lossmatters.proofs_checks.claim import Check, Claim, Evidence, Method, Status
from lossmatters.proofs_checks.methods import exact
from lossmatters.proofs_checks.methods.verdicts import Reversals, reversals
from lossmatters.theory.backends import Ops
from lossmatters.theory.losses import CCE, LOSSES, MAE, MSE, NCE, RLL, Loss, SeparableLoss, get
from lossmatters.theory.noise import SymmetricNoise, flip_probability, risk_slope
from lossmatters.theory.risk.finite import clean_risk, noisy_risk
from lossmatters.theory.risk.reversal_search import search_reversal
from lossmatters.theory.symmetry.decide import decide

OURS = "this project"

Table = tuple[tuple[Fraction, ...], ...]  # one row an output, one column a label: L(u, j)


# -- the construction, symbolically ----------------------------------------------------------------


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


# -- the general statement, on tables of losses ------------------------------------------------------


def is_symmetric(table: Table) -> bool:
    """Do all outputs have the same label sum?"""
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


# -- losses made to be hard --------------------------------------------------------------------------


@dataclass(frozen=True)
class OnlyForTwo(SeparableLoss):
    """1 + (1 - 2 u_y)^3: symmetric for K = 2 and for no other K."""

    name = "only-for-two"

    def on_label(self, t: Any, num_classes: Any, ops: Ops) -> Any:
        return 1 + (1 - 2 * t) ** 3


@dataclass(frozen=True)
class Rejecting(Loss):
    """The 0-1 loss with a reject option of cost 2: worse than being wrong, so no single input reverses."""

    name = "rejecting"

    def formula(self, probs: Any, onehot: Any, ops: Ops) -> Any:
        largest = ops.max(probs)
        right = ops.dot(ops.where(probs >= largest, onehot, 0 * onehot), onehot)
        return ops.where(2 * largest[..., 0] > 1, 1 - right, 2 + 0 * right)


def hard_losses() -> tuple[Loss, ...]:
    """Return losses within 1e-9 and 1e-6 of symmetry, symmetric for another K, unbounded, without a
    derivative, mixed.
    """
    tiny, small = Fraction(1, 10**9), Fraction(1, 10**6)
    return (
        MAE() + tiny * MSE(),
        RLL() + small * MSE(),
        NCE() + small * MSE(),
        OnlyForTwo(),
        Rejecting(),
        Fraction(1, 2) * CCE() + MAE(),
    )


def catalogue(status: str) -> tuple[Loss, ...]:
    """Return the registered losses whose symmetry has this status."""
    return tuple(loss for loss in map(get, LOSSES) if decide(loss).status == status)


def empty(losses: Callable[[], Sequence[Loss]]) -> Evidence:
    """Run the search that finds the reversals of R2.witness on losses that must have none."""
    scope, points = "K = 4, eta = 2/5", 0
    for loss in losses():
        search = search_reversal(loss, 4, "2/5")
        if search.found is not None:
            return Evidence(
                Method.SAMPLING, Status.REFUTED, scope, f"{loss.spec} has one", search.found.to_dict()
            )
        if "label sum is the same" not in search.reason:
            return Evidence(Method.SAMPLING, Status.UNDECIDED, scope, f"{loss.spec}: {search.reason}")
        points = max(points, search.points)
    names = ", ".join(loss.title for loss in losses())
    detail = (
        f"none found for {names}: sum d = 0 for every pair, so the noisy gap is a > 0 times the clean one"
    )
    return Evidence(Method.SAMPLING, Status.SAMPLED, f"{scope}; up to {points} outputs a loss", detail)


def _reversals_at(num_classes: int, rate: str) -> Callable[[Callable[[], Sequence[Loss]]], Evidence]:
    return lambda losses: reversals(Reversals(losses(), num_classes, rate))


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
    Claim(
        "R2.witness",
        "An order reversal for every loss that is not symmetric",
        "For every loss of the catalogue that is not symmetric there are exact $\\pi$, $u$, $v$ with "
        "$\\sum_j \\pi_j (L(u,j) - L(v,j)) < 0$ and the opposite sign under uniform noise of rate $\\frac25$, "
        "$K = 10$.",
        OURS,
        checks=(
            Check(
                Method.INTERVAL,
                _reversals_at(10, "2/5"),
                lambda: catalogue("refuted"),
                lambda: (MAE(),),
                "noise reverses an order under MAE",
            ),
        ),
    ),
    Claim(
        "R2.hard",
        "An order reversal where it is hard to find",
        "The same for losses within $10^{-9}$ of symmetry, symmetric for $K = 2$ alone, with a reject option "
        "(two inputs needed), unbounded or mixed, at $K = 3$ and rate $\\frac25$.",
        OURS,
        checks=(
            Check(
                Method.INTERVAL,
                _reversals_at(3, "2/5"),
                hard_losses,
                lambda: (MAE() + RLL(),),
                "noise reverses an order under MAE + RLL",
            ),
        ),
    ),
    Claim(
        "R2.empty",
        "No order reversal for a symmetric loss",
        "The search of R2.witness finds nothing for any symmetric loss of the catalogue: there $\\sum_j d_j = 0$ "
        "for every pair, and by R1 the noisy gap is $a > 0$ times the clean one.",
        OURS,
        checks=(
            Check(
                Method.SAMPLING,
                empty,
                lambda: catalogue("proved"),
                lambda: (MAE(), MSE()),
                "the search finds nothing for MSE",
            ),
        ),
    ),
)
