"""Evidence from training records: means over seeds with intervals, and rules that read them.

Every condition is "the mean over seeds of some number is above (or below) a bound". Its interval is
Student's t for a mean of independent runs. A claim with m conditions uses the level 1 - 0.05/m for each
(Bonferroni), so that all of its intervals cover together with probability at least 0.95. All wholly on
the right side: confirmed; one wholly on the wrong side: not reproduced; else inconclusive. Fewer than
five seeds decide nothing. That a run of some kind exists is settled by showing one (`exists`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from lossmatters.empirics.records import Record, converged
from lossmatters.proofs_checks.claim import UNIFORM, Evidence, Method, Status
from lossmatters.proofs_checks.methods.runs import MissingRecords, NotTried, Runs
from lossmatters.theory.memorization import Interval, mean_interval

MIN_SEEDS = 5
LEVEL = 0.95
CUT = "*"  # marks an end of an interval that is shown where the possible values end
CUT_SAYS = "cut off where shares end"
RATES = (Fraction(1, 5), Fraction(2, 5), Fraction(3, 5))


@dataclass(frozen=True)
class Condition:
    """One thing that must hold of a mean over seeds: it lies above (or below) a bound.

    Attributes
    ----------
    quantity : what is averaged, in words.
    values : one number a seed.
    above, below : the bound; one of the two.
    limits : between which such a mean lies whatever was measured, (0, 1) of a share; None for none.
    """

    quantity: str
    values: tuple[float, ...]
    above: float | None = None
    below: float | None = None
    limits: tuple[float, float] | None = None

    @property
    def text(self) -> str:
        return f"{self.quantity} {'>' if self.below is None else '<'} {self.bound:g}"

    @property
    def must(self) -> str:
        """Return what is asked of the mean, to stand behind its value."""
        return f"must be {'above' if self.below is None else 'below'} {self.bound:g}"

    @property
    def bound(self) -> float:
        bound = self.above if self.below is None else self.below
        assert bound is not None
        return bound

    def state(self, interval: Interval) -> str:
        """Return where the interval lies: "yes", on the right side of the bound; "no", all wrong; "open"."""
        if len(self.values) < MIN_SEEDS:
            return "open"
        margins = (interval.low - self.bound, interval.high - self.bound)
        if self.below is not None:
            margins = (-margins[1], -margins[0])
        return "yes" if margins[0] > 0 else "no" if margins[1] < 0 else "open"


Rule = Callable[[Runs], list[Condition]]
Finder = Callable[[Runs], tuple[list[Record], int]]


def decide(rule: Rule, records: Iterable[Record]) -> Evidence:
    """Apply a rule to the runs of one experiment."""
    records = list(records)
    if not records:
        return no_records()
    scope = describe(records)
    try:
        conditions = rule(Runs(records))
    except MissingRecords as missing:
        return lacking(scope, missing)
    level = 1 - (1 - LEVEL) / len(conditions)
    rows: list[dict[str, Any]] = []
    states: list[str] = []
    for condition in conditions:
        interval = mean_interval(condition.values, level)
        states.append(condition.state(interval))
        rows.append(
            {
                "condition": condition.text,
                "quantity": condition.quantity,
                "must": condition.must,
                "mean": interval.estimate,
                "low": _finite(interval.low),
                "high": _finite(interval.high),
                "n": len(condition.values),
                "holds": states[-1],
                "shown": shown(interval, condition.limits),
            }
        )
    status = Status.CONFIRMED
    if "no" in states:
        status = Status.NOT_REPRODUCED
    elif "open" in states:
        status = Status.INCONCLUSIVE
    failing = [r for r in rows if r["holds"] != "yes"]
    told = failing or rows
    detail = "; ".join(f"{r['quantity']}: {r['shown']}, n = {r['n']}, {r['must']}" for r in told)
    if failing and len(failing) < len(rows):
        detail = f"{len(rows) - len(failing)} of {len(rows)} conditions hold; not: {detail}"
    cut = f"; {CUT} {CUT_SAYS}" if any(CUT in r["shown"] for r in told) else ""
    detail += f" ({level:.4g} intervals{cut})"
    data = {"conditions": rows, "level": level, "interval": "Student t, Bonferroni"}
    return Evidence(Method.EMPIRICAL, status, scope, detail, None, data)


def exists(find: Finder, records: Iterable[Record]) -> Evidence:
    """Look for a run of some kind among the runs of one experiment; the first one is the witness.

    That something exists is settled by one example, without an interval. That none was found among these
    runs says so much of them and no more: not reproduced. Fewer than five seeds decide nothing here either.

    Parameters
    ----------
    find : runs -> (the runs of that kind, how many were looked at).
    """
    records = list(records)
    if not records:
        return no_records()
    scope = describe(records)
    try:
        found, looked_at = find(Runs(records))
    except MissingRecords as missing:
        return lacking(scope, missing)
    shown = Counter((r.loss, r.noise_rate) for r in found)
    where = ", ".join(f"{n} of {loss} at eta = {float(rate):g}" for (loss, rate), n in shown.items())
    detail = f"{len(found)} of {looked_at} runs" + (f": {where}" if found else "")
    status = Status.CONFIRMED if found else Status.NOT_REPRODUCED
    if len({r.seed for r in records}) < MIN_SEEDS:
        status = Status.INCONCLUSIVE
    rows = [_example(r) for r in found]
    return Evidence(
        Method.EMPIRICAL, status, scope, detail, rows[0] if rows else None, {"runs": rows, "of": looked_at}
    )


def lacking(scope: str, missing: MissingRecords) -> Evidence:
    """Return the evidence of a claim that needs other runs than there are."""
    status = Status.NOT_CHECKED if isinstance(missing, NotTried) else Status.UNDECIDED
    return Evidence(Method.EMPIRICAL, status, scope, f"the records have {missing}")


def _example(record: Record) -> dict[str, Any]:
    names = ("noisy_train_accuracy", "clean_train_accuracy", "min_class_recall")
    return {
        "loss": record.loss,
        "noise_rate": str(record.noise_rate),
        "seed": record.seed,
        **{name: record.final[name] for name in names},
        "run_id": record.run_id,
    }


def no_records() -> Evidence:
    """Return the evidence of any claim about training before anything was trained."""
    return Evidence(Method.EMPIRICAL, Status.UNDECIDED, "no records", "train first: lossmatters train quick")


def describe(records: Sequence[Record]) -> str:
    """Return what the records of one experiment are, for the scope of the evidence."""
    first = records[0]
    kind = first.noise["kind"]
    noise = "" if kind == UNIFORM else f"{kind} noise, "
    seeds = len({r.seed for r in records})
    diverged = len(records) - len(converged(records))
    left_out = f", {diverged} diverged run{'s' * (diverged != 1)} left out" if diverged else ""
    return (
        f"{first.experiment}: {first.dataset['name']}, {first.model['name']}, {first.epochs} epochs, "
        f"{noise}{seeds} seed{'s' * (seeds != 1)}{left_out}"
    )


def by_experiment(records: Iterable[Record]) -> list[list[Record]]:
    """Group records by experiment, data set, kind of model and number of epochs, in the order of appearance;
    set-ups beside the main one are in its group.
    """
    groups: dict[tuple[Any, ...], list[Record]] = {}
    for r in records:
        groups.setdefault((r.experiment, r.dataset["name"], r.model["name"], r.epochs), []).append(r)
    return list(groups.values())


def shown(interval: Interval, limits: tuple[float, float] | None = None) -> str:
    """Write a mean with its interval; an end beyond the limits is cut off there, and marked.

    The verdict is by the interval as it was computed. Student's t knows nothing of shares: near 0 or 1 it
    reaches beyond what a share can be.

    >>> shown(Interval(0.998, 0.994, 1.002, 0.95, "t"), (0.0, 1.0))
    '0.998 [0.994, 1.000*]'
    """
    mean = _decimal(interval.estimate)
    if _finite(interval.low) is None:
        return f"{mean} (no interval)"
    ends = []
    for end in (interval.low, interval.high):
        inside = end if limits is None else min(max(end, limits[0]), limits[1])
        ends.append(_decimal(inside) + (CUT if inside != end else ""))
    return f"{mean} [{', '.join(ends)}]"


def _decimal(value: float) -> str:
    """Write three decimals; two digits of what they would show as zero."""
    return f"{value:.1e}" if 0 < abs(value) < 5e-4 else f"{value:.3f}"


def _finite(value: float) -> float | None:
    return value if abs(value) < float("inf") else None
