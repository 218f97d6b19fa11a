"""What the records say, in plain words. Every number is computed; every rule of judgement is stated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from lossmatters.empirics.records import Record
from lossmatters.paper.names import loss_name, rate_name
from lossmatters.paper.statistics import Cell, Estimate, Grid, count_text, grid, losses_of, rates_of
from lossmatters.paper.tables import percent
from lossmatters.theory.losses import get

HEADLINE_RATE = Fraction(2, 5)
FITS = 0.9  # a loss whose J2 on clean labels is surely below this is said to underfit
RECALL = 0.5  # a run whose smallest recall is below this is said to have lost a class
RECOVERS = 0.5  # J2 surely below this: fewer than half of the clean labels are found


@dataclass(frozen=True)
class Findings:
    """Sentences on one set-up.

    Attributes
    ----------
    headline : the comparison of CCE with RLL, or what there is in its place.
    holds : what was found, a sentence each.
    fails : what does not hold or must be held against it, a sentence each.
    """

    headline: str
    holds: tuple[str, ...]
    fails: tuple[str, ...]


def findings(records: Sequence[Record]) -> Findings:
    """Return what the records of one set-up say.

    Raises
    ------
    ValueError : no records, or records of several set-ups.
    """
    if not records:
        raise ValueError("records must be at least one, got records=[]")
    cells = grid(records)
    known = [rate for rate in rates_of(cells) if rate is not None]
    noisy = [rate for rate in known if rate > 0]
    holds = [_sides(cells, rate) for rate in noisy]
    fails = [s for s in (_early_stopping(cells), _underfit(cells), *_lost_classes(cells, known)) if s]
    fails += [s for rate in noisy if (s := _nobody_recovers(cells, rate))]
    return Findings(_headline(cells), tuple(holds), tuple(fails))


def _headline_rate(cells: Grid) -> Fraction | None:
    noisy = [rate for rate in rates_of(cells) if rate]
    return min(noisy, key=lambda rate: abs(rate - HEADLINE_RATE)) if noisy else None


def _headline(cells: Grid) -> str:
    rate = _headline_rate(cells)
    if rate is None and None in rates_of(cells):
        return "Nobody knows which labels are wrong, so nothing can be said of memorisation."
    if rate is None:
        return "No run has altered labels, so nothing can be said of memorisation."
    cce, rll = cells.get((get("cce").spec, rate)), cells.get((get("rll").spec, rate))
    compared = [_end(cell) for cell in (cce, rll) if cell] or [
        _end(cells[x, rate]) for x in losses_of(cells) if (x, rate) in cells
    ]
    share = f"With {100 * float(rate):.4g}% of the training labels altered"
    return f"{share} ({rate_name(rate)}, {count_text(cells)}): {' '.join(compared)}"


def _end(cell: Cell) -> str:
    j1, j2 = cell.final("noisy_train_accuracy"), cell.final("clean_train_accuracy")
    side = {1: "it recovers more altered samples than it memorises", -1: "it memorises more than it recovers"}
    judged = side.get(_sign(_gap(cell)), "which side it ends on is not decided")
    return (
        f"{loss_name(cell.loss)} ends with {percent(j1)}% accuracy on the labels as given and {percent(j2)}% "
        f"on the clean ones; {judged}."
    )


def _gap(cell: Cell) -> Estimate | None:
    return cell.difference("clean_train_accuracy", "noisy_train_accuracy")


def _sign(estimate: Estimate | None) -> int:
    """Return 1 or -1 where the whole interval is above or below 0, else 0; one run decides nothing."""
    if estimate is None or not estimate.has_interval:
        return 0
    return (estimate.low > 0) - (estimate.high < 0)


def _sides(cells: Grid, rate: Fraction) -> str:
    sides: dict[int, list[str]] = {1: [], -1: [], 0: []}
    for loss in losses_of(cells):
        if (loss, rate) in cells:
            sides[_sign(_gap(cells[loss, rate]))].append(loss_name(loss))
    words = ((1, "$J_2 > J_1$ for"), (-1, "$J_1 > J_2$ for"), (0, "not decided for"))
    parts = [f"{phrase} {', '.join(sides[sign])}" for sign, phrase in words if sides[sign]]
    return f"{rate_name(rate)}: {'; '.join(parts)}."


def _early_stopping(cells: Grid) -> str | None:
    rate = _headline_rate(cells)
    if rate is None:
        return None
    cce, rll = cells.get((get("cce").spec, rate)), cells.get((get("rll").spec, rate))
    if not (cce and rll):
        return None
    return (
        f"The early-stopping baseline: at {rate_name(rate)}, {loss_name(cce.loss)} at its best epoch "
        f"({cce.best_epochs().mean():.0f} on average, found with the clean labels) has $J_2$ = "
        f"{percent(cce.best())}%, against {percent(rll.final('clean_train_accuracy'))}% for "
        f"{loss_name(rll.loss)} at the end."
    )


def _underfit(cells: Grid) -> str | None:
    found = []
    for loss in losses_of(cells):
        cell = cells.get((loss, Fraction(0)))
        final = cell.final("clean_train_accuracy") if cell else None
        if final and final.has_interval and final.high < FITS:
            found.append(f"{loss_name(loss)} ({percent(final)}%)")
    if not found:
        return None
    return (
        f"Underfitting: even on clean labels the final $J_2$ is below {100 * FITS:.0f}% for "
        f"{', '.join(found)}. A low $J_1$ there is no resistance."
    )


def _lost_classes(cells: Grid, rates: Sequence[Fraction]) -> list[str]:
    """Name, per rate, the losses with runs that look resistant by J1 and J2 and yet lose a class (N5)."""
    out = []
    for rate in rates:
        found = []
        for loss in losses_of(cells):
            cell = cells.get((loss, rate))
            if cell is None:
                continue
            resists = cell.curves("clean_train_accuracy")[:, -1] >= cell.curves("noisy_train_accuracy")[:, -1]
            lost = int((resists & (cell.curves("min_class_recall")[:, -1] < RECALL)).sum())
            if lost:
                found.append(f"{loss_name(loss)} ({lost} of {cell.n} runs)")
        if found:
            out.append(
                f"Lost classes: at {rate_name(rate)} some runs end with $J_2 \\geq J_1$ and yet find less "
                f"than {100 * RECALL:.0f}% of some class of the test set: {', '.join(found)}."
            )
    return out


def _nobody_recovers(cells: Grid, rate: Fraction) -> str | None:
    finals = {
        loss: final
        for loss in losses_of(cells)
        if (loss, rate) in cells and (final := cells[loss, rate].final("clean_train_accuracy"))
    }
    if not all(final.has_interval and final.high < RECOVERS for final in finals.values()):
        return None
    best = max(finals, key=lambda loss: finals[loss].mean)
    return (
        f"Every loss trained at {rate_name(rate)} fails there: the highest final $J_2$ is that of "
        f"{loss_name(best)}, {percent(finals[best])}%."
    )
