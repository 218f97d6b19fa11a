"""R3: what uniform noise can cost a loss that is not symmetric, and how sharp that bound is."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import sympy

from lossmatters.proofs_checks.claim import Check, Claim, Evidence, Method, Status
from lossmatters.proofs_checks.claims.risk.finite_problems import FiniteProblem, draw_problem
from lossmatters.proofs_checks.methods import exact
from lossmatters.proofs_checks.methods.symbolic import identity
from lossmatters.proofs_checks.methods.verdicts import Excess, excess
from lossmatters.theory.backends import backend
from lossmatters.theory.backends.sympy_ops import OPS
from lossmatters.theory.losses import CCE, GCE, LOSSES, MAE, MSE, Loss, get
from lossmatters.theory.noise import flip_probability, risk_slope
from lossmatters.theory.risk.excess import excess_risk_bound
from lossmatters.theory.symbolic.algebra import K, exact_losses
from lossmatters.theory.symbolic.points import Point, sign_of, simplest_between
from lossmatters.theory.symmetry.decide import decide

ETA = sympy.Symbol("eta", positive=True)
SOURCE = "Zhang & Sabuncu 2018, Theorem 1; Ghosh, Kumar & Sastry 2017"
OURS = "this project"


def noisy_risk_of_any_loss(slope: Callable[[Any, Any], Any]) -> Evidence:
    """Compare R^eta with a R + b E[S] for every loss: the identity behind R3."""
    own, total = sympy.symbols("L_y S")
    noisy = (1 - ETA) * own + flip_probability(ETA, K) * (total - own)
    right = slope(ETA, K) * own + flip_probability(ETA, K) * total
    return identity(noisy, right, "all K >= 2, every eta, every loss", "R^eta = a R + b E[S]")


def bound_factor(factor: Callable[[Any, Any], Any]) -> Evidence:
    """Compare `factor` with b/a, that of C_U - C_L: minimality under noise gives a (R(h*_eta) - R(h*)) <= b
    (C_U - C_L).
    """
    ratio = flip_probability(ETA, K) / risk_slope(ETA, K)
    return identity(ratio, factor(ETA, K), "all K >= 2, 0 <= eta < (K-1)/K", "b/a = eta/(K - 1 - eta K)")


def excess_on_problems(bound: Callable[[Fraction, int], Fraction]) -> Evidence:
    """Check R3 for MSE on random exact problems: enumerate the hypotheses, compare the excess with the bound."""
    loss, largest = MSE(), [Fraction(0)]

    def fails(problem: FiniteProblem) -> Any:
        clean, noisy = problem.risks(loss)
        allowed = bound(problem.noise_rate, problem.num_classes)
        chosen = max(r for r, n in zip(clean, noisy, strict=True) if n == min(noisy))
        gap = chosen - min(clean)
        if allowed:
            largest[0] = max(largest[0], gap / allowed)
        if gap <= allowed:
            return None
        return {"excess": str(gap), "bound": str(allowed), **problem.show()}

    def make(rng: random.Random) -> FiniteProblem:
        return draw_problem(rng, below_threshold=True, hypotheses=4)

    scope = "MSE, K = 2..5, 1..3 points, 4 hypotheses"
    evidence = exact.draws(make, fails, 400, scope, "the excess clean risk is within the bound")
    detail = f"{evidence.detail}; largest excess/bound {float(largest[0]):.3f}"
    return Evidence(evidence.method, evidence.status, evidence.scope, detail, evidence.witness)


# -- how sharp it is ---------------------------------------------------------------------------------


def attained(largest_rate: Callable[[Any], Any]) -> Evidence:
    """Compare the uniform output with the label's vertex, at the posterior where their noisy risks tie.

    For S least at the uniform output (C_L) and largest at the vertices (C_U), L(e_y, y) = 0 and so
    L(e_y, j) = C_U/(K - 1). The clean gap must then be R3's bound, and the posterior one for every rate
    up to largest_rate(C_L/C_U) eta*.
    """
    wrong, slack = sympy.symbols("l x", positive=True)  # l = L(e_y, j)
    number = sympy.Symbol("k", positive=True) + 1
    ratio = 1 / (1 + sympy.Symbol("z", positive=True))  # C_L/C_U in (0, 1)
    high, low = (number - 1) * wrong, (number - 1) * wrong * ratio
    # rates through (0, largest_rate eta*)
    eta = (number - 1) / number * largest_rate(ratio) / (1 + slack)
    slope, flip = risk_slope(eta, number), flip_probability(eta, number)
    bound = eta * (high - low) / (number - 1 - eta * number)
    mistaken = (low / number - bound) / wrong  # 1 - P(y | x)
    clean = low / number - mistaken * wrong  # risk of the uniform output less that of the vertex
    noisy = slope * clean + flip * (low - high)
    scope = "all K >= 2, every such loss"
    for name, value in (("clean gap less the bound", clean - bound), ("noisy gap", noisy)):
        if sympy.simplify(value) != 0:
            return Evidence(Method.SYMBOLIC, Status.UNDECIDED, scope, f"{name} is {value}")
    mistaken = sympy.factor(sympy.together(mistaken))
    detail = f"clean gap = bound, noisy gap = 0 at P(not y | x) = {mistaken}, eta* - eta measured by x"
    if mistaken.is_positive and sympy.factor(sympy.together(1 - mistaken)).is_positive:
        return Evidence(Method.SYMBOLIC, Status.PROVED, scope, detail)
    at = {s: sympy.Rational(1, 10) if s == slack else sympy.Integer(1) for s in mistaken.free_symbols}
    if mistaken.subs(at) < 0:
        witness = {**{str(s): str(v) for s, v in at.items()}, "P(not y | x)": str(mistaken.subs(at))}
        return Evidence(Method.SYMBOLIC, Status.REFUTED, scope, detail, witness)
    return Evidence(Method.SYMBOLIC, Status.UNDECIDED, scope, detail)


@dataclass(frozen=True)
class Duel:
    """One input with posterior pi, two hypotheses with outputs u and v: the smallest problem of R3."""

    pi: Point
    u: Point
    v: Point

    def gaps(self, loss: Loss, rate: Fraction) -> tuple[sympy.Expr, sympy.Expr]:
        """Return R(u) - R(v) and R^eta(u) - R^eta(v) in closed form."""
        d = [x - y for x, y in zip(exact_losses(loss, self.u), exact_losses(loss, self.v), strict=True)]
        clean = sum(OPS.const(p) * x for p, x in zip(self.pi, d, strict=True))
        k = len(self.pi)
        noisy = OPS.const(risk_slope(rate, k)) * clean + OPS.const(flip_probability(rate, k)) * sum(d)
        return sympy.expand(clean), sympy.expand(noisy)


SEARCH_CLASSES, STEPS, RESTARTS, GRAIN = 3, 150, 4, 60
SHORT_OF_TIE = (0.998, 0.9995)


def climb(loss: Loss, rate: Fraction, rng: random.Random) -> Duel | None:
    """Search by hill climbing for the duel of largest clean excess that the noisy risk does not see.

    For outputs u, v the best posterior has pi.d = -b sum d/a, where the noisy risks tie, or all of its mass
    on the label of the largest d_j if that is less. So only u and v are searched, by moving weights of sum
    `GRAIN`; pi then stays short of the tie by a thousandth. float64 steers, the caller verifies.
    """
    slope, flip = risk_slope(rate, SEARCH_CLASSES), flip_probability(rate, SEARCH_CLASSES)
    numpy = backend("numpy")

    def gap(weights: list[list[int]]) -> np.ndarray:
        with np.errstate(all="ignore"):
            first, second = loss.all_labels(np.array(weights) / GRAIN, numpy)
        return first - second

    def worth(weights: list[list[int]]) -> float:
        d = gap(weights)
        value = min(-float(flip / slope) * float(d.sum()), float(d.max()))
        return value if np.isfinite(value) else -np.inf

    best, best_worth = None, 0.0
    for _ in range(RESTARTS):
        weights = [_composition(rng, SEARCH_CLASSES) for _ in range(2)]
        current = worth(weights)
        for _ in range(STEPS):
            moved = [list(w) for w in weights]
            for _ in range(rng.choice((1, 1, 2, 3))):
                row = rng.choice(moved)
                i, j = rng.sample(range(SEARCH_CLASSES), 2)
                step = min(row[i], rng.choice((1, 1, 2, 5, 15)))
                row[i], row[j] = row[i] - step, row[j] + step
            value = worth(moved)
            if value >= current:
                weights, current = moved, value
        if current > best_worth:
            best, best_worth = weights, current
    if best is None:
        return None
    d = gap(best)
    high, low = int(d.argmax()), int(d.argmin())
    if d[low] >= best_worth:  # no posterior comes closer to the tie than one label alone
        pi = [Fraction(int(j == low)) for j in range(SEARCH_CLASSES)]
    else:
        ends = [Fraction(float((share * best_worth - d[low]) / (d[high] - d[low]))) for share in SHORT_OF_TIE]
        pi = [Fraction(0)] * SEARCH_CLASSES
        pi[high] = simplest_between(max(ends[0], Fraction(0)), ends[1])
        pi[low] = 1 - pi[high]
    return Duel(tuple(pi), *(tuple(Fraction(x, GRAIN) for x in w) for w in best))


def _composition(rng: random.Random, parts: int) -> list[int]:
    cuts = sorted(rng.randint(0, GRAIN) for _ in range(parts - 1))
    return [b - a for a, b in zip([0, *cuts], [*cuts, GRAIN], strict=True)]


def searchable() -> Iterator[Loss]:
    """Yield the registered losses that are not symmetric but have a finite bound."""
    for loss in map(get, LOSSES):
        if decide(loss, SEARCH_CLASSES).status == "refuted":
            bound = excess_risk_bound(loss, SEARCH_CLASSES, "1/10")
            if bound.is_finite and bound.is_number and not bound.has(sympy.Float):
                yield loss


def bound_under_search(share: Fraction) -> Evidence:
    """Search for duels whose excess is above `share` times R3's bound; report the largest ratio per loss."""
    rates = (Fraction(1, 10), Fraction(2, 5))
    rng, ratios = random.Random(0), dict[str, dict[str, float]]()
    scope = f"K = {SEARCH_CLASSES}, eta = 1/10 and 2/5; {RESTARTS} climbs of {STEPS} steps a loss and rate"
    for loss in searchable():
        for rate in rates:
            duel = climb(loss, rate, rng)
            if duel is None:
                continue
            clean, noisy = duel.gaps(loss, rate)
            bound = excess_risk_bound(loss, SEARCH_CLASSES, rate)
            if sign_of(noisy)[0] != -1:
                return Evidence(Method.INTERVAL, Status.UNDECIDED, scope, f"{loss.spec}: {noisy} is not < 0")
            ratios.setdefault(loss.spec, {})[str(rate)] = float(clean / bound)
            over = sign_of(clean - OPS.const(share) * bound)[0]
            if over is None or over > 0:
                problem = {"loss": loss.spec, "eta": str(rate), **exact.strings(vars(duel))}
                witness = {**problem, "excess": float(clean), "bound": float(OPS.const(share) * bound)}
                status = Status.UNDECIDED if over is None else Status.REFUTED
                return Evidence(Method.INTERVAL, status, scope, "a duel exceeds the bound", witness)
    shown = "; ".join(f"{s} " + ", ".join(f"{v:.3f} at {e}" for e, v in r.items()) for s, r in ratios.items())
    detail = f"largest excess/bound found, signs exact or by balls: {shown}"
    return Evidence(Method.INTERVAL, Status.SAMPLED, scope, detail, None, {"ratios": ratios})


