"""A record: one training run as plain data, with a key of what was asked for and a digest of all it says."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from lossmatters.empirics.records.canonical import canonical_text, sorted_json

SCHEMA = 2
CURVES = (
    "train_loss",
    "noisy_train_accuracy",
    "clean_train_accuracy",
    "memorization_rate",
    "recovery_rate",
    "test_accuracy",
    "min_class_recall",
)
# On the altered labels it was trained on; expected under fresh uniform noise of the nominal rate (the average
# over the noise, not a draw); on the clean labels.
RISKS = ("own_labels", "fresh_labels", "clean_labels")


class RecordError(ValueError):
    """A file that does not hold records, or holds a broken one."""


@dataclass(frozen=True)
class Record:
    """One training run.

    Attributes
    ----------
    experiment : the declaration it belongs to, such as "quick".
    dataset : name, sha256 of its bytes, train_size, test_size, num_classes.
    model : name, widths (or other shape) and the number of parameters.
    training : optimiser, step size, batch size, epochs, schedule. A warm start also has "start": the text
        of the loss with which this network was first trained, for as many epochs on the same altered
        labels; then the run began at those weights, with a fresh state of the optimiser. A set-up that
        differs from the main one of its experiment, data and kind of model has "variant", its name.
    loss : the text that `lossmatters.theory.losses.get` turns into the loss.
    noise : kind, draw, rate (nominal, an exact string such as "2/5") and realised_rate (a float); both
        rates are None where nobody knows the clean labels. Noise that is not uniform has more
        (`lossmatters.empirics.noise_kinds`): flips, matrix or a hash of what it was made of, and
        realised_counts, K x K: of each clean class (a row), how many samples have each label.
    seed : seeds the initial weights, the altered labels and the order of batches.
    curves : one list a name of `CURVES`, a value an epoch (after epoch 1, 2, ...). Memorization and
        recovery rate are None where no label was altered, and with clean_train_accuracy where nobody
        knows the clean labels. min_class_recall is over the test set.
    provenance : versions, device, threads, wall time, samples/s, stack: what may differ between two
        runs that agree in all else.
    risks : mean losses of the final network on the training samples, by the names of `RISKS`; None in a
        record that was written before they were measured, or where nobody knows the clean labels.
    classes : after the last epoch, of each clean class (K values each): noisy_train_accuracy,
        clean_train_accuracy, memorization_rate, recovery_rate, None where there is nothing to count, and
        flip_epoch (see `lossmatters.theory.memorization.flip_epoch`). None where nobody knows the clean
        labels, or in a record that was written before they were counted.
    """

    experiment: str
    dataset: dict[str, Any]
    model: dict[str, Any]
    training: dict[str, Any]
    loss: str
    noise: dict[str, Any]
    seed: int
    curves: dict[str, list[float | None]]
    provenance: dict[str, Any]
    schema: int = SCHEMA
    risks: dict[str, float] | None = None
    classes: dict[str, list[float | int | None]] | None = None
    formula: str | None = None

    @property
    def configuration(self) -> dict[str, Any]:
        """Return what was asked for: everything but the outcome and its provenance."""
        noise = {k: v for k, v in self.noise.items() if not k.startswith("realised_")}
        return {
            "experiment": self.experiment,
            "dataset": self.dataset,
            "model": self.model,
            "training": self.training,
            "loss": self.loss,
            "noise": noise,
            "seed": self.seed,
            **({} if self.formula is None else {"formula": self.formula}),
        }

    @cached_property
    def run_id(self) -> str:
        """Return a stable key of the configuration: 16 hexadecimal digits of its SHA-256."""
        return run_id(self.configuration)

    @cached_property
    def repeats(self) -> str:
        """Return a key that runs share which differ in loss, noise rate, seed and start alone, whatever the
        experiment: 16 hexadecimal digits.
        """
        noise = {k: v for k, v in self.noise.items() if k != "rate" and not k.startswith("realised_")}
        training = {k: v for k, v in self.training.items() if k != "start"}
        text = sorted_json([self.dataset, self.model, training, noise])
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @cached_property
    def noise_rate(self) -> Fraction:
        """Return the nominal rate, exact.

        Raises
        ------
        RecordError : nobody knows it.
        """
        if self.noise["rate"] is None:
            raise RecordError(
                f"rate must be known, got rate=None in run {self.run_id} ({self.noise['kind']} labels)"
            )
        return Fraction(self.noise["rate"])

    @property
    def start(self) -> str | None:
        """Return the loss of the first phase of a warm start; None for a cold one."""
        return self.training.get("start")

    @property
    def variant(self) -> str | None:
        """Return the name of a set-up beside the main one; None for the main one."""
        return self.training.get("variant")

    @property
    def epochs(self) -> int:
        return len(self.curves["train_loss"])

    @cached_property
    def diverged(self) -> int | None:
        """Return the epoch in which the loss was no longer finite, from 1 on; None where it always was.

        After the last step of the last epoch, it shows in the risks of the final network alone.
        """
        losses = self.curves["train_loss"]
        if None in losses or not all(map(math.isfinite, losses)):  # type: ignore[arg-type]  # no None then
            return 1 + next(i for i, x in enumerate(losses) if x is None or not math.isfinite(x))
        own = (self.risks or {}).get("own_labels", 0.0)
        return None if math.isfinite(own) else self.epochs

    @property
    def final(self) -> dict[str, float | None]:
        """Return the last value of each curve."""
        return {name: values[-1] for name, values in self.curves.items()}

    @property
    def outcome(self) -> dict[str, Any]:
        """Return everything that a repetition on the same machine must reproduce bit by bit."""
        out = {**self.configuration, "noise": self.noise, "curves": self.curves}
        return out | {
            name: getattr(self, name) for name in ("risks", "classes") if getattr(self, name) is not None
        }

    def to_json(self) -> str:
        """Return one line of JSON, without a newline; floats in their shortest exact form.

        A run that diverged says so: ``"diverged": EPOCH``.
        """
        content = {"run_id": self.run_id, **dataclasses.asdict(self)}
        if self.formula is None:
            del content["formula"]
        if self.diverged is not None:
            content["diverged"] = self.diverged
        return json.dumps({**content, "digest": digest_of(content)}, allow_nan=True)


def digest_of(content: dict[str, Any]) -> str:
    """Return 16 hexadecimal digits of the SHA-256 of a record's content, its own digest left out.

    It is of the text that ``json.dumps(content, sort_keys=True)`` gives. A float is written in its shortest
    exact form, so a record that was read has the digest that was written.
    """
    text = canonical_text({k: v for k, v in content.items() if k != "digest"})
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def run_id(configuration: dict[str, Any]) -> str:
    """Return the key of a configuration (see `Record.run_id`)."""
    return hashlib.sha256(sorted_json(configuration).encode()).hexdigest()[:16]


def converged(records: Iterable[Record]) -> list[Record]:
    """Return the records of runs that did not diverge: the only ones that say something of their loss.

    A network of NaN gives every sample the same class, which no rule and no mean may take for learning.
    """
    return [r for r in records if r.diverged is None]


def select(records: Sequence[Record], **wanted: Any) -> list[Record]:
    """Return the records whose experiment, loss, noise_rate, seed or start equal the values given.

    >>> select([], loss="cce", noise_rate=Fraction(2, 5))
    []
    """
    return [r for r in records if all(getattr(r, key) == value for key, value in wanted.items())]
