"""A1 to A3: when the vertex of a certain clean label is best, and how much noise that survives."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import sympy

from lossmatters.proofs_checks.claim import Check, Claim, Evidence, Method, Status
from lossmatters.proofs_checks.methods.exact import draws, simplex_point, strings
from lossmatters.proofs_checks.methods.symbolic import same
from lossmatters.theory.exact import exact
from lossmatters.theory.losses import LOSSES, get
from lossmatters.theory.minimisers.numerical import minimise, risk_and_slopes
from lossmatters.theory.noise import SymmetricNoise, threshold
from lossmatters.theory.risk.tolerance import noise_tolerance
from lossmatters.theory.symbolic.algebra import K

OURS = "this project"
ZHOU = "the condition: Zhou et al., ICML 2021; the rates and A3: this project"
NEAR = (
    1e-9  # entries of the output that stands for the vertex: it is worse than the vertex by slopes times this
)
SAME, WORSE = 1e-6, 1e-5  # of risks of size 1 to 10, at rates 1/20 from the tolerance
STEP = 0.05


def convex_piecewise(ratio: Callable[[list[Fraction]], Fraction]) -> Evidence:
    """Compare A1 with the least value for random convex, falling, piecewise linear f and posteriors, exactly.

    With slopes -s_1 <= -s_2 <= ... of pieces of length 1/m, sum pi_j f(u_j) falls fastest if the mass goes, 1/m
    at a time, to the piece of the greatest pi_j s_i: that is the exact least value. `ratio` of the slopes is rho.
    """

    def make(rng: random.Random) -> Any:
        m, k = rng.randint(1, 3), rng.randint(2, 4)
        slopes = sorted((Fraction(rng.randint(1, 6)) for _ in range(m)), reverse=True)
        return slopes, simplex_point(rng, k)

    def fails(instance: Any) -> Any:
        slopes, pi = instance
        m = len(slopes)
        falls = sorted((p * s / m for p in pi for s in slopes), reverse=True)
        best, c = sum(falls[:m]), max(range(len(pi)), key=lambda i: pi[i])
        vertex = pi[c] * sum(slopes) / m
        others = max(p for i, p in enumerate(pi) if i != c)
        says = pi[c] >= ratio(slopes) * others
        return None if says == (vertex == best) else strings({"slopes": slopes, "posterior": pi})

    return draws(
        make, fails, 400, "random convex piecewise linear f, K = 2..4", "e_c is best iff pi_c >= rho max pi_j"
    )


CLOSED = {
    "cce": "0",
    "gce": "0",
    "focal": "0",
    "mse": "0",
    "js": "0",
    "phuber-ce(tau=10)": "(K-1)/(K+9)",
    "agce": "(K-1)/(K-1+(8/3)**(2/5))",
    "ael": "(K-1)/(K-1+exp(2/5))",
    "aul": "(K-1)/(K-1+121/81)",
    "taylor-ce(n=3)": "(K-1)/(K+2)",
    "amse": "9*(K-1)/(10*K)",
    "agce(q=2)": "(K-1)/K",
    "truncated-gce": "(K-1)/K",
    "mae": "(K-1)/K",
    "rll": "(K-1)/K",
    "nmse": "(K-1)/K",
    "nce": "(K-1)/K",
    "forward(cce, eta=2/5)": "2/5",
}


def closed_forms(claimed: dict[str, str]) -> Evidence:
    """Compare the derived tolerance of each loss with a text in K, for every K."""
    for spec, text in claimed.items():
        found = noise_tolerance(get(spec))
        if found.rate is None:
            return Evidence(Method.SYMBOLIC, Status.UNDECIDED, "all K >= 2", f"{spec}: {found.detail}")
        said = sympy.nsimplify(sympy.sympify(text, locals={"K": K}), rational=False)
        equal, witness = same(found.rate, said)
        if not equal:
            status = Status.REFUTED if witness else Status.UNDECIDED
            return Evidence(
                Method.SYMBOLIC, status, "all K >= 2", f"{spec} tolerates {found.rate}, not {said}", witness
            )
    detail = "; ".join(f"{spec}: {text}" for spec, text in claimed.items())
    return Evidence(Method.SYMBOLIC, Status.PROVED, "all K >= 2", detail)


@dataclass(frozen=True)
class BothSides:
    """The statement "the vertex is best below `shift` times the tolerance of these, and not above"."""

    losses: tuple[str, ...]
    num_classes: int = 4
    shift: float = 1.0


def both_sides(claimed: BothSides) -> Evidence:
    """Search with descents from several starts, and with outputs alike on the wrong classes, in float64."""
    k, shown = claimed.num_classes, {}
    for spec in claimed.losses:
        found = noise_tolerance(get(spec), k)
        if found.value is None:
            return Evidence(Method.SAMPLING, Status.UNDECIDED, f"K = {k}", f"{spec}: {found.detail}")
        centre = claimed.shift * found.value
        step = min(STEP, centre / 2, (float(threshold(k)) - centre) / 2)
        low, high = (advantage(spec, k, centre + side * step) for side in (-1, 1))
        shown[spec] = [centre, low, high]
        if not (low < SAME and high > WORSE):
            detail = f"{spec} at K = {k}: the vertex is {low:.2g} and {high:.2g} above the least risk found, beside {centre:.3g}"
            return Evidence(
                Method.SAMPLING, Status.REFUTED, f"K = {k}", detail, {"loss": spec, "above": [low, high]}
            )
    detail = "the vertex is best on one side and not on the other: " + ", ".join(
        f"{s} at {v[0]:.3f}" for s, v in shown.items()
    )
    return Evidence(
        Method.SAMPLING,
        Status.SAMPLED,
        f"K = {k}, rates beside the tolerance",
        detail,
        None,
        {"advantages": shown},
    )


def advantage(spec: str, k: int, eta: float) -> float:
    """Return how much less the least noisy risk found is than that beside the clean class's vertex."""
    loss = get(spec)
    row = SymmetricNoise(exact(eta)).transition_matrix(k)[0]
    pi = np.array([float(p) for p in row])
    risk = risk_and_slopes(loss, pi)[0]
    best, _ = minimise(loss, pi)
    tried = [np.array([1 - s, *[s / (k - 1)] * (k - 1)]) for s in np.geomspace(1e-6, 0.5, 60)]
    vertex = np.array([1 - (k - 1) * NEAR, *[NEAR] * (k - 1)])
    return float(risk(vertex) - min(map(risk, [best, *tried])))


