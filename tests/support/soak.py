"""Kill, fill, damage and draw for a given time, and print the counts: nothing lost or changed, no traceback.

    python tests/support/soak.py [--seconds 600] [--only kills,fills,verdicts] [--seed N]

Each part draws from a generator of its own seed, which is printed with what went wrong. The exit status is
1 if anything did. What is killed, filled or called runs in a process that is forked from this one, which has
all modules: a start costs little. A command hangs that takes 20 s of computing, or ten times that in all
(``SOAK_SLOWER`` times, if that is set), since a machine may have other things to do.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from children import warm
from soak_commands import fuzz_commands
from soak_files import fuzz_checkpoints, fuzz_records
from soak_fills import fill_disks
from soak_kills import kill_sweeps
from soak_verdicts import fuzz_verdicts
from soaking import COUNTS

Part = Callable[[random.Random, Path], None]
PARTS: dict[str, tuple[Part, str, int, float]] = {  # what is counted, how many at most, which share of time
    "records": (fuzz_records, "", 3000, 0.1),
    "checkpoints": (fuzz_checkpoints, "", 3000, 0.05),
    "commands": (fuzz_commands, "", 1000, 0.25),
    "verdicts": (fuzz_verdicts, "", 1000, 0.25),
    "fills": (fill_disks, "fills", 1000, 0.1),
    "kills": (kill_sweeps, "kills", 1000, 0.25),
}


def main() -> int:
    """Run the parts, and return whether something went wrong."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--seconds", type=float, default=600.0)
    options.add_argument("--only", default=",".join(PARTS))
    options.add_argument("--seed", type=int, default=0)
    asked = options.parse_args()
    left = [name for name in PARTS if name in asked.only.split(",")]
    warm()
    end, wrong = time.monotonic() + asked.seconds, 0
    while left:
        name = left.pop(0)
        part, counted, most, share = PARTS[name]
        share /= share + sum(PARTS[other][3] for other in left)  # what a part does not need, others have
        now = time.monotonic()
        until, turns = now + (end - now) * share, 0
        while (COUNTS[counted] if counted else turns) < most and time.monotonic() < until:
            seed = f"{name} {asked.seed + turns}"
            with tempfile.TemporaryDirectory(prefix="soak", ignore_cleanup_errors=True) as folder:
                try:
                    part(random.Random(seed), Path(folder))
                except Exception as error:
                    wrong += 1
                    print(f"{seed}: {type(error).__name__}: {error}", flush=True)
            turns += 1
        more = f", {COUNTS[counted]} {counted}" if counted else ""
        print(f"{name}: {turns} done{more}, {time.monotonic() - now:.0f} s", flush=True)
    print(f"{wrong} wrong" if wrong else "nothing lost, nothing changed unnoticed, no traceback, no hang")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
