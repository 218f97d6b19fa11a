"""What the commands take: options, and the text of an option as a value.  Bad text raises ValueError."""

from __future__ import annotations

import os
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

import typer

from lossmatters.arithmetic import formula_in_k
from lossmatters.theory.processes import usable_cores

DEFAULT_OUT = Path("build")
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
RecordsPath = Annotated[
    Path | None,
    typer.Option(
        "--records",
        metavar="FILE_OR_DIR",
        help="Training records; by default OUT/records. `kept`: those that come with lossmatters.",
    ),
]
Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="Where to write.")]
Workers = Annotated[int | None, typer.Option("--workers", min=1, help="Processes; by default one a CPU.")]
Seeds = Annotated[
    int | None,
    typer.Option("--seeds", min=1, max=1000, help="Train seeds 0..N-1 instead of the declared ones."),
]
Epochs = Annotated[
    int | None, typer.Option("--epochs", help="Another number of epochs (these are other runs).")
]
Only = Annotated[
    str | None,
    typer.Option(
        "--only",
        metavar="KEY=VALUE,...",
        help="A part of the grid: loss=rll,eta=0.4 (also seed, model, start).",
    ),
]
OwnData = Annotated[
    str | None,
    typer.Option("--dataset", metavar="DATA", help="digits, mnist, cifar10, a part, or mine.npz."),
]
OwnModel = Annotated[
    str | None,
    typer.Option("--model", metavar="MODEL", help="mlp, cnn, ..., nets.py:make or package.module:Class."),
]
OwnNoise = Annotated[
    str | None,
    typer.Option(
        "--noise",
        metavar="NOISE",
        help="0.4, pair:0.4, asymmetric:0.4, T.npy, instance:rates.py:eta, or annotated.",
    ),
]
OwnOptimiser = Annotated[
    str | None,
    typer.Option("--optimiser", metavar="MAKE", help="adam, sgd, torch.optim:AdamW or nets.py:make."),
]
OwnSchedule = Annotated[
    str | None,
    typer.Option("--schedule", metavar="MAKE", help="nets.py:make, of an optimiser and a number of steps."),
]
NoisyLabels = Annotated[
    str | None,
    typer.Option("--noisy-labels", metavar="FILE", help="Labels as annotated (.npy), beside clean ones."),
]
Declare = Annotated[
    str | None,
    typer.Option(
        "--declare",
        metavar="PROMISE,...",
        help="How the loss is called and what it promises, to be checked too: takes=probs, targets=onehot, "
        "symmetric, formula=cce, bound=2, constant=2*(K-1), ...; all: `python -m pydoc lossmatters.declare`.",
    ),
]
Call = Annotated[
    str | None,
    typer.Option("--call", metavar="CALL", help='How the loss is called, as in "loss(z, y, epoch=1)".'),
]
Long = Annotated[bool, typer.Option("--long", help="All details, not a line each.")]
Device = Annotated[str, typer.Option("--device", help="auto, cpu or cuda.")]


def parse_only(text: str | None) -> dict[str, str]:
    """Return ``loss=rll(alpha=1/10),eta=0.4`` as a dict; commas inside brackets belong to the value."""
    chosen = {}
    for part in _parts(text):
        key, equals, value = part.partition("=")
        if not equals or not key.strip() or not value.strip():
            raise ValueError(f"only must be KEY=VALUE,..., got only={text!r}")
        chosen[key.strip()] = value.strip()
    return chosen


def parse_declarations(text: str | None) -> dict[str, Any]:
    """Return ``symmetric,calibrated=no,constant=2*(K-1),takes=probs`` as keywords of `declare`."""
    from lossmatters.proofs_checks.conformance.declared import Declared

    kinds = {field.name: str(field.type) for field in fields(Declared)}
    words = ("takes", "targets", "dtype", "layout", "formula")
    numbers = ("num_classes", "batch_of", "ignore_index")
    said: dict[str, Any] = {}
    for part in _parts(text):
        key, equals, value = (word.strip() for word in part.partition("="))
        if key in words:
            said[key] = value
        elif key in numbers:
            is_number = value.removeprefix("-").isdecimal()
            said[key] = int(value) if is_number else value  # which `declare` refuses
        elif key not in kinds:
            known = ", ".join([*words[:-1], *numbers, *kinds])
            raise ValueError(f"promise must be one of {known}, got {key!r}")
        elif "Number" in kinds[key]:
            said[key] = formula_in_k(value, key)
        else:
            if value not in YES_OR_NO and equals:
                raise ValueError(f"{key} must be yes or no, got {key}={value!r}")
            said[key] = YES_OR_NO.get(value, True)
    return said


