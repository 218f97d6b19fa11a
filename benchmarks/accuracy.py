"""Every criterion in float32 against its formula to 120 digits: values, gradients, label sums.

Logits N(0, s), all equal, and one-hot rows of several heights, for K = 2, 10, 1000. Of each loss the table
has the greatest relative error of a value and of a row's gradient (the norm of the difference over the norm)
where the true one exceeds 1e-30, the greatest relative error of a label sum of the matrix of a symmetric
loss, and how many rows have a gradient of exactly 0 where the true one has a normal float32.

    python benchmarks/accuracy.py [--classes 2 10 1000] [--compiled] [--write docs/criteria.md]

The exit status is 1 if an error is above its bar, 1e-6 at s = 1 and 6e-6 elsewhere (4e-7 for label sums), or
a row is dead or not finite.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from criteria import insert, table
from torch import Tensor, nn

from lossmatters.theory.criteria import reference
from lossmatters.theory.losses import LOSSES, Loss, TruncatedGCE

SCALES = (1.0, 10.0, 100.0, 1e4)
HEIGHTS = (-1e4, -60.0, -20.0, 20.0, 60.0, 1e4)
CLASSES = (2, 10, 1000)
BAR_UNIT, BAR, BAR_SUM = 1e-6, 6e-6, 4e-7
SMALLEST, LEAST_NORMAL = 1e-30, 1.18e-38


@dataclass
class Worst:
    """The greatest errors met."""

    value: dict[str, float] = field(default_factory=lambda: dict.fromkeys(("unit", "any"), 0.0))
    gradient: dict[str, float] = field(default_factory=lambda: dict.fromkeys(("unit", "any"), 0.0))
    label_sum: float = 0.0
    dead: int = 0
    not_finite: int = 0

    def meets_the_bars(self) -> bool:
        pairs = [(self.value, BAR), (self.gradient, BAR)]
        within = all(worst["any"] <= bar and worst["unit"] <= BAR_UNIT for worst, bar in pairs)
        return within and self.label_sum <= BAR_SUM and not self.dead and not self.not_finite


def rows(num_classes: int) -> Iterator[tuple[str, list[float]]]:
    """Rows of logits, "unit" where s = 1."""
    generator = torch.Generator().manual_seed(num_classes)
    for scale in SCALES:
        for _ in range(6 if num_classes < 100 else 1):
            yield (
                ("unit" if scale == 1 else "any"),
                (torch.randn(num_classes, generator=generator) * scale).tolist(),
            )
    yield "any", [0.0] * num_classes
    for height in HEIGHTS:
        yield "any", [height] + [0.0] * (num_classes - 1)


def labels_of(row: list[float]) -> list[int]:
    """Labels of the greatest and of the least logit, and the first two."""
    order = sorted(range(len(row)), key=lambda i: row[i])
    found = {order[0], order[-1]} | ({0, 1} if len(row) < 100 else set())
    return sorted(found)


def check_row(loss: Loss, criterion: nn.Module, kind: str, row: list[float], worst: Worst) -> None:
    """Compare one row under some of its labels."""
    probs = reference.softmax(row)
    for label in labels_of(row):
        logits = torch.tensor([row], requires_grad=True)
        value = criterion(logits, torch.tensor([label]))
        value.sum().backward()
        assert logits.grad is not None
        worst.not_finite += not bool(value.isfinite().all() & logits.grad.isfinite().all())
        wanted = reference.value(loss, probs, label)
        if wanted > SMALLEST:
            record(worst.value, kind, abs(value.item() - wanted) / wanted)
        check_gradient(loss, kind, probs, label, logits.grad[0], worst)
    if loss.symmetric:
        uniform = reference.softmax([0.0] * len(row))
        constant = float(len(row) * reference.value(loss, uniform, 0))
        total = loss.matrix(torch.tensor([row])).double().sum().item()
        worst.label_sum = max(worst.label_sum, abs(total / constant - 1))


def check_gradient(loss: Loss, kind: str, probs: Any, label: int, found: Tensor, worst: Worst) -> None:
    """Compare a row's gradient, for losses that have one."""
    on_kink = isinstance(loss, TruncatedGCE) and probs[label] == loss.k  # two slopes, both right
    if not loss.differentiable or on_kink:
        return
    context = reference.CONTEXT
    slopes = list(reference.gradient(loss, probs, label))
    norm = context.norm(slopes)
    worst.dead += bool(norm > LEAST_NORMAL and not found.any())
    if norm > SMALLEST:
        difference = [a - b for a, b in zip(found.tolist(), slopes, strict=True)]
        record(worst.gradient, kind, context.norm(difference) / norm)


def record(worst: dict[str, float], kind: str, error: Any) -> None:
    worst[kind] = max(worst[kind], float(error))


def cells(loss: Loss, worst: Worst) -> list[str]:
    """A row of the table."""
    errors = [worst.value["unit"], worst.value["any"], worst.gradient["unit"], worst.gradient["any"]]
    texts = [f"{e:.1e}" for e in errors]
    if not loss.differentiable:
        texts[2:] = ["", ""]
    return [
        *texts,
        f"{worst.label_sum:.1e}" if loss.symmetric else "",
        str(worst.dead),
        str(worst.not_finite),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description="Accuracy of the criteria.")
    parser.add_argument("--losses", nargs="*", default=list(LOSSES))
    parser.add_argument("--classes", type=int, nargs="*", default=CLASSES)
    parser.add_argument("--compiled", action="store_true")
    parser.add_argument("--write", type=Path, help="a document with the marks of the table")
    given = parser.parse_args()
    torch.set_num_threads(1)
    lines, met = [], True
    for name in given.losses:
        loss, worst = LOSSES[name](), Worst()
        for num_classes in given.classes:
            criterion = loss.criterion("none")
            if given.compiled:
                torch.compiler.reset()
                criterion.compile(fullgraph=True, dynamic=False)
            for kind, row in rows(num_classes):
                check_row(loss, criterion, kind, row, worst)
        met &= worst.meets_the_bars()
        lines.append([name, *cells(loss, worst)])
        print(lines[-1], file=sys.stderr, flush=True)
    header = [
        "loss",
        "value, s = 1",
        "value, any",
        "gradient, s = 1",
        "gradient, any",
        "label sum",
        "dead",
        "not finite",
    ]
    text = table(header, lines)
    print(text)
    if given.write:
        insert(given.write, "accuracy", text)
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
