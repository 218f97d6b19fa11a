"""Records: one training run as plain data, one JSON object a line.  No torch here.

A file of records is only ever appended to. All runs that were trained together are appended in one
write, so an interrupted sweep leaves whole stacks or nothing.
"""

from __future__ import annotations

import dataclasses
import fcntl
import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

SCHEMA = 1
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
    noise : kind, draw, rate (nominal, an exact string such as "2/5") and realised_rate (a float).
    seed : seeds the initial weights, the altered labels and the order of batches.
    curves : one list a name of `CURVES`, a value an epoch (after epoch 1, 2, ...). Memorization and
        recovery rate are None where no label was altered. min_class_recall is over the test set.
    provenance : versions, device, threads, wall time, samples/s, stack: what may differ between two
        runs that agree in all else.
    risks : mean losses of the final network on the training samples, by the names of `RISKS`; None in a
        record that was written before they were measured.
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

    @property
    def configuration(self) -> dict[str, Any]:
        """What was asked for: everything but the outcome and its provenance."""
        noise = {k: v for k, v in self.noise.items() if k != "realised_rate"}
        return {
            "experiment": self.experiment,
            "dataset": self.dataset,
            "model": self.model,
            "training": self.training,
            "loss": self.loss,
            "noise": noise,
            "seed": self.seed,
        }

    @property
    def run_id(self) -> str:
        """A stable key of the configuration: 16 hexadecimal digits of its SHA-256."""
        return run_id(self.configuration)

    @property
    def noise_rate(self) -> Fraction:
        """The nominal rate, exact."""
        return Fraction(self.noise["rate"])

    @property
    def start(self) -> str | None:
        """The loss of the first phase of a warm start; None for a cold one."""
        return self.training.get("start")

    @property
    def variant(self) -> str | None:
        """The name of a set-up beside the main one; None for the main one."""
        return self.training.get("variant")

    @property
    def epochs(self) -> int:
        return len(self.curves["train_loss"])

    @property
    def final(self) -> dict[str, float | None]:
        """The last value of each curve."""
        return {name: values[-1] for name, values in self.curves.items()}

    @property
    def outcome(self) -> dict[str, Any]:
        """Everything that a repetition on the same machine must reproduce bit by bit."""
        out = {**self.configuration, "noise": self.noise, "curves": self.curves}
        return out if self.risks is None else {**out, "risks": self.risks}

    def to_json(self) -> str:
        """One line of JSON, without a newline; floats in their shortest exact form."""
        return json.dumps({"run_id": self.run_id, **dataclasses.asdict(self)}, allow_nan=True)


def run_id(configuration: dict[str, Any]) -> str:
    """The key of a configuration (see `Record.run_id`)."""
    return hashlib.sha256(json.dumps(configuration, sort_keys=True).encode()).hexdigest()[:16]


def record_files(path: str | os.PathLike[str]) -> list[Path]:
    """The record files at `path`: itself, or the ``*.jsonl`` in a folder, sorted.

    Raises
    ------
    RecordError : nothing there.
    """
    path = Path(path)
    files = sorted(path.glob("*.jsonl")) if path.is_dir() else [path] if path.is_file() else []
    if not files:
        raise RecordError(f"records must be a file or a folder of .jsonl files, got path={str(path)!r}")
    return files


def read(path: str | os.PathLike[str]) -> list[Record]:
    """All records of a file or a folder, in order; of two with the same run_id the first counts.

    Raises
    ------
    RecordError : nothing there; a line that is not JSON (a write that was cut off), not a record, of
        another schema, or whose run_id does not belong to its configuration. The line is named, and
        nothing is changed on disk.
    """
    found: dict[str, Record] = {}
    for file in record_files(path):
        text = file.read_text(encoding="utf-8", errors="replace")
        for number, line in enumerate(text.split("\n"), start=1):
            if line.strip():
                record = _parse(line, f"{file}, line {number}")
                found.setdefault(record.run_id, record)
    return list(found.values())


def append(path: str | os.PathLike[str], records: Iterable[Record]) -> None:
    """Append records in one write, under a lock, and wait until they are on disk.

    Raises
    ------
    RecordError : the file ends in a line that was cut off (it is left as it is).
    OSError : the folder cannot be written.
    """
    path = Path(path)
    data = "".join(record.to_json() + "\n" for record in records).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        size = os.fstat(descriptor).st_size
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            raise RecordError(
                f"{path} must end in a whole record, got a line that was cut off; move it aside"
            )
        try:
            written = 0
            while written < len(data):
                written += os.write(descriptor, data[written:])
        except BaseException:
            os.ftruncate(descriptor, size)  # all of the stack or nothing
            raise
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _parse(line: str, where: str) -> Record:
    try:
        data = json.loads(line)
    except json.JSONDecodeError:
        raise RecordError(
            f"{where}: not a whole record (a write was cut off, or this is no record file)"
        ) from None
    if not isinstance(data, dict):
        raise RecordError(f"{where}: not a record, got {type(data).__name__}")
    if data.get("schema") != SCHEMA:
        raise RecordError(f"{where}: schema must be {SCHEMA}, got schema={data.get('schema')!r}")
    fields = [f.name for f in dataclasses.fields(Record)]
    missing = [name for name in fields if name not in data and name != "risks"] + [
        f"curves.{name}" for name in CURVES if name not in (data.get("curves") or {})
    ]
    if missing:
        raise RecordError(f"{where}: a record needs {', '.join(missing)}")
    record = Record(**{name: data[name] for name in fields if name in data})
    lengths = {len(values) for values in record.curves.values()}
    if len(lengths) != 1 or lengths == {0}:
        raise RecordError(f"{where}: curves must have one length > 0, got lengths={sorted(lengths)}")
    if data.get("run_id") != record.run_id:
        raise RecordError(
            f"{where}: run_id must be {record.run_id}, got run_id={data.get('run_id')!r} (edited?)"
        )
    return record


def select(records: Sequence[Record], **wanted: Any) -> list[Record]:
    """The records whose experiment, loss, noise_rate, seed or start equal the values given.

    >>> select([], loss="cce", noise_rate=Fraction(2, 5))
    []
    """
    return [r for r in records if all(getattr(r, key) == value for key, value in wanted.items())]
