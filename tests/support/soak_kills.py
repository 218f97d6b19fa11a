"""Sweeps that are killed."""

from __future__ import annotations

import contextlib
import functools
import json
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from children import Child, forked
from soaking import COUNTS, PATIENCE, Wrong
from tiny_sweep import TINY, outcomes

from lossmatters.empirics.experiments import train
from lossmatters.empirics.records import read

EPOCHS, SAMPLES = 6, 160  # half a second


def sweep(records: Path, every: float = 60.0) -> None:
    """Train the tiny sweep, and end as its script does."""
    try:
        train(
            TINY,
            records_path=records,
            epochs=EPOCHS,
            subset=SAMPLES,
            workers=1,
            device="cpu",
            progress=False,
            checkpoint_seconds=every,
        )
    except KeyboardInterrupt as error:
        sys.exit(str(error))


def ended(child: Child) -> str:
    """Return what a process said when it and its workers have ended, which they must."""
    try:
        if not child.gone(PATIENCE):
            raise Wrong("a worker outlived its sweep, or a sweep what should have ended it")
        return child.output
    finally:
        child.end()


@functools.cache
def reference() -> tuple[list[str], float]:
    """Return the outcomes of a sweep that nothing happened to, and the seconds that it took."""
    with tempfile.TemporaryDirectory() as place:
        folder, began = Path(place), time.monotonic()
        said = ended(forked(lambda: sweep(folder / "r.jsonl"), folder, folder / "said"))
        if said:
            raise Wrong(said)
        return sorted(outcomes(read(folder / "r.jsonl"))), time.monotonic() - began


def check_whole(folder: Path) -> None:
    """Train what is missing: then each run must be there once, bit by bit, and nothing else be left."""
    path = folder / "r.jsonl"
    said = ended(forked(lambda: sweep(path), folder, folder / "said last"))
    if said:
        raise Wrong(f"the last sweep said {said}")
    names = [json.loads(line)["run_id"] for line in path.read_text().splitlines()]
    whole = reference()[0]
    if set(Counter(names).values()) != {1} or len(names) != len(whole):
        raise Wrong(f"{len(names)} records of {len(set(names))} runs")
    if sorted(outcomes(read(path))) != whole:
        raise Wrong("records are others than those of a sweep that nothing happened to")
    # what was half written by one that was killed is hidden
    left = [p.name for p in folder.iterdir() if not p.name.startswith((".", "said")) and p != path]
    if left:
        raise Wrong(f"left behind: {sorted(left)}")


def kill_sweeps(draw: random.Random, folder: Path) -> None:
    """Sweeps of one file, one or two at once, are killed; what ends has each run once, bit by bit."""
    usual = reference()[1]
    path = folder / "r.jsonl"
    for turn in range(draw.randrange(2, 9)):
        every = draw.choice([0.0, 0.0, 60.0])  # a checkpoint after each epoch, or none
        sweeps = [
            forked(functools.partial(sweep, path, every), folder, folder / f"said {turn} {i}")
            for i in range(draw.randrange(1, 3))
        ]
        for child in sweeps:
            # early, while it opens files, or anywhere
            child.wait(draw.uniform(0, draw.choice([0.2, 1.1]) * usual * len(sweeps)))
            COUNTS["kills"] += child.status is None
            number = draw.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGINT])
            child.kill(number, group=draw.random() < 0.5)  # else its workers must notice by themselves
        for child in sweeps:
            output = ended(child)
            # an interrupt outside `train` is Python's own to tell
            if "Traceback" in output and "in train\n" in output:
                raise Wrong(output)
    with contextlib.suppress(FileNotFoundError):
        read(path)  # which refuses what is torn
    check_whole(folder)
