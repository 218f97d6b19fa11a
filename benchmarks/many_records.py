"""How long the commands that read records take with many of them, and how much memory.

The kept records are repeated with other seeds, which makes them other runs, each with its own key and digest,
until there are as many as asked for. What is timed is the whole command, in a process of its own, with the
start of Python. The user's cache is an empty one at first: the first report computes all that it shows, the
second has what the first has kept, the third its figures too. Memory is that of the largest process.

    python benchmarks/many_records.py [--number 20000] [--only "report;figures"]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import count, islice
from pathlib import Path

from lossmatters.arguments import kept_records
from lossmatters.empirics.records import Record, append, read
from lossmatters.proofs_checks import ledger

CLAIM = {"id": "S1", "status": "proved", "statement": "Only the records are timed."}
REPORT = ["report", "--ledger", "ledger.json", "--out"]
COMMANDS = {
    "report": [*REPORT, "first"],
    "report, answers kept": [*REPORT, "second"],
    "report, figures drawn": [*REPORT, "second"],
    "figures": ["figures", "--out", "third"],
    "verify": ["verify", "E1", "E2", "E3"],
}


def repeated(kept: list[Record]) -> Iterator[Record]:
    """Yield the records given, and then their like with other seeds, without end."""
    stride = 1 + max(record.seed for record in kept)
    for turn in count():
        for record in kept:
            yield replace(record, seed=record.seed + turn * stride)


def timed(command: list[str], folder: Path) -> tuple[float, float]:
    """Return the seconds that a command took, and the most memory that one of its processes had, in MB."""
    began = time.perf_counter()
    environment = {**os.environ, "LOSSMATTERS_CACHE": str(folder / "cache")}
    process = subprocess.Popen(
        [sys.executable, "-m", "lossmatters", *command], cwd=folder, stdout=-3, env=environment
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with status {process.returncode}")
    return time.perf_counter() - began, usage.ru_maxrss / 1024  # kB, as Linux counts it


def main() -> None:
    """Write the records, run the commands on them, and print what they took."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--number", type=int, default=20_000)
    options.add_argument("--only", default=";".join(COMMANDS), help="by default all")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        append(folder / "r.jsonl", islice(repeated(read(kept_records())), asked.number))
        ledger.write({"claims": [CLAIM], "provenance": {}}, folder / "ledger.json")
        size = (folder / "r.jsonl").stat().st_size / 10**6
        print(f"{asked.number} records, {size:.0f} MB")
        for name in asked.only.split(";"):
            seconds, memory = timed([*COMMANDS[name.strip()], "--records", "r.jsonl"], folder)
            print(f"{name}: {seconds:.1f} s, {memory:.0f} MB")


if __name__ == "__main__":
    main()
