"""D2: how long memorizing takes from where training on noise leads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import sympy

from lossmatters.proofs_checks.claim import Check, Claim, Evidence, Method, Status
from lossmatters.proofs_checks.claims.minimisers.optima import SYMMETRIC_SMOOTH
from lossmatters.proofs_checks.methods.symbolic import identity
from lossmatters.theory.backends import backend
from lossmatters.theory.dynamics.logit_gradients import (
    closed_gradient,
)
from lossmatters.theory.dynamics.memorization_time import memorization_time
from lossmatters.theory.losses import Loss, get

OURS = "this project"
TWO_SOLVERS = 1e-6  # relative tolerances are 1e-10 in both; errors of a flow add up over hundreds of steps
SAME_ORDER = 0.15  # log(1/d) over two decades looks like d^-0.1


@dataclass(frozen=True)
class Times:
    """The statement "T_mem at K = 10 is this": spec -> values, from the optima at `rates` or from c = 9/10."""

    values: Mapping[str, tuple[float, ...]]
    rates: tuple[str, ...] = ("1/5", "2/5", "3/5")


def times(claimed: Times) -> Evidence:
    """Compare with `memorization_time` to three digits (half a unit of the third)."""
    scope = "K = 10"
    for spec, values in claimed.values.items():
        starts: list[dict[str, Any]] = [{"noise_rate": r} for r in claimed.rates] or [{"start": "9/10"}]
        for where, value in zip(starts, values, strict=True):
            found = memorization_time(get(spec), 10, **where)
            if not found.decided:
                return Evidence(Method.SAMPLING, Status.UNDECIDED, scope, f"{spec}: {found.detail}")
            if float(f"{found.value:.3g}") != float(f"{value:.3g}"):
                witness = {"loss": spec, **where, "T": found.value, "said": value}
                return Evidence(Method.SAMPLING, Status.REFUTED, scope, f"{spec}: {found.value:.4g}", witness)
    detail = "; ".join(
        f"{s}: {', '.join(f'{v:.3g}' for v in values)}" for s, values in claimed.values.items()
    )
    where_from = f"from u* at eta = {', '.join(claimed.rates)}" if claimed.rates else "from u_c = 9/10"
    return Evidence(Method.SAMPLING, Status.SAMPLED, scope, f"{where_from}: {detail}")


def all_logits(shift: float, specs: Iterable[str] = ("cce", "mse", "gce(q=3/10)", "rll")) -> Evidence:
    """Compute T_mem again: all ten logits by an explicit Runge-Kutta method, closed gradients, c = 9/10.

    `shift` is added to the times of `memorization_time`.
    """
    found = {}
    for spec in specs:
        said = memorization_time(get(spec), 10, start="9/10").value + shift
        found[spec] = (time_with_all_logits(get(spec), 10, 0.9), said)
    scope = "K = 10, from u_c = 9/10"
    detail = ", ".join(f"{spec} {a:.6g}" for spec, (a, _) in found.items())
    wrong = {spec: pair for spec, pair in found.items() if abs(pair[0] - pair[1]) > TWO_SOLVERS * pair[0]}
    if wrong:
        witness = {spec: list(pair) for spec, pair in wrong.items()}
        return Evidence(Method.SAMPLING, Status.REFUTED, scope, f"two computations differ: {detail}", witness)
    return Evidence(Method.SAMPLING, Status.SAMPLED, scope, f"two computations agree to six digits: {detail}")


def time_with_all_logits(loss: Loss, k: int, confidence: float) -> float:
    """Return T_mem by DOP853 on K logits, with no use of symmetry between classes."""
    from scipy.integrate import solve_ivp

    def probs(z: Any) -> Any:
        e = np.exp(z - z.max())
        return e / e.sum()

    def ahead(t: float, z: Any) -> float:
        return float(probs(z)[0] - 0.5)

    ahead.terminal = True  # type: ignore[attr-defined]  # solve_ivp reads it off the function
    start = np.log(np.array([(1 - confidence) / (k - 1)] * (k - 1) + [confidence]))
    numpy, onehot = backend("numpy"), np.eye(k)[0]
    run = solve_ivp(
        lambda t, z: -closed_gradient(loss, probs(z), onehot, numpy),
        (0, 1e6),
        start,
        method="DOP853",
        rtol=1e-10,
        atol=1e-12,
        events=ahead,
    )
    return float(run.t_events[0][0])


def never(names: Iterable[str]) -> Evidence:
    """Decide whether T_mem is infinite from the noisy optimum, by proof, at K = 2, 3, 10 and eta = 1/5, 2/5."""
    names = list(names)
    for name in names:
        for k in (2, 3, 10):
            for eta in ("1/5", "2/5"):
                found = memorization_time(get(name), k, eta)
                where = {"loss": name, "K": k, "eta": eta, "T": str(found.value)}
                if found.decided and np.isfinite(found.value):
                    return Evidence(Method.SYMBOLIC, Status.REFUTED, f"K = {k}", found.detail, where)
                if found.status not in ("proved", "certified"):
                    return Evidence(Method.SYMBOLIC, Status.UNDECIDED, f"K = {k}", f"{where}: {found.detail}")
    detail = f"{', '.join(names)}: u* is the vertex e_c (D1), and the logit gradient tends to 0 there"
    return Evidence(Method.SYMBOLIC, Status.PROVED, "K = 2, 3, 10, eta = 1/5, 2/5", detail)


def growth(orders: Mapping[str, float]) -> Evidence:
    """Measure by which factor T from u_c = 1 - d, at K = 10, grows when d falls from 10^-3 to 10^-5.

    The order is log(factor)/log(100): 1 for 1/d, 0 for a logarithm.
    """
    found = {}
    for spec in orders:
        near, far = (memorization_time(get(spec), 10, start=1 - Fraction(1, 10**n)).value for n in (5, 3))
        found[spec] = float(np.log(near / far) / np.log(100))
    detail = ", ".join(f"{spec}: d^-{order:.2f}" for spec, order in found.items())
    wrong = {spec: order for spec, order in found.items() if abs(order - orders[spec]) > SAME_ORDER}
    scope = "K = 10, d = 10^-3 and 10^-5"
    if wrong:
        return Evidence(Method.SAMPLING, Status.REFUTED, scope, f"other orders: {detail}", wrong)
    return Evidence(Method.SAMPLING, Status.SAMPLED, scope, detail)


def conserved(rate: Callable[[Any, Any], Any]) -> Evidence:
    """Decide whether exp(-z_i) grows at the stated rate of (z_i, Z) under CCE: dz_i/dt = -u_i = -exp(z_i)/Z."""
    z, total = sympy.symbols("z_i Z", positive=True)
    found = sympy.diff(sympy.exp(-z), z) * (-sympy.exp(z) / total)
    detail = "exp(-z_i) grows at 1/Z for every class but the label, so differences of them are conserved"
    return identity(found, rate(z, total), "all K >= 2", detail)


def _scaled(values: Mapping[str, tuple[float, ...]], spec: str) -> dict[str, tuple[float, ...]]:
    return {**values, spec: tuple(1.01 * v for v in values[spec])}


FROM_OPTIMUM = {
    "cce": (3.349, 3.174, 3.039),
    "mse": (10.86, 9.327, 8.508),
    "gce(q=3/10)": (8.248, 6.225, 5.262),
    "gce(q=7/10)": (3060.0, 313.7, 51.88),
}
FROM_CONFIDENCE = {
    "cce": (3.515,),
    "rll": (10.20,),
    "mse": (13.26,),
    "gce": (21.61,),
    "mae": (28.52,),
    "nmse": (555.9,),
}

CLAIMS = (
    Claim(
        "D2",
        "Memorization time",
        "From the noisy optimum at $K = 10$ and $\\eta = 0.2, 0.4, 0.6$ gradient flow on free logits gives the altered "
        "label half of the mass after $3.35, 3.17, 3.04$ under CCE, $10.9, 9.33, 8.51$ under MSE, $8.25, 6.22, 5.26$ "
        "under GCE(0.3) and $3060, 314, 51.9$ under GCE(0.7).",
        OURS,
        assumes=("D1",),
        checks=(
            Check(
                Method.SAMPLING,
                times,
                Times(FROM_OPTIMUM),
                Times(_scaled(FROM_OPTIMUM, "gce(q=7/10)")),
                "the times of GCE(0.7) are 1% longer",
            ),
            Check(Method.SAMPLING, all_logits, 0.0, 0.01, "all times are longer by 0.01"),
        ),
    ),
    Claim(
        "D2.infinite",
        "A symmetric loss does not leave its noisy optimum",
        "Under RLL, NMSE, MAE, unhinged, RCE, NCE, NFL and NGCE the time is infinite: the noisy optimum is the vertex of "
        "the clean class, where the logit gradient vanishes.",
        OURS,
        assumes=("D1.symmetric", "the time from a vertex is the limit of starts that tend to it"),
        checks=(Check(Method.SYMBOLIC, never, SYMMETRIC_SMOOTH, ("mse",), "MSE never leaves its optimum"),),
    ),
    Claim(
        "D2.fixed",
        "From a fixed confidence",
        "From $u_c = 0.9$ at $K = 10$ the times are finite: $3.52$ under CCE, $10.2$ under RLL, $13.3$ under MSE, $21.6$ "
        "under GCE(0.7), $28.5$ under MAE and $556$ under NMSE.",
        OURS,
        checks=(
            Check(
                Method.SAMPLING,
                times,
                Times(FROM_CONFIDENCE, ()),
                Times(_scaled(FROM_CONFIDENCE, "nmse"), ()),
                "NMSE takes 1% longer",
            ),
        ),
    ),
    Claim(
        "D2.near",
        "How fast the time grows near the vertex",
        "From $u_c = 1 - d$ the time grows as $1/d$ under RLL, MAE, NMSE and MSE alike, as $d^{-q}$ under GCE, and "
        "as $\\log(1/d)$ under CCE. What sets symmetric losses apart from MSE is not how slow they are beside the "
        "vertex but that noise leads them there (D1).",
        OURS,
        checks=(
            Check(
                Method.SAMPLING,
                growth,
                {"rll": 1.0, "mae": 1.0, "nmse": 1.0, "gce(q=7/10)": 0.7, "mse": 1.0, "cce": 0.0},
                {"cce": 1.0},
                "the time under CCE grows as 1/d",
            ),
        ),
    ),
    Claim(
        "D2.path",
        "The path of losses of the label's probability",
        "Under CCE $e^{-z_i}$ grows at the rate $1/Z$ for every class but the label, $Z = \\sum_i e^{z_i}$, so that "
        "$e^{-z_i} - e^{-z_j}$ is conserved.",
        OURS,
        assumes=("D3.label",),
        checks=(
            Check(
                Method.SYMBOLIC,
                conserved,
                lambda z, total: 1 / total,
                lambda z, total: sympy.exp(-z) / total,
                "the rate is u_i",
            ),
        ),
    ),
)
