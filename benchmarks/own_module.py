"""The engine on a user's own module, mapped and looped, against the built-in stack and plain torch.

All sides train the same networks (cross-entropy, half of them under noise) on digits, on one thread, turn by
turn.

- built-in: the stack of the declared perceptron; there is none for other modules.
- mapped: the same layers as a plain ``nn.Module``, through ``torch.func.vmap``.
- looped: the same module, one after the other, in the engine.
- plain: a lean loop in plain torch, Adam as torch has it, batches cut out of a tensor that is at hand, all
  samples measured in one forward pass after each epoch: no DataLoader, which costs several times as much.

Reported is the CPU time per network and epoch: the median over rounds, and the median of the ratios within a
round, which other work on the machine disturbs less.

    python benchmarks/own_module.py [--json] [--write docs/models.md]

The exit status is 1 if the mapped perceptron takes more than 1.3 times the built-in one's time, or a looped
module more than 1.1 times plain torch's.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from lossmatters.empirics.data import Dataset, load
from lossmatters.empirics.engine.device import device_name
from lossmatters.empirics.engine.train import Network, train_stack
from lossmatters.empirics.engine.training import Training
from lossmatters.empirics.models import MLP, Factory
from lossmatters.empirics.randomness import label_stream
from lossmatters.theory.losses import get
from lossmatters.theory.noise import SymmetricNoise

MAPPED_BAR, LOOPED_BAR = 1.3, 1.1
MARKS = ("<!-- own modules: benchmarks/own_module.py -->", "<!-- end -->")


def dense() -> nn.Module:
    """The perceptron of the quick profile."""
    return nn.Sequential(nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, 10))


def convolutional() -> nn.Module:
    """Two convolutions on 8 x 8 pixels."""
    layers = (nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.ReLU())
    return nn.Sequential(nn.Unflatten(1, (1, 8, 8)), *layers, nn.Flatten(), nn.Linear(512, 10))


class Attending(nn.Module):
    """One layer of attention over the eight rows of pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.attention, self.head = nn.MultiheadAttention(8, 2, batch_first=True), nn.Linear(64, 10)

    def forward(self, inputs: Tensor) -> Tensor:
        rows = inputs.unflatten(1, (8, 8))
        return self.head((rows + self.attention(rows, rows, rows, need_weights=False)[0]).flatten(1))


