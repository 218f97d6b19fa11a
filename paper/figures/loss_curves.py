"""The losses themselves: L(u, y) along one path of the simplex, and their label sums."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lossmatters.empirics.records import Record
from lossmatters.paper.figures.declaration import FigureSpec
from lossmatters.paper.figures.look import DOUBLE, GREY, INK, height_of, look, loss_colour, width_of
from lossmatters.paper.names import loss_name, main_losses
from lossmatters.theory.backends import backend
from lossmatters.theory.losses import LOSSES, Loss
from lossmatters.theory.losses.structure import is_total

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NUM_CLASSES = 10
EDGE = 1e-4  # logarithms are infinite at the ends of the path
FLAT = 1e-9  # relative; values are sums of ten float64 terms, about 1e-15 each
OTHERS = ("#56B4E9", GREY, "#7A4B2A", "#5B4B9A")  # none is the colour of a main loss
DASHES = (
    "-",
    (0, (5, 1.2)),
    (0, (1, 1)),
    (0, (4, 1, 1, 1)),
    (0, (2, 1)),
    (0, (6, 1, 1, 1, 1, 1)),
    (0, (8, 2)),
)


class Path(NamedTuple):
    """A loss along the path: shared with those that differ from it by a factor alone."""

    losses: list[str]
    value: np.ndarray
    label_sum: np.ndarray

    @property
    def flat(self) -> bool:
        """Tell whether the label sum is constant on this path."""
        return bool(np.abs(self.label_sum / self.label_sum[0] - 1).max() < FLAT)

    @property
    def main(self) -> str | None:
        """Return the main loss on this line, whose colour it takes as in the other figures."""
        return next((spec for spec in self.losses if spec in main_losses()), None)


def draw(records: Sequence[Record] = ()) -> Figure:
    """Draw L(u, y) above, S(u) below; left where S varies, right where it is constant. Needs no records."""
    from matplotlib.figure import Figure

    share = _grid()
    paths = _paths(share)
    columns = ([p for p in paths if not p.flat], [p for p in paths if p.flat])
    with look():
        figure = Figure(figsize=(width_of(DOUBLE), height_of(5.6, DOUBLE)), layout="constrained")
        panels = figure.subplots(2, 2, sharex=True, sharey="row", height_ratios=(1.45, 1))
        for column, words in enumerate(("label sum varies", "label sum constant on this path")):
            top, bottom = panels[:, column]
            top.set_title(words)
            others = cycle(OTHERS)
            for path, dashes in zip(columns[column], cycle(DASHES), strict=False):
                style = {"color": loss_colour(path.main) if path.main else next(others), "linestyle": dashes}
                top.plot(share, path.value, label=", ".join(map(loss_name, path.losses)), **style)
                bottom.plot(share, path.label_sum, **style)
            _mark_uniform(top)
            _mark_uniform(bottom)
            bottom.set_xlabel("$u_y$, the label's probability")
            # below its column: there is no room for so many names among the curves
            below = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.24), "ncols": 2}
            room = {"handlelength": 2.6, "labelspacing": 0.25, "columnspacing": 1.0, "fontsize": 6}
            bottom.legend(*top.get_legend_handles_labels(), **room, **below)
        panels[0, 0].set(ylabel="$L(u, y)\\,/\\,L(\\mathrm{uniform}, y)$", ylim=(-0.05, 2.6), xlim=(0, 1))
        panels[1, 0].set(ylabel="$S(u)\\,/\\,S(\\mathrm{uniform})$", ylim=(0, 2.6))
        panels[1, 1].text(0.55, 1.12, "all losses of this column", ha="center", fontsize=7, color=INK)
    return figure


def _grid() -> np.ndarray:
    uniform = 1 / NUM_CLASSES
    return np.concatenate([np.linspace(EDGE, uniform, 60), np.linspace(uniform, 1 - EDGE, 300)[1:]])


def _paths(share: np.ndarray) -> list[Path]:
    """Return the losses of the catalogue along the path, those that are multiples of each other as one."""
    rest = (1 - share) / (NUM_CLASSES - 1)
    probs = np.concatenate([share[:, None], np.repeat(rest[:, None], NUM_CLASSES - 1, axis=1)], axis=1)
    uniform = np.full((1, NUM_CLASSES), 1 / NUM_CLASSES)
    found: list[Path] = []
    for cls in LOSSES.values():
        loss = cls()
        if is_total(loss) or not _values(loss, uniform).all():
            continue  # a sum of others, or 0 there, as the unhinged loss on logits: nothing to divide by
        value = _values(loss, probs) / _values(loss, uniform)
        label_sum = _sums(loss, probs) / _sums(loss, uniform)
        for path in found:
            if np.allclose(path.value, value, rtol=1e-9) and np.allclose(
                path.label_sum, label_sum, rtol=1e-9
            ):
                path.losses.append(loss.spec)
                break
        else:
            found.append(Path([loss.spec], value, label_sum))
    return found


def _values(loss: Loss, probs: np.ndarray) -> np.ndarray:
    return loss.values(probs, np.zeros(len(probs), dtype=int))


def _sums(loss: Loss, probs: np.ndarray) -> np.ndarray:
    return np.asarray(loss.label_sum(probs, backend("numpy")), dtype=float)


def _mark_uniform(axes: Axes) -> None:
    axes.axvline(1 / NUM_CLASSES, color=GREY, linewidth=0.6, linestyle=(0, (1, 2)))


SPEC = FigureSpec(
    name="loss-curves",
    title="The losses and their label sums",
    caption=(
        "$K = 10$. The label $y$ has probability $u_y$ and the rest is spread evenly; the dotted line is "
        "the uniform output. Top: $L(u, y)$, divided by its value at the uniform output, since a factor "
        "changes only the step size; losses that differ by a factor alone share a line. Bottom: the label "
        "sum $S(u)$, divided likewise. A loss is symmetric if $S$ is constant on the whole simplex, of "
        "which this path is a small part: flat here is necessary, and the ledger says where it is proved. "
        "Left out: sums of others, and what is 0 at the uniform output, as the unhinged loss on logits. "
        "Computed from the formulas; no training is involved."
    ),
    needs="nothing but the losses",
    alt=(
        "Left, losses whose label sum varies; right, losses whose label sum is constant. Top, each loss "
        "against the probability of its label; bottom, the label sums."
    ),
    draw=draw,
    over="theory",
)
