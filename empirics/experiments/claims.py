"""Which sweep trains which runs, where several write into one file of records.  No torch here.

A sweep that trains has a name in a folder beside the records, and two files there: a lock that it holds as
long as its process lives, and a list of the runs that it has claimed. The system takes the lock from a
process that dies, however that dies, and with it the runs. Lists are read and written under the lock of the
records: a run is claimed by one sweep, and what was written before it was given back is seen by the next.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from filelock import Timeout

from lossmatters.empirics.records import Record
from lossmatters.empirics.records.files import append, lock, lock_of, read_from
from lossmatters.theory.files import write_whole


class Claims:
    """The runs that this sweep has claimed, by their run_id.

    Parameters
    ----------
    records : Path
        The file that all sweeps write into.
    read : int
        How much of it, in bytes, was read before.
    """

    def __init__(self, records: Path, read: int) -> None:
        self.elsewhere: dict[str, Record] = {}  # what other sweeps have written since
        self.written: set[str] = set()  # what this one has
        self._records = records
        self._read = read
        self._folder = claims_folder(records)
        self._name = f"{os.getpid()}-{uuid4().hex[:12]}"
        self._held = lock(self._folder / f"{self._name}.lock")
        self._mine: set[str] = set()

    @contextmanager
    def open(self, leave: Callable[[], None]) -> Iterator[Claims]:
        """Take part, in a block; at its end all that was claimed is given back.

        Parameters
        ----------
        leave : called at the end under the lock of the records, where no other sweep takes part.
        """
        with lock_of(self._records):
            self._folder.mkdir(parents=True, exist_ok=True)
            self._held.acquire()
        try:
            yield self
        finally:
            with lock_of(self._records):
                others = self._others()
                self._held.release()
                _remove(self._folder, self._name)
                if not others:
                    leave()
                with suppress(OSError):  # where others take part it is not empty
                    self._folder.rmdir()

    def take(self, choices: Mapping[int, Collection[str]]) -> tuple[int | None, list[int]]:
        """Claim the first choice of runs that no other sweep is at, and tell which are no choice any more.

        Returns
        -------
        number : int or None
            The choice that is now this sweep's: those of its runs that are not in `elsewhere`.
        recorded : list of int
            The choices all of whose runs are in `elsewhere`.
        """
        with lock_of(self._records):
            new, self._read = read_from(self._records, self._read)
            self.elsewhere |= {record.run_id: record for record in new if record.run_id not in self.written}
            claimed: set[str] = set().union(*self._others().values())
            recorded = []
            for number, runs in choices.items():
                wanted = set(runs) - self.elsewhere.keys()
                if not wanted:
                    recorded.append(number)
                elif not wanted & claimed:
                    self._mine |= wanted
                    self._write()
                    return number, recorded
        return None, recorded

    def append(self, records: Iterable[Record]) -> None:
        """Append records of claimed runs to the file, and let others have what they will find there."""
        new = list(records)
        self.written |= {record.run_id for record in new}
        append(self._records, new)
        self.give_back({record.run_id for record in new})

    def give_back(self, runs: Collection[str]) -> None:
        """Let others have runs, which are recorded or were given up."""
        with lock_of(self._records):
            self._mine -= set(runs)
            self._write()

    def _write(self) -> None:
        write_whole(self._folder / f"{self._name}.json", json.dumps(sorted(self._mine)))

    def _others(self) -> dict[str, set[str]]:
        """Return what other sweeps have claimed, by their names; those that are no more are removed."""
        found = {}
        for file in sorted(self._folder.glob("*.lock")):
            name = file.stem
            if name == self._name:
                continue
            if _is_held(file):
                found[name] = _claimed(file.with_suffix(".json"))
            else:
                _remove(self._folder, name)
        return found


def claims_folder(records: Path) -> Path:
    """Return the folder beside a file of records in which sweeps are listed: hidden, as its lock is."""
    return records.with_name(f".{records.name}.claims")


def _is_held(file: Path) -> bool:
    try:
        with lock(file, timeout=0):
            return False
    except Timeout:
        return True


def _claimed(file: Path) -> set[str]:
    try:
        return set(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):  # nothing claimed yet, or cut off with the machine's power
        return set()


def _remove(folder: Path, name: str) -> None:
    for ending in ("json", "lock"):
        with suppress(OSError):
            (folder / f"{name}.{ending}").unlink()