@dataclass(frozen=True)
class Full:
    """The statement "these tolerate all rates up to (K-1)/K, and no other of the catalogue", at one K."""

    losses: frozenset[str]
    num_classes: int = 10


def full_tolerance(claimed: Full) -> Evidence:
    """Compare with what is decided for the whole catalogue."""
    k = claimed.num_classes
    found = {name: noise_tolerance(get(name), k) for name in LOSSES}
    undecided = [name for name, v in found.items() if v.status == "undecided"]
    if undecided:
        return Evidence(Method.SYMBOLIC, Status.UNDECIDED, f"K = {k}", f"not decided: {', '.join(undecided)}")
    whole = {name for name, v in found.items() if v.rate == sympy.Rational(k - 1, k)}
    if whole != claimed.losses:
        odd = sorted(whole ^ claimed.losses)
        detail = f"differs for {', '.join(odd)}"
        return Evidence(Method.SYMBOLIC, Status.REFUTED, f"K = {k}", detail, {"differs": odd})
    order = sorted(found, key=lambda n: float(found[n].value or 0))
    values = {name: found[name].value for name in order}  # None where the vertex is not best at rate 0
    detail = ", ".join(f"{name} {'none' if v is None else f'{v:.3g}'}" for name, v in values.items())
    status = Status.CERTIFIED if any(v.status == "certified" for v in found.values()) else Status.PROVED
    method = Method.INTERVAL if status is Status.CERTIFIED else Method.SYMBOLIC
    return Evidence(method, status, f"K = {k}", detail)


def _symmetric() -> frozenset[str]:
    return frozenset(name for name in LOSSES if get(name).symmetric)


CLAIMS = (
    Claim(
        "A1",
        "When the vertex is best",
        "For $L = f(u_y)$, $f$ convex and falling, $\\rho = |f'(0^+)|/|f'(1^-)|$: the vertex $e_c$ minimises "
        "$\\sum_j \\pi_j f(u_j)$ if and only if $\\pi_c \\geq \\rho \\max_{j \\neq c} \\pi_j$. Where $f$ lies nowhere below "
        "its chord (concave, or flat and then falling), $\\rho = 1$ serves.",
        ZHOU,
        ("f convex with f'(1) != 0",),
        (
            Check(
                Method.EXACT,
                convex_piecewise,
                lambda slopes: slopes[0] / slopes[-1],
                lambda slopes: slopes[0] / (sum(slopes) / len(slopes)),
                "rho is the steepest slope over the mean one",
            ),
        ),
    ),
    Claim(
        "A2",
        "Noise tolerance",
        "The largest uniform rate up to which a certain clean label's vertex minimises the noisy risk is "
        "$\\eta_L(K) = \\frac{K-1}{K-1+\\rho}$: $0$ for CCE, GCE, focal and MSE, $(K-1)/K$ for symmetric losses, between them "
        "PHuber-CE ($\\rho = \\tau$), AGCE $((1+a)/a)^{1-q}$, AEL $e^{1/a}$, AUL $(a/(a-1))^{q-1}$, Taylor-CE ($n$). CCE "
        "corrected forward for a rate tolerates exactly that rate.",
        ZHOU,
        ("uniform noise",),
        (
            Check(
                Method.SYMBOLIC,
                closed_forms,
                CLOSED,
                {**CLOSED, "taylor-ce(n=3)": "(K-1)/(K+1)"},
                "Taylor-CE of three terms has rho = 2",
            ),
            Check(
                Method.SAMPLING,
                both_sides,
                BothSides(("phuber-ce", "agce", "ael", "taylor-ce(n=3)", "amse", "nce + agce")),
                BothSides(("phuber-ce",), shift=0.7),
                "PHuber-CE tolerates 0.7 of that",
            ),
        ),
    ),
    Claim(
        "A3",
        "The catalogue between cross-entropy and symmetry",
        "For $L = f(u_y) + \\sum_{i \\neq y} g(u_i)$ with $f$, $g$ convex, $e_c$ is best if and only if $h_c'(1) \\leq h_j'(0)$, "
        "$h_i = \\pi_i f + (1 - \\pi_i) g$. So every loss of the catalogue is decided at $K = 10$, and those that tolerate all "
        "rates are the symmetric ones, and of the others truncated GCE, and NCE+AGCE, whose AGCE is concave.",
        OURS,
        ("uniform noise",),
        (
            Check(
                Method.SYMBOLIC,
                full_tolerance,
                Full(_symmetric() | {"truncated-gce", "nce-agce"}),
                Full(_symmetric()),
                "only symmetric losses tolerate all rates",
            ),
        ),
    ),
)
