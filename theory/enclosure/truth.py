"""What comparisons of intervals say, which may be left open."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


class UndecidedError(TypeError):
    """A program branched on a comparison that overlapping intervals leave open."""


class Truth:
    """What a comparison of intervals says, entry by entry: `must` hold, `may` hold."""

    __array_ufunc__ = None

    def __init__(self, must: ArrayLike, may: ArrayLike) -> None:
        self.must, self.may = np.asarray(must), np.asarray(may)

    def __and__(self, other: Truth | ArrayLike) -> Truth:
        other = truth(other)
        return Truth(self.must & other.must, self.may & other.may)

    def __or__(self, other: Truth | ArrayLike) -> Truth:
        other = truth(other)
        return Truth(self.must | other.must, self.may | other.may)

    __rand__, __ror__ = __and__, __or__

    def __invert__(self) -> Truth:
        return Truth(~self.may, ~self.must)

    def __bool__(self) -> bool:
        if self.must.all():
            return True
        if not self.may.any():
            return False
        raise UndecidedError("a comparison of overlapping intervals has no truth value: use ops.where")


def truth(condition: Truth | ArrayLike) -> Truth:
    """Return a condition, decided or not, as a `Truth`."""
    if isinstance(condition, Truth):
        return condition
    decided = np.asarray(condition, dtype=bool)
    return Truth(decided, decided)
