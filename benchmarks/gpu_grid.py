"""A grid of runs on a GPU within a deadline: check, measure, choose, then train by priority.

Networks train in lanes (`lossmatters.empirics.engine.lane`), several in one process, each step a replay of a
CUDA graph; a record is written the moment its network is done. Everything that happens is a line of
`log.jsonl`, what was chosen is in `plan.json`; a second call in the same folder goes on.

1. check: a lane with graphs against one without, and against itself.
2. measure: images a second of 1, 4, 8, ... lanes for each model, with the losses that are to be trained.
3. choose: the number of lanes; and the number of epochs of `short`, by trials of CCE alone at eta = 0.6 with
   seed 0: the fewest epochs after which J1 >= 0.995, or else the most of those tried; no more than let all
   networks of `short` end in time by what was measured.
4. train: `short` (MNIST, ResNet-18), the source's ResNet-32 on CIFAR-10 with seed 0, `cifar`.

    python benchmarks/gpu_grid.py --data-dir DIR --out DIR --seconds 600
    python benchmarks/gpu_grid.py --device cpu --tiny --out DIR --seconds 60

Runs on CIFAR-10 begin when the folder of the data has a file `cifar10.ready`, or at once with `--all-data`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

os.environ.setdefault(
    "CUDA_DEVICE_MAX_CONNECTIONS", "32"
)  # before CUDA starts: streams that do not share a queue

import numpy as np
import torch

from lossmatters.empirics import records
from lossmatters.empirics.data import Dataset
from lossmatters.empirics.engine.device import device_name, resolve_device
from lossmatters.empirics.engine.lane import Lane, lane_inputs, train_in_lane
from lossmatters.empirics.engine.train import Network
from lossmatters.empirics.engine.training import Training
from lossmatters.empirics.experiments.cifar import CIFAR
from lossmatters.empirics.experiments.experiment import Experiment, Run
from lossmatters.empirics.experiments.jobs import Group, Job
from lossmatters.empirics.experiments.lanes import Lanes
from lossmatters.empirics.experiments.paper import RESNET_32
from lossmatters.empirics.experiments.planning import run_id
from lossmatters.empirics.experiments.quick import SOURCE
from lossmatters.empirics.experiments.runner import CHECKPOINT_SECONDS
from lossmatters.empirics.experiments.short import RESNET_18
from lossmatters.empirics.experiments.stack import Saving, dataset
from lossmatters.empirics.models import CNN, MLP, InceptionLite, Model, ResNet18, ResNet32
from lossmatters.theory.losses import get

TRIAL_RATE, MEMORISED = Fraction(3, 5), 0.995
TRIALS = (25, 40, 60)  # epochs tried
FEWEST = 25
SIZES = (1, 4, 8, 12, 16)
GAIN = 1.05  # more lanes must bring so much
TINY = "digits(train=200, test=100)"  # no files are needed
SHARE = 0.8  # of the time left that `short` may be planned to take: others train beside it


class Log:
    """Lines of JSON, on disk at once."""

    def __init__(self, path: Path) -> None:
        self.path, self.began, self._lock = path, time.time(), threading.Lock()

    def __call__(self, event: dict[str, Any]) -> None:
        line = json.dumps({"t": round(time.time() - self.began, 2), **event})
        with self._lock, self.path.open("a") as file:
            file.write(line + "\n")
        print(line[:300], flush=True)


def random_images(shape: tuple[int, ...], train: int, test: int) -> Dataset:
    """Images and labels without meaning."""
    rng = np.random.default_rng(0)
    inputs = [rng.integers(0, 256, size=(n, *shape)).astype(np.uint8) for n in (train, test)]
    labels = [np.arange(n) % 10 for n in (train, test)]
    mean, std = (120.0,) * shape[0], (60.0,) * shape[0]
    return Dataset("random", inputs[0], labels[0], inputs[1], labels[1], 10, mean, std)


def check(device: torch.device, log: Log) -> bool:
    """Whether graphs compute what single launches do; and whether a repetition gives the same bits."""
    adam = Training(epochs=2, batch_size=128, learning_rate=Fraction(1, 1000), precision="bfloat16")
    sgd = replace(RESNET_32.training, epochs=2)
    cases: list[tuple[str, Model, Training, tuple[int, ...], str]] = [
        (
            "cnn, crops, dropout",
            CNN(dropout=Fraction(1, 2)),
            replace(adam, augmentation="crop and mirror"),
            (3, 32, 32),
            "rll",
        ),
        ("resnet18, adam", ResNet18(), adam, (1, 28, 28), "mse"),
        ("resnet32, sgd", ResNet32(), sgd, (3, 32, 32), "nmse"),
        ("inception-lite, sgd", InceptionLite(), sgd, (3, 32, 32), "cce"),
    ]
    if device.type == "cpu":
        cases = cases[:1]
    passed = True
    for name, model, training, shape, loss in cases:
        data = random_images(shape, 128 + 40 if device.type == "cpu" else 128 * 4 + 40, 100)
        network = Network(get(loss), 0, np.random.default_rng(1).permutation(data.train_labels))
        row: dict[str, Any] = {"event": "check", "case": name}
        try:
            found, began = {}, time.time()
            for graphs in (True, False):
                lane = Lane(data, model, training, network.loss, device=device, graphs=graphs)
                row["seconds to make" if graphs else "seconds to make, eager"] = round(time.time() - began, 2)
                found[graphs] = [
                    train_in_lane(lane, network)["train_loss"] for _ in range(2 if graphs else 1)
                ]
                began = time.time()
            (first, again), (eager,) = found[True], found[False]
            gap = max(abs(a - b) / abs(b) for a, b in zip(first, eager, strict=True))
            same = abs(first[-1] - eager[-1]) / abs(eager[-1]) < 0.05
            row |= {
                "repeats": first == again,
                "same bits as eager": first == eager,
                "gap": gap,
                "passed": same,
            }
            passed &= same
        except Exception as error:
            row |= {"passed": False, "error": f"{type(error).__name__}: {error}"[:500]}
            passed = False
        log(row)
    return passed


def lanes_of(part: Experiment, number: int, options: argparse.Namespace) -> list[Lane]:
    """As many lanes as asked for, of the source's losses in turn."""
    data = dataset(part.dataset, options.data_dir)
    inputs = lane_inputs(data, part.model, part.training, options.device)
    made = []
    for index in range(number):
        loss = get(SOURCE[index % len(SOURCE)])
        lane = Lane(data, part.model, part.training, loss, inputs=inputs, device=options.device)
        lane.begin(Network(loss, index, data.train_labels))
        made.append(lane)
    return made


