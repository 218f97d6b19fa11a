"""Good manners: the same call gives the same value, nothing else is touched, bad labels are refused."""

from __future__ import annotations

import random
import subprocess
import sys
from itertools import product
from typing import Any

from lossmatters.proofs_checks.conformance.imports import Change
from lossmatters.proofs_checks.conformance.probing import one_line, probe
from lossmatters.proofs_checks.conformance.report import NOTE, WEAKNESS, Broken, NotApplicable
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


def _label_types(trial: Trial) -> str | None:
    trial.need_torch()
    _need_labels(trial)
    import torch

    z, y = probe(trial.num_classes)
    wanted, refused = trial.subject.values(z, y), []
    for dtype in (torch.int32, torch.int16, torch.int8, torch.uint8):
        try:
            found = trial.subject.values(z, y.to(dtype))
        except Broken:
            refused.append(str(dtype).removeprefix("torch."))
            continue
        if not torch.equal(found, wanted):
            raise Broken(
                f"labels of type {dtype} give other losses than int64",
                labels=y,
                int64=wanted,
                found=found,
            )
    return f"refused with an error: {', '.join(refused)}" if refused else None


def _need_labels(trial: Trial) -> None:
    """Skip a loss that does not see labels as we give them."""
    if trial.subject.way.targets != "labels" or trial.subject.way.kind == "binary logits":
        raise NotApplicable("the labels are made into what the loss takes by the suite")


def _bad_labels(trial: Trial) -> str | None:
    _need_labels(trial)
    import torch

    k = trial.num_classes
    z, y = probe(k)
    at = torch.arange(len(y)) == 1
    if trial.subject.ignore_index != k:
        _refuses(trial, z, torch.where(at, k, y), "a label of K is")
    if trial.subject.is_torch:
        _refuses(trial, z, y.double() + 0.5, "labels that are no integers are")
    return None if trial.subject.ignore_index == -1 else _negative(trial, z, y, at)


def _negative(trial: Trial, z: Any, y: Any, at: Any) -> str | None:
    """Refuse a loss that takes -1 for the last class; it may mean "ignored", or a value of its own."""
    import torch

    def batch(label: int) -> Any:
        """Return the answer for all samples together: of one ignored sample alone a mean is 0/0."""
        return torch.as_tensor(trial.subject.raw(z.clone(), torch.where(at, label, y))).detach()

    try:
        found = batch(-1)
    except Exception:
        return None
    last, other = batch(trial.num_classes - 1), batch(0)
    if torch.equal(found, last) and not torch.equal(last, other):
        raise Broken(
            "a label of -1 is taken without an error",
            "a negative index counts from the end",
            logits=z,
            labels=torch.where(at, -1, y),
            found=found,
        )
    return "a label of -1 is no error, and not the last class"


def _ignored(trial: Trial) -> str | None:
    """Leave samples out by their label, some of a batch and all of it."""
    import torch

    index = trial.subject.ignore_index
    if index is None or 0 <= index < trial.num_classes:
        raise NotApplicable("no `ignore_index` is declared, nor does the loss have one")
    _need_labels(trial)
    z, y = probe(trial.num_classes)
    some = torch.where(torch.arange(len(y)) % 2 == 1, index, y)
    try:
        found = torch.as_tensor(trial.subject.raw(z.clone(), some)).detach()
    except Exception as error:
        if trial.subject.way.ignore_index is None:
            raise NotApplicable(f"its ignore_index is no label for it: {one_line(error)}") from None
        raise
    other = (
        z + 3 * torch.sin(torch.arange(z.numel(), dtype=z.dtype)).reshape(z.shape) * (some == index)[:, None]
    )
    moved = torch.as_tensor(trial.subject.raw(other, some.clone())).detach()
    if not torch.allclose(found, moved, rtol=1e-6, atol=1e-9 * (1 + trial.subject.typical), equal_nan=True):
        raise Broken("the logits of ignored samples change the loss", labels=some, before=found, after=moved)
    leaf = z.clone().requires_grad_(trial.subject.has_gradient)
    value = torch.as_tensor(trial.subject.raw(leaf * 1, torch.full_like(y, index))).sum()
    if trial.subject.has_gradient and not value.requires_grad:
        raise Broken(
            "a batch of ignored samples alone gives a loss without gradient: backward() raises",
            "a new tensor is returned where nothing is left",
        )
    if bool(value.isnan()):
        raise Broken("the loss of a batch of ignored samples alone is NaN, 0/0", severity=NOTE)
    return None


