"""Which records are repetitions of each other, and what their set-up is called."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, TypeVar

from lossmatters.empirics.records import Record, converged

T = TypeVar("T")


class Runs(tuple[Record, ...]):
    """Records with what was computed from them, which is needed more than once: set-ups, grids, a digest.

    Record by record it is as any other sequence of them.
    """

    @cached_property
    def _found(self) -> dict[str, Any]:
        return {}

    def once(self, name: str, compute: Callable[[Runs], T]) -> T:
        """Return what `compute` makes of these records, computed at the first call with this name."""
        if name not in self._found:
            self._found[name] = compute(self)
        found: T = self._found[name]
        return found


def once(name: str, compute: Callable[[Sequence[Record]], T], records: Sequence[Record]) -> T:
    """Return what `compute` makes of records: once where they are `Runs`, which cannot change."""
    return records.once(name, compute) if isinstance(records, Runs) else compute(records)


def setups(records: Sequence[Record]) -> dict[str, Runs]:
    """Sort records by set-up: the same experiment, data, model, training and kind of noise. A warm start
    belongs to the set-up of the run that it goes on from.

    The key is the experiment's name; then the model's, the data's and the variant's where the set-ups of
    the experiment differ in these; then a digest where several are still called alike (a sweep repeated
    with other epochs, say). Runs that diverged are in none: no table and no figure shows them.
    """
    return dict(once("set-ups", _setups, records))


def _setups(records: Sequence[Record]) -> dict[str, Runs]:
    records = converged(records)
    found: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        found.setdefault((record.experiment, record.repeats[:6]), []).append(record)
    names = _names(records)
    labels = [
        "-".join([names[family(part[0])], *([_slug(part[0].variant)] if part[0].variant else [])])
        for part in found.values()
    ]
    return {
        label if labels.count(label) == 1 else f"{label}-{digest}": Runs(part)
        for label, ((_, digest), part) in zip(labels, found.items(), strict=True)
    }


def main_setups(records: Sequence[Record]) -> dict[str, Runs]:
    """Return the set-ups that are no variants of another (see `families`)."""
    return {name: part for name, part in setups(records).items() if part[0].variant is None}


def families(records: Sequence[Record]) -> dict[str, Runs]:
    """Sort records by experiment, kind of model and data: a set-up with its variants.

    Runs that diverged are in none.
    """
    return dict(once("families", _families, records))


def _families(records: Sequence[Record]) -> dict[str, Runs]:
    records = converged(records)
    names = _names(records)
    found: dict[str, list[Record]] = {}
    for record in records:
        found.setdefault(names[family(record)], []).append(record)
    return {name: Runs(part) for name, part in found.items()}


def family(record: Record) -> tuple[str, str, str]:
    """Return the experiment, the model and the data of a record."""
    return record.experiment, record.model["name"], record.dataset["name"].partition("(")[0]


def _names(records: Sequence[Record]) -> dict[tuple[str, str, str], str]:
    """Return a name for each family, no longer than it takes to tell those of one experiment apart."""
    keys = dict.fromkeys(map(family, records))
    names = {}
    for key in keys:
        beside = [other[1:] for other in keys if other[0] == key[0]]
        differs = [len({words[i] for words in beside}) > 1 for i in (0, 1)]
        names[key] = "-".join([key[0], *(_slug(w) for w, told in zip(key[1:], differs, strict=True) if told)])
    return names


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def cold(record: Record) -> Record:
    """Return the record as if it had started cold."""
    return replace(record, training={k: v for k, v in record.training.items() if k != "start"})
