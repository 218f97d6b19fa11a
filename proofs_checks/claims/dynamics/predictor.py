"""D2 as a predictor: the memorization time of a loss against what training did, from records.

The margin was set before any rank correlation was computed from this project's records: an ordering is
called useful where the whole interval lies beyond one half.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from statistics import fmean
from typing import Any

from lossmatters.empirics.records import Record
from lossmatters.proofs_checks import fabricated
from lossmatters.proofs_checks.claim import Check, Claim, Evidence, Method, Status
from lossmatters.proofs_checks.fabricated import MEMORISES, RESISTS
from lossmatters.proofs_checks.methods.empirical import MIN_SEEDS, RATES, describe, lacking, no_records
from lossmatters.proofs_checks.methods.runs import MissingRecords, Runs
from lossmatters.theory.dynamics.prediction import (
    CONFIDENCE,
    MIN_FAMILIES,
    Outcome,
    Prediction,
    median_flip,
    predictions,
    rank_correlation,
)
from lossmatters.theory.memorization import flip_epoch

J1, J2, M = "noisy_train_accuracy", "clean_train_accuracy", "memorization_rate"
MARGIN = 0.5


@dataclass(frozen=True)
class Ranking:
    """T_mem from the noisy optimum ranks losses as one outcome does.

    Attributes
    ----------
    outcome : "memorization_rate" (expected to fall with T_mem) or "flip_epoch" (to rise with it).
    """

    outcome: str

    @property
    def sign(self) -> int:
        return -1 if self.outcome == "memorization_rate" else 1


def outcomes(records: Iterable[Record]) -> list[Outcome]:
    """Return the runs of one experiment's main set-up, loss by loss and rate by rate, at the rates of E1."""
    runs, found = Runs(list(records)), []
    cold = {(r.loss, r.noise_rate) for r in runs.main if r.start is None and r.noise_rate in RATES}
    for loss, rate in sorted(cold):
        group = runs.of(loss, rate)
        flips = [flip_epoch(r.curves[J1], r.curves[J2]) for r in group]  # type: ignore[arg-type]  # never None
        middle = median_flip([f + 1 for f in flips if f is not None], len(group))
        found.append(Outcome(loss, rate, fmean(runs.final(loss, rate, M)), middle))
    return found


def ranks(claim: Ranking, records: Iterable[Record]) -> Evidence:
    """Confirm where the whole interval of the rank correlation is beyond the margin, on the right side."""
    records = list(records)
    if not records:
        return no_records()
    scope = describe(records)
    try:
        rows = predictions(outcomes(records), int(records[0].dataset["num_classes"]))
    except MissingRecords as missing:
        return lacking(scope, missing)
    decided = [p for p in rows if p.from_optimum.decided]
    families = sorted({p.family for p in decided})
    if len(families) < MIN_FAMILIES:
        detail = f"needs {MIN_FAMILIES} families of losses; no run of any but {', '.join(families) or 'none'}"
        return Evidence(Method.EMPIRICAL, Status.UNDECIDED, scope, detail)
    found = _correlation(claim, decided, "from_optimum")
    low, high = sorted((claim.sign * found.low, claim.sign * found.high))
    status = Status.INCONCLUSIVE
    if len({r.seed for r in records}) < MIN_SEEDS:
        pass  # as everywhere; losses that were trained once, beside others that were not, only add scatter
    elif low > MARGIN:
        status = Status.CONFIRMED
    elif high < MARGIN:
        status = Status.NOT_REPRODUCED
    fixed = [p for p in rows if p.from_confidence.decided]
    beside = _correlation(claim, fixed, "from_confidence")
    left_out = sorted({p.outcome.loss for p in rows} - {p.outcome.loss for p in decided})
    detail = f"Spearman {found} (95% bootstrap over families)"
    detail += f"; from a fixed confidence of {float(CONFIDENCE):g} instead: {beside}"
    if left_out:
        detail += f"; T_mem undecided, left out: {', '.join(left_out)}"
    data: dict[str, Any] = {
        "spearman": found.ends,
        "by_rate": {str(rate): str(_at(claim, decided, rate)) for rate in RATES},
        "left_out": left_out,
        "interval": "percentile bootstrap over families of losses",
    }
    return Evidence(Method.EMPIRICAL, status, scope, detail, None, data)


def _at(claim: Ranking, rows: list[Prediction], rate: Fraction) -> Any:
    return _correlation(claim, [p for p in rows if p.outcome.noise_rate == rate], "from_optimum")


def _correlation(claim: Ranking, rows: list[Prediction], start: str) -> Any:
    times = [getattr(p, start).value for p in rows]
    return rank_correlation(
        times, [getattr(p.outcome, claim.outcome) for p in rows], [p.family for p in rows]
    )


# The other way round than predicted: what T_mem calls slow memorises, what it calls fast resists.
INVERTED = {
    **dict.fromkeys(("mae", "rce(A=4)", "unhinged", "rll(alpha=1/10)", "nmse"), MEMORISES),
    **dict.fromkeys(("cce", "mse", "focal(gamma=2)", "gce(q=7/10)"), RESISTS),
}


def _claim(id: str, title: str, statement: str, claim: Ranking) -> Claim:
    twin = (claim, fabricated.records(INVERTED))
    says = "in fabricated records the losses with the longest times memorise, those with the shortest resist"
    check = Check(Method.EMPIRICAL, ranks, claim, twin, says, needs_records=True)
    return Claim(id, title, statement, "this project", ("the set-up of the records",), (check,))


CLAIMS = (
    _claim(
        "D2.predictor",
        "The memorization time ranks losses by what they memorise",
        f"Over losses and $\\eta = 0.2, 0.4, 0.6$, Spearman's correlation of $T_{{mem}}$ with the final "
        f"memorization rate $M$ is below $-{MARGIN}$.",
        Ranking("memorization_rate"),
    ),
    _claim(
        "D2.flip",
        "The memorization time ranks losses by when they flip",
        f"Over losses and $\\eta = 0.2, 0.4, 0.6$, Spearman's correlation of $T_{{mem}}$ with the flip epoch (none "
        f"counted as later than any) is above ${MARGIN}$.",
        Ranking("flip_epoch"),
    ),
)