def measure(part: Experiment, sizes: Sequence[int], options: argparse.Namespace, log: Log) -> dict[str, Any]:
    """Images of networks a second in training steps, for each number of lanes; and of one evaluation."""
    lanes, rates = lanes_of(part, max(sizes), options), {}
    batch = lanes[0].bounds[0][1]
    work = 6 * part.model.multiply_adds(lanes[0].data.input_shape, 10)

    def train(lane: Lane, steps: int) -> None:
        for _ in range(steps):
            lane.steps[batch]()
        lane.wait()

    for size in sizes:
        chosen, most = lanes[:size], len(lanes[0].bounds) - 1
        for number in (min(most, 50), min(most, 250)):  # the first time warms up
            for lane in chosen:
                lane.rewind()
            threads = [threading.Thread(target=train, args=(lane, number)) for lane in chosen]
            began = time.perf_counter()
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            seconds = time.perf_counter() - began
        rates[size] = size * number * batch / seconds
        log(
            {
                "event": "rate",
                "model": part.model.name,
                "dataset": part.dataset,
                "lanes": size,
                "images_per_s": round(rates[size]),
                "ms_a_step": round(1e3 * seconds / number, 3),
                "tflops": round(rates[size] * work / 1e12, 2),
            }
        )
    began = time.perf_counter()
    lanes[0].evaluation()
    lanes[0].wait()
    evaluation = time.perf_counter() - began
    best = max(rates.values())
    lanes_chosen = min(size for size, rate in rates.items() if rate * GAIN >= best)
    return {"lanes": lanes_chosen, "images_per_s": rates[lanes_chosen], "evaluation_s": evaluation}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--device", default="cuda", help="cuda or cpu (default cuda)")
    parser.add_argument("--data-dir", help="the folder of the data sets")
    parser.add_argument("--out", type=Path, required=True, help="the folder to write to")
    parser.add_argument("--seconds", type=float, required=True, help="when to stop, from now")
    parser.add_argument(
        "--deadline-file", type=Path, help="if it is there: when to stop, in seconds since 1970"
    )
    parser.add_argument("--source", help="the commit that this is, where git cannot tell")
    parser.add_argument("--lanes", type=int, default=0, help="of short (default: as measured)")
    parser.add_argument(
        "--skip", default="", help="of check,measure,short,paper,cifar,resnet32: what to leave out"
    )
    parser.add_argument("--all-data", action="store_true", help="CIFAR-10 is there already")
    parser.add_argument("--tiny", action="store_true", help="few images and epochs, to try this")
    options = parser.parse_args()
    options.device = resolve_device(options.device)
    options.out.mkdir(parents=True, exist_ok=True)
    if options.device.type == "cpu":
        torch.set_num_threads(1)
    return Grid(options).run()