def words(text: str | None) -> list[str]:
    """Return the words between commas."""
    return [word.strip() for word in (text or "").split(",") if word.strip()]


YES_OR_NO = {"yes": True, "true": True, "no": False, "false": False}


def _parts(text: str | None) -> list[str]:
    """Split text at commas; those inside brackets belong to the part."""
    parts: list[str] = []
    for piece in (text or "").split(","):
        if parts and parts[-1].count("(") > parts[-1].count(")"):
            parts[-1] += "," + piece
        elif piece.strip():
            parts.append(piece)
    return parts


def own_noise(noise: str | None, noisy_labels: str | None) -> Any:
    """Return what `--noise` and `--noisy-labels` mean together: a text, labels, or None."""
    if noisy_labels is None:
        return noise
    if noise is not None:
        raise ValueError(f"noise must be left out where noisy_labels are given, got noise={noise!r}")
    from lossmatters.empirics.data.sources import read_npy

    return read_npy(noisy_labels, "noisy_labels")


KEPT = Path("kept")  # in place of a path, if there is none of this name


def kept_records() -> Path:
    """Return the folder of the records that come with the package."""
    from importlib.resources import files

    return Path(str(files("lossmatters.paper") / "records"))


def check_not_kept(records: Path | None) -> None:
    """Refuse to train into the records that come with the package."""
    if records is not None and _is_kept(records):
        raise ValueError("records must be a path to write to where networks are trained, got records='kept'")


def _is_kept(records: Path) -> bool:
    return records == KEPT and not records.exists()


def read_records(records: Path | None, out: Path) -> Any:
    """Read the records asked for, or those that are kept; without a path, those of OUT if there are any."""
    from lossmatters.empirics.records import read

    if records is None:
        folder = out / "records"
        return read(folder) if any(folder.glob("*.jsonl")) else []
    return read(kept_records() if _is_kept(records) else records)


def need_records(records: Path | None, out: Path) -> Any:
    """Read the records as `read_records` does, and refuse where there is none."""
    found = read_records(records, out)
    if not found:
        where = out / "records"
        raise ValueError(
            f"records must hold a run, got none in {where}; train first: lossmatters train quick"
        )
    return found


def check_writable(out: Path) -> None:
    """Make the folder, and load what draws into it, or fail now: not after minutes of training.

    Raises
    ------
    OSError : it cannot be made or written, or Matplotlib finds no folder for its own files.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        if not os.access(out, os.W_OK):
            raise PermissionError(13, "Permission denied")
    except OSError as error:
        raise OSError(
            f"out must be a folder that can be written, got out={str(out)!r}: {error.strerror}"
        ) from None
    import matplotlib.figure  # noqa: F401  # which needs a home or a temporary folder


def workers_for(asked: int | None, claims: int) -> int:
    """Return the number of processes for `claims`: a few are checked here sooner than a process starts."""
    return asked or (usable_cores() if claims > 8 else 1)


def processes() -> int:
    """Return the number of processes that draw and compute: a few, as each loads what it computes with."""
    return min(usable_cores(), 4)


def parse_time(text: str) -> float:
    """Return 90s, 9m or 2h in seconds; a bare number is in seconds."""
    number, unit = (text[:-1], text[-1]) if text[-1:].isalpha() else (text, "s")
    try:
        return float(number) * {"s": 1, "m": 60, "h": 3600}[unit]
    except (ValueError, KeyError):
        raise ValueError(f"budget must be a time like 90s, 9m or 2h, got budget={text!r}") from None
