"""Good manners: the same call gives the same value, nothing else is touched, bad labels are refused."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from lossmatters.proofs_checks.conformance.adapt import probe
from lossmatters.proofs_checks.conformance.report import Broken, NotApplicable
from lossmatters.proofs_checks.conformance.state import watched
from lossmatters.proofs_checks.conformance.trial import LossCheck, Trial

SECONDS = 120  # to import the file of a loss, torch included


def _deterministic(trial: Trial) -> str | None:
    import torch

    for size in (1, 4, 64):
        z, y = probe(trial.num_classes, size)
        first, second = trial.subject.values(z, y), trial.subject.values(z, y)
        if not torch.equal(first, second):
            raise Broken(
                f"two equal calls differ by {float((first - second).abs().max()):.6g}",
                "a random draw inside, dropout left on, or a state kept between calls",
                logits=z,
                labels=y,
            )
    return None


def _input(trial: Trial) -> str | None:
    trial.need_torch()
    import torch

    for needs_gradient in (False, True):
        z, y = probe(trial.num_classes)
        leaf = z.clone().requires_grad_(needs_gradient)
        logits, labels = leaf * 1, y.clone()
        value = trial.subject.raw(logits, labels)
        if needs_gradient and value.requires_grad:
            torch.autograd.grad(value.sum(), leaf, allow_unused=True)
        for name, now, then in (("logits", logits.detach(), z), ("labels", labels, y)):
            if not torch.equal(now, then):
                raise Broken(
                    f"the {name} are changed by the call",
                    "an operation in place (+=, *=, clamp_, scatter_) on the argument",
                    **{f"{name}_before": then, f"{name}_after": now},
                )
    return None


def _state_at_call(trial: Trial) -> str | None:
    with watched() as changed:
        trial.subject.values(*probe(trial.num_classes))
        if not trial.subject.is_numpy and trial.subject.declared.differentiable:
            trial.subject.gradient(*probe(trial.num_classes))
    if changed:
        raise Broken(f"a call changes {', '.join(changed)}", "a random draw, or a setting, inside the loss")
    return None


def _state_at_import(trial: Trial) -> str | None:
    found = trial.subject.import_changes
    if found is None:
        found = _in_a_new_process(trial)
    if found:
        raise Broken(
            f"importing the loss changes {', '.join(found)}",
            "a setting at the top of the file: it is then made for everyone who imports it",
        )
    return None


def _in_a_new_process(trial: Trial) -> list[str]:
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
        "from lossmatters.proofs_checks.conformance.load import changes_by_import\n"
        "print('\\n'.join(['found', *changes_by_import(sys.argv[1])]))"
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
    return found


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
                "uint8 taken as a mask, or arithmetic that overflows" if dtype == torch.uint8 else "",
                labels=y,
                int64=wanted,
                found=found,
            )
    return f"refused with an error: {', '.join(refused)}" if refused else None


def _bad_labels(trial: Trial) -> str | None:
    import torch

    k = trial.num_classes
    z, y = probe(k)
    at = torch.arange(len(y)) == 1
    _refuses(trial, z, torch.where(at, k, y), "a label of K is")
    if not trial.subject.is_numpy:
        _refuses(trial, z, y.double() + 0.5, "labels that are no integers are")
    return _negative(trial, z, y, at)


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


def _refuses(trial: Trial, z: Any, y: Any, what: str) -> None:
    try:
        found = trial.subject.values(z, y)
    except Broken:
        return
    raise Broken(f"{what} taken without an error", logits=z, labels=y, found=found)


def _empty(trial: Trial) -> str | None:
    z, y = probe(trial.num_classes)
    value = trial.subject.raw(z[:0].clone(), y[:0].clone())
    wanted = (0,) if trial.subject.interface.reduction == "none" else ()
    if tuple(value.shape) != wanted:
        raise Broken(f"a batch of no samples gives shape {tuple(value.shape)}, not {wanted}")
    return None


def _one(trial: Trial) -> str | None:
    for k in trial.subject.classes:
        z, y = probe(k)
        value = trial.subject.raw(z[:1].clone(), y[:1].clone())
        wanted = (1,) if trial.subject.interface.reduction == "none" else ()
        if tuple(value.shape) != wanted:
            raise Broken(
                f"a batch of one sample gives shape {tuple(value.shape)}, not {wanted}",
                "squeeze() without an axis",
                K=k,
            )
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
    LossCheck("empty_batch", "A batch of no samples is no error.", ("hygiene", "shapes"), _empty),
    LossCheck("one_sample", "A batch of one sample is a batch.", ("hygiene", "shapes"), _one),
    LossCheck(
        "class_counts", "The loss works for K = 2, 3, 10 and 1000.", ("hygiene", "shapes"), _class_counts
    ),
)
