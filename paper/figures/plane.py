"""The (J1, J2) plane: trajectories inside the reachable pentagon of M1."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from empirics.records import Record
from paper.figures.declaration import FigureSpec, MissingData
from paper.figures.look import (
    DOUBLE,
    GREY,
    INK,
    MEMORISER_RED,
    RESISTER_GREEN,
    SINGLE,
    look,
    loss_colour,
    loss_marker,
)
from paper.names import loss_name, main_losses, rate_name
from paper.statistics import Cell, grid
from theory.memorization import reachable_region

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RATES = (Fraction(1, 5), Fraction(2, 5), Fraction(3, 5))


def draw(records: Sequence[Record]) -> Figure:
    """Mean trajectories of the main losses, a panel a noise rate, with each seed's end point.

    Raises
    ------
    MissingData : no run of a main loss at one of these rates.
    """
    from matplotlib.figure import Figure

    cells = grid(records) if records else {}
    by_rate = {rate: [cells[x, rate] for x in main_losses() if (x, rate) in cells] for rate in RATES}
    by_rate = {rate: found for rate, found in by_rate.items() if found}
    if not by_rate:
        names, rates = ", ".join(map(loss_name, main_losses())), ", ".join(map(rate_name, RATES))
        raise MissingData(f"needs runs of at least one of {names} at one of {rates}; there are none")
    width = DOUBLE if len(by_rate) > 1 else SINGLE
    side = (width - 0.4) / len(by_rate)
    with look():
        figure = Figure(figsize=(width, min(side, 3.0) + 0.75), layout="constrained")
        panels = figure.subplots(1, len(by_rate), sharex=True, sharey=True, squeeze=False)[0]
        for axes, (rate, found) in zip(panels, by_rate.items(), strict=True):
            _region(axes, found)
            for cell in found:
                _trajectory(axes, cell)
            axes.set(title=rate_name(rate), aspect="equal", xlim=(-3, 105), ylim=(-3, 114))
            axes.grid(visible=False)
            axes.set_xticks(range(0, 101, 25))
            axes.set_yticks(range(0, 101, 25))
        figure.supxlabel("$J_1$, accuracy on the labels as given (%)", fontsize=7.5)
        figure.supylabel("$J_2$, on the clean labels (%)", fontsize=7.5)
        _legend(
            figure,
            [x for x in main_losses() if any(c.loss == x for found in by_rate.values() for c in found)],
        )
    return figure


def _region(axes: Axes, cells: list[Cell]) -> None:
    f = float(np.mean([cell.realised_rate for cell in cells]))
    corners = 100 * np.array(reachable_region(f))
    axes.fill(*corners.T, facecolor="#F4F4F4", edgecolor=GREY, linewidth=0.6, zorder=0.5)
    axes.plot(
        [0, 100 - 50 * f], [0, 100 - 50 * f], color=GREY, linewidth=0.8, linestyle=(0, (4, 2)), zorder=1
    )
    axes.text(
        37, 33, "$J_1 = J_2$: the flip", rotation=45, rotation_mode="anchor", va="top", ha="center",
        fontsize=6.5, color=GREY,
    )  # fmt: skip
    # The words stand clear of the corners, outside the pentagon, whatever f is.
    memoriser, resister = corners[2], corners[3]
    for corner, colour, words, x, y in (
        (memoriser, MEMORISER_RED, "perfect\nmemoriser", 104, memoriser[1] - 27),
        (resister, RESISTER_GREEN, "perfect\nresister", resister[0] - 6, 112),
    ):
        axes.plot(*corner, marker="*", markersize=8, color=colour, markeredgecolor="white", zorder=2)
        axes.text(x, y, words, ha="right", va="top", fontsize=6.5, linespacing=1.0, color=colour)
    axes.plot([100, 100], [memoriser[1] - 26, memoriser[1] - 5], color=MEMORISER_RED, linewidth=0.5, zorder=1)


def _trajectory(axes: Axes, cell: Cell) -> None:
    colour, marker = loss_colour(cell.loss), loss_marker(cell.loss)
    j1, j2 = (100 * cell.curves(name) for name in ("noisy_train_accuracy", "clean_train_accuracy"))
    axes.plot(j1.mean(axis=0), j2.mean(axis=0), color=colour, linewidth=1.0, zorder=3)
    if cell.n > 1:
        axes.plot(
            j1[:, -1],
            j2[:, -1],
            linestyle="none",
            marker=".",
            markersize=2.5,
            color=colour,
            alpha=0.7,
            zorder=3,
        )
    axes.plot(
        j1[:, -1].mean(), j2[:, -1].mean(), marker=marker, markersize=5, color=colour,
        markeredgecolor="white", markeredgewidth=0.6, zorder=4,
    )  # fmt: skip


def _legend(figure: Figure, losses: list[str]) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=loss_colour(x), marker=loss_marker(x), label=loss_name(x)) for x in losses
    ]
    handles.append(Line2D([], [], color="none", marker=".", markeredgecolor=INK, label="end of each seed"))
    figure.legend(handles=handles, loc="outside upper center", ncols=min(7, len(handles)), columnspacing=1.0)


SPEC = FigureSpec(
    name="plane",
    title="Training as a path in the (J1, J2) plane",
    caption=(
        "Each line is the path of a loss, mean over seeds ({n}), from the first epoch to the last (large "
        "marker; dots: the end of each seed). Shaded: what is reachable at all with the realised share f of"
        " altered labels. Above the dashed diagonal altered samples are recovered more often than "
        "memorised; crossing it downwards is the flip. Stars: the perfect memoriser (1, 1 - f) and the "
        "perfect resister (1 - f, 1). {setup}."
    ),
    needs="runs of the main losses at η = 0.2, 0.4 or 0.6",
    alt=(
        "The plane of accuracy on the given labels against accuracy on the clean labels, one panel for each"
        " noise rate, with the path of each loss inside the reachable pentagon."
    ),
    draw=draw,
)