class Recurrent(nn.Module):
    """A GRU over the eight rows of pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.recurrent, self.head = nn.GRU(8, 32, batch_first=True), nn.Linear(32, 10)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.head(self.recurrent(inputs.unflatten(1, (8, 8)))[0][:, -1])


@dataclass(frozen=True)
class Case:
    """A module, and how many networks of it and epochs are timed."""

    name: str
    make: Callable[[], nn.Module]
    size: int
    epochs: int
    built_in: MLP | None = None


CASES = (
    Case("perceptron 64-256-256-10", dense, 10, 2, MLP()),
    Case("two convolutions", convolutional, 4, 1),
    Case("attention", Attending, 4, 1),
    Case("GRU", Recurrent, 4, 1),
)


def networks(data: Dataset, number: int) -> list[Network]:
    """Seeds 0, 1, ... at the rates 0 and 2/5 in turn."""
    found = []
    for seed in range(number):
        rate = Fraction(2 * (seed % 2), 5)
        drawn = SymmetricNoise(rate).apply(data.train_labels, 10, label_stream(seed, rate), draw="exact")
        found.append(Network(get("cce"), seed, drawn.noisy_labels))
    return found


def plain(data: Dataset, make: Callable[[], nn.Module], training: Training, given: list[Network]) -> None:
    """One network after the other, as a careful user would write it."""
    train, test = torch.from_numpy(data.train_inputs), torch.from_numpy(data.test_inputs)
    everything = torch.cat([train, test])
    clean = torch.from_numpy(data.train_labels)
    for one in given:
        labels, network = torch.from_numpy(one.noisy_labels), make()
        optimiser = torch.optim.Adam(network.parameters(), lr=training.step_size(0))
        criterion = nn.CrossEntropyLoss()
        for epoch in range(training.epochs):
            batches = torch.randperm(len(labels)).split(training.batch_size)
            for step, index in enumerate(batches):
                optimiser.param_groups[0]["lr"] = training.step_size(epoch, step / len(batches))
                value = criterion(network(train[index]), labels[index])
                optimiser.zero_grad()
                value.backward()
                optimiser.step()
            with torch.no_grad():
                classes = network(everything).argmax(1)
            hits = classes[: len(labels)]
            _ = float((hits == labels).float().mean()), float((hits == clean).float().mean())


def sides(data: Dataset, case: Case) -> dict[str, Callable[[], Any]]:
    """What is timed, by its name; what vmap cannot take is left out."""
    training, given = Training(epochs=case.epochs), networks(data, case.size)

    def engine(model: Any) -> Callable[[], Any]:
        return lambda: train_stack(data, model, training, given)

    found: dict[str, Callable[[], Any]] = {
        "looped": engine(Factory(case.make, form="loop")),
        "plain": lambda: plain(data, case.make, training, given),
    }
    if case.built_in is not None:
        found["built-in"] = engine(case.built_in)
    mapped = Factory(case.make, form="vmap")
    try:
        mapped.stack(data.input_shape, data.num_classes, [0, 1])
    except ValueError as error:
        print(f"{case.name}: not mapped ({error})", file=sys.stderr)
    else:
        found["mapped"] = engine(mapped)
    return found


def compare(data: Dataset, case: Case, rounds: int) -> dict[str, Any]:
    """Time the sides in turn; milliseconds of CPU per network and epoch, and ratios."""
    times: dict[str, list[float]] = {}
    for number in range(rounds + 1):
        for name, train in sides(data, case).items():
            began = time.process_time()
            train()
            if number:  # the first round warms up
                per = case.size * case.epochs
                times.setdefault(name, []).append(1e3 * (time.process_time() - began) / per)

    def ratio(first: str, second: str) -> float | None:
        if first not in times or second not in times:
            return None
        return statistics.median(a / b for a, b in zip(times[first], times[second], strict=True))

    return {
        "name": case.name,
        "networks": case.size,
        "cpu_ms": {name: statistics.median(values) for name, values in times.items()},
        "mapped_to_built_in": ratio("mapped", "built-in"),
        "looped_to_plain": ratio("looped", "plain"),
        "mapped_to_looped": ratio("mapped", "looped"),
    }


def table(result: dict[str, Any]) -> str:
    """The lines of docs/models.md."""

    def cell(value: float | None, digits: int = 2) -> str:
        return "-" if value is None else f"{value:.{digits}f}"

    lines = [
        f"CPU time per network and epoch in ms, median of {result['rounds']} rounds on one thread of "
        f"{result['device']}, torch {result['torch']}, other work beside:",
        "",
        "| module | networks | built-in | mapped | looped | plain torch "
        "| mapped / built-in | looped / plain | mapped / looped |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in result["cases"]:
        ms = [cell(row["cpu_ms"].get(name), 1) for name in ("built-in", "mapped", "looped", "plain")]
        ratios = [cell(row[name]) for name in ("mapped_to_built_in", "looped_to_plain", "mapped_to_looped")]
        lines.append(f"| {row['name']} | {row['networks']} | {' | '.join([*ms, *ratios])} |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--rounds", type=int, default=5, help="timed rounds of each side (default 5)")
    parser.add_argument("--write", metavar="FILE", help="put the table between its marks in this page")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    data = load("digits")
    found = [compare(data, case, arguments.rounds) for case in CASES]
    device = device_name(torch.device("cpu"))
    result = {"device": device, "torch": torch.__version__, "rounds": arguments.rounds, "cases": found}
    if arguments.write:
        page = Path(arguments.write)
        inner = f"{MARKS[0]}\n{table(result)}\n{MARKS[1]}"
        page.write_text(
            re.sub(f"{MARKS[0]}.*?{MARKS[1]}", lambda _: inner, page.read_text(), flags=re.DOTALL)
        )
    print(json.dumps(result, indent=2) if arguments.json else table(result))
    slow = [row["mapped_to_built_in"] for row in found if (row["mapped_to_built_in"] or 0) > MAPPED_BAR]
    slow += [row["looped_to_plain"] for row in found if (row["looped_to_plain"] or 0) > LOOPED_BAR]
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
