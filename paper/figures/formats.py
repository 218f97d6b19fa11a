"""A figure as the bytes of a file, in the formats that readers ask for."""

from __future__ import annotations

import io
import shutil
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lossmatters.paper.figures.look import look
from lossmatters.paper.names import GREEK

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = ("pdf", "png", "svg")
# What goes into a file of each format beside the drawing: no date, so the same records give the same bytes.
_METADATA: dict[str, dict[str, Any]] = {
    "pdf": {"CreationDate": None},
    "png": {},
    "svg": {"Date": None},
    "eps": {"CreationDate": None},
    "pgf": {},
}
KNOWN_FORMATS = tuple(_METADATA)
TEX = ("pdflatex", "lualatex", "xelatex")  # the first that is there measures the text of a pgf file
# pdfLaTeX knows no Greek letter that is not a formula.
_LETTERS = {chr(code): name for name, code in (("eta", 0x3B7), ("rho", 0x3C1))} | {
    letter: name for name, letter in GREEK.items()
}
PREAMBLE = "\n".join(
    [
        r"\usepackage{newunicodechar}",
        *(rf"\newunicodechar{{{c}}}{{\ensuremath{{\{n}}}}}" for c, n in _LETTERS.items()),
    ]
)


def check_formats(formats: Sequence[str]) -> tuple[str, ...]:
    """Return the formats, each once.

    Raises
    ------
    ValueError
        One that is not of `KNOWN_FORMATS`, or pgf where there is no LaTeX.
    """
    for kind in formats:
        if kind not in KNOWN_FORMATS:
            raise ValueError(f"format must be of {', '.join(KNOWN_FORMATS)}, got format={kind!r}")
    if "pgf" in formats and _tex() is None:
        raise ValueError(
            f"format must be one that needs no LaTeX where there is none ({', '.join(TEX)}), got format='pgf'"
        )
    return tuple(dict.fromkeys(formats))


def render(figure: Figure, kind: str) -> bytes:
    """Return a figure as the bytes of a file: the same records give the same bytes, so no date goes in."""
    import matplotlib

    stream = io.BytesIO()
    with look():
        if kind == "pgf":
            with matplotlib.rc_context(
                {"pgf.texsystem": _tex(), "pgf.rcfonts": False, "pgf.preamble": PREAMBLE}
            ):
                figure.savefig(stream, format=kind)
        else:
            figure.savefig(stream, format=kind, metadata=_METADATA[kind])
    return stream.getvalue()


def _tex() -> str | None:
    return next((name for name in TEX if shutil.which(name)), None)
