"""How a network is trained, as a declaration.  No torch here."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from theory.exact import check_rate, exact, fail


@dataclass(frozen=True)
class Training:
    """Adam, with a step size that is constant at first and then falls to 0 in a straight line.

    Parameters
    ----------
    epochs : how often each sample is seen, >= 1.
    batch_size : samples a step, >= 1; the last, smaller batch of an epoch is kept.
    learning_rate : the step size at the start, > 0.
    constant_share : the share of the epochs, in [0, 1], before the step size begins to fall.

    The other numbers of Adam are torch's defaults: betas (0.9, 0.999), eps 1e-8, no weight decay.
    """

    epochs: int = 80
    batch_size: int = 64
    learning_rate: Fraction = Fraction(3, 1000)
    constant_share: Fraction = Fraction(5, 8)

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size"):
            check_count(name, getattr(self, name))
        object.__setattr__(self, "learning_rate", exact(self.learning_rate, "learning_rate"))
        object.__setattr__(self, "constant_share", check_rate(self.constant_share, "constant_share"))
        if self.learning_rate <= 0:
            fail("learning_rate", "> 0", self.learning_rate)

    def step_size(self, progress: float) -> float:
        """The step size when a share `progress`, in [0, 1), of all steps is done.

        >>> [round(Training().step_size(epoch / 80), 6) for epoch in (0, 50, 65, 79)]
        [0.003, 0.003, 0.0015, 0.0001]
        """
        constant = float(self.constant_share)
        falling = (1 - progress) / (1 - constant) if progress > constant else 1.0
        return float(self.learning_rate) * falling

    @property
    def description(self) -> dict[str, Any]:
        """What a record stores of it."""
        return {
            "optimiser": "adam",
            "learning_rate": str(self.learning_rate),
            "betas": [0.9, 0.999],
            "eps": 1e-8,
            "batch_size": self.batch_size,
            "epochs": self.epochs,
            "schedule": "constant, then linear to 0, by step",
            "constant_share": str(self.constant_share),
        }


def check_count(name: str, value: object) -> int:
    """`value` as an integer >= 1, or the house's error."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an integer >= 1, got {name}={value!r}")
    if value < 1:
        fail(name, "an integer >= 1", value)
    return value
