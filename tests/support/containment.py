"""Whether an enclosure holds a value of many digits."""

from __future__ import annotations

from typing import Any

from lossmatters.theory.backends import backend


def inside(value: Any, lo: float, hi: float) -> bool:
    """Return whether a value of 50 digits is between; an end may be exact, the value off by its rounding."""
    mp = backend("mpmath").context
    slack = mp.mpf(10) ** -45 * (1 + abs(value))
    return bool(mp.mpf(lo) - slack <= value <= mp.mpf(hi) + slack)
