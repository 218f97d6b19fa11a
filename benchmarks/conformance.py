"""How small a defect each check of the conformance suite still catches, and how long a loss takes.

A sound loss, 1 - u_y, is given one defect of size s, and the check that names it is run ten times with other
draws each time, for s = 1, 1/10, 1/100, ... The table has the smallest s that was caught ten times out of
ten; a check that misses s = 1 shows "none". The losses of the catalogue then pass the whole suite, with the
seconds of each budget. Nothing else should run on the machine meanwhile.

    python benchmarks/conformance.py [--budgets quick default] [--write docs/conformance.md]

`--parts again` runs all exhibits of the museum and all sound losses many times, with other draws each time.

The exit status is 1 if a sound loss fails a check.
"""

from __future__ import annotations

import argparse
import ast
import os
import statistics
import sys
from collections.abc import Callable
from multiprocessing import get_all_start_methods, get_context
from pathlib import Path
from typing import Any

import torch
from criteria import insert, table
from torch import Tensor

from lossmatters.proofs_checks.conformance import CHECKS, check_loss
from lossmatters.theory.losses import LOSSES

MUSEUM = Path(__file__).parents[1] / "tests" / "museum"
SOUND = Path(__file__).parents[1] / "tests" / "sound"
RUNS = 10
SMALLEST = 16  # sizes down to 10^-16
Values = Callable[[Tensor, Tensor], Tensor]


def own(z: Tensor, y: Tensor) -> Tensor:
    return z.softmax(dim=1).gather(1, y[:, None]).squeeze(1)


def sound(z: Tensor, y: Tensor) -> Tensor:
    return 1 - own(z, y)


def plus(extra: Values) -> Callable[[float], Values]:
    return lambda s: lambda z, y: sound(z, y) + s * extra(z, y)


def slope(z: Tensor, y: Tensor) -> Tensor:
    """Zero, with a gradient."""
    return sound(z, y) - sound(z, y).detach()


def beyond(z: Tensor, y: Tensor) -> Tensor:
    """A bump where u_y is within 0.02 of 0.83, which no plain output comes near."""
    return (1 - ((own(z, y) - 0.83) / 0.02) ** 2).clamp(min=0)


def compiling(z: Tensor, y: Tensor) -> Tensor:
    return torch.full_like(z[:, 0], 1.0 if torch.compiler.is_compiling() else 0.0)


# check, what is wrong, the loss with a defect of size s, what it declares
DEFECTS: list[tuple[str, str, Callable[[float], Values], dict[str, Any]]] = [
    ("formula", "a factor 1 + s", plus(sound), {"formula": "1/2*mae"}),
    (
        "formula",
        "-log(u_y + s) for -log u_y",
        lambda s: lambda z, y: -(own(z, y) + s).log(),
        {"formula": "cce"},
    ),
    ("label_sum", "s u_y^2 added", plus(lambda z, y: own(z, y) ** 2), {"symmetric": True}),
    ("label_sum", "a bump of height s where 0.81 < u_y < 0.85", plus(beyond), {"symmetric": True}),
    ("label_sum_value", "a factor 1 + s", plus(sound), {"constant": lambda k: k - 1}),
    ("bounded", "s [1 - u_y] added to a loss of at most 1", plus(sound), {"bound": 1}),
    ("convex", "s u_y^2 taken away", plus(lambda z, y: -(own(z, y) ** 2)), {"convex": True}),
    ("convex", "the same bump", plus(beyond), {"convex": True}),
    ("decreasing", "the same bump", plus(beyond), {"decreasing": True}),
    (
        "smallest_at_label",
        "s u_y added to a constant",
        lambda s: lambda z, y: 1 + s * own(z, y),
        {"smallest_at_label": True},
    ),
    ("zero_at_label", "s added", plus(lambda z, y: z[:, 0] * 0 + 1), {"zero_at_label": True}),
    ("class_permutation", "s added for one class", plus(lambda z, y: (y == 1) * (z[:, 0] * 0 + 1)), {}),
    ("logit_shift", "s tanh(mean of the logits) added", plus(lambda z, y: z.mean(dim=1).tanh()), {}),
    ("batch", "s times the batch's mean added", plus(lambda z, y: sound(z, y).mean()), {}),
    ("gradient", "a gradient 1 + s times too long", plus(slope), {}),
    ("float32", "computed beside a number s", lambda s: lambda z, y: (s * 1e8 + sound(z, y)) - s * 1e8, {}),
    ("deterministic", "s times a random number added", plus(lambda z, y: torch.rand_like(z[:, 0])), {}),
    ("compile", "s added when compiled", plus(compiling), {}),
    ("noisy_risk", "the same bump", plus(beyond), {"symmetric": True}),
]


def smallest(
    check: str, defective: Callable[[float], Values], said: dict[str, Any], budget: str
) -> float | None:
    """The least s that is caught in every run."""
    found = None
    for power in range(SMALLEST + 1):
        loss = defective(10.0**-power)
        runs = (check_loss(loss, budget=budget, only=[check], **said) for _ in range(RUNS))
        if not all(report[check].status == "failed" for report in runs):
            break
        found = 10.0**-power
    return found


