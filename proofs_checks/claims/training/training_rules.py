"""The rules by which claims about training are decided from records.

The margins say what "near", "far" and "close" mean. They were set before this project's own runs, with
only the reference's trial figures known, and are not to be moved to make a claim come out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from lossmatters.empirics.records import Record
from lossmatters.proofs_checks.claim import Check, Claim, Evidence, Method
from lossmatters.proofs_checks.methods.empirical import RATES, Condition, Rule, decide
from lossmatters.proofs_checks.methods.runs import Runs
from lossmatters.theory.losses import LOSSES, get
from lossmatters.theory.memorization import memorization_verdict

J1, J2, TEST, RECALL = "noisy_train_accuracy", "clean_train_accuracy", "test_accuracy", "min_class_recall"
CCE, MSE, RLL, NMSE = "cce", "mse", "rll(alpha=1/10)", "nmse"
ZERO = Fraction(0)
EXTREME = Fraction(17, 20)

NEAR_ONE = 0.99  # "J1 near 1": at most one label in a hundred is not fitted
FAR_SHARE = 0.5  # "far below": the gap J1 - J2 is at least half of the largest possible, f
CLOSE = 0.05  # "close": five points of accuracy
LARGE = 0.2  # "fails": twenty points of accuracy
FITS = 0.95  # the control: J2 trained on clean labels
CHANCE = 0.1  # a class is lost when its recall is at chance


def above(quantity: str, values: Iterable[float], bound: float = 0.0) -> Condition:
    """State that the mean over seeds is above the bound."""
    return Condition(quantity, tuple(values), above=bound, limits=getattr(values, "limits", None))


def below(quantity: str, values: Iterable[float], bound: float) -> Condition:
    """State that the mean over seeds is below the bound."""
    return Condition(quantity, tuple(values), below=bound, limits=getattr(values, "limits", None))


def at(rate: Fraction) -> str:
    """Write the noise rate in words."""
    return f"at eta = {float(rate):g}"


def guard(runs: Runs, loss: str, rates: Iterable[Fraction], start: str | None = None) -> list[Condition]:
    """List the conditions of N5: resistance is claimed only of a loss that learns the clean labels and loses no
    class.

    Every rule that calls a loss resistant has these conditions beside those on J1 and J2; a test gives
    each of them networks that drop a class, and a loss that fails its control.
    """
    name = get(loss).title
    control = above(f"J2 of {name} trained on clean labels", runs.final(loss, ZERO, J2), FITS)
    return [control] + [
        above(f"smallest class recall of {name} {at(r)}", runs.final(loss, r, RECALL, start), CHANCE)
        for r in rates
    ]


@dataclass(frozen=True)
class Memorises:
    """E1: J1 near 1 for each of these losses."""

    losses: tuple[str, ...]

    def __call__(self, runs: Runs) -> list[Condition]:
        return [
            above(f"J1 of {get(loss).title} {at(r)}", runs.final(loss, r, J1), NEAR_ONE)
            for loss in self.losses
            for r in RATES
        ]


def forgets_clean_labels(runs: Runs) -> list[Condition]:
    """List the conditions of E2: with CCE and MSE, J2 ends far below J1."""
    return [
        above(
            f"J1 - J2 of {get(loss).title} {at(r)}",
            runs.paired((loss, r, J1), (loss, r, J2)),
            FAR_SHARE * float(r),
        )
        for loss in (CCE, MSE)
        for r in RATES
    ]


def resists(runs: Runs) -> list[Condition]:
    """List the conditions of E3: with RLL, J1 stays below its clean-label value and J2 > J1."""
    conditions = []
    for r in RATES:
        drop = runs.paired((RLL, ZERO, J1), (RLL, r, J1))
        conditions.append(above(f"J1 of RLL at eta = 0 less J1 {at(r)}", drop))
        lead = runs.paired((RLL, r, J2), (RLL, r, J1))
        conditions.append(above(f"J2 - J1 of RLL {at(r)}", lead))
    return conditions + guard(runs, RLL, RATES)


def close_to_clean(runs: Runs) -> list[Condition]:
    """List the conditions of E4: with RLL at eta = 0.2 and 0.4, J2 is close to that of training on clean labels."""
    rates = RATES[:2]
    return [
        below(f"J2 that RLL loses {at(r)}", runs.paired((RLL, ZERO, J2), (RLL, r, J2)), CLOSE) for r in rates
    ] + guard(runs, RLL, rates)


def same_as_rll(runs: Runs) -> list[Condition]:
    """List the conditions of E5: NMSE's J1 and J2 are within the margin of RLL's, both ways."""
    conditions = []
    for r in RATES:
        for symbol, metric in (("J1", J1), ("J2", J2)):
            gap = runs.paired((NMSE, r, metric), (RLL, r, metric))
            conditions.append(below(f"{symbol} of NMSE less RLL {at(r)}", gap, CLOSE))
            conditions.append(below(f"{symbol} of RLL less NMSE {at(r)}", [-g for g in gap], CLOSE))
    return conditions


def flips_only_with_cce(runs: Runs) -> list[Condition]:
    """List the conditions of E6, where a run flips by M4 if J1 > J2 at the end and J2 > J1 at some epoch before."""
    conditions = []
    for r in RATES:
        end = runs.paired((CCE, r, J1), (CCE, r, J2))
        conditions.append(above(f"J1 - J2 of CCE at the end, {at(r)}", end))
        lead = [
            max(b - a for a, b in zip(run.curves[J1], run.curves[J2], strict=True))  # type: ignore[operator]
            for run in runs.of(CCE, r)
        ]
        conditions.append(above(f"largest J2 - J1 of CCE over epochs, {at(r)}", lead))
        stays = runs.paired((RLL, r, J2), (RLL, r, J1))
        conditions.append(above(f"J2 - J1 of RLL at the end, {at(r)}", stays))
    return conditions + guard(runs, RLL, RATES)


def fails_near_threshold(runs: Runs) -> list[Condition]:
    """List the conditions of E7: at eta = 0.85 RLL loses much of J2, more than at 0.6."""
    lost = runs.paired((RLL, ZERO, J2), (RLL, EXTREME, J2))
    further = runs.paired((RLL, RATES[-1], J2), (RLL, EXTREME, J2))
    return [
        above(f"J2 that RLL loses {at(EXTREME)}", lost, LARGE),
        above(f"J2 of RLL at eta = 0.6 less J2 {at(EXTREME)}", further),
    ]


def better_test_accuracy(runs: Runs) -> list[Condition]:
    """List the conditions of E8: RLL's test accuracy is above CCE's."""
    return [
        above(f"test accuracy of RLL less CCE {at(r)}", runs.paired((RLL, r, TEST), (CCE, r, TEST)))
        for r in RATES
    ]


def alpha_matters_little(runs: Runs) -> list[Condition]:
    """List the conditions of E10: over alpha in 1/100, 1/2, 1, J2 at eta = 0.4 is close to that of alpha = 1/10."""
    rate, conditions = RATES[1], []
    for alpha in ("1/100", "1/2", "1"):
        gap = runs.paired((f"rll(alpha={alpha})", rate, J2), (RLL, rate, J2))
        conditions.append(below(f"J2 of alpha = {alpha} above 1/10 {at(rate)}", gap, CLOSE))
        conditions.append(below(f"J2 of alpha = {alpha} below 1/10 {at(rate)}", [-g for g in gap], CLOSE))
    return conditions


MULTIPLES = ("unhinged", "rce(A=4)")  # of MAE: under Adam a factor changes nothing but what eps does
SYMMETRIC = tuple(
    get(n).spec
    for n, cls in LOSSES.items()
    if cls.symmetric is True and cls.differentiable and get(n).spec not in MULTIPLES
)


def symmetric_losses_fit(runs: Runs) -> list[Condition]:
    """List the conditions of E10: on clean labels every symmetric loss of the catalogue fits as well as CCE."""
    return [
        below(
            f"J2 of CCE less {get(loss).title} at eta = 0",
            runs.paired((CCE, ZERO, J2), (loss, ZERO, J2)),
            CLOSE,
        )
        for loss in SYMMETRIC
    ]


def symmetric_losses_resist(runs: Runs) -> list[Condition]:
    """List the conditions of E10: under every symmetric loss of the catalogue J2 > J1 at the end, at eta = 0.4, and it
    learns.
    """
    rate, conditions = RATES[1], []
    for loss in SYMMETRIC:
        lead = runs.paired((loss, rate, J2), (loss, rate, J1))
        conditions += [above(f"J2 - J1 of {get(loss).title} {at(rate)}", lead), *guard(runs, loss, [rate])]
    return conditions


def early_stopping_matches(runs: Runs) -> list[Condition]:
    """List the conditions of N6: J2 of CCE at its best epoch (chosen with the clean labels in hand) is close to RLL's at the
    end.
    """
    return [
        below(
            f"J2 of RLL at the end less CCE at its best epoch {at(r)}",
            runs.paired_best((RLL, r, J2), (CCE, r, J2)),
            CLOSE,
        )
        for r in RATES[:2]
    ]


def beside(records: list[Record]) -> dict[str, object]:
    """Return what is shown with every training claim: N6's baseline and M3's verdict for RLL."""
    runs = Runs(records)
    shown: dict[str, object] = {}
    for rate in RATES:
        best, last = runs.best(CCE, rate, J2), runs.final(RLL, rate, J2)
        shown[f"J2 {at(rate)}: CCE at its best epoch, RLL at the last"] = [
            round(sum(best) / len(best), 4),
            round(sum(last) / len(last), 4),
        ]
        clean = runs.final(RLL, ZERO, J2)
        if len(clean) == len(last):
            verdict = memorization_verdict(clean, last)
            shown[f"M3 for RLL {at(rate)}, epsilon = 0.05, delta = 0.1"] = (
                f"{verdict.status} ({verdict.interval}); smallest class recall of any run "
                f"{min(runs.final(RLL, rate, RECALL)):.2f}, J2 of any control at least {min(clean):.3f}"
            )
    return shown


def apply(rule: Rule, records: Iterable[Record]) -> Evidence:
    """Decide as `methods.empirical.decide` does, with what must be shown beside it."""
    records = list(records)
    evidence = decide(rule, records)
    if evidence.data:
        try:
            evidence.data["beside"] = beside(records)
        except LookupError:
            evidence.data["beside"] = "the records lack CCE or RLL at some rate"
    return evidence


def training_claim(
    id: str, title: str, statement: str, rule: Rule, source: str, twin: list[Record], twin_says: str
) -> Claim:
    """Make a claim that `rule` decides.

    Parameters
    ----------
    twin : fabricated records in which it is false.
    """
    check = Check(Method.EMPIRICAL, apply, rule, (rule, twin), twin_says, needs_records=True)
    return Claim(id, title, statement, source, ("the set-up of the records",), (check,))
