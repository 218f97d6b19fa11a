"""Disks that fill up while something is written to them."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from children import forked
from full_disks import fill, may_mount, small_disk
from soak_kills import check_whole, ended, sweep
from soaking import COUNTS, Wrong

from lossmatters.arguments import kept_records
from lossmatters.cli import main
from lossmatters.empirics.data.base import Dataset
from lossmatters.empirics.data.stored import store, stored
from lossmatters.empirics.engine.checkpoint import Checkpoints
from lossmatters.empirics.records import append, read
from lossmatters.proofs_checks import ledger
from lossmatters.theory.files import write_whole

SAYS = "no space left"


def whole_records(folder: Path, draw: random.Random) -> Callable[[], Any]:
    """Append a few records; return what reads all of them."""
    one = read(kept_records() / "short.jsonl")[0]
    append(
        folder / "r.jsonl", [replace(one, seed=draw.randrange(10**6)) for _ in range(draw.randrange(1, 9))]
    )
    return lambda: read(folder / "r.jsonl")


def whole_checkpoint(folder: Path, draw: random.Random) -> Callable[[], Any]:
    """Save a checkpoint of some size; return what loads it."""
    import torch

    Checkpoints(folder / "c.pt", 0).save({"weights": torch.full((draw.randrange(1, 20_000),), 2.0)})
    return lambda: Checkpoints(folder / "c.pt", 0).load("cpu")["weights"].unique().tolist() == [2.0] or 1 / 0


def whole_data(folder: Path, draw: random.Random) -> Callable[[], Any]:
    """Store a data set of some size; return what loads it."""
    size = draw.randrange(2, 2000)
    inputs, labels = np.full((size, 3), 0.5, dtype=np.float32), np.arange(size) % 2
    place = store(Dataset("mine", inputs, labels, inputs[:2], labels[:2], 2), folder)
    return lambda: stored(place)


def whole_ledger(folder: Path, draw: random.Random) -> Callable[[], Any]:
    """Write a ledger of some size; return what reads it."""
    claim = {"id": "S1", "status": "proved", "statement": "x" * draw.randrange(1, 50_000)}
    ledger.write({"claims": [claim], "provenance": {}}, folder / "ledger.json")
    return lambda: ledger.read(folder / "ledger.json")


def whole_text(folder: Path, draw: random.Random) -> Callable[[], Any]:
    """Write a file of some size."""
    write_whole(folder / "text", "x" * draw.randrange(1, 100_000), durable=True)
    return lambda: None


WRITERS = (whole_records, whole_checkpoint, whole_data, whole_ledger, whole_text)


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file but locks, which hold nothing."""
    found = {str(p.relative_to(folder)): p for p in folder.rglob("*") if p.is_file()}
    return {name: p.read_bytes() for name, p in found.items() if not name.endswith(".lock")}


def write_until_full(folder: Path, draw: random.Random) -> None:
    """Write this and that until the disk is full: then all is there as it was before the last write."""
    for _ in range(500):
        before, writer = contents(folder), draw.choice(WRITERS)
        try:
            readable = writer(folder, draw)
        except OSError as error:
            if SAYS not in str(error) or "\n" in str(error):
                raise Wrong(f"{writer.__name__}: {error!r}") from error
            if contents(folder) != before:
                raise Wrong(
                    f"{writer.__name__} changed {sorted(contents(folder).items() ^ before.items())}"[:500]
                ) from error
            return
        readable()
    raise Wrong("the disk was never full")


COMMANDS = (
    ["figures", "--records", "../r.jsonl", "--only", "loss-curves,noise-tolerance", "--out", "o"],
    ["figures", "--records", "../r.jsonl", "--only", "curves", "--format", "svg", "--out", "o"],
    ["report", "--records", "../r.jsonl", "--ledger", "../ledger.json", "--out", "o"],
)


def fill_disks(draw: random.Random, folder: Path) -> None:
    """What is written to a disk until it is full is there or not there, and the disk is said to be full."""
    COUNTS["fills"] += 1
    disk = folder / "disk"
    disk.mkdir()
    mounted = may_mount() and draw.random() < 0.5
    kind = draw.choices(["writers", "sweep", "command"], [6, 3, 1])[0]
    size = int(10 ** draw.uniform(2, {"writers": 6, "sweep": 5, "command": 4}[kind]))

    def work() -> None:
        if not mounted:
            fill(size)
        if kind == "writers":
            write_until_full(disk, draw)
        elif kind == "sweep":
            sweep(disk / "r.jsonl", every=0.0)
        else:
            main(draw.choice(COMMANDS))

    with small_disk(disk, size) if mounted else nullcontext() as enlarge:
        if kind == "command":
            append(folder / "r.jsonl", read(kept_records() / "short.jsonl")[:1])
            ledger.write({"claims": [], "provenance": {}}, folder / "ledger.json")
        child = forked(work, disk, folder / "said")
        said = ended(child)
        lines = said.strip().splitlines()
        if kind == "writers" and (said or child.status):
            raise Wrong(f"writers, {size} bytes: {said}")
        if kind == "command" and child.status and (len(lines) != 1 or SAYS not in said):
            raise Wrong(f"{size} bytes: status {child.status}: {said}")
        if kind == "sweep":
            if child.status and SAYS not in lines[-1]:
                raise Wrong(f"{size} bytes: {said}")
            if enlarge:
                enlarge()
            check_whole(disk)
