"""A training as the mean-field model of D4 sees it: sizes, optimiser and schedule, read off a record."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from lossmatters.theory.exact import Number, check_num_classes, check_rate, fail

OPTIMISERS = ("adam", "sgd")


@dataclass(frozen=True)
class Setup:
    """A training set and a training, as the mean-field model (D4) sees them.

    Parameters
    ----------
    num_classes, samples : K and n.
    noise_rate : the share of altered labels, in (0, 1).
    epochs, batch_size : of the training.
    optimiser : "adam" or "sgd".
    step_sizes : relative step size in each epoch; all 1 if empty.
    """

    num_classes: int
    samples: int
    noise_rate: Fraction
    epochs: int
    batch_size: int
    optimiser: str = "adam"
    step_sizes: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        check_num_classes(self.num_classes)
        eta = check_rate(self.noise_rate)
        if not 0 < eta < 1:
            fail("noise_rate", "in (0, 1)", self.noise_rate)
        object.__setattr__(self, "noise_rate", eta)
        for name in ("samples", "epochs", "batch_size"):
            if getattr(self, name) < 1:
                fail(name, ">= 1", getattr(self, name))
        if self.optimiser not in OPTIMISERS:
            fail("optimiser", f"one of {', '.join(OPTIMISERS)}", self.optimiser)
        if len(self.step_sizes) not in (0, self.epochs):
            fail("step_sizes", f"empty or one for each of {self.epochs} epochs", len(self.step_sizes))

    @property
    def steps_an_epoch(self) -> int:
        return math.ceil(self.samples / self.batch_size)


def setup_of(
    dataset: Mapping[str, Any], training: Mapping[str, Any], epochs: int, noise_rate: Number
) -> Setup:
    """Return the model's view of a training, as records describe it, at a rate.

    Raises
    ------
    ValueError : a training that the model does not describe.
    """
    try:
        return Setup(
            num_classes=int(dataset["num_classes"]),
            samples=int(dataset["train_size"]),
            noise_rate=noise_rate,  # type: ignore[arg-type]  # it makes it exact
            epochs=epochs,
            batch_size=int(training["batch_size"]),
            optimiser=training["optimiser"],
            step_sizes=_step_sizes(training, epochs),
        )
    except KeyError as error:
        raise ValueError(f"training must say its {error.args[0]} for the model to describe it") from None


def _step_sizes(training: Mapping[str, Any], epochs: int) -> tuple[float, ...]:
    """Return the relative step size in the middle of each epoch."""
    kind, middles = training["schedule"], [(e + 0.5) / epochs for e in range(epochs)]
    if kind.startswith("constant, then linear"):
        flat = float(Fraction(training["constant_share"]))
        return tuple(1.0 if p <= flat else (1 - p) / (1 - flat) for p in middles)
    if kind.startswith("times a factor after shares"):
        factor, after = float(Fraction(training["factor"])), [float(Fraction(a)) for a in training["after"]]
        return tuple(factor ** sum(p >= a for a in after) for p in middles)
    if kind.startswith("times a factor after each epoch"):
        return tuple(float(Fraction(training["factor"])) ** e for e in range(epochs))
    fail("schedule", "one that the model knows", kind)
