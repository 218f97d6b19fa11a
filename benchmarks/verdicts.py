"""How long verdicts take: the table of `lossmatters losses`, and `certify LOSS -K 10` on one core.

Each command runs in a process of its own, imports included, as a user meets it; `losses` cold, with an empty
cache folder, and warm after it. With --against, the same commands of another checkout run in turn with those
of this one, and medians of the ratios are given: what else the machine does then falls on both.

    python benchmarks/verdicts.py [--rounds N] [--only NAME ...] [--against CHECKOUT]

The exit status is 1 if a median is above its bar: 10 s for the table, 2 s warm, 3 s for a loss. The bars
are for cores that nothing else uses.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from lossmatters.theory.catalogue import own_names

HERE = Path(__file__).parents[1]
TABLE, WARM, CERTIFY = "losses, cold", "losses, warm", "certify"
BARS = {TABLE: 10.0, WARM: 2.0, CERTIFY: 3.0}
CLASSES = 10


def seconds(checkout: Path, arguments: list[str], cache: str, one_core: bool) -> float:
    """Return how long a command of a checkout takes, in s of wall time.

    Raises
    ------
    subprocess.CalledProcessError : it fails.
    """
    environment = {**os.environ, "PYTHONPATH": str(checkout), "LOSSMATTERS_CACHE": cache}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package has its code compiled
    command = [sys.executable, "-m", "lossmatters", *arguments]
    if one_core and hasattr(os, "sched_setaffinity"):
        core = max(os.sched_getaffinity(0))
        pin = f"import os, sys; os.sched_setaffinity(0, {{{core}}}); os.execv(sys.argv[1], sys.argv[1:])"
        command = [sys.executable, "-S", "-c", pin, *command]
    begun = time.perf_counter()
    subprocess.run(command, env=environment, cwd=checkout, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begun


def one_round(checkouts: list[Path], names: list[str], table: bool) -> dict[str, list[float]]:
    """Return the seconds of each command, one number a checkout, run in turn."""
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        caches = [str(Path(folder) / str(i)) for i in range(len(checkouts))]
        sides = list(zip(checkouts, caches, strict=True))
        for key in (TABLE, WARM) if table else ():
            found[key] = [seconds(checkout, ["losses"], cache, False) for checkout, cache in sides]
        for name in names:
            command = ["certify", name, "-K", str(CLASSES)]
            found[name] = [seconds(checkout, command, cache, True) for checkout, cache in sides]
    return found


def main(arguments: list[str]) -> int:
    """Time the commands and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="*", default=None, help="losses to certify, none for the table alone")
    parser.add_argument("--against", type=Path, default=None, help="another checkout")
    chosen = parser.parse_args(arguments)
    names = own_names() if chosen.only is None else chosen.only
    checkouts = [HERE, *([chosen.against.resolve()] if chosen.against else [])]
    for checkout in checkouts:  # its code is compiled, and read once from the disk
        seconds(checkout, ["certify", "cce", "-K", str(CLASSES)], tempfile.gettempdir(), True)
    rounds = [one_round(checkouts, names, not chosen.only) for _ in range(chosen.rounds)]
    late = []
    for key in rounds[0]:
        own = [found[key][0] for found in rounds]
        ratio = statistics.median(found[key][0] / found[key][-1] for found in rounds)
        bar = BARS.get(key, BARS[CERTIFY])
        beside = f", {ratio:.2f} of the other checkout's time" if chosen.against else ""
        print(f"{key:16} {statistics.median(own):5.2f} s ({min(own):.2f} to {max(own):.2f}){beside}")
        if statistics.median(own) > bar:
            late.append(f"{key} takes more than {bar:g} s")
    print("; ".join(late) or f"all within their bars, medians of {chosen.rounds}")
    return bool(late)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
