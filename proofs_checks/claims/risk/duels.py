"""R3.search and R3.unbounded: two outputs against each other, the smallest problem of R3."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import sympy

from lossmatters.proofs_checks.claim import Check, Claim, Evidence, Method, Status
from lossmatters.proofs_checks.methods import exact
from lossmatters.theory.backends import backend
from lossmatters.theory.backends.sympy_ops import OPS
from lossmatters.theory.losses import GCE, LOSSES, Loss, get
from lossmatters.theory.noise import flip_probability, risk_slope
from lossmatters.theory.risk.excess import excess_risk_bound
from lossmatters.theory.symbolic.algebra import exact_losses
from lossmatters.theory.symbolic.points import Point, sign_of, simplest_between
from lossmatters.theory.symmetry.decide import decide

OURS = "this project"


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