def unbounded_excess(losses: tuple[Loss, ...]) -> Evidence:
    """Check duels of label 1, certain, whose excess grows without end: u has u_1 = delta, v has v_j =
    delta^8.
    """
    rate, k, found = Fraction(2, 5), 3, dict[str, list[float]]()
    for loss in losses:
        for n in (10, 100, 1000):
            delta, epsilon = Fraction(1, 10**n), Fraction(1, 10 ** (8 * n))
            u = (delta, (1 - delta) / 2, (1 - delta) / 2)
            v = (1 - 2 * epsilon, epsilon, epsilon)
            clean, noisy = Duel((Fraction(1), Fraction(0), Fraction(0)), u, v).gaps(loss, rate)
            found.setdefault(loss.spec, []).append(float(clean))
            grows = sign_of(clean - OPS.const(Fraction(n, 10)))[0]
            if sign_of(noisy)[0] != -1 or grows != 1:
                shown = {
                    "loss": loss.spec,
                    "u": exact.strings(u),
                    "excess": float(clean),
                    "noisy": float(noisy),
                }
                return Evidence(
                    Method.INTERVAL, Status.REFUTED, f"K = {k}, eta = {rate}", "no such duel", shown
                )
    detail = "excess at delta = 1e-10, 1e-100, 1e-1000 with a smaller noisy risk: " + "; ".join(
        f"{s} {', '.join(f'{x:.3g}' for x in xs)}" for s, xs in found.items()
    )
    return Evidence(Method.INTERVAL, Status.CERTIFIED, f"K = {k}, eta = {rate}", detail)


