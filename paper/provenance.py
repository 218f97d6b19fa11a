"""Where the records come from: what a reader needs to repeat the runs, gathered from all of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from lossmatters.empirics.records import Record
from lossmatters.paper.names import number
from lossmatters.paper.statistics import grid, rates_of


def provenance(records: Sequence[Record]) -> dict[str, Any]:
    """Return set-up, counts, versions, devices, times and source of the records of one set-up, as JSON data.

    What differs between records is listed with every value it takes.
    """
    first, cells = records[0], grid(records)
    out: dict[str, Any] = {
        "experiment": first.experiment,
        "records": len(records),
        "losses": len({loss for loss, _ in cells}),
        "noise rates": [number(rate) for rate in rates_of(cells)],
        "noise": {k: v for k, v in first.noise.items() if k not in ("rate", "realised_rate")},
        "seeds": sorted({r.seed for r in records}),
        "data": first.dataset,
        "model": first.model,
        "training": first.training,
    }
    for key in dict.fromkeys(key for r in records for key in r.provenance):
        values = [r.provenance[key] for r in records if r.provenance.get(key) is not None]
        if key.startswith("wall_time"):
            out["training time"] = f"{_stack_time(records, key):.0f} s, summed over stacks of runs"
        elif key == "time":
            out["trained"] = f"{min(values)} to {max(values)}" if values else None
        elif key == "versions":
            out["versions"] = {
                name: _one_or_all(v[name] for v in values if v.get(name)) for name in _names(values)
            }
        elif not key.startswith("samples") and key != "stack":
            out[key] = _one_or_all(values)
    return {key: value for key, value in out.items() if value not in (None, [], {})}


def _stack_time(records: Sequence[Record], key: str) -> float:
    """Add up seconds of training: the runs of a stack were trained together, so their time counts once."""
    times = {}
    for index, record in enumerate(records):
        p = record.provenance
        stack = p.get("stack") or {}
        identity = (p.get("time"), stack.get("index")) if stack else (index,)
        times[identity] = float(p.get(key) or 0)
    return sum(times.values())


def _names(values: Sequence[dict[str, Any]]) -> list[str]:
    return [name for name in dict.fromkeys(n for v in values for n in v) if any(v.get(name) for v in values)]


def _one_or_all(values: Iterable[Any]) -> Any:
    found: list[Any] = []
    for value in values:
        if value not in found:
            found.append(value)
    return found[0] if len(found) == 1 else found
