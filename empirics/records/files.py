"""Files of records: read whole and checked, only ever appended to."""

from __future__ import annotations

import dataclasses
import inspect
import json
import os
from collections.abc import Iterable
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec
from filelock import BaseFileLock, FileLock

from lossmatters.empirics.records.record import CURVES, SCHEMA, Record, RecordError, digest_of
from lossmatters.theory.files import space_needed

READ = (1, SCHEMA)  # schema 1 had no digest
OPTIONAL = ("risks", "classes", "formula")  # of a record: older ones, and most, are without
_FIELDS = tuple(f.name for f in dataclasses.fields(Record))
LONGEST = 64 * 2**20  # characters of a line: a curve of a million epochs fits


def record_files(path: str | os.PathLike[str]) -> list[Path]:
    """Return the record files at `path`: itself, or the ``*.jsonl`` in a folder, sorted.

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
    """Return all records of a file or a folder, in order; of two with the same run_id the first counts.

    Nothing in a record is imported, evaluated or used as a path.

    Raises
    ------
    RecordError : nothing there; a line that is not JSON (a write that was cut off), not a record (see
        `lossmatters.empirics.records.schema`), of another schema, or whose run_id or digest does not belong
        to what it says. The line is named, and nothing is changed on disk.
    """
    found: dict[str, Record] = {}
    for file in record_files(path):
        with file.open(encoding="utf-8", errors="replace", newline="\n") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    record = _parse(line, f"{file}, line {number}")
                    found.setdefault(record.run_id, record)
    return list(found.values())


def append(path: str | os.PathLike[str], records: Iterable[Record]) -> None:
    """Append records in one write, under a lock, and wait until they are on disk.

    Raises
    ------
    RecordError : the file ends in a line that was cut off (it is left as it is).
    DiskFullError : no space is left; the file is as it was.
    OSError : the folder cannot be written.
    """
    path = Path(path)
    data = "".join(record.to_json() + "\n" for record in records).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    with space_needed(path, len(data)), lock_of(path):
        is_new = not path.exists()
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o644)
        try:
            size = os.fstat(descriptor).st_size
            if size:
                os.lseek(descriptor, size - 1, os.SEEK_SET)
                if os.read(descriptor, 1) != b"\n":
                    raise RecordError(
                        f"{path} must end in a whole record, got a line that was cut off; move it aside"
                    )
            try:
                written = 0
                while written < len(data):
                    written += os.write(descriptor, data[written:])
            except BaseException:
                os.ftruncate(descriptor, size)  # all of them or nothing
                if is_new:
                    with suppress(OSError):  # Windows removes no open file
                        path.unlink()
                raise
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def read_from(path: Path, start: int) -> tuple[list[Record], int]:
    """Return the records that a file holds beyond its first `start` bytes, and how many bytes it has now.

    To be called under the lock of the file, where no line is half written.
    """
    try:
        with path.open("rb") as file:
            file.seek(max(0, start - 1))
            if start and file.read(1) != b"\n":  # `start` was in the middle of a line that was being written
                file.seek(0)
            new = file.read()
            size = file.tell()
    except FileNotFoundError:
        return [], 0
    lines = new.decode("utf-8", errors="replace").split("\n")
    return [_parse(line, f"{path}, written meanwhile") for line in lines if line.strip()], size


def lock_of(path: Path) -> BaseFileLock:
    """Return the lock of a file of records: a file of its own, hidden beside it, alike on every system."""
    return lock(path.with_name(f".{path.name}.lock"))


def lock(file: Path, timeout: float = -1) -> BaseFileLock:
    """Return a lock that the system takes from a process that dies; no file that merely stands there."""
    strict: dict[str, Any] = {"fallback_to_soft": False} if "fallback_to_soft" in _LOCK_TAKES else {}
    return FileLock(file, timeout=timeout, **strict)


_LOCK_TAKES = inspect.signature(FileLock.__init__).parameters  # older versions know no other lock


def _parse(line: str, where: str) -> Record:
    if len(line) > LONGEST:
        raise RecordError(f"{where}: a record must have at most {LONGEST} characters, got {len(line)}")
    try:
        data = _decoded(line)
    except (ValueError, RecursionError):
        raise RecordError(
            f"{where}: not a whole record (a write was cut off, or this is no record file)"
        ) from None
    if not isinstance(data, dict):
        raise RecordError(f"{where}: not a record, got {type(data).__name__}")
    if type(data.get("schema")) is not int or data["schema"] not in READ:
        raise RecordError(f"{where}: schema must be {SCHEMA}, got schema={data.get('schema')!r}")
    curves = data.get("curves")
    missing = [name for name in _FIELDS if name not in data and name not in OPTIONAL] + [
        f"curves.{name}" for name in CURVES if not isinstance(curves, dict) or name not in curves
    ]
    if missing:
        raise RecordError(f"{where}: a record needs {', '.join(missing)}")
    lengths = {len(values) for values in data["curves"].values() if isinstance(values, list)}
    if len(lengths) > 1 or lengths == {0}:
        raise RecordError(f"{where}: curves must have one length > 0, got lengths={sorted(lengths)}")
    wrong = _wrong(data)
    if wrong:
        raise RecordError(f"{where}: {wrong}")
    record = Record(**{name: data[name] for name in _FIELDS if name in data})
    if data.get("run_id") != record.run_id:
        raise RecordError(
            f"{where}: run_id must be {record.run_id}, got run_id={data.get('run_id')!r} (edited?)"
        )
    if data.get("diverged", record.diverged) != record.diverged:
        raise RecordError(
            f"{where}: diverged must be {record.diverged}, got diverged={data['diverged']!r} (edited?)"
        )
    digest = data.get("digest")
    if data["schema"] == SCHEMA and digest is None:
        raise RecordError(f"{where}: a record needs digest")
    if digest is not None and digest != digest_of(data):
        raise RecordError(
            f"{where}: digest must be {digest_of(data)}, got digest={digest!r} (edited or damaged)"
        )
    _keep_once(record.curves, line)
    return record


_ONCE: dict[float, float] = {}
_MOST = 100_000  # numbers that are kept once
_MINUS_ZERO = ("[-0", ",-0", ", -0")  # equal to 0, and another number


def _keep_once(curves: dict[str, Any], line: str) -> None:
    """Let equal numbers in the curves of all records be one object, which takes a quarter of the memory.

    Shares are counts of samples over how many there are: of millions, few differ. Mean losses all do.
    """
    if any(text in line for text in _MINUS_ZERO):
        return
    if len(_ONCE) > _MOST:
        _ONCE.clear()
    for name in CURVES[1:]:
        values = curves[name]
        if set(map(type, values)) == {float}:
            values[:] = map(_ONCE.setdefault, values, values)


def _decoded(line: str) -> Any:
    """Return the JSON of a line: what msgspec cannot read, NaN and infinity, Python may."""
    try:
        return msgspec.json.decode(line)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return json.loads(line)


def _wrong(data: dict[str, Any]) -> str | None:
    """Return what is wrong with a record whose fields are all there."""
    from lossmatters.empirics.records.schema import problem  # needed to read alone

    found = problem(data)
    if found:
        return found
    epochs, rate = data["training"]["epochs"], data["noise"]["rate"]
    if epochs != len(data["curves"]["train_loss"]):
        return f"curves must have one value an epoch ({epochs}), got {len(data['curves']['train_loss'])}"
    if rate is not None and (not _is_rate(rate)):
        return f"noise.rate must be in [0, 1], got rate={rate!r}"
    return None


def _is_rate(text: str) -> bool:
    numerator, _, denominator = text.partition("/")
    return int(denominator or 1) > 0 and Fraction(int(numerator), int(denominator or 1)) <= 1
