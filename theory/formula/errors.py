"""What can be wrong with a formula, as one line that names the place."""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType, TracebackType

PACKAGE = Path(__file__).resolve().parent.parent.parent
OWN = ("theory", "proofs_checks", "empirics", "lossmatters")


class FormulaError(ValueError):
    """A formula that cannot be read: it branches on values, returns no number, or raises."""


class NoAttributeError(FormulaError, AttributeError):
    """A formula that asks a value for what it does not have."""


class ClassesError(FormulaError):
    """A formula that is another one at another number of classes: it can be read at one K at a time."""


class NoValueError(FormulaError):
    """A formula that has no value at any output, such as one that divides by zero at this K."""


class OpenError(FormulaError):
    """A formula that holds a symbol as a parameter: it has no values."""


def place(trace: TracebackType | None = None) -> str:
    """Return " (line N of FILE)" of the innermost line that is not this package's, "" if there is none."""
    frames: list[tuple[str, int]] = []
    if trace is None:
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            frames.append((frame.f_code.co_filename, frame.f_lineno))
            frame = frame.f_back
    else:
        while trace is not None:
            frames.insert(0, (trace.tb_frame.f_code.co_filename, trace.tb_lineno))
            trace = trace.tb_next
    for name, line in frames:
        if not _ours(name):
            return f" (line {line} of {Path(name).name})"
    return ""


def _ours(filename: str) -> bool:
    """Return whether it is a file of this package, or of a library."""
    path = Path(filename)
    if "site-packages" in path.parts or "dist-packages" in path.parts or not path.suffix:
        return True
    try:
        inside = path.resolve().relative_to(PACKAGE)
    except ValueError:
        return False
    return inside.parts[0] in OWN
