"""How a network is trained, as a declaration.  No torch here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from lossmatters.empirics.engine.schedules import Linear, Schedule
from lossmatters.empirics.loading import is_reference, text_of
from lossmatters.theory.exact import check_rate, exact, fail

OPTIMISERS = ("adam", "sgd")
AUGMENTATIONS = ("none", "crop", "crop and mirror")
PRECISIONS = ("float32", "bfloat16")
USUAL_RATE = Fraction(3, 1000)
_TEXTS = "a function, path/to/file.py:name or package.module:name"
KINDS = {
    "optimiser": f"adam, sgd or a factory: {_TEXTS}",
    "schedule": f"a Schedule or a factory: {_TEXTS}",
}


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
    schedule : how it changes, see `lossmatters.empirics.engine.schedules`; or a factory, a function of
        (optimiser, steps) that makes a scheduler of torch, which is stepped after each of so many batches.
    optimiser : "adam", with torch's defaults (betas (0.9, 0.999), eps 1e-8), or "sgd"; or a factory, a
        function of a list of parameters that makes a ``torch.optim.Optimizer``. Each network then has an
        optimiser of its own, with the step size that the factory gives it, times the schedule's factor.
        Factories may be texts, ``path/to/file.py:name`` or ``package.module:name``.
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
    learning_rate: Fraction = USUAL_RATE
    schedule: Schedule | Callable[..., Any] | str = field(default_factory=lambda: Linear(Fraction(5, 8)))
    optimiser: Callable[..., Any] | str = "adam"
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
        for name, own in (("optimiser", self.own_optimiser), ("schedule", self.own_schedule)):
            value = getattr(self, name)
            if own and not (callable(value) or (isinstance(value, str) and is_reference(value))):
                fail(name, KINDS[name], value, ValueError if isinstance(value, str) else TypeError)
        if self.own_optimiser and (self.learning_rate != USUAL_RATE or self.weight_decay):
            name = "weight_decay" if self.weight_decay else "learning_rate"
            fail(name, "left to an optimiser of one's own", getattr(self, name))
        for name, known in (
            ("augmentation", AUGMENTATIONS),
            ("precision", PRECISIONS),
        ):
            if getattr(self, name) not in known:
                fail(name, f"one of {', '.join(known)}", getattr(self, name))
        if self.momentum == 1 or (self.momentum and self.optimiser != "sgd"):
            fail("momentum", "in [0, 1), and 0 but with sgd", self.momentum)

    def with_own(self, optimiser: Any = None, schedule: Any = None) -> Training:
        """Return the same training with another optimiser, or another schedule, where one is given.

        A factory's optimiser has its own step size and weight decay: what was declared of them is dropped.
        """
        changed = self
        if optimiser is not None:
            rate, decay = self.learning_rate, self.weight_decay
            if optimiser not in OPTIMISERS:
                rate, decay = USUAL_RATE, Fraction(0)
            none = Fraction(0)
            changed = replace(
                self, optimiser=optimiser, learning_rate=rate, weight_decay=decay, momentum=none
            )
        return changed if schedule is None else replace(changed, schedule=schedule)

    @property
    def own_optimiser(self) -> bool:
        """Return whether the optimiser is made by a factory."""
        return not (isinstance(self.optimiser, str) and self.optimiser in OPTIMISERS)

    @property
    def own_schedule(self) -> bool:
        """Return whether the schedule is made by a factory."""
        return not hasattr(self.schedule, "factor")

    def factor(self, epoch: int, done: float = 0.0) -> float:
        """Return the declared schedule's factor at a moment; 1 where the schedule is one's own."""
        if self.own_schedule:
            return 1.0
        return self.schedule.factor(epoch, done, self.epochs)  # type: ignore[union-attr]  # a Schedule

    def step_size(self, epoch: int, done: float = 0.0) -> float:
        """Return the step size in epoch `epoch` (0-based), of which a share `done` in [0, 1) is over.

        >>> [round(Training().step_size(epoch), 6) for epoch in (0, 50, 65, 79)]
        [0.003, 0.003, 0.0015, 0.0001]
        """
        return float(self.learning_rate) * self.factor(epoch, done)

    @property
    def description(self) -> dict[str, Any]:
        """Return what a record stores of it; what is not done to samples or weights is not named."""
        own: dict[str, Any] = {"betas": [0.9, 0.999], "eps": 1e-8}
        if self.optimiser == "sgd":
            own = {"momentum": str(self.momentum)}
        rate: dict[str, Any] = {"learning_rate": str(self.learning_rate)}
        schedule: dict[str, Any] = {}
        if self.own_optimiser or self.own_schedule:
            from lossmatters.empirics.engine.factories import settings_of

            about = settings_of(self)
            if self.own_optimiser:
                own, rate = {"optimiser_settings": about.groups}, {}
            if self.own_schedule:
                schedule = {"schedule": text_of(self.schedule), "schedule_sha256": about.step_sizes}
        if not self.own_schedule:
            schedule = self.schedule.description  # type: ignore[union-attr]  # a Schedule
        if self.weight_decay:
            own["weight_decay"] = str(self.weight_decay)
        if self.augmentation != "none":
            own["augmentation"] = self.augmentation
        if self.precision != "float32":
            own["precision"] = self.precision
        return {
            "optimiser": text_of(self.optimiser),
            **rate,
            **own,
            "batch_size": self.batch_size,
            "epochs": self.epochs,
            **schedule,
        }


def check_count(name: str, value: object) -> int:
    """Return `value` as an integer >= 1, or raise the house's error."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an integer >= 1, got {name}={value!r}")
    if value < 1:
        fail(name, "an integer >= 1", value)
    return value
