"""Good manners: the same call gives the same value, and nothing else is touched."""

from __future__ import annotations

import random
import subprocess
import sys
from itertools import product
from typing import Any

from lossmatters.proofs_checks.conformance.imports import Change
from lossmatters.proofs_checks.conformance.probing import probe
from lossmatters.proofs_checks.conformance.report import NOTE, Broken, NotApplicable
from lossmatters.proofs_checks.conformance.state import watched
from lossmatters.proofs_checks.conformance.trial import LossCheck, Trial

SECONDS = 120  # to import the file of a loss, torch included


def _deterministic(trial: Trial) -> str | None:
    import torch

    for size in (1, 5, 64):
        z, y = probe(trial.num_classes, size)
        first, second = trial.subject.values(z, y).detach(), trial.subject.values(z, y).detach()
        if not torch.allclose(first, second, rtol=0, atol=0, equal_nan=True):
            raise Broken(
                f"two equal calls differ by {float((first - second).abs().max()):.6g}",
                _why_random(trial, z, y),
                logits=z,
                labels=y,
            )
    return None


def _why_random(trial: Trial, z: Any, y: Any) -> str:
    """Return whether a seed makes two calls alike."""
    import numpy as np
    import torch

    found = []
    for _ in range(2):
        torch.manual_seed(0)  # `watched` puts the seeds back
        np.random.seed(0)  # noqa: NPY002 - the global generator is what is asked about
        random.seed(0)
        found.append(trial.subject.values(z, y).detach())
    if torch.equal(*found):
        return "a random draw inside, or dropout left on: with the same seed before it, a call gives the same"
    return "a state kept between calls: seeds do not make them alike"


def _input(trial: Trial) -> str | None:
    import torch

    recorded = (False, True) if trial.subject.is_torch and trial.subject.has_gradient else (False,)
    for needs_gradient, scale in product(recorded, (1, 20)):  # far out too, where it may clip
        z, y = trial.probe()
        z = scale * z
        leaf = z.clone().requires_grad_(needs_gradient)
        given = trial.subject.given(leaf * 1, y.clone())
        before = [t.detach().clone() if isinstance(t, torch.Tensor) else t.copy() for t in given]
        value = trial.subject.call(*given, dtype=z.dtype)
        if needs_gradient and value.requires_grad:
            torch.autograd.grad(value.sum(), leaf, allow_unused=True)
        for name, now, then in zip((trial.subject.takes, "labels"), given, before, strict=True):
            if not torch.equal(*(torch.as_tensor(t).detach() for t in (now, then))):
                raise Broken(
                    f"the {name} are changed by the call",
                    "an operation in place (+=, *=, clamp_, scatter_) on the argument",
                    before=then,
                    after=now,
                )
    return None


def _state_at_call(trial: Trial) -> str | None:
    import torch

    def call() -> None:
        trial.subject.values(*probe(trial.num_classes))

    def gradient() -> None:
        if trial.subject.has_gradient:
            trial.subject.gradient(*probe(trial.num_classes))

    for record, run in ((True, call), (True, gradient), (False, call)):
        with watched() as changed, torch.set_grad_enabled(record):
            run()
            inside = torch.is_grad_enabled()
        if inside != record:
            raise Broken(
                f"under {'enable_grad' if record else 'no_grad'} a call leaves gradients "
                f"{'off' if record else 'on'}",
                "torch.set_grad_enabled inside the loss, not as a context",
            )
        if changed:
            raise Broken(
                f"a call changes {', '.join(changed)}", "a random draw, or a setting, inside the loss"
            )
    return None


def _state_at_import(trial: Trial) -> str | None:
    found = trial.subject.import_changes
    if found is None:
        found = _in_a_new_process(trial)
    own = [change for change in found if change.own]
    if own:
        raise Broken(
            f"importing the loss changes {', '.join(change.name for change in own)}",
            f"made by {', '.join(sorted({change.module for change in own}))}, for whoever imports it",
        )
    if found:
        told = ", ".join(f"{change.module} changes {change.name}" for change in found)
        raise Broken(f"a module that the loss imports sets things for everyone: {told}", severity=NOTE)
    return None


def _in_a_new_process(trial: Trial) -> list[Change]:
    """Return what importing the module of a loss changes, where it was imported long ago."""
    holder = getattr(trial.subject.loss, "__module__", None) or type(trial.subject.loss).__module__
    module = sys.modules.get(holder)
    path = getattr(module, "__file__", None)
    if module is None or holder == "__main__" or path is None:
        raise NotApplicable("the loss was not imported from a file")
    if holder.split(".")[0] in ("torch", "lossmatters", "builtins", "functools"):
        raise NotApplicable(f"the loss belongs to {holder.split('.')[0]}")
    if not trial.budget.slow:
        raise NotApplicable("a quick run starts no new process")
    code = (
        "import sys; sys.path[:] = sys.argv[2:]\n"
        "from lossmatters.proofs_checks.conformance.imports import changes_by_import\n"
        "print('\\n'.join(['found', *map('\\t'.join, changes_by_import(sys.argv[1]))]))"
    )
    target = holder if _importable(holder) else path
    command = [sys.executable, "-c", code, target, *sys.path]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        raise Broken(f"importing the loss took more than {SECONDS} s") from None
    first, *found = done.stdout.split("\n")[:-1] or [""]
    if done.returncode or first != "found":
        raise NotApplicable(f"{holder} could not be imported alone: {one_line_of(done.stderr)}")
    return [Change(*line.split("\t")) for line in found]


def _importable(name: str) -> bool:
    from importlib.util import find_spec

    try:
        return find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def one_line_of(text: str) -> str:
    """Return the last line of a traceback."""
    lines = text.strip().splitlines()
    return lines[-1] if lines else "no message"


TAGS = ("hygiene",)
CHECKS = (
    LossCheck("deterministic", "Equal calls give equal values.", TAGS, _deterministic, anyway=True),
    LossCheck("input_unchanged", "The logits and labels are left as they are.", TAGS, _input, anyway=True),
    LossCheck(
        "state_at_call",
        "A call touches no global state: seeds, default dtype, threads, anomaly mode.",
        TAGS,
        _state_at_call,
        anyway=True,
    ),
    LossCheck(
        "state_at_import",
        "Importing the loss touches no global state: seeds, default dtype, threads, anomaly mode.",
        TAGS,
        _state_at_import,
        anyway=True,
    ),
)
