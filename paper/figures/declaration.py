"""What a figure declares of itself, and what it says when the records are not enough."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from lossmatters.empirics.records import Record
from lossmatters.paper.ahead import Question
from lossmatters.paper.statistics import Cell, count_text, grid, variant_grid

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class MissingData(ValueError):
    """The records lack what a figure shows; the message says what."""


@dataclass(frozen=True)
class FigureSpec:
    """A figure: its declaration and the pure function that draws it.

    Attributes
    ----------
    name : part of its file names.
    title : a heading.
    caption : what is seen and how to read it; ``{n}``, ``{setup}`` are filled in from the records.
    needs : the data it is drawn from, in words.
    alt : what it shows, for those who cannot see it.
    draw : records -> Figure; raises `MissingData`.
    asks : records -> what it needs computed beside them (see `lossmatters.paper.ahead`), to be begun ahead.
    over : what the records are of: one "set-up" (see `lossmatters.paper.setups.setups`), a set-up with its
        "variants", or "theory", drawn from the losses alone, whatever the records.
    """

    name: str
    title: str
    caption: str
    needs: str
    alt: str
    draw: Callable[[Sequence[Record]], Figure]
    over: Literal["set-up", "variants", "theory"] = "set-up"
    asks: Callable[[Sequence[Record]], Sequence[Question]] | None = None

    def describe(self, records: Sequence[Record]) -> str:
        """Return the caption with the numbers of these records."""
        if self.over == "theory":
            return self.caption
        cells: Mapping[Any, Cell] = variant_grid(records) if self.over == "variants" else grid(records)
        first = next(iter(cells.values())).records[0]
        return self.caption.format(n=count_text(cells), setup=setup_text(first))


def check_one(what: str, values: Sequence[Any]) -> None:
    """Refuse an axis for what takes several.

    Raises
    ------
    ValueError
        There is not exactly one.
    """
    if len(values) != 1:
        shown = ", ".join(map(str, values))
        raise ValueError(f"{what} of the records must be one where ax is given, got {len(values)}: {shown}")


def figure_of(axes: Axes) -> Figure:
    """Return the figure that an axis is on, whatever it is nested in."""
    figure = axes.get_figure()
    while getattr(figure, "figure", figure) is not figure:  # a figure inside another
        figure = figure.figure  # type: ignore[union-attr]
    return figure  # type: ignore[return-value]


def setup_text(record: Record) -> str:
    """Return data, model and length of training in one phrase."""
    widths = record.model.get("widths")
    shape = f" ({'-'.join(map(str, widths))})" if widths else ""
    return f"{record.dataset['name']}, {record.model['name']}{shape}, {record.epochs} epochs"
