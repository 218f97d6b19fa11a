"""J1 and J2 against epoch, a panel a loss."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lossmatters.empirics.records import Record
from lossmatters.paper.figures.declaration import FigureSpec, MissingData, check_one, figure_of
from lossmatters.paper.figures.look import (
    DOUBLE,
    GREY,
    INK,
    SINGLE,
    draw_band,
    legend_columns,
    look,
    rate_colour,
    rate_marker,
    width_of,
)
from lossmatters.paper.names import loss_name, main_losses, rate_name, shown_losses
from lossmatters.paper.statistics import Cell, Grid, grid, losses_of, rates_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DASHED = (0, (3, 1.2))
PANEL = 1.55  # inches that a panel takes at least


def draw(records: Sequence[Record], ax: Axes | None = None) -> Figure:
    """Draw mean J1 (solid) and J2 (dashed) with intervals, the noise rate by colour and marker.

    Labels as annotated, of which nobody knows the clean ones, have J1 alone.

    Parameters
    ----------
    records : sequence of Record
        Of one set-up. The main losses are shown; all of them where they are few.
    ax : Axes, optional
        To draw the one panel of records of one loss into, in its own style, without title and legend, for
        which ``ax.legend()`` finds the names.

    Raises
    ------
    MissingData
        None of the main losses is there.
    ValueError
        An axis for several losses.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    cells = grid(records) if records else {}
    losses = shown_losses(losses_of(cells))
    if not losses:
        raise MissingData(
            f"needs runs of at least one of {', '.join(map(loss_name, main_losses()))}; there are none"
        )
    if ax is not None:
        check_one("losses", losses)
        _panel(ax, list(cells.values()))
        ax.set(xlabel="epoch", ylabel="training accuracy (%)")
        return figure_of(ax)
    columns = min(3, len(losses), max(1, int(width_of(DOUBLE) / PANEL)))
    rows = -(-len(losses) // columns)
    width = width_of(DOUBLE if columns > 1 else SINGLE)
    with look():
        figure = Figure(figsize=(width, 1.75 * rows + 0.75), layout="constrained")
        panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
        for axes, loss in zip(panels.flat, losses, strict=False):
            _panel(axes, [cell for (name, _), cell in cells.items() if name == loss])
            axes.set_title(loss_name(loss))
        panels[0, 0].xaxis.set_major_locator(MaxNLocator("auto", integer=True))  # of whole epochs
        for axes in panels.flat[len(losses) :]:
            axes.set_axis_off()
        figure.supxlabel("epoch", fontsize=7.5)
        figure.supylabel("training accuracy (%)", fontsize=7.5)
        _legend(figure, cells, losses)
    return figure


def _panel(axes: Axes, cells: list[Cell]) -> None:
    for cell in cells:
        colour, marker, every = (
            rate_colour(cell.noise_rate),
            rate_marker(cell.noise_rate),
            max(cell.epochs // 4, 1),
        )
        style = {"marker": marker, "markersize": 2.6, "markevery": (every // 2, every)}
        shown = rate_name(cell.noise_rate)
        draw_band(axes, cell.band("noisy_train_accuracy"), colour, label=f"$J_1$, {shown}", **style)
        if cell.noise_rate:  # without noise J1 and J2 are the same; of an unknown rate there is no J2
            draw_band(
                axes,
                cell.band("clean_train_accuracy"),
                colour,
                label=f"$J_2$, {shown}",
                linestyle=DASHED,
                **style,
            )
        flip = cell.usual_flip()
        if flip is not None:
            height = 100 * cell.band("noisy_train_accuracy").mean[flip - 1]
            axes.plot(
                flip,
                height,
                marker="*",
                markersize=7,
                color="white",
                markeredgecolor=INK,
                markeredgewidth=0.7,
                zorder=5,
            )
    axes.set_ylim(0, 102)
    axes.margins(x=0.02)


def _legend(figure: Figure, cells: Grid, losses: list[str]) -> None:
    from matplotlib.lines import Line2D

    rates = rates_of({key: cell for key, cell in cells.items() if key[0] in losses})
    handles = [Line2D([], [], color=rate_colour(r), marker=rate_marker(r), label=rate_name(r)) for r in rates]
    handles.append(Line2D([], [], color=GREY, label="$J_1$ (labels as given)"))
    if any(rates):  # without noise the two are one, and of labels as annotated nobody knows the second
        handles += [
            Line2D([], [], color=GREY, linestyle=DASHED, label="$J_2$ (clean labels)"),
            Line2D([], [], color="none", marker="*", markersize=7, markeredgecolor=INK, label="flip"),
        ]
    wide = figure.get_figwidth() > SINGLE
    figure.legend(
        handles=handles,
        loc="outside upper center",
        ncols=legend_columns(len(handles), len(handles), DOUBLE) if wide else 2,
        columnspacing=1.0,
        handlelength=1.6,
        handletextpad=0.4,
    )


SPEC = FigureSpec(
    name="curves",
    title="Accuracy on the labels as given and on the clean labels, during training",
    caption=(
        "Accuracy on the training labels as given ($J_1$, solid) and on the clean ones ($J_2$, dashed) "
        "after each epoch; mean over seeds with 95% Student t intervals (bands), {n}. Without noise "
        "($\\eta = 0$) the two are one. A star marks the flip, the epoch from which $J_1 > J_2$ for good, "
        "where more than half of the seeds have one (median epoch). Of labels as annotated only $J_1$ is "
        "known. {setup}."
    ),
    needs="runs of the main losses (CCE, MSE, RLL, NMSE, MAE, GCE with their default parameters)",
    alt=(
        "Line charts, one for each loss: accuracy on the given and on the clean training labels against "
        "the epoch, one colour for each noise rate."
    ),
    draw=draw,
)
