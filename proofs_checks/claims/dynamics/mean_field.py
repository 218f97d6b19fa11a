"""D4: the mean-field model against records: does it predict what training did, and better than T_mem?

The rules are those of D2 and A4, or need no margin. The model is fitted to CCE at eta = 2/5 of the very
records that it is judged by, and that pair is left out. Its normaliser was chosen on the digits records
(`lossmatters.theory.dynamics.mean_field`), so of those it is no free prediction.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from lossmatters.empirics.records import Record
from lossmatters.proofs_checks import fabricated
from lossmatters.proofs_checks.claim import Check, Claim, Evidence, Method, Status
from lossmatters.proofs_checks.claims.dynamics.predictor import J1, J2, MARGIN, M, outcomes
from lossmatters.proofs_checks.fabricated import RESISTS
from lossmatters.proofs_checks.methods.empirical import MIN_SEEDS, describe, lacking, no_records
from lossmatters.proofs_checks.methods.runs import MissingRecords, Runs
from lossmatters.theory.dynamics.mean_field import Parameters
from lossmatters.theory.dynamics.mean_field_judge import FITTED, Judgement, Pair, fitted, judge, pairs
from lossmatters.theory.dynamics.mean_field_setup import Setup, setup_of
from lossmatters.theory.dynamics.prediction import MIN_FAMILIES, Outcome
from lossmatters.theory.memorization import Interval

RECOVERED = "recovery_rate"
RANKS, FLIPS, BETTER, CLOSER = "ranks", "flips", "better", "closer"
AS_SAID, REVERSED, OPPOSITE = "as said", "reversed", "opposite"


@dataclass(frozen=True)
class Predicts:
    """The statement that the model's predictions are of some use.

    Attributes
    ----------
    how : RANKS (its M ranks the measured M), FLIPS (its flip epoch the measured one), BETTER (it ranks M
        better than T_mem does) or CLOSER (its M is closer than the mean of all measured ones).
    """

    how: str

    def interval(self, result: Judgement) -> Interval:
        """Return what is asked about, with its interval, less what it must exceed."""
        if self.how == CLOSER:
            return result.gain
        found = {RANKS: result.rank, FLIPS: result.rank_of_flips, BETTER: result.advantage}[self.how]
        margin = 0.0 if self.how == BETTER else MARGIN
        ends = (found.estimate - margin, found.low - margin, found.high - margin)
        return Interval(*ends, found.level, "bootstrap")


def fit_to(records: list[Record]) -> tuple[Setup, Parameters]:
    """Return the set-up of some records at 2/5, and the model fitted to CCE there.

    Raises
    ------
    MissingRecords : no such runs, or a training that the model does not describe.
    """
    group = Runs(records).of(*FITTED)
    try:
        setup = setup_of(group[0].dataset, group[0].training, group[0].epochs, FITTED[1])
    except ValueError as error:
        raise MissingRecords(f"no run of a training that the model describes: {error}") from None
    curve = np.mean([r.curves[M] for r in group], axis=0)  # type: ignore[arg-type]  # never None at 2/5
    return setup, fitted(setup, tuple(float(m) for m in curve))


def predicts(claim: Predicts, records: Iterable[Record]) -> Evidence:
    """Confirmed where the whole interval is beyond what it must exceed, not reproduced where none is."""
    records = list(records)
    if not records:
        return no_records()
    scope = describe(records)
    try:
        setup, parameters = fit_to(records)
        found, without = pairs(outcomes(records), setup, parameters)
    except MissingRecords as missing:
        return lacking(scope, missing)
    families = {p.family for p in found if not p.fitted}
    if len(families) < 2:
        detail = f"no run of two families of losses beside CCE at 2/5; there are {len(families)}"
        return Evidence(Method.EMPIRICAL, Status.UNDECIDED, scope, detail)
    result = judge(found, setup.num_classes, setup.epochs)
    data = _data(result, parameters, found, without)
    detail = _detail(result, parameters)
    if len(families) < MIN_FAMILIES:
        detail = f"{len(families)} families of losses, {MIN_FAMILIES} are needed; so far: {detail}"
        return Evidence(Method.EMPIRICAL, Status.UNDECIDED, scope, detail, None, data)
    span = claim.interval(result)
    status = Status.INCONCLUSIVE
    if len({r.seed for r in records}) < MIN_SEEDS:
        pass
    elif span.low > 0:
        status = Status.CONFIRMED
    elif span.high < 0:
        status = Status.NOT_REPRODUCED
    if without:
        detail += f"; no prediction for {', '.join(without)}"
    return Evidence(Method.EMPIRICAL, status, scope, detail, None, data)


def _detail(result: Judgement, parameters: Parameters) -> str:
    return (
        f"Spearman with M {result.rank} (95% bootstrap over families); T_mem, where it is decided: "
        f"{result.rank_of_times}, the model's less that: {result.advantage}; mean |error of M| "
        f"{result.error}, of the mean of all {result.error_of_mean:.3f}; a flip or none: right in "
        f"{result.flips_right} of {result.pairs} pairs; where both flip ({result.both_flip}), off by "
        f"{result.flip_error} of the epochs; Spearman with flip epochs {result.rank_of_flips}; fitted to CCE "
        f"at 2/5 to {parameters.error:.2g}: R = {parameters.ratio:.3g}, sigma = {parameters.spread:.2g}"
    )


def _data(
    result: Judgement, parameters: Parameters, found: list[Pair], without: tuple[str, ...]
) -> dict[str, Any]:
    def ends(x: Any) -> list[float | None]:
        return [v if math.isfinite(v) else None for v in (x.estimate, x.low, x.high)]

    return {
        "spearman": result.rank.ends,
        "spearman_of_times": result.rank_of_times.ends,
        "spearman_of_flips": result.rank_of_flips.ends,
        "advantage": result.advantage.ends,
        "error_of_M": ends(result.error),
        "error_of_the_mean": result.error_of_mean,
        "gain": ends(result.gain),
        "flips_right": [result.flips_right, result.pairs],
        "flip_error": ends(result.flip_error) if result.both_flip else None,
        "parameters": vars(parameters),
        "left_out": list(without),
        "pairs": [
            {
                "loss": p.outcome.loss,
                "noise_rate": str(p.outcome.noise_rate),
                "predicted": p.predicted,
                "measured": p.outcome.memorization_rate,
                "fitted": p.fitted,
            }
            for p in found
        ],
        "interval": "percentile bootstrap over families of losses; of errors: Student t over families",
    }


# A small set-up for the known-false twins: what the model says of these losses there is what "happened". Its
# parameters are those that the fit gives back.
LOSSES = (
    "cce",
    "bi-tempered(t1=4/5)",
    "focal(gamma=2)",
    "gce(q=7/10)",
    "mae",
    "mse",
    "nce",
    "nfl(gamma=2)",
    "nmse",
)
OTHER = {J1: J2, J2: J1, M: RECOVERED, RECOVERED: M}
SAMPLES, BATCH, EPOCHS_SEEN, PARAMETERS = 300, 50, 20, Parameters(1440, 0.483, 0.00374)


@dataclass(frozen=True)
class Modelled:
    """Fabricated records of what the model itself predicts, made when asked for.

    Attributes
    ----------
    order : AS_SAID; or the same outcomes dealt out anew, but to the fitted pair: REVERSED, what the model says
        resists most memorises most. Or OPPOSITE: altered samples are memorised where the model says that
        their clean label is recovered, and recovered where it says memorised.
    """

    order: str = AS_SAID
    seeds: int = 5

    def __iter__(self) -> Iterator[Record]:
        runs = fabricated.records(dict.fromkeys(LOSSES, RESISTS), self.seeds, warm={})
        runs = [self._smaller(r) for r in runs if r.noise_rate in (Fraction(2, 5), Fraction(3, 5))]
        setup = setup_of(runs[0].dataset, runs[0].training, runs[0].epochs, FITTED[1])
        said = list(dict.fromkeys((r.loss, r.noise_rate) for r in runs))
        found, _ = pairs([Outcome(*key, 0.0, 0.0) for key in said], setup, PARAMETERS)
        paths = {(p.outcome.loss, p.outcome.noise_rate): p.path for p in found}
        least = sorted(
            (key for key in paths if key != FITTED), key=lambda key: paths[key].memorization_rate[-1]
        )
        other: dict[Any, Any] = {}
        if self.order == REVERSED:
            other = dict(zip(least, reversed(least), strict=True))
        for run in runs:
            key = run.loss, run.noise_rate
            curves = {k: list(v) for k, v in vars(paths[other.get(key, key)]).items()}
            if self.order == OPPOSITE and key != FITTED:
                curves = {k: curves[OTHER[k]] for k in curves}
            yield replace(run, curves={**run.curves, **curves})

    @staticmethod
    def _smaller(run: Record) -> Record:
        return replace(
            run,
            dataset={**run.dataset, "train_size": SAMPLES},
            training={**run.training, "batch_size": BATCH, "epochs": EPOCHS_SEEN},
            curves={name: [values[-1]] * EPOCHS_SEEN for name, values in run.curves.items()},
        )


def _claim(id: str, title: str, statement: str, how: str) -> Claim:
    order = OPPOSITE if how in (BETTER, CLOSER) else REVERSED
    says = {
        REVERSED: "in fabricated records most is memorised where the model says least",
        OPPOSITE: "in fabricated records what the model says is memorised is recovered, and the other way round",
    }[order]
    twin = (Predicts(how), Modelled(order))
    check = Check(Method.EMPIRICAL, predicts, Predicts(how), twin, says, needs_records=True)
    return Claim(id, title, statement, "this project", ("the set-up of the records",), (check,))


MODEL = "the mean-field model of shared and private directions, fitted to the memorization rate of CCE at $\\eta = 0.4$ alone"
OTHERS = "over the other losses and rates of $\\eta = 0.2, 0.4, 0.6$"

CLAIMS = (
    _claim(
        "D4",
        "A model without a network ranks losses by what they memorise",
        f"{MODEL[0].upper()}{MODEL[1:]}, predicts a final $M$ whose Spearman correlation with the measured one, {OTHERS}, "
        f"is above ${MARGIN}$.",
        RANKS,
    ),
    _claim(
        "D4.flip",
        "The model ranks losses by when they flip",
        f"Spearman's correlation of the flip epoch that {MODEL}, predicts with the measured one (none counted as later "
        f"than any), {OTHERS}, is above ${MARGIN}$.",
        FLIPS,
    ),
    _claim(
        "D4.better",
        "The model ranks losses better than the memorization time",
        f"The final $M$ that {MODEL}, predicts has a higher Spearman correlation with the measured one than $-T_{{mem}}$ "
        "has, on the pairs of a loss and a rate where $T_{mem}$ is decided.",
        BETTER,
    ),
    _claim(
        "D4.closer",
        "The model predicts how much is memorised",
        f"The final $M$ that {MODEL}, predicts is closer to the measured one than the mean of all measured $M$ is, "
        "on average over families of losses.",
        CLOSER,
    ),
)
