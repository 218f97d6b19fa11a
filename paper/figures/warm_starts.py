"""N4: where training goes on from another network, and R1's two risks side by side."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from lossmatters.empirics.records import RISKS, Record
from lossmatters.paper.figures.declaration import FigureSpec, MissingData
from lossmatters.paper.figures.look import DOUBLE, GREY, OKABE_ITO, PALE, look, width_of
from lossmatters.paper.names import loss_name, loss_of, rate_name
from lossmatters.paper.statistics import Cell, Estimate, Grid, grid, t_estimate, warm_grid
from lossmatters.theory.risk.finite import predicted_noisy_risk

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RATE = Fraction(2, 5)
# Colour, marker, name, and a step aside in rows.
ACCURACIES = {
    "noisy_train_accuracy": (OKABE_ITO[1], "s", "$J_1$", -0.13),
    "clean_train_accuracy": (OKABE_ITO[2], "o", "$J_2$", 0.13),
}
ARROW = 5  # points of accuracy: over less there is no room for one
PREDICTED = "predicted"
COSTS = {
    "own_labels": (OKABE_ITO[1], "s", "own labels", 0.0),
    "clean_labels": (OKABE_ITO[2], "o", "clean labels", 0.0),
    "fresh_labels": (OKABE_ITO[4], "D", "fresh noise", -0.16),
    PREDICTED: (OKABE_ITO[0], "|", "R1's prediction", 0.16),
}

TICK = {"marker": "|", "markersize": 6, "markeredgewidth": 1.2}

Warm = dict[tuple[str, str, Fraction | None], Cell]


def draw(records: Sequence[Record]) -> Figure:
    """Draw, left, J1 and J2 before and after; right, the risks afterwards, in units of C, logarithmic.

    Raises
    ------
    MissingData : no warm start at this rate whose first phase is there too.
    """
    from matplotlib.figure import Figure

    cells = grid(records) if records else {}
    warm = {
        key: cell
        for key, cell in (warm_grid(records) if records else {}).items()
        if key[2] == RATE and (key[0], RATE) in cells
    }
    if not warm:
        raise MissingData(f"needs warm starts at {rate_name(RATE)} and the runs they go on from")
    with look():
        figure = Figure(figsize=(width_of(DOUBLE), 0.34 * len(warm) + 1.2), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True)
        _accuracies(left, warm, cells)
        _costs(right, warm)
        left.set_yticks(range(len(warm)), [f"{loss_name(a)} → {loss_name(b)}" for a, b, _ in warm])
        left.set_ylim(len(warm) - 0.5, -0.5)
        for axes in (left, right):
            axes.grid(axis="y", visible=False)
            axes.tick_params(axis="y", length=0)
            for edge in range(1, len(warm)):
                axes.axhline(edge - 0.5, color=PALE, linewidth=0.5)
    return figure


def _accuracies(axes: Axes, warm: Warm, cells: Grid) -> None:
    for row, ((start, loss, rate), cell) in enumerate(warm.items()):
        before, alone = cells[start, rate], cells.get((loss, rate))
        for metric, (colour, marker, _, step) in ACCURACIES.items():
            ends = [c.final(metric) for c in (before, cell)]
            means = [100 * e.mean for e in ends if e]
            if abs(means[1] - means[0]) > ARROW:
                line = {"arrowstyle": "->", "color": colour, "linewidth": 0.7, "shrinkA": 3, "shrinkB": 3}
                axes.annotate("", (means[1], row + step), (means[0], row + step), arrowprops=line)
            style = {"color": colour, "marker": marker}
            _point(axes, ends[0], row + step, {**style, "markerfacecolor": "white"}, percent=True)
            _point(axes, ends[1], row + step, style, percent=True)
            if alone and start != loss:
                tick = {"color": colour, **TICK}
                _point(axes, alone.final(metric), row + step, tick, percent=True, interval=False)
    axes.set(
        xlim=(None, 102),
        xlabel="accuracy on the training labels (%)",
        title=f"before and after, {rate_name(RATE)}",
    )
    _legend(
        axes,
        *((words, {"color": colour, "marker": marker}) for colour, marker, words, _ in ACCURACIES.values()),
        ("before", {"color": GREY, "marker": "o", "markerfacecolor": "white"}),
        ("second loss alone", {"color": GREY, **TICK}),
    )


def _costs(axes: Axes, warm: Warm) -> None:
    for row, cell in enumerate(warm.values()):
        constant = _constant(cell)
        if constant is None or constant <= 0:  # a symmetric loss that takes both signs may have C = 0
            words = "not symmetric: no $C$" if constant is None else "$C$ is not above 0: no unit"
            axes.text(0.5, row, words, transform=axes.get_yaxis_transform(), color=GREY,
                      ha="center", va="center", fontsize=6.5)  # fmt: skip
            continue
        for name, (colour, marker, _, step) in COSTS.items():
            style = {"color": colour, "marker": marker, **(TICK if name == PREDICTED else {})}
            _point(axes, _cost(cell, constant, name), row + step, style)
    axes.set_xscale("log")
    axes.set(xlabel="mean loss after, in units of $C$", title="on which labels?")
    _legend(axes, *((words, {"color": c, "marker": marker}) for c, marker, words, _ in COSTS.values()))


def _constant(cell: Cell) -> float | None:
    """Return C of the loss, where the theory proves that it is symmetric and all runs have their risks."""
    from lossmatters.theory.symmetry.decide import decide

    loss = loss_of(cell.loss)
    if loss is None or any(r.risks is None for r in cell.records):
        return None
    verdict = decide(loss, int(cell.records[0].dataset["num_classes"]))
    return verdict.constant_value if verdict.status == "proved" else None


def _cost(cell: Cell, constant: float, name: str) -> Estimate | None:
    """Return mean and interval of the logarithm, as the axis is, of a risk over C."""
    found = []
    for record in cell.records:
        assert record.risks is not None
        risks = {key: record.risks[key] for key in RISKS}
        rate = float(record.noise_rate)
        k = int(record.dataset["num_classes"])
        risks[PREDICTED] = predicted_noisy_risk(risks["clean_labels"], constant, rate, k)
        found.append(risks[name] / constant)
    if min(found) <= 0:  # the axis has no place for it: a network that fits its labels exactly
        return None
    logs = t_estimate(np.log(found))
    if logs is None:
        return None
    mean, low, high = np.exp(logs[:3]).tolist()
    return Estimate(mean, low, high, logs.n)


def _point(
    axes: Axes,
    estimate: Estimate | None,
    row: float,
    style: dict[str, Any],
    percent: bool = False,
    interval: bool = True,
) -> None:
    if estimate is None:
        return
    mean, low, high = estimate[:3]
    if percent:
        mean, low, high = 100 * mean, 100 * max(low, 0.0), 100 * min(high, 1.0)
    if interval and estimate.has_interval:
        axes.plot([low, high], [row, row], color=style["color"], linewidth=0.9, solid_capstyle="butt")
    axes.plot(mean, row, **{"markersize": 3.6, "linestyle": "none", "clip_on": False, "zorder": 3, **style})


def _legend(axes: Axes, *entries: tuple[str, dict[str, Any]]) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], **{"linestyle": "none", "markersize": 4, "label": words, **style})
        for words, style in entries
    ]
    axes.legend(
        handles=handles,
        loc="lower center",
        bbox_to_anchor=(0.5, 1.1),
        ncols=2,
        columnspacing=1.0,
        handletextpad=0.1,
        borderaxespad=0,
    )


SPEC = FigureSpec(
    name="warm-starts",
    title="Going on from another network: resistance is a matter of path",
    caption=(
        "At $\\eta = 0.4$, mean over seeds with 95% Student t intervals, {n}. Each row goes on from the "
        "network with which training under the first loss ended, on the same altered labels, under the "
        "second loss, for as many epochs and with a fresh state of the optimiser. Left: $J_1$ and $J_2$ "
        "before (hollow) and after (filled); upright ticks: the second loss from the initial weights. Right: "
        "mean losses of the network after, in units of $C$ (intervals of the logarithm): on the labels it "
        "was trained on, on clean labels, and under fresh noise of the same rate (averaged exactly) beside "
        "what R1 predicts of it. The prediction holds for fresh noise, of which the network is independent, "
        "and fails on labels that it has fitted. {setup}."
    ),
    needs="warm starts at η = 0.4 and the runs they go on from",
    alt=(
        "Left, dot plot of accuracy on the given and on the clean labels before and after going on with "
        "another loss. Right, mean losses on own, clean and fresh labels on a logarithmic axis."
    ),
    draw=draw,
)
