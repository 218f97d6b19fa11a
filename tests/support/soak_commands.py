"""Command lines of words at random."""

from __future__ import annotations

import random
import signal
from pathlib import Path

from children import forked
from soaking import LONGEST, PATIENCE, Wrong

from lossmatters.cli import main

# fmt: off
WORDS = [
    "rll", "cce", "gce(q=1/2)", "0.5*cce+mae", "rll(alpha=0)", "nmse", "js", "x.py:Y",
    "torch.nn:L1Loss", "S1", "E1", "quick", "own", "kept", "digits", "0.4", "2/5", "1/0", "-1", "0",
    "2", "10", "1e999", "nan", "K**K**K", "\u03b7", "../x", "/dev/null", "/dev/null/x",
    "loss=rll,eta=0.4", "loss=", "=,=", "constant=K**K**K", "symmetric=maybe", "takes=probs",
    "pdf,gif", "90s", "9x", "tcp://no:1", "dask:none", "cuda", "", " ", "a" * 3000, "(" * 60,
]
COMMANDS = {
    "losses": ["--json", "--long"],
    "certify": ["-K", "--noise", "--declare", "--call", "--json"],
    "check": ["--only", "--budget", "--declare", "--call", "-K", "--json"],
    "train": [
        "--dataset", "--model", "--noise", "--loss", "--seeds", "--epochs", "--only", "--subset",
        "--precision", "--records", "--executor", "--budget", "--device", "--workers",
    ],
    "figures": ["--records", "--only", "--width", "--style", "--format"],
    "verify": ["--records", "--json", "--long"],
    "validate": ["--noise"],
    "report": ["--records", "--ledger"],
}
# fmt: on


def fuzz_commands(draw: random.Random, folder: Path) -> None:
    """A command line of words at random works or is refused in a line, in 20 s."""
    command = draw.choice(sorted(COMMANDS))
    arguments = [command] + [draw.choice(WORDS) for _ in range(draw.randrange(3))]
    for option in draw.sample(COMMANDS[command], draw.randrange(min(4, len(COMMANDS[command]) + 1))):
        arguments += [option] if option in ("--json", "--long") else [option, draw.choice(WORDS)]
    arguments += {"train": ["--dry-run"], "figures": ["--out", "o"], "report": ["--out", "o"]}.get(
        command, []
    )
    if command in ("verify", "report") and not set(arguments) & {"S1", "E1", "--ledger"}:
        arguments += ["S1"] if command == "verify" else ["--ledger", "none.json"]  # all of it takes minutes
    stdout = "/dev/full" if draw.random() < 0.1 else None  # a disk that is full
    child = forked(lambda: main(arguments), folder, folder / "said", LONGEST, stdout)
    try:
        if not child.gone(PATIENCE):
            raise Wrong(f"more than {PATIENCE:g} s of the clock: {arguments}")
        if child.status == -signal.SIGXCPU:
            raise Wrong(f"more than {LONGEST:g} s: {arguments}")
        if "Traceback" in child.output or child.status not in (0, 1, 2):
            raise Wrong(f"status {child.status}: {arguments} > {stdout}\n{child.output[-1500:]}")
    finally:
        child.end()
