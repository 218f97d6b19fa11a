"""Where training ends: every metric, loss and noise rate, with the clean-label control beside."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from lossmatters.empirics.records import Record
from lossmatters.paper.figures.declaration import FigureSpec, MissingData
from lossmatters.paper.figures.look import (
    DOUBLE,
    PALE,
    draw_point,
    legend_columns,
    look,
    rate_colour,
    rate_marker,
    width_of,
)
from lossmatters.paper.names import METRICS, loss_name, rate_name
from lossmatters.paper.statistics import Grid, grid, losses_of, rates_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GAP = 1.1  # between a loss and the line that parts it from the next, in rows


def draw(records: Sequence[Record]) -> Figure:
    """Return a dot with its interval for each loss and rate, a panel a metric.

    Raises
    ------
    MissingData : no records.
    """
    from matplotlib.figure import Figure

    if not records:
        raise MissingData("needs at least one run; there is none")
    cells = grid(records)
    rates, heights = rates_of(cells), _heights(cells)
    bottom = max(heights.values()) + GAP
    with look():
        figure = Figure(figsize=(width_of(DOUBLE), 0.085 * bottom + 0.95), layout="constrained")
        panels = figure.subplots(1, len(METRICS), sharex=True, sharey=True)
        for axes, (name, metric) in zip(panels, METRICS.items(), strict=True):
            _panel(axes, cells, name, heights)
            axes.set_title(metric.symbol)
        middle = {x: np.mean([h for (name, _), h in heights.items() if name == x]) for x in losses_of(cells)}
        panels[0].set_yticks(list(middle.values()), [loss_name(x) for x in middle])
        panels[0].set_ylim(bottom, 0)
        panels[0].set_xlim(-4, 104)
        panels[0].set_xticks([0, 50, 100])
        figure.supxlabel("after the last epoch (%)", fontsize=7.5)
        _legend(figure, rates)
    return figure


def _heights(cells: Grid) -> dict[tuple[str, Fraction | None], float]:
    """Return a line for each cell, and a gap between losses: a loss run at few rates takes little room."""
    heights: dict[tuple[str, Fraction | None], float] = {}
    height, last = 0.0, None
    for loss, rate in cells:
        height += 1 if loss == last else 2 * GAP if last else GAP
        heights[loss, rate], last = height, loss
    return heights


def _panel(axes: Axes, cells: Grid, metric: str, heights: dict[tuple[str, Fraction | None], float]) -> None:
    for (key, height), (following, _) in pairwise(heights.items()):
        if key[0] != following[0]:
            axes.axhline(height + GAP, color=PALE, linewidth=0.5)
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)
    for key, cell in cells.items():
        colour = rate_colour(cell.noise_rate)
        draw_point(
            axes, cell.final(metric), heights[key], marker=rate_marker(cell.noise_rate), markersize=3,
            color=colour, markerfacecolor="white" if cell.noise_rate == 0 else colour, markeredgewidth=0.8,
        )  # fmt: skip


def _legend(figure: Figure, rates: list[Fraction | None]) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D(
            [], [], linestyle="none", marker=rate_marker(rate), markersize=4, color=rate_colour(rate),
            markerfacecolor="white" if rate == 0 else rate_colour(rate),
            label=rate_name(rate) + (" (clean-label control)" if rate == 0 else ""),
        )
        for rate in rates
    ]  # fmt: skip
    columns = legend_columns(len(handles), len(handles), DOUBLE)
    figure.legend(handles=handles, loc="outside upper center", ncols=columns, handletextpad=0.2)


SPEC = FigureSpec(
    name="final",
    title="Where training ends",
    caption=(
        "Values after the last epoch, mean over seeds with 95% Student t intervals, {n}; the hollow marker "
        "is the control trained on clean labels. $J_1$: accuracy on the training labels as given; $J_2$: "
        "on the clean ones; test: on the test set; $M$: share of altered samples given their altered "
        "label; $A_f$: share of them given their clean label; min. recall: the smallest recall of a class "
        "on the test set. A low $J_1$ alone is no resistance: a network that learns nothing has one too, "
        "and then $J_2$ or the smallest recall is low as well. {setup}."
    ),
    needs="any runs",
    alt=(
        "Dot plots with intervals, one for each metric: losses down the side, the noise rate by colour and "
        "marker."
    ),
    draw=draw,
)
