"""Y1: what symmetrising a loss gives, and which of its properties stay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sympy

from lossmatters.proofs_checks.claim import Check, Claim, Evidence, Method, Status
from lossmatters.proofs_checks.methods.symbolic import identity
from lossmatters.theory.backends.sympy_ops import OPS, exactly
from lossmatters.theory.losses import CCE, GCE, MSE, SeparableLoss, get, symmetrised
from lossmatters.theory.risk.symmetrising import symmetrised_properties
from lossmatters.theory.symbolic.algebra import K

OURS = "this project"
ALPHA, Q = sympy.symbols("alpha q", positive=True)
T = sympy.Symbol("t", positive=True)


@dataclass(frozen=True)
class Shifted(SeparableLoss):
    """-log(alpha + u_y), with a symbol for alpha."""

    alpha: Any = 1

    def on_label(self, t: Any, num_classes: Any, ops: Any) -> Any:
        return -ops.log(ALPHA + t)

    @property
    def parameters(self) -> dict[str, Any]:
        return {}


@dataclass(frozen=True)
class Symmetrises:
    """The statement "symmetrise(this) has these on and off label, up to a term linear in u and a constant"."""

    on: Any
    off: Any
    name: str


# L = on(u_y) + sum off(u_i) is changed by c t in on and off alike only by a constant: sum u_i = 1.
RLL_FORM = Symmetrises(
    -(K - 1) / K * sympy.log(ALPHA + T), sympy.log(ALPHA + T) / K, "RLL(alpha), times (K - 1)/K"
)
IDENTITIES = {
    "shifted": RLL_FORM,
    "mse": Symmetrises(-2 * T, sympy.Integer(0), "MAE"),
    "cce": Symmetrises(
        -(K - 1) / K * sympy.log(T), sympy.log(T) / K, "-z_y + mean z, as log u_i = z_i - log sum exp z"
    ),
    "gce": Symmetrises(-(K - 1) / K * T**Q / Q, T**Q / Q / K, "SGCE, (K - 1 - K u_y^q + sum u_i^q)/(K q)"),
}


def symmetrises(claimed: dict[str, Symmetrises]) -> Evidence:
    """Compare second slopes of on and off, and the first slope of on - off, for every K."""
    bases: dict[str, Any] = {"shifted": Shifted(), "mse": MSE(), "cce": CCE(), "gce": GCE()}
    object.__setattr__(bases["gce"], "q", Q)
    for key, form in claimed.items():
        part: Any = symmetrised(Shifted()) if key == "shifted" else symmetrised(bases[key])
        h = part.contrast(T, K, OPS)  # on = (K-1)/K h + c and off = -h/K
        on, off = (K - 1) / K * exactly(h), -exactly(h) / K
        for left, right in (
            (sympy.diff(on - off - form.on + form.off, T), 0),
            (sympy.diff(off - form.off, T, 2), 0),
        ):
            found = identity(
                sympy.expand(sympy.powsimp(left)), right, "all K >= 2", f"symmetrise({key}) = {form.name}"
            )
            if found.status is not Status.PROVED:
                return found
    detail = "; ".join(f"symmetrise({key}): {form.name}" for key, form in claimed.items())
    return Evidence(Method.SYMBOLIC, Status.PROVED, "all K >= 2, up to constants", detail)


@dataclass(frozen=True)
class Keeps:
    """The statement "at this K these keep all four properties, and those lose exactly these"."""

    all_kept: tuple[str, ...]
    lost: tuple[tuple[str, tuple[str, ...]], ...]
    num_classes: int = 3


def keeps(claimed: Keeps) -> Evidence:
    """Compare with what `lossmatters.theory.risk.symmetrising` decides; undecided is no agreement."""
    for name, said in (*((n, ()) for n in claimed.all_kept), *claimed.lost):
        found = symmetrised_properties(get(name), claimed.num_classes)
        unknown = [key for key, p in found.items() if p.before is None or p.after is None]
        if unknown:
            return Evidence(
                Method.SYMBOLIC,
                Status.UNDECIDED,
                f"K = {claimed.num_classes}",
                f"{name}: {unknown[0]} is not decided",
            )
        lost = tuple(key for key, p in found.items() if p.before and not p.after)
        if lost != said:
            witness = {"loss": name, "lost": list(lost)}
            return Evidence(
                Method.SYMBOLIC,
                Status.REFUTED,
                f"K = {claimed.num_classes}",
                f"{name} loses {lost or 'nothing'}",
                witness,
            )
    detail = f"kept by {', '.join(claimed.all_kept)}; " + "; ".join(
        f"{n} loses {', '.join(x)}" for n, x in claimed.lost
    )
    return Evidence(Method.SYMBOLIC, Status.PROVED, f"K = {claimed.num_classes}", detail)


LOSES = ("non-negative", "calibrated")
SHOWN = Keeps(
    ("mse", "mae", "gce", "rll", "agce", "ael", "taylor-ce", "truncated-gce", "nmse", "ngce", "nce-mae"),
    (("cce", LOSES), ("focal", LOSES), ("sce", LOSES)),
)
CLAIMS = (
    Claim(
        "Y1",
        "Symmetrisation",
        "$L - S/K + c$ is symmetric with $C = Kc$ for every $K$. Of the shifted cross-entropy $-\\log(\\alpha + u_y)$ it is "
        "$\\frac{K-1}{K}$ RLL$(\\alpha)$, of MSE it is MAE, of CCE $-z_y + \\frac{1}{K}\\sum_i z_i$, linear in the logits, of "
        "GCE it is SGCE.",
        "the operator: arXiv 2605.20347; the identities: this project",
        (),
        (
            Check(
                Method.SYMBOLIC,
                symmetrises,
                IDENTITIES,
                {"shifted": IDENTITIES["cce"]},
                "the symmetric part of the shifted cross-entropy is that of CCE",
            ),
        ),
    ),
    Claim(
        "Y1.kept",
        "What symmetrising keeps",
        "Bounded losses keep being bounded, non-negative, calibrated and least at the label's vertex. CCE, focal and SCE, "
        "unbounded at $u_y = 0$, lose their lower bound and for $K \\geq 3$ their calibration.",
        OURS,
        (),
        (Check(Method.SYMBOLIC, keeps, SHOWN, Keeps(("cce",), ()), "CCE keeps all four"),),
    ),
)
