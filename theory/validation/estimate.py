"""An estimate with its interval, and the input that estimates refuse."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from numbers import Integral

from lossmatters.theory.exact import fail

METHODS = ("wilson", "exact")
LEVEL = 0.95
USELESS = 1.0  # an interval of a share that is as wide says nothing


@dataclass(frozen=True)
class Estimate:
    """An estimate with an interval.

    Attributes
    ----------
    value : the estimate; a clean accuracy may come out of [0, 1] by chance.
    low, high : the interval; of a share, cut to [0, 1].
    level : its coverage.
    method : what the interval is.
    useful : is the interval narrower than 1, the width that needs no data?
    """

    value: float
    low: float
    high: float
    level: float
    method: str

    @property
    def useful(self) -> bool:
        return math.isfinite(self.value) and self.high - self.low < USELESS

    def to_dict(self) -> dict[str, float | str | bool]:
        """Return the estimate as plain JSON data."""
        return {**vars(self), "useful": self.useful}


def check_counts(count: int, n: int, name: str = "correct") -> None:
    """Refuse counts but 0 <= count <= n, whole numbers, n >= 1."""
    for key, value in ((name, count), ("n", n)):
        if isinstance(value, bool) or not isinstance(value, Integral):
            fail(key, "a whole number", value, TypeError)
    if n < 1:
        fail("n", ">= 1", int(n))
    if not 0 <= count <= n:
        fail(name, f"in 0..{n}", int(count))


def check_level(level: object, name: str = "level") -> None:
    """Refuse what is no probability in (0, 1)."""
    if isinstance(level, bool) or not isinstance(level, int | float | Fraction):
        fail(name, "a number", level, TypeError)
    if not 0 < level < 1:
        fail(name, "in (0, 1)", level)
