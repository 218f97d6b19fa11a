"""N5: a low J1 is not resistance. Networks that a look at J1 alone would call resistant, and that drop a class.

The guard that follows from it is `training_rules.guard`: every rule that calls a loss resistant asks for J2,
the smallest class recall and the control on clean labels beside J1.
"""

from __future__ import annotations

import math

from lossmatters.empirics.records import Record
from lossmatters.proofs_checks import fabricated
from lossmatters.proofs_checks.claim import Check, Claim, Method
from lossmatters.proofs_checks.claims.training.training_rules import (
    CHANCE,
    CLOSE,
    J1,
    RECALL,
    SYMMETRIC,
    ZERO,
)
from lossmatters.proofs_checks.fabricated import MEMORISES, RESISTS
from lossmatters.proofs_checks.methods.empirical import RATES, Finder, exists
from lossmatters.proofs_checks.methods.runs import MissingRecords, Runs


def _runs(runs: Runs, clean: bool) -> list[Record]:
    """Return the cold runs at the rates of E1, or on clean labels, that did not diverge.

    A network of NaN gives every sample the same class. That is a failure of arithmetic, not of the loss.
    """
    if not any(r.loss in SYMMETRIC for r in runs.main):
        raise MissingRecords("no run of a symmetric loss")
    wanted = (ZERO,) if clean else RATES
    return [
        r
        for r in runs.main
        if r.noise_rate in wanted and r.start is None and math.isfinite(r.final["train_loss"] or 0.0)
    ]


def drops_a_class(record: Record) -> bool:
    """Return whether the recall of some test class ends at chance; so it does where nothing is learned."""
    recall = record.final[RECALL]
    return recall is not None and recall < CHANCE


def resists_by_j1_alone(record: Record) -> bool:
    """Return whether J1 is at most that of the perfect resister, 1 - f, give or take the margin."""
    j1 = record.final[J1]
    return j1 is not None and j1 < 1 - float(record.noise["realised_rate"]) + CLOSE


def false_resistance(runs: Runs) -> tuple[list[Record], int]:
    """Select the runs of N5: under noise, J1 alone would call them resistant, and the network drops a class."""
    looked_at = [r for r in _runs(runs, clean=False) if resists_by_j1_alone(r)]
    return [r for r in looked_at if drops_a_class(r)], len(looked_at)


def fails_on_clean_labels(runs: Runs) -> tuple[list[Record], int]:
    """Select the runs of N5.control: on clean labels, the network drops a class."""
    looked_at = _runs(runs, clean=True)
    return [r for r in looked_at if drops_a_class(r)], len(looked_at)


def _claim(id: str, title: str, statement: str, find: Finder, twin_says: str) -> Claim:
    behaviour = {"cce": MEMORISES, **dict.fromkeys(SYMMETRIC, RESISTS)}
    twin = (find, fabricated.records(behaviour))
    check = Check(Method.EMPIRICAL, exists, find, twin, twin_says, needs_records=True)
    return Claim(id, title, statement, "this project", ("the set-up of the records",), (check,))


CLAIMS = (
    _claim(
        "N5",
        "False resistance",
        f"At $\\eta = 0.2, 0.4$ or $0.6$ there is a trained network that $J_1$ alone would call resistant ($J_1 < 1 - "
        f"f + {CLOSE}$) and that drops a class, or learns nothing: the recall of some class is below {CHANCE}.",
        false_resistance,
        "in fabricated records every network with a low J1 gives every class",
    ),
    _claim(
        "N5.control",
        "Classes are lost on clean labels too",
        "Trained on clean labels, some network of the catalogue's losses ends with the recall of a class below "
        f"{CHANCE}: a low $J_1$ of that loss under noise need not be the noise's doing.",
        fails_on_clean_labels,
        "in fabricated records every network trained on clean labels gives every class",
    ),
)