CLAIMS = (
    Claim(
        "R3",
        "What noise can cost a loss that is nearly symmetric",
        "If $C_L \\leq S \\leq C_U$, the minimiser of the noisy risk over a class has clean risk at most "
        "$\\frac{\\eta (C_U - C_L)}{K - 1 - \\eta K}$ above the best.",
        "Zhang & Sabuncu 2018, Theorem 1; Ghosh, Kumar & Sastry 2017",
        assumes=("uniform noise, eta < (K-1)/K", "both minimisers exist"),
        checks=(
            Check(
                Method.SYMBOLIC,
                noisy_risk_of_any_loss,
                risk_slope,
                lambda eta, k: 1 - eta,
                "the factor of the clean risk is 1 - eta",
            ),
            Check(
                Method.SYMBOLIC,
                bound_factor,
                lambda eta, k: eta / (k - 1 - eta * k),
                lambda eta, k: eta / (k - 1),
                "b/a = eta/(K - 1)",
            ),
            Check(
                Method.EXACT,
                excess_on_problems,
                lambda eta, k: eta * (k - 1) / (k - 1 - eta * k),
                lambda eta, k: Fraction(0),
                "MSE has no excess, as if it were symmetric",
            ),
        ),
    ),
    Claim(
        "R3.forms",
        "Closed forms of the excess-risk bound",
        "R3's bound is $\\frac{\\eta (K^{1-q} - 1)}{q (K-1-\\eta K)}$ for GCE (here $q = \\frac7{10}$), "
        "$\\frac{\\eta (K-1)}{K-1-\\eta K}$ for MSE, infinite for CCE and $0$ for a symmetric loss.",
        "Zhang & Sabuncu 2018, Theorem 1",
        checks=(
            Check(
                Method.SYMBOLIC,
                excess,
                Excess(GCE(), "eta*(K**(3/10) - 1)*10/7/(K - 1 - eta*K)"),
                Excess(GCE(), "eta*(K - 1)/(K - 1 - eta*K)"),
                "GCE has the bound of MSE",
            ),
            Check(
                Method.SYMBOLIC,
                excess,
                Excess(MSE(), "eta*(K - 1)/(K - 1 - eta*K)"),
                Excess(MSE(), "eta*K/(K - 1 - eta*K)"),
                "the bound for MSE is eta K/(K - 1 - eta K)",
            ),
            Check(Method.SYMBOLIC, excess, Excess(CCE(), "oo"), Excess(CCE(), "0"), "CCE has no excess"),
            Check(Method.SYMBOLIC, excess, Excess(MAE(), "0"), Excess(MAE(), "eta"), "MAE can lose eta"),
        ),
    ),
    Claim(
        "R3.sharp",
        "The bound is attained up to a certain rate",
        "If $S$ is least ($C_L$) at the uniform output and largest ($C_U$) at the vertices and $L(e_y, y) = 0$, "
        "R3's bound is attained by these two outputs for every rate $\\eta \\leq \\eta^* \\frac{C_L}{C_U}$: half "
        "the threshold for MSE.",
        OURS,
        assumes=("ties under noise may go to the worse hypothesis",),
        checks=(
            Check(
                Method.SYMBOLIC,
                attained,
                lambda ratio: ratio,
                lambda ratio: 1,
                "it is attained by them at every rate below the threshold",
            ),
        ),
    ),
    Claim(
        "R3.search",
        "No problem found exceeds the bound",
        "Hill climbing over exact problems finds no excess above R3's bound for any loss of the catalogue with a "
        "finite one, and comes close to it.",
        OURS,
        checks=(
            Check(
                Method.INTERVAL,
                bound_under_search,
                Fraction(1),
                Fraction(1, 2),
                "half of the bound suffices",
            ),
        ),
    ),
    Claim(
        "R3.unbounded",
        "Unbounded losses have no such bound",
        "Under CCE, focal loss and SCE the excess of the noisy minimiser of two hypotheses can be arbitrarily large.",
        OURS,
        checks=(
            Check(
                Method.INTERVAL,
                unbounded_excess,
                (get("cce"), get("focal"), get("sce")),
                (GCE(),),
                "so it can under GCE",
            ),
        ),
    ),
)
