"""Where training ends: every metric, loss and noise rate, with the clean-label control beside."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from empirics.records import Record
from paper.figures.declaration import FigureSpec, MissingData
from paper.figures.look import DOUBLE, PALE, look, rate_colour, rate_marker
from paper.names import METRICS, loss_name, rate_name
from paper.statistics import Cell, Estimate, Grid, grid, losses_of, rates_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def draw(records: Sequence[Record]) -> Figure:
    """A dot with its interval for each loss and rate, a panel a metric.

    Raises
    ------
    MissingData : no records.
    """
    from matplotlib.figure import Figure

    if not records:
        raise MissingData("needs at least one run; there is none")
    cells = grid(records)
    losses, rates = losses_of(cells), rates_of(cells)
    row = 0.16 + 0.055 * len(rates)
    with look():
        figure = Figure(figsize=(DOUBLE, row * len(losses) + 0.95), layout="constrained")
        panels = figure.subplots(1, len(METRICS), sharex=True, sharey=True)
        for axes, (name, metric) in zip(panels, METRICS.items(), strict=True):
            _panel(axes, cells, name, losses, rates)
            axes.set_title(metric.symbol)
        panels[0].set_yticks(range(len(losses)), [loss_name(x) for x in losses])
        panels[0].set_ylim(len(losses) - 0.5, -0.5)
        panels[0].set_xlim(-4, 104)
        panels[0].set_xticks([0, 50, 100])
        figure.supxlabel("after the last epoch (%)", fontsize=7.5)
        _legend(figure, rates)
    return figure


def _panel(axes: Axes, cells: Grid, metric: str, losses: list[str], rates: list[Fraction]) -> None:
    for edge in range(1, len(losses)):
        axes.axhline(edge - 0.5, color=PALE, linewidth=0.5)
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)
    offsets = np.linspace(-0.34, 0.34, len(rates)) if len(rates) > 1 else np.zeros(1)
    for (loss, rate), cell in cells.items():
        estimate = cell.final(metric)
        if estimate is not None:
            dot(axes, estimate, losses.index(loss) + offsets[rates.index(rate)], cell)


def dot(axes: Axes, estimate: Estimate, height: float, cell: Cell) -> None:
    """A mean in percent with its interval (clipped to 0..100); hollow where no label is altered."""
    colour = rate_colour(cell.noise_rate)
    if estimate.has_interval:
        ends = [100 * min(max(x, 0.0), 1.0) for x in (estimate.low, estimate.high)]
        axes.plot(ends, [height, height], color=colour, linewidth=0.9, solid_capstyle="butt")
    axes.plot(
        100 * estimate.mean, height, marker=rate_marker(cell.noise_rate), markersize=3, color=colour,
        markerfacecolor=colour if cell.noise_rate else "white", markeredgewidth=0.8, clip_on=False,
    )  # fmt: skip


def _legend(figure: Figure, rates: list[Fraction]) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D(
            [], [], linestyle="none", marker=rate_marker(rate), markersize=4, color=rate_colour(rate),
            markerfacecolor=rate_colour(rate) if rate else "white",
            label=rate_name(rate) + ("" if rate else " (clean-label control)"),
        )
        for rate in rates
    ]  # fmt: skip
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles), handletextpad=0.2)


SPEC = FigureSpec(
    name="final",
    title="Where training ends",
    caption=(
        "Values after the last epoch, mean over seeds with 95% Student t intervals, {n}; the hollow marker "
        "is the control trained on clean labels. J1: accuracy on the training labels as given; J2: on the "
        "clean ones; test: on the test set; M: share of altered samples given their altered label; A_f: "
        "share of them given their clean label; min. recall: the smallest recall of a class on the test "
        "set. A low J1 alone is no resistance: a network that learns nothing has one too, and then J2 or "
        "the smallest recall is low as well. {setup}."
    ),
    needs="any runs",
    alt=(
        "Dot plots with intervals, one for each metric: losses down the side, the noise rate by colour and "
        "marker."
    ),
    draw=draw,
)
