"""S3 and S4: symmetry of normalised losses, of sums, and from the formula alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sympy

from lossmatters.proofs_checks.claim import Check, Claim, Evidence, Method, Status
from lossmatters.proofs_checks.claims.symmetry.symmetry import NearlyMAE
from lossmatters.proofs_checks.methods import exact
from lossmatters.proofs_checks.methods.symbolic import identity, sum_over_classes
from lossmatters.proofs_checks.methods.verdicts import Symmetric, symmetry
from lossmatters.theory.backends import N, Ops, Plain
from lossmatters.theory.losses import LOSSES, MAE, MSE, RLL, Loss, ZeroOne, get
from lossmatters.theory.symbolic.algebra import K
from lossmatters.theory.symmetry.decide import decide

SOURCE = "this project; elementary"


def normalised_sum(divisor: Callable[[list[Any]], Any]) -> Evidence:
    """Decide whether losses divided by `divisor` of them sum to 1, for symbolic vectors of K = 2..6 entries."""
    for k in range(2, 7):
        losses = list(sympy.symbols(f"L1:{k + 1}", positive=True))
        evidence = identity(sum(x / divisor(losses) for x in losses), 1, f"K = {k}", "sum_j L_j/S = 1")
        if evidence.status is not Status.PROVED:
            return evidence
    entry, i = sympy.IndexedBase("L"), sympy.Symbol("i", integer=True)
    total = sympy.Symbol("S", positive=True)
    return identity(
        sum_over_classes(entry[i] / total, entry[i], total, K),
        1,
        "all K >= 2, 0 < S < infinity",
        "sum_j L_j/S = 1",
    )


@dataclass(frozen=True)
class FormulaOnly(Loss):
    """A loss stripped of its structure, so that only S4 can decide it."""

    inner: Loss | None = None

    def __post_init__(self) -> None:
        """Do nothing: it has no parameters of its own."""

    @property
    def spec(self) -> str:
        return f"formula of {self.inner.spec}" if self.inner else "formula"

    def formula(self, probs: N, onehot: N, ops: Ops[N]) -> N | Plain:
        assert self.inner is not None
        return self.inner.apply(probs, onehot, ops)


def agreement(cases: Callable[[], tuple[tuple[Loss, str], ...]]) -> Evidence:
    """Decide whether S4, shown the formula alone, comes to the stated verdict for K = 2, 3, 4 and 5."""

    def fails(item: tuple[Loss, str]) -> Any:
        loss, expected = item
        for k in (2, 3, 4, 5):
            verdict = decide(FormulaOnly(loss), k)
            if verdict.status != expected:
                witness = verdict.witness.to_dict() if verdict.witness else None
                return {
                    "loss": loss.spec,
                    "K": k,
                    "S4": verdict.status,
                    "expected": expected,
                    "witness": witness,
                }
        return None

    return exact.all_of(
        cases(), fails, "K = 2..5, every smooth loss of the catalogue", "S4 agrees with S1 to S3"
    )


def smooth_catalogue() -> tuple[tuple[Loss, str], ...]:
    """Return every registered differentiable loss with the verdict that S1 or S3 gives it."""
    losses = [get(name) for name in LOSSES if LOSSES[name].differentiable]
    return tuple((loss, decide(loss).status) for loss in losses)


CLAIMS = (
    Claim(
        "S3",
        "Normalised losses are symmetric",
        "$L/S$ with $0 < S < \\infty$ is symmetric with $C = 1$.",
        "Ma et al., ICML 2020",
        assumes=("0 < S(u) < infinity",),
        checks=(
            Check(
                Method.SYMBOLIC,
                normalised_sum,
                sum,
                lambda losses: sum(losses[1:]),
                "dividing by the sum over all labels but one gives 1",
            ),
        ),
    ),
    Claim(
        "S3.sum",
        "Sums and multiples of symmetric losses are symmetric",
        "Sums and positive multiples of symmetric losses are symmetric, and $C$ adds: for "
        "$\\frac12$ MAE + 3 RLL($\\frac1{10}$) + 0-1 it is $(K-1) + 3K\\log 11 + (K-1)$.",
        "Ghosh, Kumar & Sastry 2017",
        checks=(
            Check(
                Method.SYMBOLIC,
                symmetry,
                Symmetric(0.5 * MAE() + 3 * RLL() + ZeroOne(), "2*(K - 1) + 3*K*log(11)"),
                Symmetric(0.5 * MAE() + 3 * RLL() + ZeroOne() + MSE(), "4*(K - 1) + 3*K*log(11)"),
                "adding MSE keeps the sum symmetric",
            ),
        ),
    ),
    Claim(
        "S4",
        "Symmetry from the formula alone",
        "For a loss that is not known to be separable or normalised, constancy of $S$ is decided by algebra for "
        "$K = 2, 3, 4, 5$ or refuted by two exact points; the verdicts agree with those of S1 to S3.",
        SOURCE,
        checks=(
            Check(
                Method.EXACT,
                agreement,
                smooth_catalogue,
                lambda: ((NearlyMAE(), "proved"),),
                "the formula of MAE + 10^-9 u_y^2 is found symmetric",
            ),
        ),
    ),
)
