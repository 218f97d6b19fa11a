"""How often noisy validation labels choose the parameter of RLL that clean ones would have chosen.

RLL with several alphas is trained on digits under uniform noise, as in the quick profile. The 500 images of
the test split are the validation set. Their labels are altered again and again, at the same rate, and each
time the network that predicts most of them is chosen, as one without clean labels would.

Reported is how often the choice is the one that all 500 clean labels make (or as good as that), what it costs
in clean accuracy where it is not, how often the intervals of V1 decide, and how often they are wrong then.

    python benchmarks/choosing.py [--json] [--write docs/choosing.md]
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lossmatters.empirics.data import Dataset, load
from lossmatters.empirics.engine.feed import batches
from lossmatters.empirics.engine.forward import predict
from lossmatters.empirics.engine.train import Network, train_stack
from lossmatters.empirics.engine.training import Training
from lossmatters.empirics.models import MLP
from lossmatters.empirics.randomness import label_stream
from lossmatters.theory.losses import get
from lossmatters.theory.noise import SymmetricNoise
from lossmatters.theory.validation import choose

ALPHAS = ("1/1000", "1/100", "1/10", "1/2", "2")
RATE = Fraction(2, 5)
SIZES = (100, 250, 500)  # validation samples
MARKS = ("<!-- choosing: benchmarks/choosing.py -->", "<!-- end -->")


def predictions(data: Dataset, seed: int) -> np.ndarray:
    """Train a network for each alpha; the classes that it predicts of the validation images, (M, n)."""
    drawn = SymmetricNoise(RATE).apply(data.train_labels, 10, label_stream(seed, RATE), draw="exact")
    given = [Network(get("rll", alpha=alpha), seed, drawn.noisy_labels) for alpha in ALPHAS]
    _, stack = train_stack(data, MLP(), Training(), given)
    inputs = batches(data, data.every_input, MLP(), "none", device=torch.device("cpu"), dtype=torch.float32)
    return predict(stack, inputs)[:, len(data.train_labels) :].numpy()


def tried(
    data: Dataset, found: np.ndarray, size: int, draws: int, rng: np.random.Generator
) -> dict[str, Any]:
    """Choose by noisy labels `draws` times, each time of `size` validation samples."""
    noise = SymmetricNoise(RATE)
    accuracy = (found == data.test_labels).mean(axis=1)
    right, costs, decided, wrong = 0, [], 0, 0
    for _ in range(draws):
        places = rng.permutation(len(data.test_labels))[:size]
        labels = noise.apply(data.test_labels[places], 10, rng).noisy_labels
        choice = choose(found[:, places], labels, 10, RATE)
        costs.append(float(accuracy.max() - accuracy[choice.best]))
        right += costs[-1] == 0
        decided += choice.decided
        # an interval is wrong where it says that the best is better than one that is at least as good
        wrong += any(
            lead is not None and lead.low > 0 and accuracy[choice.best] <= accuracy[place]
            for place, lead in enumerate(choice.leads)
        )
    return {"right": right, "decided": decided, "wrong": wrong, "draws": draws, "costs": costs}


def summary(rows: list[dict[str, Any]], size: int) -> dict[str, Any]:
    """Add the seeds up."""
    draws = sum(row["draws"] for row in rows)
    costs = np.concatenate([row["costs"] for row in rows])
    return {
        "samples": size,
        "draws": draws,
        "right": sum(row["right"] for row in rows) / draws,
        "mean_cost": float(costs.mean()),
        "within_a_point": float((costs <= 0.01).mean()),
        "largest_cost": float(costs.max()),
        "decided": sum(row["decided"] for row in rows) / draws,
        "wrong": sum(row["wrong"] for row in rows) / draws,
    }


def table(result: dict[str, Any]) -> str:
    """The lines of docs/choosing.md."""
    shown = "; ".join(
        f"alpha = {alpha}: {100 * np.mean(values):.1f} ({100 * min(values):.1f} to {100 * max(values):.1f})"
        for alpha, values in result["clean_accuracy"].items()
    )
    lines = [
        f"Clean validation accuracy in %, mean and range of {result['seeds']} seeds: {shown}.",
        "",
        "| validation samples | takes the clean choice | within a point of it | mean cost, points | largest "
        "| V1's intervals decide | and are wrong |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in result["rows"]:
        shares = [f"{100 * row[name]:.0f} %" for name in ("right", "within_a_point")]
        costs = [f"{100 * row[name]:.1f}" for name in ("mean_cost", "largest_cost")]
        sure = [f"{100 * row[name]:.1f} %" for name in ("decided", "wrong")]
        lines.append(f"| {row['samples']} | {' | '.join([*shares, *costs, *sure])} |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--seeds", type=int, default=5, help="training seeds (default 5)")
    parser.add_argument(
        "--draws", type=int, default=400, help="noisy validation sets of each seed (default 400)"
    )
    parser.add_argument("--write", metavar="FILE", help="put the table between its marks in this page")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    data, rng = load("digits"), np.random.default_rng(0)
    trained = [predictions(data, seed) for seed in range(arguments.seeds)]
    rows = [summary([tried(data, found, n, arguments.draws, rng) for found in trained], n) for n in SIZES]
    accuracy = {
        alpha: [float((found[place] == data.test_labels).mean()) for found in trained]
        for place, alpha in enumerate(ALPHAS)
    }
    result = {"rate": str(RATE), "seeds": arguments.seeds, "clean_accuracy": accuracy, "rows": rows}
    if arguments.write:
        page, inner = Path(arguments.write), f"{MARKS[0]}\n{table(result)}\n{MARKS[1]}"
        page.write_text(
            re.sub(f"{MARKS[0]}.*?{MARKS[1]}", lambda _: inner, page.read_text(), flags=re.DOTALL)
        )
    print(json.dumps(result, indent=2) if arguments.json else table(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
