"""A4: does the noise tolerance of a loss rank losses by what they memorise, and better than D2's time?

The rule was set before any of these rank correlations was computed. Over losses and eta = 0.2, 0.4, 0.6 of the
main set-up, Spearman's correlations of eta_L and of T_mem with the final M are compared by how far they are
from 0, on the same bootstrap resamples over families of losses: "better" where the whole interval of the
difference is above 0, not reproduced where it is below 0, inconclusive otherwise. That eta_L ranks losses at
all is asked as for D2: the whole interval of its own correlation below minus one half.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from lossmatters.empirics.records import Record
from lossmatters.proofs_checks import fabricated
from lossmatters.proofs_checks.claim import Check, Claim, Evidence, Method, Status
from lossmatters.proofs_checks.claims.dynamics.predictor import INVERTED, MARGIN, outcomes
from lossmatters.proofs_checks.fabricated import MEMORISES, RESISTS
from lossmatters.proofs_checks.methods.empirical import MIN_SEEDS, describe, lacking, no_records
from lossmatters.proofs_checks.methods.runs import MissingRecords
from lossmatters.theory.dynamics.prediction import (
    MIN_FAMILIES,
    Prediction,
    predictions,
    rank_advantage,
    rank_correlation,
)
from lossmatters.theory.losses import get
from lossmatters.theory.risk.tolerance import noise_tolerance


@dataclass(frozen=True)
class Ranking:
    """The statement "eta_L ranks losses by final M" or, with `better`, "it does so better than T_mem"."""

    better: bool


def ranks(claim: Ranking, records: Iterable[Record]) -> Evidence:
    """Decide by the interval that the claim is about: confirmed, not reproduced or inconclusive."""
    records = list(records)
    if not records:
        return no_records()
    scope = describe(records)
    k = int(records[0].dataset["num_classes"])
    try:
        rows = predictions(outcomes(records), k)
    except MissingRecords as missing:
        return lacking(scope, missing)
    tolerances = {p.outcome.loss: noise_tolerance(get(p.outcome.loss), k).value for p in rows}
    known = [p for p in rows if p.from_optimum.decided and tolerances[p.outcome.loss] is not None]
    families = [p.family for p in known]
    if len(set(families)) < MIN_FAMILIES:
        there = ", ".join(sorted(set(families))) or "none"
        detail = f"needs {MIN_FAMILIES} families of losses with eta_L and T_mem; no run of any but {there}"
        return Evidence(Method.EMPIRICAL, Status.UNDECIDED, scope, detail)
    rates = [float(tolerances[p.outcome.loss] or 0) for p in known]
    final = [p.outcome.memorization_rate for p in known]
    own = rank_correlation(rates, final, families)
    times = [p.from_optimum.value for p in known]
    gain = rank_advantage(rates, times, final, families)
    status = Status.INCONCLUSIVE
    if len({r.seed for r in records}) >= MIN_SEEDS:
        status = _status(gain.low, gain.high, 0.0) if claim.better else _status(-own.high, -own.low, MARGIN)
    left_out = sorted({p.outcome.loss for p in rows} - {p.outcome.loss for p in known})
    detail = (
        f"Spearman of eta_L and M {own}; of T_mem and M {rank_correlation(times, final, families)}; "
        f"further from 0 by {gain} (95% bootstrap over families)"
    )
    if left_out:
        detail += f"; undecided, left out: {', '.join(left_out)}"
    data: dict[str, Any] = {
        "spearman": own.ends,
        "advantage": gain.ends,
        "by_rate": {
            str(rate): _at(known, tolerances, rate) for rate in sorted({p.outcome.noise_rate for p in known})
        },
        "left_out": left_out,
    }
    return Evidence(Method.EMPIRICAL, status, scope, detail, None, data)


def _status(low: float, high: float, margin: float) -> Status:
    if low > margin:
        return Status.CONFIRMED
    return Status.NOT_REPRODUCED if high < margin else Status.INCONCLUSIVE


def _at(rows: list[Prediction], tolerances: dict[str, float | None], rate: Any) -> str:
    there = [p for p in rows if p.outcome.noise_rate == rate]
    rates = [float(tolerances[p.outcome.loss] or 0) for p in there]
    return str(
        rank_correlation(rates, [p.outcome.memorization_rate for p in there], [p.family for p in there])
    )


# Of losses that tolerate nothing, those with short times memorise and those with longer ones resist, as symmetric
# losses do: T_mem tells them apart and eta_L does not.
TIMES_RIGHT = {
    **dict.fromkeys(("cce", "focal(gamma=2)", "bi-tempered(t1=4/5)"), MEMORISES),
    **dict.fromkeys(("mse", "sce(alpha=1/10, beta=1, A=4)", "gce(q=7/10)", "js(pi1=7/10)"), RESISTS),
    **dict.fromkeys(("mae", "rll(alpha=1/10)"), RESISTS),
}


def _claim(id: str, title: str, statement: str, claim: Ranking, twin: Any, says: str) -> Claim:
    check = Check(Method.EMPIRICAL, ranks, claim, (claim, twin), says, needs_records=True)
    return Claim(id, title, statement, "this project", ("the set-up of the records",), (check,))


CLAIMS = (
    _claim(
        "A4",
        "The noise tolerance ranks losses by what they memorise",
        f"Over losses and $\\eta = 0.2, 0.4, 0.6$, Spearman's correlation of $\\eta_L$ with the final memorization rate "
        f"$M$ is below $-{MARGIN}$.",
        Ranking(better=False),
        fabricated.records(INVERTED),
        "in fabricated records the losses that tolerate most memorise, those that tolerate none resist",
    ),
    _claim(
        "A4.better",
        "The noise tolerance ranks losses better than the memorization time",
        "Over losses and $\\eta = 0.2, 0.4, 0.6$, Spearman's correlation of $\\eta_L$ with the final $M$ is further from "
        "$0$ than that of $T_{mem}$.",
        Ranking(better=True),
        fabricated.records(TIMES_RIGHT),
        "in fabricated records losses of no tolerance memorise or resist as T_mem says",
    ),
)
