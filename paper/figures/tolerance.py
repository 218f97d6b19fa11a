"""The catalogue between cross-entropy and symmetry: how much uniform noise each loss tolerates (A2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lossmatters.empirics.records import Record
from lossmatters.paper.ahead import Question, answer
from lossmatters.paper.figures.declaration import FigureSpec, figure_of
from lossmatters.paper.figures.look import GREY, INK, OKABE_ITO, SINGLE, look, width_of
from lossmatters.theory.catalogue import own_names
from lossmatters.theory.losses import LOSSES, get
from lossmatters.theory.noise import threshold
from lossmatters.theory.risk.tolerance import noise_tolerance

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NUM_CLASSES = 10
MARKS = {True: "s", False: "o"}  # symmetric or not


def draw(records: Sequence[Record] = (), ax: Axes | None = None) -> Figure:
    """Draw a row for each rate that losses tolerate, with their names; the rate across. Needs no records.

    Parameters
    ----------
    ax : Axes, optional
        To draw into, in its own style.
    """
    from matplotlib.figure import Figure

    rows = _rows()
    if ax is not None:
        _panel(ax, rows)
        ax.legend(handles=_handles(), loc="lower right")
        return figure_of(ax)
    with look():
        figure = Figure(figsize=(width_of(SINGLE), 0.24 * len(rows) + 0.9), layout="constrained")
        _panel(figure.subplots(), rows)
        figure.legend(handles=_handles(), loc="outside upper center", ncols=2)
    return figure


def _panel(axes: Axes, rows: list[tuple[str, float, bool]]) -> None:
    axes.axvline(100 * float(threshold(NUM_CLASSES)), color=GREY, linewidth=0.6, linestyle=(0, (1, 2)))
    for height, (_, rate, symmetric) in enumerate(rows):
        colour = OKABE_ITO[2] if symmetric else OKABE_ITO[1]
        axes.plot([0, 100 * rate], [height, height], color=GREY, linewidth=0.5, zorder=1)
        axes.plot(100 * rate, height, MARKS[symmetric], color=colour, markersize=4, zorder=2)
    axes.set_yticks(range(len(rows)), [title for title, _, _ in rows], color=INK)
    axes.set_ylim(-0.7, len(rows) - 0.3)
    axes.set_xlim(-2, 100)
    axes.set_xlabel("noise tolerance $\\eta_L$ (%), $K = 10$; dotted: 90%")
    axes.grid(axis="y", visible=False)


def _handles() -> list[Any]:
    from matplotlib.lines import Line2D

    return [
        Line2D([], [], linestyle="none", marker=MARKS[s], color=OKABE_ITO[2 if s else 1], label=text)
        for s, text in ((True, "symmetric"), (False, "not symmetric"))
    ]


def _rows() -> list[tuple[str, float, bool]]:
    """Return the losses with a tolerance, least first: title, rate, symmetric or not."""
    own = own_names()
    rows = [answer(Question(_row, (name,))) if name in own else _row(name) for name in LOSSES]
    found = [(title, rate, symmetric) for title, rate, symmetric in rows if rate is not None]
    return sorted(found, key=lambda row: row[1:])


def _row(name: str) -> list[Any]:
    loss = get(name)
    tolerance = noise_tolerance(loss, NUM_CLASSES)
    return [loss.title, tolerance.value, tolerance.method == "symmetric"]


def _asks(records: Sequence[Record]) -> list[Question]:
    return [Question(_row, (name,)) for name in own_names()]


SPEC = FigureSpec(
    name="noise-tolerance",
    title="The catalogue between cross-entropy and symmetry",
    caption=(
        "The largest uniform noise rate $\\eta_L$ up to which the vertex of a certain clean label "
        "minimises the noisy risk, at $K = 10$ and default parameters: $(K-1)/(K-1+\\rho)$ for a convex "
        "function of the label's probability, $\\rho$ the ratio of its slopes at 0 and 1. Symmetric losses "
        "tolerate every rate below $(K-1)/K$, and some that are not symmetric do so too. Derived from the "
        "formulas; no training is involved."
    ),
    needs="nothing but the losses",
    alt="Dot plot: losses down the side, from cross-entropy, which tolerates no noise, to symmetric ones.",
    draw=draw,
    over="theory",
    asks=_asks,
)
