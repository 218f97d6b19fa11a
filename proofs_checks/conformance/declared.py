"""What a loss can promise of itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lossmatters.theory.losses import Loss

Number = float | Callable[[int], float]


@dataclass(frozen=True)
class Declared:
    """What a loss promises of itself; None where nothing is said. See `declare`."""

    formula: Loss | None = None
    symmetric: bool | None = None
    constant: Number | None = None
    normalised: bool | None = None
    bound: Number | None = None
    convex: bool | None = None
    decreasing: bool | None = None
    smallest_at_label: bool | None = None
    zero_at_label: bool | None = None
    calibrated: bool | None = None
    differentiable: bool = True
