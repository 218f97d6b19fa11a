"""D1: where training on noise leads."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy

from lossmatters.proofs_checks.claim import Check, Claim, Evidence, Method, Status
from lossmatters.proofs_checks.methods import exact
from lossmatters.theory.backends.sympy_ops import const
from lossmatters.theory.losses import CCE, GCE, MAE, MSE, NMSE, RLL, Loss, get
from lossmatters.theory.noise import threshold
from lossmatters.theory.risk.noisy_optimum import noisy_optimum
from lossmatters.theory.verdict import Known

OURS = "this project"


@dataclass(frozen=True)
class Optimum:
    """The statement "the noisy optimum has this u_c", a function of (eta, K), exactly, at all rates of a grid."""

    loss: Loss
    clean: Callable[[Fraction, int], Any]


def exact_optima(cases: Iterable[Optimum]) -> Evidence:
    """Compare at K = 2, 3, 4, 10 and ten rates below the threshold, in exact arithmetic."""
    grid = [(k, i * threshold(k) / 10) for k in (2, 3, 4, 10) for i in range(10)]

    def fails(case: tuple[Optimum, tuple[int, Fraction]]) -> Any:
        claimed, (k, eta) = case
        found, said = noisy_optimum(claimed.loss, k, eta).clean_exact, const(claimed.clean(eta, k))
        if found is not None and exact.vanishes(found - said):
            return None
        return {"loss": claimed.loss.spec, "K": k, "eta": str(eta), "u_c": str(found), "said": str(said)}

    cases = list(cases)
    names = ", ".join(c.loss.title for c in cases)
    instances = [(c, point) for c in cases for point in grid]
    scope = "K = 2, 3, 4, 10, eta = 0, 1/10, ..., 9/10 of the threshold"
    return exact.all_of(instances, fails, scope, f"u*_c as stated for {names}")


def signs_of_weights(side: int) -> Evidence:
    """Decide whether RLL's w at pi = T[c], `side` x from the threshold, is > 0 for class c and < 0 for all
    others.
    """
    x, k = sympy.symbols("x k", positive=True)
    eta, classes = k / (k + 1) + side * x, k + 1
    clean = sympy.simplify((classes * (1 - eta) - 1) / (classes - 1))
    other = sympy.simplify((classes * eta / (classes - 1) - 1) / (classes - 1))
    scope = f"all K >= 2, every eta {'<' if side < 0 else '>'} (K-1)/K, every alpha"
    detail = f"w_c = {clean} and w_j = {other} at x from the threshold, K = k + 1: water only at c"
    if clean.is_positive and other.is_negative:
        return Evidence(Method.SYMBOLIC, Status.PROVED, scope, detail)
    if clean.is_negative:
        return Evidence(
            Method.SYMBOLIC, Status.REFUTED, scope, detail, {"w_c": str(clean), "w_j": str(other)}
        )
    return Evidence(Method.SYMBOLIC, Status.UNDECIDED, scope, detail)


def vertices(names: Iterable[str]) -> Evidence:
    """Decide whether u* is the vertex of the clean class, by proof or certificate, at K = 2, 3, 10 and five
    rates each.
    """
    names, weakest = list(names), Status.PROVED
    for name in names:
        for k in (2, 3, 10):
            for i in range(1, 6):
                eta = i * threshold(k) / 6
                found = noisy_optimum(get(name), k, eta)
                if not found.vertex or found.status not in (Known.PROVED, Known.CERTIFIED):
                    witness = {
                        "loss": name,
                        "K": k,
                        "eta": str(eta),
                        "u_c": found.clean,
                        "status": found.status.value,
                    }
                    status = Status.REFUTED if found.status is Known.PROVED else Status.UNDECIDED
                    return Evidence(Method.SYMBOLIC, status, f"K = {k}, eta = {eta}", found.detail, witness)
                if found.status is not Known.PROVED:
                    weakest = Status.CERTIFIED
    scope = "K = 2, 3, 10 (the argument: every K), eta < (K-1)/K"
    detail = f"{', '.join(names)}: R^eta = b C + a L(u, c) by R1, and L(u, c) is least at e_c"
    method = Method.SYMBOLIC if weakest is Status.PROVED else Method.INTERVAL
    return Evidence(method, weakest, scope, detail)


def _gce_share(power: Callable[[Fraction], Fraction]) -> Callable[[Fraction, int], Any]:
    q = GCE().q

    def clean(eta: Fraction, k: int) -> Any:
        first, other = const(1 - eta) ** const(power(q)), const(eta / (k - 1)) ** const(power(q))
        return first / (first + (k - 1) * other)

    return clean


SYMMETRIC_SMOOTH = ("rll", "nmse", "mae", "unhinged", "rce", "nce", "nfl", "ngce")

CLAIMS = (
    Claim(
        "D1",
        "Noisy Bayes output",
        "Under uniform noise $\\eta < (K-1)/K$ the minimiser of $\\sum_j T_{cj} L(u, j)$ has $u_c = 1 - \\eta$ for CCE "
        "and MSE, $u_c = 1$ for RLL, MAE and NMSE.",
        OURS,
        checks=(
            Check(
                Method.EXACT,
                exact_optima,
                (
                    *(Optimum(loss, lambda eta, k: 1 - eta) for loss in (CCE(), MSE())),
                    *(Optimum(loss, lambda eta, k: 1) for loss in (RLL(), MAE(), NMSE())),
                ),
                (Optimum(MSE(), lambda eta, k: 1),),
                "MSE is led to the vertex too",
            ),
            Check(
                Method.SYMBOLIC,
                signs_of_weights,
                -1,
                1,
                "RLL is led to the vertex beyond the threshold as well",
            ),
        ),
    ),
    Claim(
        "D1.gce",
        "The noisy optimum of GCE",
        "For GCE $u_c = \\frac{(1-\\eta)^p}{(1-\\eta)^p + (K-1) (\\eta/(K-1))^p}$ with $p = 1/(1-q)$: nearer to the "
        "vertex than $1 - \\eta$, and never there.",
        OURS,
        checks=(
            Check(
                Method.EXACT,
                exact_optima,
                (Optimum(GCE(), _gce_share(lambda q: 1 / (1 - q))),),
                (Optimum(GCE(), _gce_share(lambda q: 1 / q)),),
                "p = 1/q",
            ),
        ),
    ),
    Claim(
        "D1.symmetric",
        "Symmetric losses are led to the vertex of the clean class",
        "If $L$ is symmetric and $L(u, c)$ is least at $u = e_c$, then $e_c$ minimises $\\sum_j T_{cj} L(u, j)$ at every "
        "$\\eta < (K-1)/K$. So for RLL, NMSE, MAE, unhinged, RCE and NGCE it is the only minimiser; NCE and NFL have "
        "others, wherever some $u_i \\to 0$, $i \\neq c$.",
        OURS,
        assumes=("R1",),
        checks=(
            Check(
                Method.INTERVAL,
                vertices,
                SYMMETRIC_SMOOTH,
                ("rll", "mse"),
                "MSE is led to the vertex as well",
            ),
        ),
    ),
)
