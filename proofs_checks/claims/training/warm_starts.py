"""N4: resistance is a matter of path, and R1 speaks of noise that is independent of the network."""

from __future__ import annotations

import math
from collections.abc import Iterator

from lossmatters.empirics.records import Record
from lossmatters.proofs_checks import fabricated
from lossmatters.proofs_checks.claims.training.training_rules import (
    CCE,
    CLOSE,
    FAR_SHARE,
    J1,
    J2,
    NEAR_ONE,
    NMSE,
    RLL,
    above,
    at,
    below,
    guard,
    training_claim,
)
from lossmatters.proofs_checks.fabricated import DROPS_A_CLASS, MEMORISES, RESISTS, WARM
from lossmatters.proofs_checks.methods.empirical import RATES, Condition
from lossmatters.proofs_checks.methods.runs import MissingRecords, Runs
from lossmatters.theory.losses import get
from lossmatters.theory.risk.finite import predicted_noisy_risk

MAE = "mae"
AFTER_CCE = (RLL, NMSE, MAE)
RATE = RATES[1]
FAILS_BY = 10.0  # "fails": the prediction is wrong by more than an order of magnitude
# Each risk is a mean of sums of ten terms in float64. A term is right to a few units of 2^-53 = 1.1e-16 of the
# largest; a mean over n samples adds at most log2(n) of them. 1e-12 leaves room for a thousand. The largest is at
# most C of a loss that is nowhere below 0, as its risks are; of one that is, such as the unhinged loss on logits
# with C = 0, the largest risk says how large the terms are.
ROUNDING = 1e-12


def stays_memorised(runs: Runs) -> list[Condition]:
    """List the conditions of N4: after CCE has memorised, a symmetric loss leaves J1 where it is; from the initial weights it
    does not.
    """
    conditions = [above(f"J1 of CCE {at(RATE)}", runs.final(CCE, RATE, J1), NEAR_ONE)]
    for loss in AFTER_CCE:
        name = get(loss).title
        conditions.append(above(f"J1 of {name} after CCE", runs.final(loss, RATE, J1, CCE), NEAR_ONE))
        further = runs.paired((loss, RATE, J1, CCE), (loss, RATE, J1))
        share = FAR_SHARE * float(RATE)
        conditions.append(above(f"J1 of {name} after CCE less J1 of {name} alone", further, share))
    return conditions


def path_decides(runs: Runs) -> list[Condition]:
    """List the conditions of N4.path: from the network that RLL has kept from memorising, CCE memorises and RLL stays."""
    rise = runs.paired((RLL, RATE, J1, RLL), (RLL, RATE, J1))
    loss = runs.paired((RLL, RATE, J2), (RLL, RATE, J2, RLL))
    return [
        above("J1 of CCE after RLL", runs.final(CCE, RATE, J1, RLL), NEAR_ONE),
        below("J1 that RLL gains after RLL", rise, CLOSE),
        below("J2 that RLL loses after RLL", loss, CLOSE),
        above("J2 - J1 of RLL after RLL", runs.paired((RLL, RATE, J2, RLL), (RLL, RATE, J1, RLL))),
        *guard(runs, RLL, [RATE]),
        *guard(runs, RLL, [RATE], RLL)[1:],
    ]


def constant(record: Record) -> float | None:
    """Return C of the loss of a record at its K, as the theory decides it; None where it is not symmetric."""
    from lossmatters.theory.symmetry.decide import decide

    try:
        loss = None if ".py" in record.loss else get(record.loss)  # a user's file is not run for this
    except (TypeError, ValueError):  # from a catalogue that has since changed
        return None
    if loss is None or not loss.symmetric:
        return None
    verdict = decide(loss, int(record.dataset["num_classes"]))
    return verdict.constant_value if verdict.status == "proved" else None


def predicted(record: Record, c: float) -> float:
    """Return what R1 says the risk under the noise of this record is, from its risk on clean labels."""
    assert record.risks is not None
    k = int(record.dataset["num_classes"])
    return float(predicted_noisy_risk(record.risks["clean_labels"], c, float(record.noise_rate), k))


def _measured(runs: Runs) -> Iterator[tuple[Record, float]]:
    for record in runs.main:
        risks = record.risks
        # A run that diverged has no risks. It is left out by name: max() would pass over a NaN in silence.
        if risks is None or not record.noise_rate or not all(map(math.isfinite, risks.values())):
            continue
        if (c := constant(record)) is not None:
            yield record, c


