"""The (J1, J2) plane: trajectories inside the reachable pentagon of M1."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from lossmatters.empirics.records import Record
from lossmatters.paper.figures.declaration import FigureSpec, MissingData, check_one, figure_of
from lossmatters.paper.figures.look import (
    DOUBLE,
    GREY,
    INK,
    MEMORISER_RED,
    RESISTER_GREEN,
    SINGLE,
    look,
    loss_styles,
    width_of,
)
from lossmatters.paper.names import loss_name, main_losses, rate_name, shown_losses
from lossmatters.paper.statistics import Cell, grid, losses_of, rates_of
from lossmatters.theory.memorization import reachable_region

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

AXES = ("noisy_train_accuracy", "clean_train_accuracy")
RATES = (Fraction(1, 5), Fraction(2, 5), Fraction(3, 5))
MOST = 3  # panels of other rates
ENTRY = 0.95  # inches that an entry of the legend takes
WIDEST = 60  # percent: enlarging more of the plane than that shows nothing new


def draw(records: Sequence[Record], ax: Axes | None = None) -> Figure:
    """Draw mean trajectories of the main losses, a panel a noise rate, with each seed's end point.

    Parameters
    ----------
    records : sequence of Record
        Of one set-up. The main losses are shown at the usual rates; all losses where they are few, and other
        rates where there are none of the usual ones.
    ax : Axes, optional
        To draw the one panel of records of one rate into, in its own style: without the enlarged part, and
        without a legend, for which ``ax.legend()`` finds the names.

    Raises
    ------
    MissingData
        No run of a main loss at a rate above 0.
    ValueError
        An axis for several rates.
    """
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    cells = grid(records) if records else {}
    losses = shown_losses(losses_of(cells))
    there = [rate for rate in rates_of(cells) if rate]
    rates = [rate for rate in there if rate in RATES] or there[:MOST]
    by_rate = {rate: [cells[x, rate] for x in losses if (x, rate) in cells] for rate in rates}
    by_rate = {rate: found for rate, found in by_rate.items() if found}
    if not by_rate:
        names, usual = ", ".join(map(loss_name, main_losses())), ", ".join(map(rate_name, RATES))
        raise MissingData(f"needs runs of at least one of {names} at one of {usual}; there are none")
    styles = loss_styles([x for x in losses if any(cell.loss == x for f in by_rate.values() for cell in f)])
    if ax is not None:
        check_one("noise rates", [rate_name(rate) for rate in by_rate])
        (found,) = by_rate.values()
        _panel(ax, found, styles)
        ax.set(xlabel="$J_1$ (%)", ylabel="$J_2$ (%)")
        return figure_of(ax)
    windows = _windows(by_rate)
    usual_width = DOUBLE if len(by_rate) > 1 else SINGLE
    side = min((width_of(usual_width) - 0.5) / len(by_rate), 2.8)
    with look():
        size = (width_of(usual_width), side * (2 if windows else 1) + 0.85)
        figure = Figure(figsize=size, layout="constrained")
        panels = figure.subplots(2 if windows else 1, len(by_rate), squeeze=False)
        for axes, (rate, found) in zip(panels[0], by_rate.items(), strict=True):
            _panel(axes, found, styles)
            axes.set_title(rate_name(rate))
        for column, (rate, (left, low, span)) in enumerate(windows.items()):
            axes = panels[1, column]
            _region(axes, by_rate[rate])
            _trajectories(axes, by_rate[rate], styles, size=5.0)
            axes.set(aspect="equal", xlim=(left, left + span), ylim=(low, low + span))
            axes.locator_params(nbins=5)
            frame: dict[str, Any] = {"facecolor": "none", "edgecolor": INK, "linewidth": 0.6, "zorder": 6}
            panels[0, column].add_patch(Rectangle((left, low), span, span, **frame))
        for axes in panels.flat[len(by_rate) :]:
            axes.set_title("the framed part, enlarged", fontsize=7)
            axes.grid(visible=False)
        figure.supxlabel("$J_1$, accuracy on the labels as given (%)", fontsize=7.5)
        figure.supylabel("$J_2$, accuracy on the clean labels (%)", fontsize=7.5)
        _legend(figure, styles, any(cell.n > 1 for found in by_rate.values() for cell in found))
    return figure


def _panel(axes: Axes, cells: list[Cell], styles: dict[str, tuple[str, str]]) -> None:
    _region(axes, cells)
    _words(axes, cells)
    _trajectories(axes, cells, styles, size=4.0)
    axes.set(aspect="equal", xlim=(-3, 105), ylim=(-3, 119))
    axes.set_xticks(range(0, 101, 25))
    axes.set_yticks(range(0, 101, 25))
    axes.grid(visible=False)


def _windows(by_rate: dict[Fraction, list[Cell]]) -> dict[Fraction, tuple[float, float, float]]:
    """Return, per rate, a square (left, low, side) about the perfect resister and the runs that end near it.

    One side for all, so that the panels compare. Empty where a rate has no loss that ends with J2 > J1, or
    one that ends so far from the resister that the square would be nearly all of the plane.
    """
    boxes = {}
    for rate, found in by_rate.items():
        ends = [100 * np.stack([c.curves(j)[:, -1] for j in AXES]) for c in found]
        near = [points for points in ends if points[1].mean() > points[0].mean()]
        if not near:
            return {}
        corner = np.array([[100 - 100 * _share(found)], [100]])
        points = np.concatenate([corner, *near], axis=1)
        boxes[rate] = (points.min(axis=1), points.max(axis=1))
    span = 1.2 * float(max((high - low).max() for low, high in boxes.values()))
    if span > WIDEST:
        return {}
    return {
        rate: (float(low[0] + high[0] - span) / 2, 100 + 0.06 * span - span, span)
        for rate, (low, high) in boxes.items()
    }


def _share(cells: list[Cell]) -> float:
    """Return the realised share of altered labels."""
    return float(np.mean([cell.realised_rate for cell in cells]))


def _region(axes: Axes, cells: list[Cell]) -> None:
    f = _share(cells)
    corners = 100 * np.array(reachable_region(f))
    axes.fill(*corners.T, facecolor="#F4F4F4", edgecolor=GREY, linewidth=0.6, zorder=0.5)
    diagonal = [0, 100 - 50 * f]
    axes.plot(diagonal, diagonal, color=GREY, linewidth=0.8, linestyle=(0, (4, 2)), zorder=1)
    for corner, colour in ((corners[2], MEMORISER_RED), (corners[3], RESISTER_GREEN)):
        axes.plot(*corner, marker="*", markersize=8, color=colour, markeredgecolor="white", zorder=3.5)


def _words(axes: Axes, cells: list[Cell]) -> None:
    f = _share(cells)
    style: dict[str, Any] = {"fontsize": 6.5, "va": "top"}
    axes.text(
        37, 33, "$J_1 = J_2$: the flip", rotation=45, rotation_mode="anchor", ha="center", color=GREY, **style
    )
    # The words stand clear of the corners, outside the pentagon, whatever f is.
    style |= {"ha": "right", "linespacing": 1.0}
    axes.text(104, 100 * (1 - f) - 27, "perfect\nmemoriser", color=MEMORISER_RED, **style)
    axes.text(100 * (1 - f) - 6, 117, "perfect\nresister", color=RESISTER_GREEN, **style)
    lead = [100 * (1 - f) - 26, 100 * (1 - f) - 5]
    axes.plot([100, 100], lead, color=MEMORISER_RED, linewidth=0.5, zorder=1)


def _trajectories(axes: Axes, cells: list[Cell], styles: dict[str, tuple[str, str]], size: float) -> None:
    # Losses often end at one point. Later ones are larger and lie beneath, so that each can be seen.
    for depth, cell in enumerate(cells):
        colour, marker = styles[cell.loss]
        j1, j2 = (100 * cell.curves(name) for name in AXES)
        line: dict[str, Any] = {"color": colour, "linewidth": 0.9, "alpha": 0.8}
        axes.plot(j1.mean(axis=0), j2.mean(axis=0), zorder=3 - depth / 100, **line)
        end: dict[str, Any] = {"linestyle": "none", "color": colour, "zorder": 4 - depth / 100}
        if cell.n > 1:
            axes.plot(j1[:, -1], j2[:, -1], marker=".", markersize=3, **end)
        end |= {
            "marker": marker,
            "markersize": size + 0.7 * depth,
            "markeredgecolor": "white",
            "label": loss_name(cell.loss),
        }
        axes.plot(j1[:, -1].mean(), j2[:, -1].mean(), markeredgewidth=0.6, **end)


def _legend(figure: Figure, styles: dict[str, tuple[str, str]], several: bool) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=colour, marker=marker, label=loss_name(x))
        for x, (colour, marker) in styles.items()
    ]
    if several:
        handles.append(
            Line2D([], [], color="none", marker=".", markeredgecolor=INK, label="end of each seed")
        )
    columns = min(len(handles), int(figure.get_figwidth() / ENTRY))
    figure.legend(handles=handles, loc="outside upper center", ncols=columns, columnspacing=1.0)


SPEC = FigureSpec(
    name="plane",
    title="Training as a path in the (J1, J2) plane",
    caption=(
        "Each line is the path of a loss, mean over seeds ({n}), from the first epoch to the last (large "
        "marker; dots: the end of each seed). Shaded: what is reachable at all with the realised share $f$ "
        "of altered labels. Above the dashed diagonal altered samples are recovered more often than "
        "memorised; crossing it downwards is the flip. Stars: the perfect memoriser $(1, 1 - f)$ and the "
        "perfect resister $(1 - f, 1)$. Where losses end near that, the framed parts stand enlarged below. "
        "{setup}."
    ),
    needs="runs of the main losses at η = 0.2, 0.4 or 0.6",
    alt=(
        "The plane of accuracy on the given labels against accuracy on the clean labels, one panel for "
        "each noise rate, with the path of each loss inside the reachable pentagon."
    ),
    draw=draw,
)
