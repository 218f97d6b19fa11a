"""How the step size changes in the course of training, as declarations.  No torch here."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any, Protocol

from lossmatters.theory.exact import check_rate, exact, fail


class Schedule(Protocol):
    """A factor of the step size for each moment of training."""

    def factor(self, epoch: int, done: float, epochs: int) -> float:
        """Return the factor in epoch `epoch` (0-based) of `epochs`, a share `done` in [0, 1) of which is
        over.
        """

    @property
    def description(self) -> dict[str, Any]:
        """Return what a record stores of the schedule."""


@dataclass(frozen=True)
class Linear:
    """Constant for a share of the epochs, in [0, 1], and then to 0 in a straight line, step by step.

    >>> [Linear(Fraction(5, 8)).factor(epoch, 0.0, 80) for epoch in (0, 50, 65)]
    [1.0, 1.0, 0.5]
    """

    constant_share: Fraction = Fraction(1)

    def __post_init__(self) -> None:
        object.__setattr__(self, "constant_share", check_rate(self.constant_share, "constant_share"))

    def factor(self, epoch: int, done: float, epochs: int) -> float:
        progress = (epoch + done) / epochs
        constant = float(self.constant_share)
        return (1 - progress) / (1 - constant) if progress > constant else 1.0

    @property
    def description(self) -> dict[str, Any]:
        return {
            "schedule": "constant, then linear to 0, by step",
            "constant_share": str(self.constant_share),
        }


@dataclass(frozen=True)
class Drops:
    """Times `by` whenever another of the shares `at` of the epochs is over.

    The source's schedule for ResNet-32, a tenth after epochs 100 and 150 of 200, is the default. As shares,
    they mean the same for another number of epochs.

    >>> [round(Drops().factor(epoch, 0.0, 200), 6) for epoch in (99, 100, 150)]
    [1.0, 0.1, 0.01]
    """

    by: Fraction = Fraction(1, 10)
    at: tuple[Fraction, ...] = (Fraction(1, 2), Fraction(3, 4))

    def __post_init__(self) -> None:
        object.__setattr__(self, "by", _factor(self.by, "by"))
        object.__setattr__(self, "at", tuple(check_rate(share, "at") for share in self.at))
        if any(a >= b for a, b in pairwise(self.at)):
            fail("at", "in ascending order", [str(share) for share in self.at])

    def factor(self, epoch: int, done: float, epochs: int) -> float:
        # both sides are rounded once, so an epoch that is exactly at a share counts
        progress = (epoch + done) / epochs
        return float(self.by) ** sum(progress >= float(share) for share in self.at)

    @property
    def description(self) -> dict[str, Any]:
        return {
            "schedule": "times a factor after shares of the epochs",
            "factor": str(self.by),
            "after": [str(share) for share in self.at],
        }


@dataclass(frozen=True)
class Exponential:
    """Times `by` after each epoch.

    >>> [round(Exponential(Fraction(19, 20)).factor(epoch, 0.5, 100), 4) for epoch in (0, 1, 99)]
    [1.0, 0.95, 0.0062]
    """

    by: Fraction = Fraction(19, 20)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by", _factor(self.by, "by"))

    def factor(self, epoch: int, done: float, epochs: int) -> float:
        return float(self.by) ** epoch

    @property
    def description(self) -> dict[str, Any]:
        return {"schedule": "times a factor after each epoch", "factor": str(self.by)}


def _factor(value: Fraction, name: str) -> Fraction:
    found = exact(value, name)
    if found <= 0:
        fail(name, "> 0", found)
    return found