def _refuses(trial: Trial, z: Any, y: Any, what: str) -> None:
    try:
        found = trial.subject.values(z, y)
    except Broken:
        return
    raise Broken(f"{what} taken without an error", logits=z, labels=y, found=found)


def _empty(trial: Trial) -> str | None:
    z, y = probe(trial.num_classes)
    value = trial.subject.raw(z[:0].clone(), y[:0].clone())
    wanted = trial.subject.interface.shape(0, trial.num_classes)
    if tuple(value.shape) != wanted:
        raise Broken(f"a batch of no samples gives shape {tuple(value.shape)}, not {wanted}")
    return None


def _one(trial: Trial) -> str | None:
    for k in trial.subject.classes:
        z, y = probe(k)
        value = trial.subject.raw(z[:1].clone(), y[:1].clone())
        wanted = trial.subject.interface.shape(1, k)
        if tuple(value.shape) != wanted:
            raise Broken(
                f"a batch of one sample gives shape {tuple(value.shape)}, not {wanted}",
                "the axis of one sample is lost, as by squeeze() without an axis" if not value.shape else "",
                K=k,
            )
    return None


def _shape(trial: Trial) -> str | None:
    interface = trial.subject.interface
    if interface.axes == ("1",):
        told = "(N, 1)" if interface.reduction == "none" else "(1,)"
        why = (
            "it broadcasts against weights (N,)" if interface.reduction == "none" else "a number has no axes"
        )
        raise Broken(f"the loss has the shape {told}: {why}", severity=WEAKNESS)
    if interface.axes == ("K",):
        return "one number a class: (N, K), of which the sum over classes is checked"
    return None


def _class_counts(trial: Trial) -> str | None:
    if trial.subject.only_classes:
        raise NotApplicable(f"declared for K = {trial.subject.only_classes} alone")
    for k in (2, 3, 10, 1000):
        z, y = probe(k)
        try:
            value = trial.subject.values(z, y).detach()
        except Broken as broken:
            works = trial.num_classes
            cause = f"K is written into the loss: it works at {works}" if works != k else ""
            raise Broken(f"at K = {k}: {broken.what}", cause, K=k) from None
        if not bool(value.isfinite().all()):
            raise Broken(f"at K = {k} the loss is not finite", K=k, value=value)
    return None


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
    LossCheck(
        "label_types",
        "Labels of any integer type give the same losses, or an error.",
        ("hygiene", "labels"),
        _label_types,
    ),
    LossCheck(
        "bad_labels",
        "Labels out of range, or that are no integers, are refused.",
        ("hygiene", "labels"),
        _bad_labels,
    ),
    LossCheck("shape", "The loss is a number, or one a sample: () or (N,).", ("hygiene", "shapes"), _shape),
    LossCheck(
        "ignored_labels",
        "Samples without a label add nothing, and a batch of them alone has a gradient still.",
        ("hygiene", "labels"),
        _ignored,
    ),
    LossCheck("empty_batch", "A batch of no samples is no error.", ("hygiene", "shapes"), _empty),
    LossCheck("one_sample", "A batch of one sample is a batch.", ("hygiene", "shapes"), _one),
    LossCheck(
        "class_counts", "The loss works for K = 2, 3, 10 and 1000.", ("hygiene", "shapes"), _class_counts
    ),
)
