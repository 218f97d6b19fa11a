"""How every figure looks: sizes, colours that colour-blind readers tell apart, and no global state."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lossmatters.paper.names import main_losses
from lossmatters.paper.statistics import Band, Estimate
from lossmatters.theory.exact import fail

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SINGLE, DOUBLE = 3.3, 6.9  # widths of one column and of two, in inches
RESISTER_GREEN, MEMORISER_RED = "#00664B", "#9A3B00"
INK, GREY, PALE = "#222222", "#6B6B6B", "#D9D9D9"
OKABE_ITO = ("#000000", "#D55E00", "#0072B2", "#009E73", "#CC79A7", "#B07D00", "#56B4E9")
OTHER_COLOURS = ("#56B4E9", "#8C510A", "#6B6B6B")  # of losses that are not among the main ones
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


@dataclass(frozen=True)
class Page:
    """What a reader wants of every figure: its width in inches, and settings on top of the house's."""

    width: float | None = None
    settings: tuple[tuple[str, Any], ...] = ()


_USUAL = Page()
_PAGE: ContextVar[Page] = ContextVar("page", default=_USUAL)
NARROWEST, WIDEST = 1.5, 40.0  # inches: below, an axis has no room; above, no printer


@contextmanager
def page(width: float | None = None, style: str | os.PathLike[str] | None = None) -> Iterator[None]:
    """Draw figures of this width, under this style, for as long as the context lasts.

    Parameters
    ----------
    width : float, optional
        In inches; by default each figure has its own.
    style : path, optional
        A file of matplotlib's settings, ``my.mplstyle``. What a figure sets itself, its colours say, stays.

    Raises
    ------
    ValueError
        A width that is no width, or a style that is no such file.
    """
    if width is not None and not NARROWEST <= width <= WIDEST:
        fail("width", f"in [{NARROWEST}, {WIDEST:g}] inches", width)
    settings = () if style is None else tuple(sorted(_read_style(Path(style)).items()))
    token = _PAGE.set(Page(width, settings))
    try:
        yield
    finally:
        _PAGE.reset(token)


def _read_style(path: Path) -> dict[str, Any]:
    import matplotlib

    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "no text"
        fail("style", f"a file that can be read ({reason})", str(path))
    found: Any = matplotlib.RcParams()  # whose keys are literals to a type checker
    for line in lines:  # matplotlib's own reader only logs what it does not know, and goes on without it
        key, colon, value = (part.strip() for part in line.partition("#")[0].partition(":"))
        if not key:
            continue
        try:
            found[key if colon else line] = value[1:-1] if value[:1] == value[-1:] == '"' else value
        except KeyError:
            fail("style", "a file of matplotlib's settings", f"{line.strip()} in {path}")
        except (ValueError, TypeError) as error:
            fail("style", f"a file of matplotlib's settings ({' '.join(str(error).split())})", str(path))
    return {key: value for key, value in found.items() if not key.startswith(("backend", "interactive"))}


def width_of(usual: float) -> float:
    """Return the width of a figure: what the reader wants, else its usual one."""
    return _PAGE.get().width or usual


def height_of(usual: float, usual_width: float) -> float:
    """Return the height of a figure whose panels keep their shape, within reason: text does not shrink."""
    share = min(1.0, width_of(usual_width) / usual_width)
    return usual * (0.45 + 0.55 * share)


def legend_columns(entries: int, usual: int, usual_width: float) -> int:
    """Return in how many columns a legend above a figure stands: fewer where the figure is narrower."""
    share = min(1.0, width_of(usual_width) / usual_width)
    return max(1, min(entries, int(usual * share)))


def look() -> AbstractContextManager[Any]:
    """Return the settings above on top of matplotlib's own defaults; the caller's come back on leaving.

    A reader's matplotlibrc has no say, so the same records give the same file; a style that was asked for
    by `page` has.
    """
    import matplotlib

    defaults: dict[Any, Any] = {
        k: v for k, v in matplotlib.rcParamsDefault.items() if not k.startswith("backend")
    }
    settings: dict[Any, Any] = {**defaults, **_RC, **dict(_PAGE.get().settings)}
    return matplotlib.rc_context(settings)


def rate_colour(rate: Fraction | None) -> str:
    """Return purple over teal to light green with the noise rate, in the order of lightness, for grey print.

    A colour belongs to a rate, not to its place among those drawn. A rate that nobody knows is dark.
    """
    if rate is None:
        return INK
    import matplotlib
    from matplotlib.colors import to_hex

    return to_hex(matplotlib.colormaps["viridis"](0.92 * float(rate)))


def rate_marker(rate: Fraction | None) -> str:
    """Return a marker for each fifth of noise, beside its colour; a cross where nobody knows the rate."""
    if rate is None:
        return "x"
    return MARKERS[min(round(5 * float(rate)), len(MARKERS) - 1)]


def loss_colour(spec: str) -> str:
    """Return the colour of a main loss; grey for any other."""
    main = main_losses()
    return OKABE_ITO[main.index(spec)] if spec in main else GREY


def loss_marker(spec: str) -> str:
    """Return the marker of a main loss; a cross for any other."""
    main = main_losses()
    return MARKERS[main.index(spec)] if spec in main else "x"


def loss_styles(losses: list[str]) -> dict[str, tuple[str, str]]:
    """Return colour and marker of each loss: a main loss has its own, others take turns with what is left."""
    main = main_losses()
    others = [spec for spec in losses if spec not in main]
    return {
        spec: (loss_colour(spec), loss_marker(spec))
        if spec in main
        else (OTHER_COLOURS[others.index(spec) % len(OTHER_COLOURS)], "XhP"[others.index(spec) % 3])
        for spec in losses
    }


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