def seconds(budget: str) -> tuple[list[float], list[str]]:
    """Return what each loss of the catalogue took one core; and what failed, which should be nothing.

    Of computing, in this process and those that it starts: what else a machine does is not counted.
    """
    taken, failed = [], []
    for name in LOSSES:
        started = sum(os.times()[:4])
        report = check_loss(name, budget=budget)
        taken.append(sum(os.times()[:4]) - started)
        failed += [f"{name} {result.check}: {result.detail}" for result in report.failures]
    return taken, failed


def checks() -> str:
    """What there is."""
    rows = [[f"`{check.id}`", check.promise, ", ".join(check.tags)] for check in CHECKS.values()]
    return table(["check", "promise", "tags"], rows)


def said(path: Path) -> dict[str, Any]:
    """Return what a file says of its loss in capitals; it is not run, as running may be the defect."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    named = [
        (n.targets[0].id, n.value)
        for n in body
        if isinstance(n, ast.Assign) and isinstance(n.targets[0], ast.Name)
    ]
    return {name: ast.literal_eval(value) for name, value in named if name in ("CAUGHT_BY", "DECLARED")}


def museum() -> str:
    """The first line of each exhibit, and what catches it."""
    rows = []
    for path in sorted(MUSEUM.glob("*.py")):
        first = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").splitlines()[0]
        rows.append(
            [f"`{path.stem}`", first, ", ".join(f"`{name}`" for name in sorted(said(path)["CAUGHT_BY"]))]
        )
    return table(["loss", "defect", "caught by"], rows)


def caught(budgets: list[str]) -> str:
    """Return the table of the smallest defects that are caught in every run."""
    rows = []
    for check, what, defective, said in DEFECTS:
        row = [f"`{check}`", what]
        for budget in budgets:
            if check == "compile" and budget == "quick":
                row.append("not run")
                continue
            least = smallest(check, defective, said, budget)
            row.append("none" if least is None else f"{least:.0e}")
        rows.append(row)
        print(*row, sep="  ", flush=True)
    return table(["check", "defect of size s", *budgets], rows)


def times(budgets: list[str]) -> tuple[str, list[str]]:
    """Return the table of what runs take, and the false alarms."""
    rows, alarms = [], []
    for budget in budgets:
        taken, failed = seconds(budget)
        alarms += failed
        spent = (f"{statistics.median(taken):.1f}", f"{max(taken):.1f}")
        rows.append([budget, str(len(taken)), *spent, str(len(failed))])
    return table(["budget", "losses", "median, s", "longest, s", "false alarms"], rows), alarms


def _broken(loss: str, declared: dict[str, Any]) -> set[str]:
    return {r.check for r in check_loss(loss, budget="quick", **declared).failures}


def again(runs: int) -> tuple[str, list[str]]:
    """Return how often exhibits of the museum are missed, and sound losses accused, over runs."""
    wrong, counts = [], []
    exhibits, sound = ([(f"{p}:loss", said(p)) for p in sorted(f.glob("*.py"))] for f in (MUSEUM, SOUND))
    # each in a process of its own: what a file does when it is imported is done once in a process
    alone = get_context("fork" if "fork" in get_all_start_methods() else "spawn").Pool(1, maxtasksperchild=1)
    for which, losses_there, key in (("exhibits", exhibits, "CAUGHT_BY"), ("sound losses", sound, "")):
        missed = other = 0
        for run in range(runs):
            for loss, words in losses_there:
                broken = alone.apply(_broken, (loss, words.get("DECLARED", {})))
                expected = words.get(key, set())
                missed, other = missed + bool(expected - broken), other + bool(broken - expected)
                if broken != expected:
                    wrong.append(f"run {run}: {loss} broke {sorted(broken)}, not {sorted(expected)}")
            print(f"{which}: run {run + 1} of {runs}: {missed} missed, {other} accused", flush=True)
        counts.append([which, str(len(losses_there)), str(runs), str(missed), str(other)])
    return table(["quick runs of", "losses", "runs of each", "missed", "falsely accused"], counts), wrong


def main() -> int:
    """Measure, print, and write the tables into a document that has their marks."""
    parser = argparse.ArgumentParser(description="What the conformance suite catches, and its time.")
    parser.add_argument("--budgets", nargs="+", default=["quick", "default"])
    parser.add_argument(
        "--parts", nargs="+", default=["caught", "times"], choices=["caught", "times", "again"]
    )
    parser.add_argument("--runs", type=int, default=50, help="of each loss, for --parts again")
    parser.add_argument("--write", type=Path, help="a document with the marks of the tables")
    given = parser.parse_args()
    os.environ.pop("CI", None)  # which would make all runs the same
    torch.set_num_threads(1)
    found, alarms = {"checks": checks(), "museum": museum()}, []
    if "caught" in given.parts:
        found["caught"] = caught(given.budgets)
    if "times" in given.parts:
        found["times"], alarms = times(given.budgets)
        print(found["times"], *alarms, sep="\n")
    if "again" in given.parts:
        counted, wrong = again(given.runs)
        print(counted, *wrong, sep="\n")
        alarms += wrong
    if given.write:
        for mark, text in found.items():
            insert(given.write, mark, text)
    return bool(alarms)


if __name__ == "__main__":
    sys.exit(main())
