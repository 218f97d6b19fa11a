"""How every figure looks: sizes, colours that colour-blind readers tell apart, and no global state."""

from __future__ import annotations

from contextlib import AbstractContextManager
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from lossmatters.paper.names import main_losses
from lossmatters.paper.statistics import Band, Estimate

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SINGLE, DOUBLE = 3.3, 6.9  # widths of one column and of two, in inches
RESISTER_GREEN, MEMORISER_RED = "#00664B", "#9A3B00"
INK, GREY, PALE = "#222222", "#6B6B6B", "#D9D9D9"
OKABE_ITO = ("#000000", "#D55E00", "#0072B2", "#009E73", "#CC79A7", "#B07D00", "#56B4E9")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")

_RC: dict[Any, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib, so figures are alike everywhere
    "font.size": 7.5,
    "axes.titlesize": 7.5,
    "axes.labelsize": 7.5,
    "axes.titlepad": 4.0,
    "axes.labelpad": 2.5,
    "axes.linewidth": 0.6,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#ECECEC",
    "grid.linewidth": 0.5,
    "text.color": INK,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 7.0,
    "ytick.labelsize": 7.0,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "legend.fontsize": 7.0,
    "legend.frameon": False,
    "legend.handlelength": 2.0,
    "lines.linewidth": 1.1,
    "lines.markersize": 3.5,
    "mathtext.fontset": "dejavusans",
    "figure.dpi": 100,
    "savefig.dpi": 200,
    "pdf.fonttype": 42,  # TrueType, which publishers ask for
    "svg.fonttype": "path",
    "svg.hashsalt": "lossmatters",  # ids would be random otherwise
}


def look() -> AbstractContextManager[Any]:
    """Return the settings above on top of matplotlib's own defaults; the caller's come back on leaving.

    A reader's matplotlibrc has no say, so the same records give the same file.
    """
    import matplotlib

    defaults: dict[Any, Any] = {
        k: v for k, v in matplotlib.rcParamsDefault.items() if not k.startswith("backend")
    }
    return matplotlib.rc_context({**defaults, **_RC})


def rate_colour(rate: Fraction) -> str:
    """Return a colour from purple over teal to light green with the noise rate. The order is one of lightness
    too, for grey print. A colour belongs to a rate, not to its place among those drawn.
    """
    import matplotlib
    from matplotlib.colors import to_hex

    return to_hex(matplotlib.colormaps["viridis"](0.92 * float(rate)))


def rate_marker(rate: Fraction) -> str:
    """Return a marker for each fifth of noise, beside its colour."""
    return MARKERS[min(round(5 * float(rate)), len(MARKERS) - 1)]


def loss_colour(spec: str) -> str:
    """Return the colour of a main loss; grey for any other."""
    main = main_losses()
    return OKABE_ITO[main.index(spec)] if spec in main else GREY


def loss_marker(spec: str) -> str:
    """Return the marker of a main loss; a cross for any other."""
    main = main_losses()
    return MARKERS[main.index(spec)] if spec in main else "x"


def draw_band(axes: Axes, band: Band, colour: Any, **line: Any) -> None:
    """Draw a mean in percent against the epoch, with its interval if there is one, clipped to 0..100."""
    epochs = np.arange(1, len(band.mean) + 1)
    if band.has_interval:
        low, high = (100 * np.clip(x, 0, 1) for x in (band.low, band.high))
        axes.fill_between(epochs, low, high, color=colour, alpha=0.18, linewidth=0)
    axes.plot(epochs, 100 * band.mean, color=colour, **line)


def draw_point(
    axes: Axes, estimate: Estimate | None, at: float, *, upright: bool = False, **marker: Any
) -> None:
    """Draw a mean in percent along an axis, with its interval if there is one, clipped to 0..100.

    Parameters
    ----------
    estimate : None draws nothing.
    at : where on the other axis.
    upright : whether the percent are on the vertical axis.
    marker : its settings, of which the interval has the colour.
    """
    if estimate is None:
        return
    if estimate.has_interval:
        ends = [100 * min(max(x, 0.0), 1.0) for x in (estimate.low, estimate.high)]
        line = ([at, at], ends) if upright else (ends, [at, at])
        axes.plot(*line, color=marker["color"], linewidth=0.9, solid_capstyle="butt")
    x, y = (at, 100 * estimate.mean) if upright else (100 * estimate.mean, at)
    axes.plot(x, y, **{"linestyle": "none", "markersize": 3.4, "clip_on": False, **marker})
