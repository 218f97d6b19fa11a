"""E9: what the usual regularisers do to CCE's memorization.

"Do not stop" is read with the margin that E2 has for "far below", set before any run of E2: the altered samples
that CCE gives their altered label are more than those that it gives the clean one by at least half of all of
them, J1 - J2 >= f/2. A regulariser may slow CCE down and still not stop it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from lossmatters.empirics.records import Record
from lossmatters.proofs_checks import fabricated
from lossmatters.proofs_checks.claim import Claim
from lossmatters.proofs_checks.claims.training.training_rules import (
    CCE,
    FAR_SHARE,
    J1,
    J2,
    above,
    at,
    training_claim,
)
from lossmatters.proofs_checks.fabricated import MEMORISES, REGULARISED, RESISTS
from lossmatters.proofs_checks.methods.empirical import RATES, Condition, Rule
from lossmatters.proofs_checks.methods.runs import MissingRecords, NotTried, Runs

RATE = RATES[1]
DECAY, DROPOUT, NORM, CROPS = "weight decay", "dropout", "batch normalisation", "augmentation"
ALONE = (DECAY, DROPOUT, NORM, CROPS)


def regularisers(record: Record) -> frozenset[str]:
    """Return which of the four a run has, by its declaration and not by the name of its set-up."""
    model, training = record.model, record.training
    present = {
        DECAY: Fraction(training.get("weight_decay", "0")) > 0,
        DROPOUT: Fraction(model.get("dropout", "0")) > 0,
        NORM: model.get("batch_norm", False) is True,
        CROPS: training.get("augmentation", "none") != "none",
    }
    return frozenset(name for name, is_present in present.items() if is_present)


def _memorises(runs: Runs, wanted: Iterable[frozenset[str]]) -> list[Condition]:
    """Return J1 - J2 of CCE from the initial weights, in every set-up with these regularisers and no others."""
    conditions = []
    for names in wanted:
        found = [
            r
            for r in runs.records
            if (r.loss, r.noise_rate, r.start) == (CCE, RATE, None) and regularisers(r) == names
        ]
        text = " and ".join(sorted(names)) or "no regulariser"
        if not found:
            tried = any(r.variant and regularisers(r) for r in runs.records)
            raise (MissingRecords if tried else NotTried)(f"no run of {CCE} {at(RATE)} with {text}")
        variants = list(dict.fromkeys(r.variant for r in found))
        for variant in variants:  # of other strengths: each must memorise
            those = sorted((r for r in found if r.variant == variant), key=lambda r: r.seed)
            gaps = [_value(r, J1) - _value(r, J2) for r in those]
            about = text if len(variants) == 1 else f"{text} ({variant or 'main set-up'})"
            conditions.append(above(f"J1 - J2 of CCE {at(RATE)} with {about}", gaps, FAR_SHARE * float(RATE)))
    return conditions


def _value(record: Record, metric: str) -> float:
    value = record.final[metric]
    assert value is not None  # J1 and J2 always have one
    return value


@dataclass(frozen=True)
class StillMemorises:
    """E9: CCE memorises in each of these set-ups, named by their regularisers, and without any."""

    wanted: tuple[frozenset[str], ...]

    def __call__(self, runs: Runs) -> list[Condition]:
        return _memorises(runs, (frozenset(), *self.wanted))


each_alone = StillMemorises(tuple(frozenset((name,)) for name in ALONE))
all_together = StillMemorises((frozenset(ALONE),))


def _claim(id: str, title: str, statement: str, rule: Rule, resisting: str, says: str) -> Claim:
    main = {CCE: RESISTS if resisting == NORM else MEMORISES}  # which has batch normalisation alone
    beside = {name: RESISTS if name == resisting else MEMORISES for name in REGULARISED}
    twin = fabricated.records(main, regularised=beside)
    margin = "as without any, $J_1 - J_2 \\geq f/2$ at $\\eta = 0.4$."
    statement = f"{statement}: {margin}"
    return training_claim(
        id, title, statement, rule, "Zhang et al. 2017", twin, f"in fabricated records {says}"
    )


def _alone(id: str, name: str) -> Claim:
    return _claim(
        id,
        f"{name.capitalize()} does not stop CCE",
        f"{name.capitalize()} alone does not stop CCE from memorising",
        StillMemorises((frozenset((name,)),)),
        name,
        f"CCE with {name} resists",
    )


CLAIMS = (
    _claim(
        "E9",
        "No regulariser stops CCE",
        "Weight decay, dropout, batch normalisation and augmentation, each alone, do not stop CCE from memorising",
        each_alone,
        DROPOUT,
        "CCE with dropout resists",
    ),
    _alone("E9.decay", DECAY),
    _alone("E9.dropout", DROPOUT),
    _alone("E9.norm", NORM),
    _alone("E9.augmentation", CROPS),
    _claim(
        "E9.together",
        "All regularisers together do not stop CCE",
        "Weight decay, dropout, batch normalisation and augmentation at once do not stop CCE from memorising",
        all_together,
        "all regularisers",
        "CCE with all four resists",
    ),
)
