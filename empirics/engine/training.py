"""How a network is trained, as a declaration.  No torch here."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from lossmatters.empirics.engine.schedules import Linear, Schedule
from lossmatters.theory.exact import check_rate, exact, fail

OPTIMISERS = ("adam", "sgd")
AUGMENTATIONS = ("none", "crop", "crop and mirror")
PRECISIONS = ("float32", "bfloat16")


@dataclass(frozen=True)
class Training:
    """An optimiser, its step sizes, and what is done to the samples on the way.

    By default Adam, with a step size that is constant at first and then falls to 0 in a straight line.

    Parameters
    ----------
    epochs : how often each sample is seen, >= 1.
    batch_size : samples a step, >= 1; the last, smaller batch of an epoch is kept, but a single sample
        joins the batch before it, since batch normalisation cannot do with one.
    learning_rate : the step size at the start, > 0.
    schedule : how it changes, see `lossmatters.empirics.engine.schedules`.
    optimiser : "adam", with torch's defaults (betas (0.9, 0.999), eps 1e-8), or "sgd".
    momentum : of "sgd", in [0, 1); not Nesterov's.
    weight_decay : >= 0, times the parameter is added to each gradient, as torch does it for both: that of
        biases and of batch normalisation too.
    augmentation : of images: "none"; "crop", a random crop of a margin of four black pixels, or of the
        image itself for a model that is given crops; "crop and mirror", half of them mirrored too.
    precision : of the forward and backward pass: "float32", or "bfloat16" where torch's autocast deems it
        right; parameters, statistics and losses are float32 in any case.
    """

    epochs: int = 80
    batch_size: int = 64
    learning_rate: Fraction = Fraction(3, 1000)
    schedule: Schedule = field(default_factory=lambda: Linear(Fraction(5, 8)))
    optimiser: str = "adam"
    momentum: Fraction = Fraction(0)
    weight_decay: Fraction = Fraction(0)
    augmentation: str = "none"
    precision: str = "float32"

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size"):
            check_count(name, getattr(self, name))
        for name in ("learning_rate", "weight_decay"):
            object.__setattr__(self, name, exact(getattr(self, name), name))
        object.__setattr__(self, "momentum", check_rate(self.momentum, "momentum"))
        if self.learning_rate <= 0:
            fail("learning_rate", "> 0", self.learning_rate)
        if self.weight_decay < 0:
            fail("weight_decay", ">= 0", self.weight_decay)
        for name, known in (
            ("optimiser", OPTIMISERS),
            ("augmentation", AUGMENTATIONS),
            ("precision", PRECISIONS),
        ):
            if getattr(self, name) not in known:
                fail(name, f"one of {', '.join(known)}", getattr(self, name))
        if self.momentum == 1 or (self.momentum and self.optimiser != "sgd"):
            fail("momentum", "in [0, 1), and 0 but with sgd", self.momentum)

    def step_size(self, epoch: int, done: float = 0.0) -> float:
        """Return the step size in epoch `epoch` (0-based), of which a share `done` in [0, 1) is over.

        >>> [round(Training().step_size(epoch), 6) for epoch in (0, 50, 65, 79)]
        [0.003, 0.003, 0.0015, 0.0001]
        """
        return float(self.learning_rate) * self.schedule.factor(epoch, done, self.epochs)

    @property
    def description(self) -> dict[str, Any]:
        """Return what a record stores of it; what is not done to samples or weights is not named."""
        own: dict[str, Any] = {"betas": [0.9, 0.999], "eps": 1e-8}
        if self.optimiser == "sgd":
            own = {"momentum": str(self.momentum)}
        if self.weight_decay:
            own["weight_decay"] = str(self.weight_decay)
        if self.augmentation != "none":
            own["augmentation"] = self.augmentation
        if self.precision != "float32":
            own["precision"] = self.precision
        return {
            "optimiser": self.optimiser,
            "learning_rate": str(self.learning_rate),
            **own,
            "batch_size": self.batch_size,
            "epochs": self.epochs,
            **self.schedule.description,
        }


def check_count(name: str, value: object) -> int:
    """Return `value` as an integer >= 1, or raise the house's error."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an integer >= 1, got {name}={value!r}")
    if value < 1:
        fail(name, "an integer >= 1", value)
    return value
