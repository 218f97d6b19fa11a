"""N3: which losses are calibrated, so that their minimisers find the likeliest class."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import sympy

from lossmatters.proofs_checks.claim import Check, Claim, Evidence, Method, Status
from lossmatters.theory.backends.sympy_ops import const
from lossmatters.theory.losses import LOSSES, Loss, get
from lossmatters.theory.minimisers.calibration import calibration
from lossmatters.theory.symbolic.algebra import exact_losses
from lossmatters.theory.verdict import plain

OURS = "this project"
NOT = ("nce", "nfl", "logit-unhinged")
OPEN = ("nce-aul", "nce-ael", "nce-amse")  # nothing was found against them, and no proof
SHOWN = (Status.PROVED, Status.CERTIFIED)


@dataclass(frozen=True)
class Calibrated:
    """The statement "of these losses all in `yes` are calibrated, for every K >= 3 or at one K, and none in `no`"."""

    yes: tuple[str, ...]
    no: tuple[str, ...] = ()
    num_classes: int | None = None


def calibrated(claimed: Calibrated) -> Evidence:
    """Compare with what `lossmatters.theory.minimisers.calibration` proves, certifies or refutes."""
    k = claimed.num_classes
    weakest, scope, why = Status.PROVED, "all K >= 3" if k is None else f"K = {k}", ""
    for name in (*claimed.yes, *claimed.no):
        found = calibration(get(name), k)
        said = name in claimed.yes
        if (said and found.status.fails) or (not said and found.status in SHOWN):
            witness = plain(found.witness) or {"loss": name}
            return Evidence(Method.SYMBOLIC, Status.REFUTED, found.scope, f"{name}: {found.detail}", witness)
        if found.status not in (*SHOWN, Status.REFUTED):
            return Evidence(Method.SAMPLING, Status.UNDECIDED, found.scope, f"{name}: {found.detail}")
        if found.status is Status.CERTIFIED:
            weakest = Status.CERTIFIED
        why = why or found.detail
    method = Method.SYMBOLIC if weakest is Status.PROVED else Method.INTERVAL
    detail = f"calibrated: {', '.join(claimed.yes)} ({why}); not: {', '.join(claimed.no) or 'none'}"
    return Evidence(method, weakest, scope, detail)


def shares_near_the_boundary(loss: Loss) -> Evidence:
    """Decide whether risks of outputs with class 2 first, where pi's is class 1, and u_3 = 10^-n come down to
    min pi.

    The risk of NCE is a mean of pi, so min pi bounds it from below.
    """
    pi = tuple(Fraction(w, 9) for w in (5, 3, 1))
    gaps = []
    for digits in (10, 100, 1000):
        small = Fraction(1, 10**digits)
        values = exact_losses(loss, (Fraction(1, 5), Fraction(4, 5) - small, small))
        risk = sympy.Add(*(const(p) * v for p, v in zip(pi, values, strict=True)))
        gaps.append(float((risk - const(min(pi))).evalf(15)))
    scope, shown = "K = 3, pi = (5, 3, 1)/9", ", ".join(f"{g:.2g}" for g in gaps)
    detail = f"R - min pi = {shown} at u = (1/5, 4/5 - u_3, u_3), u_3 = 10^-10, 10^-100, 10^-1000"
    if gaps[0] > 5 * gaps[1] > 25 * gaps[2] > 0:
        return Evidence(Method.EXACT, Status.PROVED, scope, detail)
    return Evidence(Method.EXACT, Status.REFUTED, scope, detail, {"loss": loss.spec, "R - min pi": gaps})


CLAIMS = (
    Claim(
        "N3.calibration",
        "Which losses are calibrated",
        "CCE, MSE, MAE, GCE, RLL, NMSE, NGCE, unhinged, RCE, SCE, focal and 0-1 are calibrated for every $K$: where $\\pi$ "
        "has one largest entry, no output with another class in front comes near the least conditional risk. So is all of "
        "the catalogue at $K = 10$ but NCE, NFL and the unhinged loss on logits, which are not, and NCE+AUL, NCE+AEL and NCE+AMSE, which are open. The first three "
        "are not calibrated for any $K \\geq 3$: the risk of NCE and NFL has the infimum $\\min_j \\pi_j$, that of the "
        "unhinged loss on logits $-\\infty$, approached where $u_j \\to 0$ at "
        "$\\arg\\min \\pi$ whichever other class is in front.",
        OURS,
        checks=(
            Check(
                Method.INTERVAL,
                calibrated,
                Calibrated(
                    (
                        "cce",
                        "mse",
                        "mae",
                        "gce",
                        "rll",
                        "nmse",
                        "ngce",
                        "unhinged",
                        "rce",
                        "sce",
                        "focal",
                        "zero-one",
                    ),
                    NOT,
                ),
                Calibrated(("nce",)),
                "NCE is calibrated",
            ),
            Check(
                Method.INTERVAL,
                calibrated,
                Calibrated(tuple(name for name in LOSSES if name not in (*NOT, *OPEN)), NOT, 10),
                Calibrated(("nfl",), (), 10),
                "NFL is calibrated",
            ),
        ),
    ),
    Claim(
        "N3.nce",
        "NCE has no minimiser",
        "The conditional risk of NCE is a mean of the $\\pi_j$ with weights $L(u, j)$. Its infimum $\\min_j \\pi_j$ is "
        "approached at $K = 3$, $\\pi = (5, 3, 1)/9$ by outputs $(1/5, 4/5 - d, d)$, $d \\to 0$: the second class is in "
        "front, though the first is the likeliest.",
        OURS,
        checks=(
            Check(
                Method.EXACT,
                shares_near_the_boundary,
                get("nce"),
                get("ngce"),
                "the risk of NGCE comes down to the same number there",
            ),
        ),
    ),
)
