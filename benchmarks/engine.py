"""The stacked engine against plain loops over networks, on the same work.

All sides train the same networks (cross-entropy, the same labels and set-up) on scikit-learn's digits for a
few epochs and measure the same curves after every epoch, on one thread, turn by turn.

- plain: what most training code looks like. ``nn.Sequential``, ``torch.optim.Adam``, and a ``TensorDataset``
  in a ``DataLoader`` of batches of 64, for training and for measuring; one network after the other.
- lean: the same, but measuring in one forward pass over all samples. No bar is set against it; it shows how
  much of the difference is the DataLoader's.

Reported is the median CPU time per network and epoch, which other work on the machine disturbs less than
wall time, and the ratio of wall times beside it.

    python benchmarks/engine.py [--json]

The exit status is 1 if the engine is less than 2 times as fast as the plain loop at width 256 or 8 times at
width 64, or if the two do not learn the same.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from lossmatters.empirics.data import Dataset, load
from lossmatters.empirics.engine.device import device_name
from lossmatters.empirics.engine.train import Network, train_stack
from lossmatters.empirics.engine.training import Training
from lossmatters.empirics.models.base import MLP
from lossmatters.empirics.randomness import label_stream
from lossmatters.theory.losses import get
from lossmatters.theory.memorization import measure
from lossmatters.theory.noise import SymmetricNoise

BARS = {256: 2.0, 64: 8.0}  # width: how many times as fast the engine must be, per network
RATES = tuple(Fraction(n, 5) for n in range(4))


def networks(data: Dataset, number: int) -> list[Network]:
    """Seeds 0, 1, ... at the rates 0, 1/5, 2/5, 3/5 in turn."""
    found = []
    for index in range(number):
        rate = RATES[index % len(RATES)]
        rng = label_stream(index, rate)
        drawn = SymmetricNoise(rate).apply(data.train_labels, data.num_classes, rng, draw="exact")
        found.append(Network(get("cce"), index, drawn.noisy_labels))
    return found


def plain(
    data: Dataset, model: MLP, training: Training, given: list[Network], measure_in: int | None = 64
) -> list[dict[str, list[Any]]]:
    """One network after the other, measured in batches of `measure_in` (None: all samples at once)."""
    return [_plain_network(data, model, training, network, measure_in) for network in given]


def lean(data: Dataset, model: MLP, training: Training, given: list[Network]) -> list[dict[str, list[Any]]]:
    """As `plain`, measured in one forward pass."""
    return plain(data, model, training, given, measure_in=None)


def _plain_network(
    data: Dataset, model: MLP, training: Training, given: Network, measure_in: int | None
) -> dict[str, list[Any]]:
    layers: list[nn.Module] = []
    for fan_in, fan_out in pairwise(model.widths(data.train_inputs.shape[1], data.num_classes)):
        layers += [nn.Linear(fan_in, fan_out), nn.ReLU()]
    network = nn.Sequential(*layers[:-1])
    train = TensorDataset(torch.from_numpy(data.train_inputs), torch.from_numpy(given.noisy_labels))
    test = TensorDataset(torch.from_numpy(data.test_inputs), torch.from_numpy(data.test_labels))
    loader = DataLoader(train, batch_size=training.batch_size, shuffle=True)
    criterion = nn.CrossEntropyLoss()  # torch's own: the fastest there is
    optimiser = torch.optim.Adam(network.parameters(), lr=training.step_size(0))
    curves: dict[str, list[Any]] = {"train_loss": [], "measured": [], "test_accuracy": [], "recall": []}
    for epoch in range(training.epochs):
        values = []
        for step, (inputs, labels) in enumerate(loader):
            optimiser.param_groups[0]["lr"] = training.step_size(epoch, step / len(loader))
            value = criterion(network(inputs), labels)
            optimiser.zero_grad()
            value.backward()
            optimiser.step()
            values.append(value.item())
        classes = _classes(network, train, measure_in)
        hits = _classes(network, test, measure_in) == data.test_labels
        curves["train_loss"].append(sum(values) / len(values))
        curves["measured"].append(measure(classes, given.noisy_labels, data.train_labels))
        curves["test_accuracy"].append(float(hits.mean()))
        curves["recall"].append(min(hits[data.test_labels == c].mean() for c in range(data.num_classes)))
    return curves


@torch.no_grad()
def _classes(network: nn.Module, samples: TensorDataset, batch_size: int | None) -> np.ndarray:
    if batch_size is None:
        return network(samples.tensors[0]).argmax(1).numpy()
    batches = DataLoader(samples, batch_size=batch_size)
    return torch.cat([network(inputs).argmax(1) for inputs, _ in batches]).numpy()


def stacked(
    data: Dataset, model: MLP, training: Training, given: list[Network]
) -> list[dict[str, list[Any]]]:
    """All at once."""
    return train_stack(data, model, training, given)[0]


def compare(data: Dataset, width: int, size: int, epochs: int, rounds: int) -> dict[str, Any]:
    """Time all sides in turn: `size` networks in the stack, two of them in each loop."""
    model, training = MLP(hidden=(width, width)), Training(epochs=epochs)
    sides: dict[str, tuple[Callable[..., Any], list[Network]]] = {
        "plain": (plain, networks(data, 2)),
        "lean": (lean, networks(data, 2)),
        "stacked": (stacked, networks(data, size)),
    }
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in sides}
    for number in range(rounds + 1):
        for name, (train, given) in sides.items():
            cpu, wall = time.process_time(), time.perf_counter()
            train(data, model, training, given)
            cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
            if number:  # the first round warms up
                per = len(given) * epochs
                times[name].append((cpu / per, wall / per))
    cpu_ms = {name: 1e3 * statistics.median(c for c, _ in found) for name, found in times.items()}
    wall_ms = {name: 1e3 * statistics.median(w for _, w in found) for name, found in times.items()}
    return {
        "width": width,
        "stack_size": size,
        "epochs": epochs,
        "rounds": rounds,
        "cpu_ms_per_network_epoch": cpu_ms,
        "wall_ms_per_network_epoch": wall_ms,
        "ratio": cpu_ms["plain"] / cpu_ms["stacked"],
        "wall_ratio": wall_ms["plain"] / wall_ms["stacked"],
        "lean_ratio": cpu_ms["lean"] / cpu_ms["stacked"],
        "bar": BARS[width],
    }


def agreement(data: Dataset, epochs: int = 10, number: int = 24) -> dict[str, Any]:
    """Final training loss of both sides, as a paired difference over networks.

    They differ in their random numbers, so they agree where the mean difference is within three standard
    errors of zero. A network trained on other labels is the known-false case: eta = 3/5 against 0.
    """
    model, training = MLP(hidden=(64, 64)), Training(epochs=epochs)
    given = networks(data, number)
    finals = {
        name: np.array([curves["train_loss"][-1] for curves in train(data, model, training, given)])
        for name, train in (("plain", plain), ("stacked", stacked))
    }

    def z(first: np.ndarray, second: np.ndarray) -> float:
        gaps = first - second
        return float(gaps.mean() / (gaps.std(ddof=1) / np.sqrt(len(gaps))))

    false_z = z(finals["stacked"][3::4], finals["stacked"][0::4])
    return {
        "networks": number,
        "epochs": epochs,
        "final_train_loss": {name: float(values.mean()) for name, values in finals.items()},
        "z": z(finals["plain"], finals["stacked"]),
        "z_of_other_labels": false_z,
        "same": abs(z(finals["plain"], finals["stacked"])) < 3 < abs(false_z),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--rounds", type=int, default=5, help="timed rounds of each side (default 5)")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)  # nn.Linear draws from the global generator
    data = load("digits")
    sizes = {256: (10, 3), 64: (25, 3)}
    timings = [compare(data, w, size, epochs, arguments.rounds) for w, (size, epochs) in sizes.items()]
    agreed = agreement(data)
    passed = agreed["same"] and all(t["ratio"] >= t["bar"] for t in timings)
    result = {
        "device": device_name(torch.device("cpu")),
        "torch": torch.__version__,
        "timings": timings,
        "agreement": agreed,
        "passed": passed,
    }
    if arguments.json:
        print(json.dumps(result, indent=2))
        return not passed
    print("CPU time per network and epoch, in ms")
    print("width  stack size   plain    lean  stacked   plain/stacked  (wall)  bar   lean/stacked")
    for t in timings:
        cpu = t["cpu_ms_per_network_epoch"]
        print(
            f"{t['width']:5d}  {t['stack_size']:10d}  "
            f"{cpu['plain']:6.2f}  {cpu['lean']:6.2f}  {cpu['stacked']:7.2f}  "
            f"{t['ratio']:14.2f}  {t['wall_ratio']:6.2f}  {t['bar']:3.0f}  {t['lean_ratio']:13.2f}"
        )
    loss = agreed["final_train_loss"]
    print(
        f"final training loss after {agreed['epochs']} epochs, mean of {agreed['networks']} networks: "
        f"plain {loss['plain']:.4f}, stacked {loss['stacked']:.4f}, z = {agreed['z']:.2f} "
        f"({'the same' if agreed['same'] else 'NOT the same'}; "
        f"on other labels z = {agreed['z_of_other_labels']:.1f})"
    )
    return not passed


if __name__ == "__main__":
    sys.exit(main())
