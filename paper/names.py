"""What losses, metrics and noise rates are called in figures, tables and text."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from functools import cache
from typing import Any, NamedTuple

from lossmatters.theory.losses import Loss, get

MAIN_NAMES = ("cce", "mse", "rll", "nmse", "mae", "gce")
GREEK = {
    name: chr(code) for name, code in (("alpha", 0x3B1), ("beta", 0x3B2), ("gamma", 0x3B3), ("tau", 0x3C4))
}


class Metric(NamedTuple):
    """A curve of the records: its symbol (mathtext), and what it is in a few words."""

    symbol: str
    words: str


METRICS = {
    "noisy_train_accuracy": Metric("$J_1$", "accuracy on the training labels as given (some altered)"),
    "clean_train_accuracy": Metric("$J_2$", "accuracy on the clean training labels"),
    "test_accuracy": Metric("test", "accuracy on the test set"),
    "memorization_rate": Metric("$M$", "altered samples given their altered label"),
    "recovery_rate": Metric("$A_f$", "altered samples given their clean label"),
    "min_class_recall": Metric("min. recall", "smallest recall of a class on the test set"),
}


LONGEST = 500  # characters of a loss text that is taken for one of the catalogue


@cache
def loss_of(spec: str) -> Loss | None:
    """Return the loss that a record names, or None where it is not in the catalogue.

    Records are foreign input: no file or module is imported for the sake of a name, and no text is parsed
    that is longer than any loss of the catalogue needs.
    """
    if ":" in spec or ".py" in spec or len(spec) > LONGEST:
        return None
    try:
        return get(spec)
    except (ValueError, TypeError):
        return None


def canonical(spec: str) -> str:
    """Return one text for each loss: "rll" and "RLL(alpha=0.1)" are both "rll(alpha=1/10)"."""
    loss = loss_of(spec)
    return spec if loss is None else loss.spec


def main_losses() -> tuple[str, ...]:
    """Return the losses of the main figures, with their default parameters."""
    return tuple(get(name).spec for name in MAIN_NAMES)


FEW = 8  # losses of a set-up that is small enough to show all of them where else the main ones are shown


def shown_losses(losses: list[str]) -> list[str]:
    """Return the losses to show one by one: the main ones, and all where they are few, as in an own trial."""
    main = main_losses()
    return losses if len(losses) <= FEW else [loss for loss in losses if loss in main]


def loss_order(spec: str) -> tuple[Any, ...]:
    """Sort key: the main losses, then by name and parameters, then those outside the catalogue."""
    main, loss = main_losses(), loss_of(spec)
    if spec in main:
        return (0, main.index(spec), (), spec)
    if loss is None:
        return (2, 0, (), spec)
    return (1, 0, (loss.name, *map(float, loss.parameters.values())), spec)


def loss_name(spec: str) -> str:
    """Return how a loss is written in figures: its title, and parameters with Greek letters in brackets.

    The parameter of a one-parameter loss is always given; of several, those that are not the default.
    """
    loss = loss_of(spec)
    if loss is None:
        return plain(spec.rpartition(":")[2])
    if not loss.title or not dataclasses.is_dataclass(loss):
        return spec
    defaults = {f.name: f.default for f in dataclasses.fields(loss)}
    shown = {k: v for k, v in loss.parameters.items() if len(loss.parameters) == 1 or v != defaults.get(k)}
    inner = ", ".join(f"{GREEK.get(k, k)} = {number(v)}" for k, v in shown.items())
    return f"{loss.title} ({inner})" if inner else loss.title


def plain(text: str) -> str:
    """Return text from outside as a figure shows it: short, and with no sign that starts a formula."""
    short = text if len(text) <= 60 else f"{text[:57]}..."
    return short.replace("$", r"\$")


def number(value: Any) -> str:
    """Return an exact number as a short decimal where it is one, else as a fraction.

    >>> number(Fraction(1, 10)), number(Fraction(1, 3))
    ('0.1', '1/3')
    """
    if not isinstance(value, Fraction):
        return str(value)
    decimal = f"{float(value):.6g}"
    return decimal if Fraction(decimal) == value else str(value)


def rate_name(rate: Fraction | None) -> str:
    """Return a noise rate as in "η = 0.4"; None is one that nobody knows."""
    return "η unknown" if rate is None else f"η = {number(rate)}"
