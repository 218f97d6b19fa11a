"""R4: class-conditional noise, the condition that it needs, and losses that do not meet it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy

from lossmatters.proofs_checks.claim import Check, Claim, Evidence, Method, Status
from lossmatters.proofs_checks.claims.risk.finite_problems import (
    FiniteProblem,
    dominant_matrix,
    draw_problem,
    vertex,
)
from lossmatters.proofs_checks.methods import exact
from lossmatters.proofs_checks.methods.symbolic import identity
from lossmatters.theory.backends import N, Ops, Plain
from lossmatters.theory.backends.sympy_ops import OPS
from lossmatters.theory.losses import LOSSES, MAE, NMSE, RCE, RLL, Loss, SeparableLoss, Unhinged, get
from lossmatters.theory.noise import Matrix
from lossmatters.theory.risk.conditions import concave, meets_bound
from lossmatters.theory.symbolic.algebra import exact_losses
from lossmatters.theory.symbolic.points import Point, sign_of

GHOSH, OURS = "Ghosh, Kumar & Sastry 2017", "this project"


def noisy_conditional_risk(difference: Callable[[Any, Any], Any]) -> Evidence:
    """Check sum_j T_j L_j = T_y C - sum over j != y of difference(T_y, T_j) L_j, for symmetric L; T = T[y]."""
    j, n = sympy.symbols("j n", integer=True, positive=True)  # the n = K - 1 other labels
    row, losses = sympy.IndexedBase("T"), sympy.IndexedBase("L")
    own, constant = sympy.symbols("T_y C")

    def total(term: Any) -> Any:
        return sympy.Sum(term, (j, 1, n))

    left = own * (constant - total(losses[j])) + total(row[j] * losses[j])
    right = own * constant - total(difference(own, row[j]) * losses[j])
    scope = "all K >= 2, every T"
    detail = "sum_j T_j L_j = T_y C - sum_{j != y} (T_y - T_j) L_j: least where all L_j = C/(K - 1), as at h*"
    three = {n: 2}
    if (left - right).subs(three).doit().expand() != 0:  # unequal sums are shown unequal at K = 3
        left, right = ((e.subs(three).doit()).subs(_plain(losses, row)) for e in (left, right))
        scope = "K = 3"
    return identity(left, right, scope, detail)


def _plain(*bases: Any) -> dict[Any, Any]:
    return {b[i]: sympy.Symbol(f"{b}_{i}") for b in bases for i in (1, 2)}


def zero_risk_kept(losses: Iterable[Loss]) -> Evidence:
    """Decide whether a hypothesis of zero risk minimises the noisy risk, and every noisy minimiser has zero
    risk.

    Random exact problems whose labels are certain; a matrix with T[i, i] > T[i, j] for each.
    """
    losses = tuple(losses)

    def make(rng: random.Random) -> tuple[FiniteProblem, Matrix]:
        problem = draw_problem(rng, certain=True, hypotheses=5)
        return problem, dominant_matrix(rng, problem.num_classes)

    def fails(drawn: tuple[FiniteProblem, Matrix]) -> Any:
        problem, matrix = drawn
        for loss in losses:
            clean, noisy = problem.risks(loss, [matrix] * len(problem.weights))
            best = min(noisy)
            if noisy[0] > best or any(c > 0 for c, n in zip(clean, noisy, strict=True) if n == best):
                risks = {"R": exact.strings(clean), "R^N": exact.strings(noisy)}
                return {"loss": loss.spec, "T": exact.strings(matrix), **risks, **problem.show()}
        return None

    scope = "K = 2..5, 1..3 inputs, 5 hypotheses, T with a dominant diagonal"
    names = ", ".join(loss.title for loss in losses)
    return exact.draws(make, fails, 80, scope, f"h* of zero risk minimises the noisy risk under {names}")


def bound_met(claimed: dict[str, bool]) -> Evidence:
    """Decide which symmetric losses have L <= C/(K - 1) on the simplex, for K = 3 and 10."""
    found: dict[str, Any] = {}
    names = [n for n in LOSSES if get(n).symmetric]
    for name in names:
        answers = {meets_bound(get(name), k) for k in (3, 10)}
        found[name] = answers.pop() if len(answers) == 1 else None
    wrong = {n: found.get(n) for n, said in claimed.items() if found.get(n) is not said}
    detail = f"L <= C/(K - 1) holds for {', '.join(n for n in names if found[n])}"
    detail += f"; exceeded by {', '.join(n for n in names if found[n] is False)}"
    data = {"meets the bound": found}
    if any(found.get(n) is None for n in wrong):
        return Evidence(Method.INTERVAL, Status.UNDECIDED, "K = 3, 10", detail, None, data)
    status = Status.REFUTED if wrong else Status.CERTIFIED
    return Evidence(Method.INTERVAL, status, "K = 3, 10", detail, wrong or None, data)


def bound_is_needed(share: Any) -> Evidence:
    """Compare the row T_y = t + delta, one impossible label j0, all others t, with an output of L(u, j0) > c.

    With c = C/(K - 1), M = L(u, j0), the noisy risk of u less that of the vertex must be < 0 for
    delta = share times (M - c)/((K - 1) L_y + M - c).
    """
    own, bound, over = sympy.symbols("L_y c x", positive=True)
    number = sympy.Symbol("k", positive=True) + 2  # K > 2
    largest = bound + over
    delta = share * over / ((number - 1) * own + over)
    small = (1 - delta) / (number - 1)
    rest = (number - 1) * bound - own - largest  # the losses of the other K - 2 labels, by symmetry
    gap = (small + delta) * own + small * rest - small * (number - 1) * bound + small * bound
    # the vertex: 0 for its own label, c for each other; its label j0 has probability 0
    gap = sympy.factor(sympy.together(sympy.expand(gap)))
    scope = "all K >= 3, every symmetric loss with L(e_y, y) = 0, L(e_y, j) = c, and L(u, j0) > c somewhere"
    detail = f"the noisy risk of u less that of the vertex is {gap}"
    if gap.is_negative:
        return Evidence(Method.SYMBOLIC, Status.PROVED, scope, detail)
    if gap.is_nonnegative:
        return Evidence(Method.SYMBOLIC, Status.REFUTED, scope, detail, {"gap": str(gap)})
    return Evidence(Method.SYMBOLIC, Status.UNDECIDED, scope, detail)


@dataclass(frozen=True)
class Beats:
    """The statement "under this noisy posterior, u has a smaller risk than the vertex of the first label"."""

    loss: Loss
    noisy_posterior: Point
    u: Point


def beats_vertex(claimed: Beats) -> Evidence:
    """Decide the sign of the difference of two conditional risks, exactly or by balls."""
    right = vertex(len(claimed.u))
    pairs = zip(
        claimed.noisy_posterior,
        exact_losses(claimed.loss, claimed.u),
        exact_losses(claimed.loss, right),
        strict=True,
    )
    gap = sympy.expand(sum(OPS.const(p) * (x - y) for p, x, y in pairs))
    sign, how = sign_of(gap)
    method = Method.EXACT if how == "exact" else Method.INTERVAL
    scope = f"{claimed.loss.spec}, K = {len(claimed.u)}"
    detail = f"noisy risk of u less that of the vertex: {float(gap):.6g}"
    if sign is None:
        return Evidence(method, Status.UNDECIDED, scope, detail)
    if sign >= 0:
        return Evidence(method, Status.REFUTED, scope, detail, {"gap": str(gap)})
    return Evidence(method, Status.PROVED if how == "exact" else Status.CERTIFIED, scope, detail)


def _mass(num_classes: int, *first: Any) -> Point:
    return tuple(Fraction(x) for x in (*first, *["0"] * (num_classes - len(first))))


@dataclass(frozen=True)
class Parabola(SeparableLoss):
    """1 - u_y^2 (concave) or, convex, (1 - u_y)^2: rational, and neither is symmetric."""

    convex: Fraction = Fraction(0)

    name = "parabola"

    def on_label(self, t: N, num_classes: N | Plain, ops: Ops[N]) -> N | Plain:
        return (1 - self.convex) * (1 - t**2) + self.convex * (1 - t) ** 2


def concave_and_kept(loss: Loss) -> Evidence:
    """Check that a loss shown to be concave keeps minimisers of zero risk on random exact problems."""
    evidence = zero_risk_kept((loss,))
    if evidence.status.holds and not concave(loss, 3):
        return Evidence(Method.EXACT, Status.UNDECIDED, evidence.scope, f"{loss.spec} is not shown concave")
    return evidence


# Symmetric losses that meet R4's condition for every K, and those that exceed it from K = 3 on.
BOUNDED_SO = ("mae", "unhinged", "rce", "zero-one", "nnce", "nnfl")
NOT_SO = ("rll", "nmse", "nce", "nfl", "ngce", "nce-mae", "nce-rce", "nfl-mae", "nfl-rce")

CLAIMS = (
    Claim(
        "R4",
        "Class-conditional noise",
        "$L$ symmetric with $0 \\leq L \\leq C/(K-1)$, $R(h^*) = 0$ and $T_{ii} > T_{ij}$ for all $j \\neq i$: "
        "$h^*$ minimises the noisy risk, and every minimiser of the noisy risk has $R = 0$.",
        GHOSH,
        assumes=("L symmetric, 0 <= L <= C/(K-1)", "R(h*) = 0, so that labels are certain"),
        checks=(
            Check(
                Method.SYMBOLIC,
                noisy_conditional_risk,
                lambda own, other: own - other,
                lambda own, other: own + other,
                "the factor of L_j is T_y + T_j",
            ),
            Check(
                Method.EXACT,
                zero_risk_kept,
                (MAE(), Unhinged(), RCE(), get("zero-one")),
                (NMSE(),),
                "h* minimises the noisy risk under NMSE too",
            ),
        ),
    ),
    Claim(
        "R4.bound",
        "Which losses meet the condition of R4",
        "For $K \\geq 3$, MAE, unhinged, RCE, 0-1 and the shares NNCE and NNFL have $L \\leq C/(K-1)$ everywhere; "
        "RLL, NMSE, NCE, NFL, NGCE and the pairs of NCE or NFL with MAE or RCE exceed it. For $K = 2$ every symmetric "
        "loss $L \\geq 0$ has it.",
        OURS,
        checks=(
            Check(
                Method.INTERVAL,
                bound_met,
                {**dict.fromkeys(BOUNDED_SO, True), **dict.fromkeys(NOT_SO, False)},
                {"rll": True},
                "RLL never exceeds C/(K-1)",
            ),
        ),
    ),
    Claim(
        "R4.converse",
        "The condition of R4 is needed",
        "Let $L$ be symmetric with $L(e_y, y) = 0$ and $L(e_y, j) = c = C/(K-1)$, and $L(u, j_0) > c$ for some $u$, "
        "$j_0 \\neq y$. Then $T_{yy} = t + \\delta$, $T_{y j_0} = 0$, all other $T_{yj} = t$ with a small "
        "$\\delta > 0$ gives $u$ a smaller noisy risk than the vertex.",
        OURS,
        assumes=("K >= 3",),
        checks=(
            Check(
                Method.SYMBOLIC,
                bound_is_needed,
                sympy.Rational(1, 2),
                sympy.Integer(1),
                "so it does for delta = (M - c)/((K-1) L_y + M - c)",
            ),
        ),
    ),
    Claim(
        "R4.rll",
        "RLL hedges under pair noise",
        "For pair noise $T_{yy} = 0.6$, $T_{y,y+1} = 0.4$ at $K = 10$, RLL with $\\alpha = 0.1$ has a smaller noisy "
        "risk at $u = (0.65, 0.35)$ than at the vertex: symmetry is about uniform noise.",
        OURS,
        checks=(
            Check(
                Method.INTERVAL,
                beats_vertex,
                Beats(RLL(), _mass(10, "3/5", "2/5"), _mass(10, "13/20", "7/20")),
                Beats(MAE(), _mass(10, "3/5", "2/5"), _mass(10, "13/20", "7/20")),
                "MAE hedges too",
            ),
            Check(
                Method.EXACT,
                beats_vertex,
                Beats(NMSE(), _mass(10, "3/5", "2/5"), _mass(10, "2/3", "1/3")),
                Beats(MAE(), _mass(10, "3/5", "2/5"), _mass(10, "2/3", "1/3")),
                "what NMSE does at (2/3, 1/3), MAE does too",
            ),
        ),
    ),
    Claim(
        "R4.concave",
        "Concave losses need no symmetry",
        "If $L = f(u_y) + \\sum_{i \\neq y} g(u_i)$ with $f$, $g$ concave and $f(0) - f(1) > g(0) - g(1)$, every "
        "conditional risk is least at the vertex of the likeliest label, so that minimisers of zero risk survive "
        "every noise with $T_{ii} > T_{ij}$.",
        OURS,
        checks=(
            Check(
                Method.EXACT,
                concave_and_kept,
                Parabola(),
                Parabola(Fraction(1)),
                "so they do under the convex (1 - u_y)^2",
            ),
        ),
    ),
)
