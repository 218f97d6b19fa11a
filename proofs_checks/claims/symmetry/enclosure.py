"""S4 by intervals: what holds on the whole simplex, enclosed and not sampled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy

from lossmatters.proofs_checks.claim import Check, Claim, Evidence, Method, Status
from lossmatters.proofs_checks.methods.verdicts import Symmetric, symmetry
from lossmatters.theory.backends import N, Ops, Plain
from lossmatters.theory.enclosure import CONSTANCY, certify_sign, enclose_label_sum, enclose_loss
from lossmatters.theory.losses import LOSSES, MAE, MSE, NMSE, Loss, SeparableLoss, get
from lossmatters.theory.symbolic.algebra import enclose
from lossmatters.theory.symmetry.decide import decide
from lossmatters.theory.symmetry.label_sum_range import label_sum_range
from lossmatters.theory.verdict import Method as theory_method
from lossmatters.theory.verdict import plain

SOURCE = "this project"
SHARP = 1e-9  # relative; branch and bound stops at 1e-11, rounding leaves 1e-13


@dataclass(frozen=True)
class PlainNMSE(Loss):
    """NMSE as a bare formula; its divisor is right for offset = -2 only."""

    name = "plain-nmse"
    offset: Fraction = Fraction(-2)

    def formula(self, probs: N, onehot: N, ops: Ops[N]) -> N | Plain:
        k, s = ops.const(probs.shape[-1]), ops.dot(probs, probs)
        return (1 - 2 * ops.dot(probs, onehot) + s) / (k * s + k + self.offset)


@dataclass(frozen=True)
class Bump(SeparableLoss):
    """1 - u_y but for a bump of height 1/100 and width 10^-4."""

    name = "bump"

    def on_label(self, t: N, num_classes: N | Plain, ops: Ops[N]) -> N | Plain:
        return 1 - t + 0.01 * ops.maximum(0, 1 - 20000 * ops.abs(t - 0.3141))


@dataclass(frozen=True)
class Hidden(SeparableLoss):
    """RLL(1) with log((1 + t)(2 + t)) written as log((1 + t) + (1 + t)^2), plus excess * t^2."""

    name = "hidden"
    excess: Fraction = Fraction(0)

    def on_label(self, t: N, num_classes: N | Plain, ops: Ops[N]) -> N | Plain:
        hidden = ops.log(2 * (2 + t)) - ops.log((1 + t) + (1 + t) ** 2)
        return hidden + self.excess * t**2

    def off_label(self, t: N, num_classes: N | Plain, ops: Ops[N]) -> N | Plain:
        return ops.log(1 + t) / (num_classes - 1)


@dataclass(frozen=True)
class Ends:
    """The statement "S of this loss ranges over [low, high] at this K", as closed forms."""

    loss: Loss
    num_classes: int
    low: Any
    high: Any


def ends(cases: Callable[[], Sequence[Ends]]) -> Evidence:
    """Decide whether each closed form is inside the enclosure of its end, and the enclosure sharp."""
    widest, count, boxes = 0.0, 0, 0
    for case in cases():
        span = enclose_label_sum(case.loss, case.num_classes)
        boxes += span.boxes
        where = {"loss": case.loss.spec, "K": case.num_classes}
        for name, said, (lo, hi) in (("low", case.low, span.low), ("high", case.high, span.high)):
            count += 1
            closed = sympy.sympify(said)
            if closed.is_infinite:
                outside = not lo == hi == float(closed)
            else:
                ball = enclose(closed)
                outside = bool(ball < lo) or bool(ball > hi)
                widest = max(widest, (hi - lo) / max(abs(float(closed)), 1.0))
            if outside:
                witness = {**where, "end": name, "said": str(said), "enclosed by": [repr(lo), repr(hi)]}
                detail = f"the {name} end of S is not {said}"
                return Evidence(Method.INTERVAL, Status.REFUTED, f"K = {case.num_classes}", detail, witness)
    detail = f"{count} ends, each inside its enclosure; the widest is {widest:.1e} relative ({boxes} boxes)"
    status = Status.CERTIFIED if widest <= SHARP else Status.UNDECIDED
    return Evidence(Method.INTERVAL, status, "K = 3 and 10, the whole simplex", detail)


def separable_catalogue() -> list[Ends]:
    """Return every separable loss of the catalogue with the closed forms of S1 and S2."""
    losses = [get(name) for name in LOSSES if issubclass(LOSSES[name], SeparableLoss)]
    spans = [(loss, k, label_sum_range(loss, k)) for loss in losses for k in (3, 10)]
    return [
        Ends(loss, k, s.low, s.high)
        for loss, k, s in spans
        if s.method in (theory_method.S1, theory_method.S2)
    ]


def by_structure(loss: Loss) -> Evidence:
    """Decide whether S of a bare formula is constant for every K, by algebra in the sums over classes it is
    made of.
    """
    verdict = decide(loss)
    if verdict.status is Status.PROVED:
        detail = f"{verdict.detail}; C = {verdict.constant}"
        return Evidence(Method.SYMBOLIC, Status.PROVED, verdict.scope, detail)
    return Evidence(Method.EXACT, verdict.status, verdict.scope, verdict.detail, plain(verdict.witness))


def nearly_constant(loss: Loss) -> Evidence:
    """Decide whether S is within a small eps of a constant on the whole simplex, K = 10."""
    span, k = enclose_label_sum(loss, 10), 10
    if span.varies:
        values = {"S at u": repr(span.low[1]), "S at v": repr(span.high[0])}
        points = {"u": [str(x) for x in span.low_at], "v": [str(x) for x in span.high_at]}
        detail = "S is at most the first value at u and at least the second at v"
        return Evidence(Method.INTERVAL, Status.REFUTED, f"K = {k}", detail, {**points, **values})
    status = Status.CERTIFIED if span.relative_width < CONSTANCY else Status.UNDECIDED
    detail = f"S lies in [{span.low[0]!r}, {span.high[1]!r}]: within eps = {span.width:.1e}, not shown equal"
    return Evidence(Method.INTERVAL, status, f"K = {k}, to eps = {span.width:.1e}", detail)


@dataclass(frozen=True)
class Largest:
    """The statement "the maximum of this loss is this", a rational function of K."""

    loss: Loss
    value: Callable[[int], Fraction]


def largest(claimed: Largest) -> Evidence:
    """Decide whether the claimed maximum is inside the enclosure of the supremum, and that sharp to 10^-6."""
    gaps = []
    for k in (3, 10):
        said, span = claimed.value(k), enclose_loss(claimed.loss, k)
        lo, hi = span.high
        if not lo <= said <= hi:
            witness = {"K": k, "u": [str(x) for x in span.high_at], "label": 0, "L at least": repr(lo)}
            detail = f"the largest value lies in [{lo!r}, {hi!r}], not at {said}"
            return Evidence(Method.INTERVAL, Status.REFUTED, f"K = {k}", detail, witness)
        gaps.append(hi - lo)
    status = Status.CERTIFIED if max(gaps) < 1e-6 else Status.UNDECIDED
    return Evidence(Method.INTERVAL, status, "K = 3 and 10", f"enclosed to {max(gaps):.1e}")


@dataclass(frozen=True)
class Weights:
    """w = (K pi - 1)/(K - 1) of the clean and of another class under uniform noise up to a rate."""

    highest_rate: str
    num_classes: int = 10


def weight_signs(claimed: Weights) -> Evidence:
    """Decide whether w >= 0 for the clean class and <= 0 for the others, at every rate up to the highest."""
    k, eta = claimed.num_classes, sympy.Symbol("eta")
    box = {eta: (0, claimed.highest_rate)}
    own = certify_sign((k * (1 - eta) - 1) / sympy.Integer(k - 1), box)
    other = certify_sign((k * eta / (k - 1) - 1) / sympy.Integer(k - 1), box)
    scope = f"K = {k}, 0 < eta < {claimed.highest_rate}"
    for found, good in ((own, ("non-negative", "positive")), (other, ("non-positive", "negative"))):
        if found.sign is None:
            return Evidence(Method.INTERVAL, Status.UNDECIDED, scope, "the sign was not decided")
        if found.sign not in good:
            witness = list(found.witnesses) or {"sign": found.sign}
            return Evidence(Method.INTERVAL, Status.REFUTED, scope, f"w is {found.sign}", witness)
    detail = f"w of the clean class is {own.sign}, of the others {other.sign}"
    return Evidence(Method.INTERVAL, Status.CERTIFIED, scope, detail)


CLAIMS = (
    Claim(
        "S4.ends",
        "Enclosures agree with closed forms",
        "For every separable loss of the catalogue and $K = 3, 10$, the closed forms of S1 and S2 lie inside rigorous "
        "enclosures of $\\min S$ and $\\max S$ over the simplex that are sharp to $10^{-9}$ relative.",
        SOURCE,
        assumes=("limits at the boundary of the simplex",),
        checks=(
            Check(
                Method.INTERVAL,
                ends,
                separable_catalogue,
                lambda: [Ends(MSE(), 10, 9, sympy.Rational(179999, 10000))],
                "S of MSE at K = 10 is at most 17.9999",
            ),
        ),
    ),
    Claim(
        "S4.structure",
        "A formula shows its sums over classes",
        "NMSE written as a bare formula has $S = 1$ for every $K$: run once on an entry that stands for all, it is a function of "
        "$u_y$ and $\\sum_i u_i^2$, and $S$ does not depend on the latter.",
        SOURCE,
        assumes=("0 < u_i < 1",),
        checks=(
            Check(
                Method.SYMBOLIC,
                by_structure,
                PlainNMSE(),
                PlainNMSE(Fraction(-1)),
                "with divisor K s + K - 1 its label sum is constant too",
            ),
        ),
    ),
    Claim(
        "S4.bump",
        "What sampling misses",
        "The loss $1 - u_y$ with a bump $10^{-4}$ wide and $10^{-2}$ high is not symmetric at $K = 10$, "
        "though no simple or random output shows it; branch and bound finds two that do.",
        SOURCE,
        checks=(
            Check(
                Method.EXACT,
                symmetry,
                Symmetric(Bump(), None, 10),
                Symmetric(MAE(), None, 10),
                "MAE is not symmetric at K = 10",
            ),
        ),
    ),
    Claim(
        "S4.near",
        "Near-constancy, certified",
        "Where algebra does not close, $|S - C| \\leq \\epsilon$ is certified on the whole simplex with "
        "$\\epsilon < 10^{-6} C$: RLL(1) with a disguised logarithm at $K = 10$. It certifies near-constancy, not equality.",
        SOURCE,
        checks=(
            Check(
                Method.INTERVAL,
                nearly_constant,
                Hidden(),
                Hidden(Fraction(1, 1000)),
                "so is the same loss with 10^-3 u_y^2 added",
            ),
        ),
    ),
    Claim(
        "S4.largest",
        "The largest value of NMSE",
        "$\\max L = K/(K^2 - 2K + 2)$ for NMSE, at $u_y = 0$ with the rest even, to $10^{-6}$ at $K = 3$ and $10$; "
        "this is above $C/(K-1)$.",
        SOURCE,
        checks=(
            Check(
                Method.INTERVAL,
                largest,
                Largest(NMSE(), lambda k: Fraction(k, k * k - 2 * k + 2)),
                Largest(NMSE(), lambda k: Fraction(1, k - 1)),
                "its largest value is C/(K - 1)",
            ),
        ),
    ),
    Claim(
        "S4.signs",
        "Which class water filling keeps",
        "Under uniform noise below the threshold $w_i = (K \\pi_i - 1)/(K-1)$ is $\\geq 0$ for the clean class and "
        "$\\leq 0$ for all others ($K = 10$, every rate up to $9/10$).",
        SOURCE,
        checks=(
            Check(Method.INTERVAL, weight_signs, Weights("9/10"), Weights("19/20"), "so it is up to 19/20"),
        ),
    ),
)
