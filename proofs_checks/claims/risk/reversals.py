"""R2.witness, R2.hard and R2.empty: a reversal of risks for every loss but those that can have none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from lossmatters.proofs_checks.claim import Check, Claim, Evidence, Method, Status
from lossmatters.proofs_checks.methods.verdicts import Reversals, reversals
from lossmatters.theory.backends import N, Ops, Plain
from lossmatters.theory.losses import CCE, LOSSES, MAE, MSE, NCE, RLL, Loss, SeparableLoss, get
from lossmatters.theory.risk.reversal_search import search_reversal
from lossmatters.theory.symmetry.decide import decide

OURS = "this project"


@dataclass(frozen=True)
class OnlyForTwo(SeparableLoss):
    """1 + (1 - 2 u_y)^3: symmetric for K = 2 and for no other K."""

    name = "only-for-two"

    def on_label(self, t: N, num_classes: N | Plain, ops: Ops[N]) -> N | Plain:
        return 1 + (1 - 2 * t) ** 3


@dataclass(frozen=True)
class Rejecting(Loss):
    """The 0-1 loss with a reject option of cost 2: worse than being wrong, so no single input reverses."""

    name = "rejecting"

    def formula(self, probs: N, onehot: N, ops: Ops[N]) -> N | Plain:
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
        if search.reversal is not None:
            return Evidence(
                Method.SAMPLING, Status.REFUTED, scope, f"{loss.spec} has one", search.reversal.to_dict()
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
