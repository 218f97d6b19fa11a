"""D2 as a predictor: the memorization time of each loss against what training came to."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from lossmatters.empirics.records import Record
from lossmatters.paper.ahead import Question
from lossmatters.paper.figures.declaration import FigureSpec, MissingData
from lossmatters.paper.figures.look import (
    DOUBLE,
    GREY,
    PALE,
    height_of,
    look,
    rate_colour,
    rate_marker,
    width_of,
)
from lossmatters.paper.names import loss_name, loss_of, loss_order, rate_name
from lossmatters.paper.predicted import time_of, times_wanted
from lossmatters.paper.statistics import Cell, correlation_title, grid, rates_of
from lossmatters.theory.dynamics.prediction import (
    CONFIDENCE,
    Outcome,
    Prediction,
    median_flip,
    predictions,
    rank_correlation,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RATES = (Fraction(1, 5), Fraction(2, 5), Fraction(3, 5))
LABELLED = Fraction(2, 5)
STARTS = {
    "from_optimum": "$T_{mem}$ from the noisy optimum",
    "from_confidence": f"$T_{{mem}}$ from a confidence of {float(CONFIDENCE):g}",
}
OUTCOMES = {"memorization_rate": "final memorization rate $M$ (%)", "flip_epoch": "flip epoch (median)"}
MEMORISED = 0.3  # losses above this M are named


def draw(records: Sequence[Record]) -> Figure:
    """Return rows: final M, flip epoch. Columns: T_mem from the noisy optimum, and from a fixed confidence.

    Raises
    ------
    MissingData : fewer than three losses of the catalogue with runs at these rates.
    """
    from matplotlib.figure import Figure

    used = _used(records)
    if len({c.loss for c in used}) < 3:
        raise MissingData(
            f"needs runs of three or more losses of the catalogue at {', '.join(map(rate_name, RATES))}; "
            f"found {len({c.loss for c in used})}"
        )
    rows = predictions(map(outcome_of, used), int(records[0].dataset["num_classes"]), time_of)
    epochs = used[0].epochs
    with look():
        figure = Figure(figsize=(width_of(DOUBLE), height_of(5.2, DOUBLE)), layout="constrained")
        panels = figure.subplots(2, 2, sharex="col", sharey="row")
        for line, (outcome, words) in zip(panels, OUTCOMES.items(), strict=True):
            for axes, start in zip(line, STARTS, strict=True):
                shown = [p for p in rows if getattr(p, start).decided]
                _panel(axes, shown, start, outcome, epochs)
            line[0].set_ylabel(words)
        for axes, text in zip(panels[1], STARTS.values(), strict=True):
            axes.set_xlabel(f"{text}  (units of 1/step size)")
        _legend(figure, rates_of({(c.loss, c.noise_rate): c for c in used}))
    return figure


def _used(records: Sequence[Record]) -> list[Cell]:
    cells = grid(records) if records else {}
    return [c for c in cells.values() if c.noise_rate in RATES and loss_of(c.loss) is not None]


def _asks(records: Sequence[Record]) -> list[Question]:
    used = _used(records)
    if len({c.loss for c in used}) < 3:
        return []
    return times_wanted(map(outcome_of, used), int(records[0].dataset["num_classes"]))


def outcome_of(cell: Cell) -> Outcome:
    """Return what the runs of a loss at a rate came to."""
    final = cell.final("memorization_rate")
    assert cell.noise_rate is not None  # one of RATES
    middle = median_flip(cell.flip_epochs(), cell.n)
    return Outcome(cell.loss, cell.noise_rate, final.mean if final else math.nan, middle)


def _panel(axes: Axes, rows: list[Prediction], start: str, outcome: str, epochs: int) -> None:
    times = np.array([getattr(p, start).value for p in rows])
    values = np.array([getattr(p.outcome, outcome) for p in rows])
    found = rank_correlation(times, values, [p.family for p in rows])
    finite = np.isfinite(times)
    top = math.ceil(math.log10(times[finite].max())) if finite.any() else 1
    never = 10 ** (top + 0.75)
    heights = _heights(values, outcome, epochs)
    at = np.where(finite, times, never)
    at[~finite] *= 10 ** _spread(heights[~finite])
    for p, x, y in zip(rows, at, heights, strict=True):
        rate = p.outcome.noise_rate
        style: dict[str, Any] = {"color": rate_colour(rate), "marker": rate_marker(rate), "markersize": 4}
        axes.plot(x, y, linestyle="none", markeredgecolor="white", markeredgewidth=0.4, zorder=3, **style)
    axes.set_xscale("log")
    ticks = [10.0**i for i in range(top + 1)]
    names = [f"$10^{{{i}}}$" for i in range(top + 1)]
    if not finite.all():
        axes.axvline(10 ** (top + 0.25), color=PALE, linewidth=0.8)
        ticks, names = [*ticks, never], [*names, "infinite"]
    axes.set_xticks(ticks, names)
    axes.minorticks_off()
    axes.set_xlim(1.5, 10 ** (top + (0.1 if finite.all() else 1.25)))
    if outcome == "memorization_rate":
        axes.set_ylim(-4, 107)
    else:
        axes.set_ylim(0, 1.18 * epochs)
        steps = list(range(0, epochs + 1, max(epochs // 4, 1)))
        axes.set_yticks([*steps, 1.1 * epochs], [*map(str, steps), "none"])
    _label(axes, rows, at, heights)
    axes.set_title(correlation_title(found))


def _heights(values: np.ndarray, outcome: str, epochs: int) -> np.ndarray:
    return (
        100 * values
        if outcome == "memorization_rate"
        else np.where(np.isfinite(values), values, 1.1 * epochs)
    )


def _spread(heights: np.ndarray) -> np.ndarray:
    """Return steps aside, in decades, for points of one column: those at one height stand side by side."""
    steps, width = np.zeros(len(heights)), 0.36
    order = np.argsort(heights, kind="stable")
    pattern = (0.0, -1.0, 1.0, -0.5, 0.5)
    for place, i in enumerate(order):
        steps[i] = width * pattern[place % len(pattern)]
    return steps


def _label(axes: Axes, rows: list[Prediction], at: np.ndarray, heights: np.ndarray) -> None:
    """Write the names of losses that memorise, the main losses first, where no other name stands already."""
    low, high = axes.get_ylim()
    taken: list[tuple[float, float]] = []
    named = [i for i, p in enumerate(rows) if p.outcome.noise_rate == LABELLED]
    named = [i for i in named if rows[i].outcome.memorization_rate > MEMORISED]
    for i in sorted(named, key=lambda i: loss_order(rows[i].outcome.loss)):
        x, y = math.log10(at[i]), (heights[i] - low) / (high - low)
        if any(abs(x - a) < 0.75 and abs(y - b) < 0.045 for a, b in taken):
            continue
        taken.append((x, y))
        left = at[i] > axes.get_xlim()[1] / 30  # in the last column there is no room on the right
        text: dict[str, Any] = {"textcoords": "offset points", "fontsize": 5.5, "color": GREY, "zorder": 2}
        text |= {"xytext": (-4 if left else 4, 3), "ha": "right" if left else "left"}
        axes.annotate(loss_name(rows[i].outcome.loss), (at[i], heights[i]), **text)


def _legend(figure: Figure, rates: list[Fraction | None]) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], linestyle="none", color=rate_colour(r), marker=rate_marker(r), label=rate_name(r))
        for r in rates
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles))


SPEC = FigureSpec(
    name="memorization-time",
    title="Does the memorization time predict training?",
    caption=(
        "Each point is a loss at one noise rate: its memorization time, computed without any network, "
        "against what training came to (mean over seeds, {n}; median flip epoch). Left: from the loss's own "
        "noisy optimum; infinite where that is proved or certified. Right: from one fixed confidence in the "
        "clean class. Spearman's rank correlation with its 95% interval, a bootstrap over families of losses "
        "(RLL with several alpha is one family). Losses with $M > 0.3$ are named at $\\eta = 0.4$. {setup}."
    ),
    needs="runs of three or more losses of the catalogue at η = 0.2, 0.4 or 0.6",
    alt=(
        "Four scatter plots of memorization time, from the noisy optimum on the left and from a fixed "
        "confidence on the right, against the final memorization rate above and the flip epoch below."
    ),
    draw=draw,
    asks=_asks,
)
