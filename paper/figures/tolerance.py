"""The catalogue between cross-entropy and symmetry: how much uniform noise each loss tolerates (A2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lossmatters.empirics.records import Record
from lossmatters.paper.figures.declaration import FigureSpec
from lossmatters.paper.figures.look import GREY, INK, OKABE_ITO, SINGLE, look
from lossmatters.theory.losses import LOSSES, get
from lossmatters.theory.noise import threshold
from lossmatters.theory.risk.tolerance import NoiseTolerance, noise_tolerance

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NUM_CLASSES = 10
MARKS = {True: "s", False: "o"}  # symmetric or not


def draw(records: Sequence[Record] = ()) -> Figure:
    """Draw a row for each rate that losses tolerate, with their names; the rate across. Needs no records."""
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    rows = _rows()
    star = float(threshold(NUM_CLASSES))
    with look():
        figure = Figure(figsize=(SINGLE, 0.24 * len(rows) + 0.9), layout="constrained")
        axes = figure.subplots()
        axes.axvline(100 * star, color=GREY, linewidth=0.6, linestyle=(0, (1, 2)))
        for height, (_, found, symmetric) in enumerate(rows):
            assert found.value is not None
            colour = OKABE_ITO[2] if symmetric else OKABE_ITO[1]
            axes.plot([0, 100 * found.value], [height, height], color=GREY, linewidth=0.5, zorder=1)
            axes.plot(100 * found.value, height, MARKS[symmetric], color=colour, markersize=4, zorder=2)
        axes.set_yticks(range(len(rows)), [title for title, _, _ in rows], color=INK)
        axes.set_ylim(-0.7, len(rows) - 0.3)
        axes.set_xlim(-2, 100)
        axes.set_xlabel("noise tolerance $\\eta_L$ (%), $K = 10$; dotted: 90%")
        axes.grid(axis="y", visible=False)
        handles = [
            Line2D([], [], linestyle="none", marker=MARKS[s], color=OKABE_ITO[2 if s else 1], label=text)
            for s, text in ((True, "symmetric"), (False, "not symmetric"))
        ]
        figure.legend(handles=handles, loc="outside upper center", ncols=2)
    return figure


def _rows() -> list[tuple[str, NoiseTolerance, bool]]:
    """Return the losses with a tolerance, least first."""
    found = []
    for name in LOSSES:
        loss = get(name)
        tolerance = noise_tolerance(loss, NUM_CLASSES)
        if tolerance.value is not None:
            found.append((loss.title, tolerance, tolerance.method == "symmetric"))
    return sorted(found, key=lambda row: (row[1].value, row[2]))


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
)
