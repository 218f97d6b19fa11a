"""What the usual regularisers do to memorization, at the end and at the best epoch."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from lossmatters.empirics.records import Record
from lossmatters.paper.figures.declaration import FigureSpec, MissingData
from lossmatters.paper.figures.look import DOUBLE, OKABE_ITO, draw_point, look, width_of
from lossmatters.paper.names import METRICS, loss_name, main_losses, rate_name
from lossmatters.paper.statistics import variant_grid

if TYPE_CHECKING:
    from matplotlib.figure import Figure

APART = 0.22  # between the two dots of a row, in rows
AT_END: dict[str, Any] = {"color": OKABE_ITO[2], "marker": "o"}
AT_BEST: dict[str, Any] = {"color": OKABE_ITO[1], "marker": "D", "markerfacecolor": "white"}
SMALL: dict[str, Any] = {"markersize": 3, "markeredgewidth": 0.8}


def draw(records: Sequence[Record]) -> Figure:
    """Return a row for each variant and loss, a panel a metric, two dots with intervals in each.

    Raises
    ------
    MissingData : no variants of a set-up.
    """
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    # of the main set-up, the losses of the main figures are enough
    rows = {
        (variant, loss, rate): cell
        for (variant, loss, rate), cell in variant_grid(records).items()
        if variant or loss in main_losses()
    }
    if not any(name for name, _, _ in rows):
        raise MissingData("needs runs of a set-up with other regularisers; there are none")
    with look():
        figure = Figure(figsize=(width_of(DOUBLE), 0.2 * len(rows) + 0.8), layout="constrained")
        panels = figure.subplots(1, len(METRICS), sharex=True, sharey=True)
        for axes, (metric, about) in zip(panels, METRICS.items(), strict=True):
            axes.set_title(about.symbol)
            axes.grid(axis="y", visible=False)
            axes.tick_params(axis="y", length=0)
            for height, cell in enumerate(rows.values()):
                draw_point(axes, cell.best(metric), height + APART, **AT_BEST, **SMALL)
                draw_point(axes, cell.final(metric), height - APART, **AT_END, **SMALL)
        panels[0].set_yticks(range(len(rows)), [_row_name(*key) for key in rows])
        panels[0].set_ylim(len(rows) - 0.4, -0.6)
        panels[0].set_xlim(-4, 104)
        panels[0].set_xticks([0, 50, 100])
        figure.supxlabel("accuracy or share (%)", fontsize=7.5)
        handles = [
            Line2D([], [], **AT_END, linewidth=0.9, label="after the last epoch"),
            Line2D([], [], **AT_BEST, linewidth=0.9, label="at the epoch of the largest $J_2$ (an oracle)"),
        ]
        figure.legend(handles=handles, loc="outside upper center", ncols=2)
    return figure


def _row_name(variant: str, loss: str, rate: Fraction | None) -> str:
    return f"{loss_name(loss)}, {rate_name(rate)}, {variant or 'main set-up'}"


SPEC = FigureSpec(
    name="regularisers",
    title="What regularisers do to memorization",
    caption=(
        "One set-up without any regulariser, with each alone and with all of them, with altered labels: mean "
        "over seeds with 95% Student t intervals, {n}; after the last epoch, and at each run's epoch of the "
        "largest $J_2$, which can be found with the clean labels only: what early stopping could give at "
        "best. $J_1$: accuracy on the training labels as given; $J_2$: on the clean ones; test: on the test "
        "set; $M$: share of altered samples given their altered label; $A_f$: given their clean label; min. "
        "recall: the smallest recall of a class. A regulariser stops memorization where $J_2$ stays above "
        "$J_1$ to the end. {setup}."
    ),
    needs="runs of a set-up with other regularisers",
    alt=(
        "Dot plots with intervals, one for each metric: regularisers down the side, two dots in each row, "
        "for the last epoch and for the best."
    ),
    draw=draw,
    over="variants",
)