class Grid:
    """The whole of it."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options, self.log = options, Log(options.out / "log.jsonl")
        self.deadline = time.time() + options.seconds
        self.skip = set(options.skip.split(","))
        self.plan_file = options.out / "plan.json"
        self.plan: dict[str, Any] = json.loads(self.plan_file.read_text()) if self.plan_file.exists() else {}
        self.short = self.sized(RESNET_18)
        self.groups: dict[str, Group] = {}
        self.recorded = self.known()

    def sized(self, part: Experiment) -> Experiment:
        """The part, or something tiny like it."""
        if not self.options.tiny:
            return part
        return replace(part.with_changes(epochs=2, seeds=2), dataset=TINY, model=MLP((8,)))

    def known(self) -> set[str]:
        """The runs that earlier calls recorded."""
        files = self.options.out.glob("*.jsonl")
        return {
            record.run_id
            for file in files
            if file.name != "log.jsonl" and file.stat().st_size
            for record in records.read(file)
        }

    def jobs(
        self,
        part: Experiment,
        pairs: Iterable[tuple[str, Fraction]],
        seeds: Iterable[int] | None = None,
        **how: Any,
    ) -> list[Job]:
        """Jobs, pair by pair; their records are left out later, when data can be read."""
        chosen = part.seeds if seeds is None else tuple(seeds)
        return [Job(part, Run(loss, rate, seed), **how) for loss, rate in pairs for seed in chosen]

    def left(self, jobs: list[Job]) -> list[Job]:
        """Those that are not recorded yet."""
        return [j for j in jobs if run_id(j.experiment, j.run, self.options.data_dir) not in self.recorded]

    def save(self, **chosen: Any) -> None:
        self.plan |= chosen
        self.plan_file.write_text(json.dumps(self.plan, indent=2) + "\n")
        self.log({"event": "plan", **chosen})

    def run(self) -> int:
        options, log = self.options, self.log
        name = device_name(options.device)
        log({"event": "start", "device": name, "torch": torch.__version__, "python": sys.version.split()[0]})
        self.save(device=name, torch=torch.__version__)
        if "check" not in self.skip and "checked" not in self.plan:
            self.save(checked=check(options.device, log))
        sizes = (1, 2) if options.tiny else SIZES
        if "short" not in self.skip and "short_lanes" not in self.plan:
            try:
                found = measure(self.short, sizes, options, log)
            except Exception as error:
                log({"event": "measure failed", "error": f"{type(error).__name__}: {error}"[:400]})
                found = {"lanes": 4, "images_per_s": 1e5, "evaluation_s": 1.0}
            if options.device.type == "cuda":
                torch.cuda.empty_cache()
            lanes = options.lanes or found["lanes"]
            self.save(
                short_lanes=lanes, short_rate=found["images_per_s"], short_evaluation_s=found["evaluation_s"]
            )
        self.fill()
        lanes = Lanes(
            lambda job, record: records.append(options.out / f"{record.experiment}.jsonl", [record]),
            device=options.device.type,
            saving=Saving(options.out / "checkpoints", CHECKPOINT_SECONDS, self.deadline),
            source=options.source,
            data_dir=options.data_dir,
            log=log,
            tick=self.choose,
        )
        done = lanes.run(list(self.groups.values()))
        left = sum(len(group.jobs) for group in self.groups.values())
        log({"event": "end", "records": len(done), "left": left})
        return 0

    def fill(self) -> None:
        """The groups, of which `short` begins with its trials."""
        tiny = self.options.tiny
        if "short" not in self.skip:
            trial = replace(self.short, name="trial")
            epochs = (1, 2) if tiny else TRIALS
            trials = [
                Job(trial.with_changes(epochs=e), Run("cce", TRIAL_RATE, 0))
                for e in epochs
                if "short_epochs" not in self.plan
            ]
            # The longest first; until they are done the other lanes have what the choice does not touch.
            self.groups["short"] = Group("short", trials[::-1], self.plan["short_lanes"])
            self.trials = len(trials)
            if not trials:
                self.add_short()
        if "paper" not in self.skip:
            part = self.sized(RESNET_32)
            pairs = [(loss, Fraction(2, 5)) for loss in ("cce", "rll(alpha=1/10)", "mse", "nmse")]
            jobs = self.jobs(part, pairs, seeds=(0,), saves=True)
            self.groups["paper"] = Group(
                "paper", jobs, 2 if tiny else 4, self.when_ready("paper"), priority=-1
            )
        for name, parts, number in (("cifar", CIFAR.parts[:-1], 6), ("resnet32", CIFAR.parts[-1:], 5)):
            if name not in self.skip:
                sized = [self.sized(part) for part in parts]
                jobs = [job for part in sized for job in self.jobs(part, part.grid)]
                self.groups[name] = Group(name, jobs, 2 if tiny else number, self.when_ready(name))

    def when_ready(self, name: str) -> Any:
        """A function that says whether CIFAR-10 is there, and then leaves out what is recorded."""
        checked = False

        def ready() -> bool:
            nonlocal checked
            if not self.cifar_ready():
                return False
            if not checked:
                self.groups[name].jobs[:] = self.left(self.groups[name].jobs)
                checked = True
            return True

        return ready

    def cifar_ready(self) -> bool:
        folder = self.options.data_dir
        return self.options.all_data or (folder is not None and Path(folder, "cifar10.ready").exists())

    def choose(self, lanes: Lanes) -> None:
        """Once the trials are done: the number of epochs of `short`, and its runs."""
        file = self.options.deadline_file
        if file is not None and file.exists():
            self.deadline = lanes.deadline = float(file.read_text())
        if "short" in self.skip or "short_epochs" in self.plan:
            return
        found = {
            len(r.curves["train_loss"]): r.final["noisy_train_accuracy"]
            for r in lanes.done
            if r.experiment == "trial"
        }
        busy = any(slot.group.name == "short" and slot.job for slot in lanes.slots)
        if busy or self.groups["short"].jobs:
            return
        data = dataset(self.short.dataset, self.options.data_dir)
        networks = len(self.short.grid) * len(self.short.seeds)
        each = len(data.train_labels) / self.plan["short_rate"] + self.plan["short_evaluation_s"] / 4
        most = int(SHARE * (self.deadline - time.time()) / (networks * each))
        good = sorted(e for e, j1 in found.items() if j1 >= MEMORISED)
        wanted = good[0] if good else max(found, default=FEWEST)
        epochs = wanted if self.options.tiny else max(FEWEST, min(wanted, most // 5 * 5))
        self.save(short_epochs=epochs, trials={str(k): v for k, v in sorted(found.items())}, fits=most)
        self.add_short()

    def add_short(self) -> None:
        part = self.short.with_changes(epochs=self.plan["short_epochs"])
        self.groups["short"].jobs += self.left(self.jobs(part, part.grid))


if __name__ == "__main__":
    sys.exit(main())
