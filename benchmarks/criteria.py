"""The criteria against torch's cross-entropy, forward and backward, on the same tensors.

Each round runs cross-entropy and then the criterion, and divides their times: what else the machine does then
falls on both. Reported are medians of those ratios, of CPU time, which other work disturbs less than wall
time, on one thread at B = 4096. The C library is told to keep memory that is freed: by itself it gives a
large array back to the system now and then, and whose array that is decides whether a loss that does what
another does takes a quarter of cross-entropy's time or 1.3 of it. Memory is the most that is held at once
beyond the logits, in arrays of the logits' size, as torch's allocator counts it.

    python benchmarks/criteria.py [--rounds N] [--compiled] [--write docs/criteria.md]

The exit status is 1 if an eager ratio is above its bar, or more memory is held than cross-entropy's and one
array.
"""

from __future__ import annotations

import argparse
import ctypes
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile

from lossmatters.theory.losses import LOSSES, get

BATCH = 4096
CLASSES = (10, 1000)
BARS = dict.fromkeys(("mae", "mse", "nmse", "gce", "rce", "unhinged", "nce"), (1.3, 1.6)) | dict.fromkeys(
    ("rll", "sce"), (1.4, 2.0)
)
COMPILED_BAR = 1.2
BEGIN, END = "<!-- {} -->", "<!-- end of {} -->"

TRIM_THRESHOLD, MMAP_MAX = -1, -4  # of glibc's mallopt

Step = Callable[[], None]


def keep_memory() -> None:
    """Have malloc give nothing back to the system, where the C library is one that can be told."""
    options = getattr(ctypes.CDLL(None), "mallopt", None)
    if options is not None:
        options(MMAP_MAX, 0)
        options(TRIM_THRESHOLD, 2**31 - 1)


def step(criterion: nn.Module, logits: Tensor, labels: Tensor) -> Step:
    """One forward and backward pass."""

    def run() -> None:
        logits.grad = None
        criterion(logits, labels).backward()

    return run


def ratio(base: Step, run: Step, rounds: int) -> tuple[float, float]:
    """The base's median time in seconds, and the median ratio of neighbouring times."""
    times = []
    for turn in range(rounds + 3):
        start = time.process_time()
        base()
        between = time.process_time()
        run()
        if turn >= 3:  # the first rounds fill caches
            times.append((between - start, time.process_time() - between))
    return statistics.median(a for a, _ in times), statistics.median(b / a for a, b in times)


def peak_arrays(run: Step, logits: Tensor) -> float:
    """The most bytes held at once during a step, beyond those before it, in arrays of the logits' size."""
    run()
    logits.grad = None
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as log:
        run()
    held = most = 0
    events = log.profiler.kineto_results.events()
    for event in sorted((e for e in events if e.name() == "[memory]"), key=lambda e: e.start_ns()):
        held += event.nbytes()
        most = max(most, held)
    return most / (4 * logits.numel())


def measure(names: list[str], rounds: int, compiled: bool) -> tuple[list[list[str]], bool]:
    """Rows of the table, one a loss, and whether all bars are met."""
    columns: dict[str, list[str]] = {name: [] for name in ["cross-entropy", *names]}
    met = True
    for index, num_classes in enumerate(CLASSES):
        generator = torch.Generator().manual_seed(0)
        logits = torch.randn(BATCH, num_classes, generator=generator).requires_grad_()
        labels = torch.randint(0, num_classes, (BATCH,), generator=generator)
        steps = {}
        for name in columns:
            criterion = nn.CrossEntropyLoss() if name == "cross-entropy" else get(name).criterion()
            if compiled:
                torch.compiler.reset()
                criterion = torch.compile(criterion, fullgraph=True)
            steps[name] = step(criterion, logits, labels)
            steps[name]()
        turns = rounds if num_classes < 100 else max(5, rounds // 2)
        pairs = {name: ratio(steps["cross-entropy"], run, turns) for name, run in steps.items()}
        base, found = pairs["cross-entropy"][0], {name: pair[1] for name, pair in pairs.items()}
        memory = {} if compiled else {n: peak_arrays(run, logits) for n, run in steps.items()}
        for name, cells in columns.items():
            bar = COMPILED_BAR if compiled else BARS.get(name, (None, None))[index]
            too_slow = bar is not None and found[name] > bar
            met &= not too_slow or compiled
            text = f"{base * 1e6:.0f} us" if name == "cross-entropy" else f"{found[name]:.2f}"
            bar_text = (
                "" if bar is None or name == "cross-entropy" else f" ({'over' if too_slow else 'bar'} {bar})"
            )
            cells.append(text + bar_text)
            if memory:
                cells.append(f"{memory[name]:.1f}")
                met &= num_classes < 100 or memory[name] <= memory["cross-entropy"] + 1.05
    return [[name, *cells] for name, cells in columns.items()], met


def table(header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def insert(path: Path, name: str, text: str) -> None:
    """Replace what stands between the marks of `name` in a document."""
    document = path.read_text(encoding="utf-8")
    begin, end = BEGIN.format(name), END.format(name)
    before, after = document.split(begin)[0], document.split(end)[1]
    path.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")


def conditions() -> str:
    """What the numbers depend on."""
    return (
        f"torch {torch.__version__}, one thread of a {platform.machine()} CPU with "
        f"{torch.backends.cpu.get_cpu_capability()}, float32, B = {BATCH}."
    )


def main() -> int:
    parser = argparse.ArgumentParser(description="Speed and memory of the criteria against cross-entropy.")
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--losses", nargs="*", default=[n for n, c in LOSSES.items() if c.differentiable])
    parser.add_argument("--compiled", action="store_true")
    parser.add_argument("--write", type=Path, help="a document with the marks of the tables")
    given = parser.parse_args()
    torch.set_num_threads(1)
    keep_memory()
    rows, met = measure(given.losses, given.rounds, given.compiled)
    header = ["loss"] + [
        text for k in CLASSES for text in ([f"K = {k}"] + ([] if given.compiled else [f"arrays, K = {k}"]))
    ]
    text = f"{conditions()}\n\n{table(header, rows)}"
    print(text)
    if given.write:
        insert(given.write, "compiled" if given.compiled else "speed", text)
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
