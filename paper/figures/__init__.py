"""Figures: pure functions of records, declared in `FIGURES` and written by `write_figures`."""

from lossmatters.paper.figures.declaration import FigureSpec, MissingData
from lossmatters.paper.figures.look import page
from lossmatters.paper.figures.write import FIGURES, write_figures

__all__ = ["FIGURES", "FigureSpec", "MissingData", "page", "write_figures"]