def identity_on_fresh_noise(runs: Runs) -> list[Condition]:
    """List the conditions of N4.fresh: R1 for every trained network of a symmetric loss; one number a seed, its largest error."""
    worst: dict[int, float] = {}
    for record, c in _measured(runs):
        assert record.risks is not None
        error = abs(record.risks["fresh_labels"] - predicted(record, c))
        if error:  # a loss that is 0 everywhere has neither an error nor anything to hold it against
            error /= max(abs(c), *map(abs, record.risks.values()))
        worst[record.seed] = max(worst.get(record.seed, 0.0), error)
    if not worst:
        raise MissingRecords("no run of a symmetric loss under noise with its risks")
    return [below("largest error of R1 on fresh noise, over C or the largest risk", worst.values(), ROUNDING)]


def identity_on_own_labels(runs: Runs) -> list[Condition]:
    """List the conditions of N4.own: on the labels that a network has fitted, what R1 predicts is far above what is measured."""
    conditions = []
    for loss in AFTER_CCE:
        factors = []
        for record in runs.of(loss, RATE, CCE):
            if record.risks is None or (c := constant(record)) is None:
                raise MissingRecords(f"no run of {loss} after {CCE} with its risks")
            # no risk is known to better than this; a network that fits its labels exactly has 0 on them
            known = ROUNDING * c
            said, own = max(predicted(record, c), known), max(record.risks["own_labels"], known)
            factors.append(math.log10(said / own))
        text = f"log10 of R1's prediction over the risk on own labels, {get(loss).title} after CCE"
        conditions.append(above(text, factors, math.log10(FAILS_BY)))
    return conditions


OURS = "this project"
WELL = {CCE: MEMORISES, RLL: RESISTS, NMSE: RESISTS, MAE: RESISTS}

CLAIMS = (
    training_claim(
        "N4",
        "What is memorised stays memorised",
        f"At $\\eta = 0.4$, from a network that CCE has made to memorise ($J_1 \\geq {NEAR_ONE}$), going on with "
        f"RLL, NMSE or MAE on the same labels leaves $J_1 \\geq {NEAR_ONE}$, while the same loss from the initial "
        f"weights ends more than ${FAR_SHARE} f$ lower: resistance is a matter of path, not of the loss alone.",
        stays_memorised,
        OURS,
        fabricated.records(WELL, warm={**WARM, (CCE, RLL): RESISTS}),
        "in fabricated records RLL after CCE forgets what was memorised",
    ),
    training_claim(
        "N4.path",
        "From RLL's network CCE memorises and RLL stays",
        f"At $\\eta = 0.4$, from the network that RLL ends with, going on with CCE on the same labels reaches $J_1 "
        f"\\geq {NEAR_ONE}$; going on with RLL changes $J_1$ and $J_2$ for the worse by less than {CLOSE}, with $J_2 > "
        "J_1$, and it learns (the $\\eta = 0$ control) and loses no class.",
        path_decides,
        OURS,
        fabricated.records(WELL, warm={**WARM, (RLL, RLL): DROPS_A_CLASS}),
        "in fabricated records RLL drops a class when it goes on, and so keeps a low J1",
    ),
    training_claim(
        "N4.fresh",
        "On fresh noise R1 holds for trained networks",
        "For every trained network of a symmetric loss, memorised or not, the mean loss on its training samples "
        "under fresh uniform noise, averaged exactly, is $C\\eta/(K-1) + aR$ with $R$ its mean loss on their clean "
        f"labels, to within ${ROUNDING:g}\\,C$, which is rounding.".replace("1e-12", "10^{-12}"),
        identity_on_fresh_noise,
        OURS,
        fabricated.records(WELL, fresh_labels=0.001),
        "in fabricated records fresh labels cost as little as fitted ones",
    ),
    training_claim(
        "N4.own",
        "On fitted labels R1 fails",
        "For a network that has memorised its labels under CCE and gone on with RLL, NMSE or MAE, what R1 predicts is "
        f"more than {FAILS_BY:g} times its mean loss on those labels (at $\\eta = 0.4$, in the geometric mean over "
        "seeds): R1 speaks of noise that is independent of the network.",
        identity_on_own_labels,
        OURS,
        fabricated.records(WELL, own_labels=0.05),
        "in fabricated records the network's own labels cost as much as fresh ones",
    ),
)
