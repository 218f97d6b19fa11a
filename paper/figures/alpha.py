"""E10: what alpha does to RLL, and all losses ranked at the same noise rate."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from lossmatters.empirics.records import Record
from lossmatters.paper.figures.declaration import FigureSpec, MissingData
from lossmatters.paper.figures.look import (
    DOUBLE,
    GREY,
    OKABE_ITO,
    PALE,
    draw_point,
    legend_columns,
    look,
    width_of,
)
from lossmatters.paper.names import GREEK, loss_name, loss_of, number, rate_name
from lossmatters.paper.statistics import Cell, Grid, grid, losses_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RATE = Fraction(2, 5)
# Colour, marker, name, and a step aside, since J2 and test accuracy often coincide.
STYLES = {
    "noisy_train_accuracy": (OKABE_ITO[1], "s", "$J_1$: labels as given", 0.0),
    "clean_train_accuracy": (OKABE_ITO[2], "o", "$J_2$: clean labels", 0.0),
    "test_accuracy": (OKABE_ITO[0], "D", "test", 1.0),
}
CONTROL_STEP = -1.0
ROW, RATIO = 0.27, 1.07  # one step: in rows on the right, as a factor of alpha on the left


def draw(records: Sequence[Record]) -> Figure:
    """Draw, left, final accuracies against alpha; right, all losses by final J2, with clean-label controls.

    Raises
    ------
    MissingData : fewer than two values of alpha at this rate.
    """
    from matplotlib.figure import Figure

    cells = grid(records) if records else {}
    alphas = _alphas(cells)
    if len(alphas) < 2:
        raise MissingData(
            f"needs runs of RLL with two or more values of alpha at {rate_name(RATE)}; found {len(alphas)}"
        )
    ranked = sorted((c for c in cells.values() if c.noise_rate == RATE), key=_final_j2, reverse=True)
    with look():
        figure = Figure(figsize=(width_of(DOUBLE), max(2.6, 0.21 * len(ranked) + 1.15)), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(1, 1.25))
        _against_alpha(left, cells, alphas)
        _ranking(right, cells, ranked)
        _legend(figure)
    return figure


def _alphas(cells: Grid) -> dict[Fraction, str]:
    """Return the runs of RLL at this rate, by alpha, ascending."""
    found = {}
    for name in losses_of(cells):
        loss = loss_of(name)
        if loss is not None and loss.name == "rll" and (name, RATE) in cells:
            found[loss.parameters["alpha"]] = name
    return dict(sorted(found.items()))


def _final_j2(cell: Cell) -> float:
    estimate = cell.final("clean_train_accuracy")
    return estimate.mean if estimate else float("nan")


def _against_alpha(axes: Axes, cells: Grid, alphas: dict[Fraction, str]) -> None:
    values = [float(alpha) for alpha in alphas]
    for metric, (colour, marker, _, step) in STYLES.items():
        finals = [cells[name, RATE].final(metric) for name in alphas.values()]
        at = [value * RATIO**step for value in values]
        axes.plot(at, [100 * e.mean for e in finals if e], color=colour, linewidth=0.8)
        for x, estimate in zip(at, finals, strict=True):
            draw_point(axes, estimate, x, upright=True, color=colour, marker=marker)
    for value, name in zip(values, alphas.values(), strict=True):
        _control(axes, cells, name, value * RATIO**CONTROL_STEP, upright=True)
    axes.set_xscale("log")
    axes.set_xticks(values, [number(alpha) for alpha in alphas])
    axes.minorticks_off()
    axes.set(xlabel=f"{GREEK['alpha']} of RLL", ylim=(0, 103), title=f"RLL, {rate_name(RATE)}")
    axes.set_ylabel("accuracy after the last epoch (%)")


def _control(axes: Axes, cells: Grid, name: str, at: float, upright: bool) -> None:
    cell = cells.get((name, Fraction(0)))
    if cell:
        final = cell.final("clean_train_accuracy")
        draw_point(axes, final, at, upright=upright, color=GREY, marker="o", markerfacecolor="white")


def _ranking(axes: Axes, cells: Grid, ranked: list[Cell]) -> None:
    for height, cell in enumerate(ranked):
        for metric, (colour, marker, _, step) in STYLES.items():
            draw_point(axes, cell.final(metric), height + ROW * step, color=colour, marker=marker)
        draw_point(axes, cell.best(), height, color=OKABE_ITO[6], marker="|", markeredgewidth=1.2)
        _control(axes, cells, cell.loss, height + ROW * CONTROL_STEP, upright=False)
    axes.set_yticks(range(len(ranked)), [loss_name(c.loss) for c in ranked])
    axes.set_ylim(len(ranked) - 0.5, -0.5)
    axes.grid(axis="y", visible=False)
    for edge in range(1, len(ranked)):
        axes.axhline(edge - 0.5, color=PALE, linewidth=0.5)
    axes.tick_params(axis="y", length=0)
    axes.set(xlabel="accuracy (%)", xlim=(0, 103), title=f"all losses by final $J_2$, {rate_name(RATE)}")


def _legend(figure: Figure) -> None:
    from matplotlib.lines import Line2D

    def handle(label: str, **style: Any) -> Line2D:
        return Line2D([], [], linestyle="none", markersize=4, label=label, **style)

    handles = [handle(label, color=colour, marker=marker) for colour, marker, label, _ in STYLES.values()]
    handles.append(handle("$J_2$ at its best epoch", color=OKABE_ITO[6], marker="|", markeredgewidth=1.2))
    handles.append(handle("$J_2$ at η = 0 (control)", color=GREY, marker="o", markerfacecolor="white"))
    figure.legend(
        handles=handles,
        loc="outside upper center",
        ncols=legend_columns(5, 5, DOUBLE),
        columnspacing=1.2,
        handletextpad=0.2,
    )


SPEC = FigureSpec(
    name="alpha",
    title="RLL's parameter, and all losses side by side",
    caption=(
        "At $\\eta = 0.4$, after the last epoch; mean over seeds with 95% Student t intervals, {n}. Left: "
        "RLL against its parameter alpha. Right: all losses, the highest final $J_2$ first. Hollow: $J_2$ "
        "of the same loss trained on clean labels; where it is low the loss underfits, and a low $J_1$ is "
        "no merit. Upright tick: $J_2$ at the best epoch of each run, chosen with the clean labels in "
        "hand: the early-stopping baseline. {setup}."
    ),
    needs=(
        "runs of RLL with two or more values of alpha at η = 0.4 (other losses and η = 0 are shown where "
        "present)"
    ),
    alt=(
        "Left, final accuracies of RLL against its parameter alpha. Right, all losses ranked by final "
        "accuracy on the clean training labels, with their clean-label controls."
    ),
    draw=draw,
)
