"""D4: what a model without a network predicts of memorization, beside what training came to."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from lossmatters.empirics.records import Record
from lossmatters.paper.ahead import Question
from lossmatters.paper.figures.curves import DASHED
from lossmatters.paper.figures.declaration import FigureSpec, MissingData
from lossmatters.paper.figures.look import (
    DOUBLE,
    GREY,
    INK,
    PALE,
    draw_band,
    height_of,
    look,
    rate_colour,
    rate_marker,
    width_of,
)
from lossmatters.paper.figures.memorization_time import LABELLED, RATES, outcome_of
from lossmatters.paper.names import loss_name, loss_of, loss_order, rate_name
from lossmatters.paper.predicted import parameters_of, paths_of, paths_wanted
from lossmatters.paper.statistics import Grid, correlation_title, grid
from lossmatters.theory.dynamics.mean_field_judge import FITTED, Pair, pairs
from lossmatters.theory.dynamics.mean_field_setup import Setup, setup_of
from lossmatters.theory.dynamics.prediction import rank_correlation

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

M = "memorization_rate"
PANELS = 4  # of paths, the fitted one first
APART = 0.25  # losses whose M is further off are named


def draw(records: Sequence[Record]) -> Figure:
    """Return the predicted final M against the measured one, and predicted paths over measured ones.

    Raises
    ------
    MissingData : no runs of CCE at 2/5, a training that the model does not describe, or no run of another
        loss of the catalogue at these rates.
    """
    from matplotlib.figure import Figure

    setup, curve, used = _asked(records)
    found, _ = pairs(map(outcome_of, used.values()), setup, parameters_of(setup, curve), paths_of(curve))
    rows = [p for p in found if not math.isnan(p.outcome.memorization_rate)]
    if all(p.fitted for p in rows):
        raise MissingData("needs runs of another loss than CCE; there are none")
    with look():
        figure = Figure(figsize=(width_of(DOUBLE), height_of(3.4, DOUBLE)), layout="constrained")
        left, right = np.ravel(figure.subfigures(1, 2))  # type: ignore[arg-type]
        _scatter(left.subplots(), rows)
        shown = _shown(rows)
        rows_of_panels = -(-len(shown) // 2)
        panels = list(right.subplots(rows_of_panels, 2, sharex=True, sharey=True).flat)
        for axes, pair in zip(panels, shown, strict=False):
            _paths(axes, pair, used)
        for axes in panels[len(shown) :]:
            axes.set_axis_off()
            panels[len(shown) - 2].tick_params(labelbottom=True)  # which has none beneath it
        right.supxlabel("epoch", fontsize=7.5)
        right.supylabel("training accuracy (%)", fontsize=7.5)
        _legend(right)
    return figure


def _asked(records: Sequence[Record]) -> tuple[Setup, tuple[float, ...], Grid]:
    """Return the training as the model sees it, the curve it is fitted to, and the cells it predicts."""
    cells = grid(records) if records else {}
    needed = cells.get(FITTED)
    if needed is None:
        raise MissingData("needs runs of CCE at η = 0.4, to which the model is fitted; there are none")
    first = needed.records[0]
    try:
        setup = setup_of(first.dataset, first.training, first.epochs, FITTED[1])
    except ValueError as error:
        raise MissingData(f"needs a training that the model describes: {error}") from None
    used = {key: c for key, c in cells.items() if c.noise_rate in RATES and loss_of(c.loss) is not None}
    return setup, tuple(needed.band(M).mean.tolist()), used


def _asks(records: Sequence[Record]) -> list[Question]:
    try:
        setup, curve, used = _asked(records)
    except MissingData:
        return []
    return paths_wanted(map(outcome_of, used.values()), setup, curve)


def _scatter(axes: Axes, rows: list[Pair]) -> None:
    rest = [p for p in rows if not p.fitted]
    axes.plot([0, 100], [0, 100], color=PALE, linewidth=0.9, zorder=1)
    for pair in rows:
        rate = pair.outcome.noise_rate
        colour = rate_colour(rate)
        axes.plot(
            100 * pair.predicted,
            100 * pair.outcome.memorization_rate,
            linestyle="none",
            marker=rate_marker(rate),
            markersize=4,
            color="white" if pair.fitted else colour,
            markeredgecolor=colour if pair.fitted else "white",
            markeredgewidth=1.0 if pair.fitted else 0.4,
            zorder=3,
        )
    _name(axes, rest)
    axes.set(xlim=(-4, 104), ylim=(-4, 104), xlabel="predicted $M$ (%)", ylabel="measured $M$ (%)")
    axes.set_aspect("equal")
    measured = [p.outcome.memorization_rate for p in rest]
    if len({p.family for p in rest}) > 1:
        found = rank_correlation([p.predicted for p in rest], measured, [p.family for p in rest])
        axes.set_title(correlation_title(found))
    from matplotlib.lines import Line2D

    point = partial(Line2D, [], [], linestyle="none", markersize=4)
    rates = sorted({p.outcome.noise_rate for p in rows})
    handles = [point(color=rate_colour(r), marker=rate_marker(r), label=rate_name(r)) for r in rates]
    edge = rate_colour(FITTED[1])
    handles.append(point(color="white", markeredgecolor=edge, marker=rate_marker(FITTED[1]), label="fitted"))
    axes.legend(handles=handles, loc="upper left", borderaxespad=0.2)


def _name(axes: Axes, rows: list[Pair]) -> None:
    """Write the names of losses that are far off at one rate, where no other name stands already."""
    taken: list[tuple[float, float]] = []
    for pair in sorted(rows, key=lambda p: loss_order(p.outcome.loss)):
        x, y = 100 * pair.predicted, 100 * pair.outcome.memorization_rate
        if pair.outcome.noise_rate != LABELLED or abs(x - y) < 100 * APART:
            continue
        if any(abs(x - a) < 30 and abs(y - b) < 4 for a, b in taken):
            continue
        taken.append((x, y))
        side = -1 if x > 50 else 1
        axes.annotate(
            loss_name(pair.outcome.loss),
            (x, y),
            xytext=(4 * side, 2),
            textcoords="offset points",
            ha="left" if side > 0 else "right",
            fontsize=5.5,
            color=GREY,
            zorder=2,
        )


def _shown(rows: list[Pair]) -> list[Pair]:
    """Return the pairs whose paths are drawn: the fitted one, those nearest to a predicted M of 1, 1/2, 0."""
    shown = [p for p in rows if p.fitted]
    rest = [p for p in rows if p.outcome.noise_rate == FITTED[1] and not p.fitted]
    rest.sort(key=lambda p: loss_order(p.outcome.loss))
    for target in np.linspace(1, 0, PANELS - len(shown)):
        if rest:
            shown.append(min(rest, key=lambda p: abs(p.predicted - target)))
            rest.remove(shown[-1])
    return shown


def _paths(axes: Axes, pair: Pair, cells: Grid) -> None:
    cell = cells[pair.outcome.loss, pair.outcome.noise_rate]
    colour, path = rate_colour(cell.noise_rate), pair.path
    for metric, predicted, style in (
        ("noisy_train_accuracy", path.noisy_train_accuracy, "-"),
        ("clean_train_accuracy", path.clean_train_accuracy, DASHED),
    ):
        draw_band(axes, cell.band(metric), colour, linestyle=style)
        epochs = np.arange(1, len(predicted) + 1)
        axes.plot(epochs, 100 * np.array(predicted), color=INK, linewidth=0.7, linestyle=style)
    axes.set_title(loss_name(pair.outcome.loss) + (" (fitted)" if pair.fitted else ""))
    axes.set_ylim(0, 102)
    axes.margins(x=0.02)


def _legend(figure: Figure) -> None:
    from matplotlib.lines import Line2D

    colour = rate_colour(FITTED[1])
    handles = [
        Line2D([], [], color=colour, label="$J_1$ measured"),
        Line2D([], [], color=colour, linestyle=DASHED, label="$J_2$ measured"),
        Line2D([], [], color=INK, linewidth=0.7, label="$J_1$ predicted"),
        Line2D([], [], color=INK, linewidth=0.7, linestyle=DASHED, label="$J_2$ predicted"),
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=2)


SPEC = FigureSpec(
    name="mean-field",
    title="Does a model without a network predict training?",
    caption=(
        "The mean-field model D4, fitted to the memorization rate of CCE at $\\eta = 0.4$ alone. Left: its "
        "final $M$ against the measured one (mean over seeds, {n}), a point for each loss and rate; on the "
        "line they agree. Spearman's rank correlation without the fitted pair, with its 95% interval, a "
        "bootstrap over families of losses. Losses further off than 0.25 are named at $\\eta = 0.4$. Right: "
        "predicted paths at $\\eta = 0.4$ (dark) over measured ones with their intervals, for CCE and for "
        "the losses whose predicted $M$ is nearest to 1, 1/2 and 0. On digits the model's normaliser was "
        "chosen, so there it is no free prediction. {setup}."
    ),
    needs="runs of CCE at η = 0.4, and of other losses of the catalogue at η = 0.2, 0.4 or 0.6",
    alt=(
        "On the left a scatter plot of predicted against measured memorization rates. On the right four "
        "panels of training accuracy on noisy and on clean labels, predicted and measured."
    ),
    draw=draw,
    asks=_asks,
)
