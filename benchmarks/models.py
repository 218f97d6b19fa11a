"""Images a second of a training step, for each model and each way to train several networks at once.

A step is forward, backward and stochastic gradient descent with momentum, on random images that are on the
device already; all networks of a stack get the same images, as they do in training. Rates count images of
networks: 4 networks on a batch of 128 are 512 images.

- plain: one network after the other, each with an optimiser of its own. The baseline.
- grouped, vmap, loop: a stack, by `lossmatters.empirics.models.forms`, with one optimiser for all.
- streams: as plain, each network on a CUDA stream of its own (with `--graph`, branches of one graph).

    python benchmarks/models.py
    python benchmarks/models.py --device cuda --dtype bfloat16 --sizes 1,4,8,20 --seconds 2 --json FILE

`--dtype bfloat16` computes under autocast; parameters stay float32. `--compile` compiles the forward pass,
`--graph` captures a step as a CUDA graph and replays it. Every timing is the median over rounds, each of as
many steps as fit its share of `--seconds`. On a CPU, on one thread, it is CPU time, which other work on the
machine disturbs less; a GPU is waited for before each look at the clock.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from lossmatters.empirics.engine.device import device_name, resolve_device
from lossmatters.empirics.models import CNN, InceptionLite, Model, ResNet18, ResNet32
from lossmatters.empirics.models.forms import FORMS

MODELS: dict[str, tuple[Model, tuple[int, ...]]] = {
    "cnn": (CNN(), (1, 28, 28)),
    "resnet18": (ResNet18(), (1, 28, 28)),
    "resnet18-cifar": (ResNet18(stem="cifar"), (1, 28, 28)),
    "resnet32": (ResNet32(), (3, 32, 32)),
    "inception-lite": (InceptionLite(), (3, 32, 32)),
}
TINY = ("cnn", "resnet32", "resnet18")  # what a CPU does in about a minute
WAYS = ("plain", *FORMS, "streams")
ROUNDS = 3
NUM_CLASSES = 10

Step = Callable[[], Any]


def steps(way: str, model: Model, shape: tuple[int, ...], size: int, options: argparse.Namespace) -> Step:
    """A function that trains `size` networks for one step."""
    device, autocast = options.device, options.dtype == "bfloat16"
    apart = way in ("plain", "streams")
    stacks = [[m] for m in range(size)] if apart else [list(range(size))]
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(1, options.batch, *model.given(shape), generator=generator).to(device)
    images = images[0].contiguous(memory_format=torch.channels_last)[None]
    labels = torch.randint(0, NUM_CLASSES, (options.batch,), generator=generator).to(device)
    forward = FORMS["grouped" if apart else way]
    if options.compile:
        forward = torch.compile(forward)

    def step_of(stack: nn.Module, optimiser: torch.optim.Optimizer) -> None:
        with torch.autocast(torch.device(device).type, torch.bfloat16, enabled=autocast):
            logits = forward(stack, images)
        repeated = labels.expand(len(logits), -1).flatten()
        loss = nn.functional.cross_entropy(logits.float().flatten(0, 1), repeated, reduction="sum")
        optimiser.zero_grad(set_to_none=True)
        (loss / options.batch).backward()
        optimiser.step()

    made = []
    for seeds in stacks:
        stack = model.stack(shape, NUM_CLASSES, seeds, device=device)
        for parameter in stack.parameters():
            if parameter.ndim == 4:
                parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
        made.append((stack, torch.optim.SGD(stack.parameters(), lr=0.01, momentum=0.9, foreach=True)))

    def step() -> None:
        for stack, optimiser in made:
            step_of(stack, optimiser)

    if way == "streams":
        side = [torch.cuda.Stream() for _ in made]

        def step() -> None:
            for stream, (stack, optimiser) in zip(side, made, strict=True):
                stream.wait_stream(torch.cuda.current_stream())
                with torch.cuda.stream(stream):
                    step_of(stack, optimiser)
            for stream in side:
                torch.cuda.current_stream().wait_stream(stream)

    return captured(step) if options.graph else step


def captured(step: Step) -> Step:
    """The same step as a CUDA graph."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay


def wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def seconds_a_step(step: Step, device: torch.device, seconds: float) -> float:
    """The median over rounds."""
    clock = time.perf_counter if device.type == "cuda" else time.process_time
    found = []
    for number in range(ROUNDS + 1):
        count = 0
        wait(device)
        began = clock()
        while not count or clock() - began < seconds / (ROUNDS + 1):
            for _ in range(10 if device.type == "cuda" else 1):
                step()
                count += 1
            wait(device)
        if number:  # the first round warms up
            found.append((clock() - began) / count)
    return statistics.median(found)


def measure(name: str, way: str, size: int, options: argparse.Namespace) -> dict[str, Any]:
    """One row: a rate, or why there is none."""
    model, shape = MODELS[name]
    row: dict[str, Any] = {"model": name, "way": way, "networks": size, "batch": options.batch}
    on_gpu = options.device.type == "cuda"
    if on_gpu:
        torch.cuda.reset_peak_memory_stats()
    try:
        found = seconds_a_step(steps(way, model, shape, size, options), options.device, options.seconds)
    except (torch.OutOfMemoryError, RuntimeError) as error:
        return {**row, "images_per_s": None, "error": str(error).splitlines()[0][:120]}
    rate = size * options.batch / found
    work = 3 * 2 * model.multiply_adds(shape, NUM_CLASSES)  # forward and twice that backward
    row |= {"ms_per_step": 1e3 * found, "images_per_s": rate, "tflops": rate * work / 1e12}
    if on_gpu:
        row["peak_gib"] = torch.cuda.max_memory_allocated() / 2**30
    return row


def numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda (default auto)")
    parser.add_argument(
        "--models", help=f"of {','.join(MODELS)} (default on a CPU {','.join(TINY)}, else all)"
    )
    parser.add_argument("--ways", help=f"of {','.join(WAYS)} (default all, streams on a GPU only)")
    parser.add_argument("--sizes", type=numbers, default=[1, 4, 8], help="networks at once (default 1,4,8)")
    parser.add_argument("--batch", type=int, help="images a batch (default 16 on a CPU, else 128)")
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--seconds", type=float, default=1.0, help="for each timing (default 1)")
    parser.add_argument("--compile", action="store_true", help="compile the forward pass")
    parser.add_argument("--graph", action="store_true", help="replay steps as CUDA graphs")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows as JSON too")
    options = parser.parse_args()
    options.device = resolve_device(options.device)
    on_gpu = options.device.type == "cuda"
    if options.graph and not on_gpu:
        parser.error("--graph needs a CUDA device")
    options.batch = options.batch or (128 if on_gpu else 16)
    models = options.models.split(",") if options.models else list(MODELS if on_gpu else TINY)
    ways = options.ways.split(",") if options.ways else list(WAYS if on_gpu else WAYS[:-1])
    if "streams" in ways and not on_gpu:
        parser.error("streams need a CUDA device")
    for kind, given, known in (("models", models, MODELS), ("ways", ways, WAYS)):
        if unknown := set(given) - set(known):
            parser.error(f"--{kind} must be of {', '.join(known)}, got {', '.join(unknown)}")
    if not on_gpu:
        torch.set_num_threads(1)
    torch.backends.cudnn.benchmark = True

    rows: list[dict[str, Any]] = []
    about = {
        "device": device_name(options.device),
        "torch": torch.__version__,
        "dtype": options.dtype,
        "compile": options.compile,
        "graph": options.graph,
    }
    print(f"{about['device']}, torch {about['torch']}, {options.dtype}, batch {options.batch}")
    print("model            way      networks  ms a step   images/s  TFLOP/s  of plain")
    for name in models:
        for size in options.sizes:
            base = None
            for way in ways:
                row = measure(name, way, size, options)
                rows.append(row)
                if row["images_per_s"] is None:
                    print(f"{name:15s}  {way:7s}  {size:8d}  {row['error']}", flush=True)
                    continue
                base = row["images_per_s"] if way == "plain" else base
                row["of_plain"] = row["images_per_s"] / base if base else None
                ratio = f"{row['of_plain']:8.2f}" if base else "       -"
                print(
                    f"{name:15s}  {way:7s}  {size:8d}  {row['ms_per_step']:9.2f}  "
                    f"{row['images_per_s']:9.0f}  {row['tflops']:7.3f}  {ratio}",
                    flush=True,
                )
                if options.json:  # after each row: a long run may be cut off
                    options.json.write_text(json.dumps({**about, "rows": rows}, indent=2) + "\n")
            if options.compile:
                torch.compiler.reset()  # or shapes of earlier rows count against the limit of recompilations
    return 0 if all(row["images_per_s"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
