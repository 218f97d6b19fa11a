"""A sweep of seconds, as a script of its own too, and what must come out of it alike."""

from __future__ import annotations

import json

# A sweep small enough for a test: 2 seeds of 2 stacks of 2 networks. A file of its own, since the
# interrupted sweeps below run in a process of their own.
SCRIPT = """
import signal, sys
from lossmatters.empirics.experiments import Experiment, train
from lossmatters.empirics.models import MLP

TINY = Experiment(
    name="tiny",
    dataset="digits",
    grid=(("cce", 0), ("cce", "0.4"), ("rll", 0), ("rll", "0.4")),
    model=MLP(hidden=(8,)),
    seeds=(0, 1),
    stack_size=2,
).with_changes(epochs=2)

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
    try:
        train(TINY.with_changes(epochs=int(sys.argv[2])), records_path=sys.argv[1], workers=1, device="cpu")
    except KeyboardInterrupt as error:
        sys.exit(str(error))
"""
names: dict = {"__name__": "tiny"}
exec(SCRIPT, names)
TINY = names["TINY"]


def outcomes(found):
    """Bit by bit: JSON has floats in their shortest exact form."""
    return [json.dumps(r.outcome, sort_keys=True) for r in found]
