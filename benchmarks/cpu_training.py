"""What a CPU leaves unused: the engine against a loop in plain torch on the same network.

Both train one network by cross-entropy on some images of CIFAR-10, on one thread, and then tell the class of
every image, in turn, several rounds. The plain loop has its images ready as floats, which the engine makes
from bytes for each batch; it is run with its tensors in torch's usual order of memory and, as the engine has
them, channels last. Reported is CPU time, which other work on the machine disturbs less than wall time.

- training: the steps of an epoch.
- evaluation: all images, training and test, in evaluation mode. The engine takes 256 of them at once; 2048 is
  what it took before, and is measured too, to see what the cache is worth.

    python benchmarks/cpu_training.py --data-dir DIR [--rounds N] [--write docs/models.md]

The exit status is 1 if the engine's classes depend on how many images are evaluated at once.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from lossmatters.empirics.data import Dataset, load
from lossmatters.empirics.engine import forward
from lossmatters.empirics.engine.forward import autocast, channels_last
from lossmatters.empirics.engine.lane import Lane
from lossmatters.empirics.engine.train import Network, optimiser_of
from lossmatters.empirics.experiments import cifar
from lossmatters.empirics.experiments.experiment import Experiment
from lossmatters.theory.losses import get

SETUPS = {
    "small CNN": (cifar.CONVOLUTIONAL, "cifar10(train=2000, test=400)"),
    "ResNet-32": (cifar.RESNET_32, "cifar10(train=640, test=320)"),
}
PRECISIONS = ("float32", "bfloat16")
BEFORE = 2048
ENGINE, PLAIN = "engine", "plain torch"
BEGIN, END = "<!-- benchmarks/cpu_training.py -->", "<!-- end -->"


class Plain:
    """A loop in plain torch."""

    def __init__(self, data: Dataset, setup: Experiment, layout: torch.memory_format) -> None:
        self.training = setup.training
        self.network = setup.model.stack(data.input_shape, data.num_classes, [0])
        if layout is torch.channels_last:
            channels_last(self.network)
        images = torch.from_numpy(data.every_input).float() / 255
        images = (images - images.mean(dim=(0, 2, 3), keepdim=True)) / images.std(dim=(0, 2, 3), keepdim=True)
        self.images = images.contiguous(memory_format=layout)
        self.labels = torch.from_numpy(data.train_labels)
        self.optimiser = optimiser_of(setup.training, self.network)

    def train(self) -> None:
        self.network.train()
        for batch in torch.randperm(len(self.labels)).split(self.training.batch_size):
            with autocast(torch.device("cpu"), self.training.precision):
                logits = self.network(self.images[batch][None])[0]
            loss = nn.functional.cross_entropy(logits.float(), self.labels[batch])
            self.optimiser.zero_grad()
            loss.backward()
            self.optimiser.step()

    @torch.no_grad()
    def evaluate(self) -> Tensor:
        self.network.eval()
        with autocast(torch.device("cpu"), self.training.precision):
            parts = self.images.split(self.training.batch_size)
            return torch.cat([self.network(part[None])[0].argmax(dim=1) for part in parts])


def compare(setup: Experiment, data: Dataset, rounds: int) -> tuple[dict[str, float], bool]:
    """Return the median seconds of each side and part, and whether the engine's classes agree."""
    lane = Lane(data, setup.model, setup.training, get("cce"))
    lane.begin(Network(get("cce"), 0, data.train_labels))
    plain = {
        PLAIN: Plain(data, setup, torch.contiguous_format),
        f"{PLAIN}, channels last": Plain(data, setup, torch.channels_last),
    }
    lane.evaluation = lambda: None  # which is timed by itself
    times: dict[tuple[str, str], list[float]] = {}
    agree = True

    def note(side: str, part: str, work: Callable[[], Any]) -> Any:
        began = time.process_time()
        value = work()
        times.setdefault((side, part), []).append(time.process_time() - began)
        return value

    def engine_evaluates(at_once: int) -> Tensor:
        usual = forward.CHUNK_OF_IMAGES_ON_A_CPU
        forward.CHUNK_OF_IMAGES_ON_A_CPU = at_once
        try:
            return forward.predict(lane.stack, lane.inputs, setup.training.precision)
        finally:
            forward.CHUNK_OF_IMAGES_ON_A_CPU = usual

    for _ in range(rounds + 1):
        note(ENGINE, "training", lane.epoch)
        classes = note(ENGINE, "evaluation", lambda: engine_evaluates(forward.CHUNK_OF_IMAGES_ON_A_CPU))
        others = note(f"{ENGINE}, {BEFORE} at once", "evaluation", lambda: engine_evaluates(BEFORE))
        agree = agree and torch.equal(classes, others)
        for side, loop in plain.items():
            note(side, "training", loop.train)
            note(side, "evaluation", loop.evaluate)
    # the first round prepares memory and kernels
    return {key: statistics.median(found[1:]) for key, found in times.items()}, agree


def table(rounds: int, data_dir: Path | None, say: Callable[[str], None]) -> tuple[str, bool]:
    """Return the table as Markdown, and whether all evaluations of the engine agree."""
    rows, fine = ["| network, precision | side | training, s | evaluation, s |", "|---|---|---|---|"], True
    for name, (setup, spec) in SETUPS.items():
        data = load(spec, data_dir)
        for precision in PRECISIONS:
            training = replace(setup.training, precision=precision)
            times, agree = compare(replace(setup, training=training), data, rounds)
            fine = fine and agree
            for side in dict.fromkeys(side for side, _ in times):
                cells = [
                    f"{times[side, part]:.2f} ({times[side, part] / times[PLAIN, part]:.2f})"
                    if (side, part) in times
                    else "-"
                    for part in ("training", "evaluation")
                ]
                rows.append(f"| {name}, {precision} | {side} | {' | '.join(cells)} |")
            say(rows[-1])
    return "\n".join(rows), fine


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data-dir", type=Path, metavar="DIR")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the table between the marks there")
    options = parser.parse_args()
    torch.set_num_threads(1)
    text, fine = table(options.rounds, options.data_dir, lambda row: print(row, file=sys.stderr, flush=True))
    instructions = torch.backends.cpu.get_cpu_capability()
    text = (
        f"Seconds of CPU time, median of {options.rounds} rounds on one thread of {platform.machine()} "
        f"{instructions}, torch {torch.__version__}; in brackets, as a multiple of plain torch.\n\n{text}"
    )
    print(text)
    if options.write is not None:
        before, _, rest = options.write.read_text("utf-8").partition(BEGIN)
        after = rest.partition(END)[2]
        options.write.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", "utf-8")
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
