"""Labels: of every integer type, out of range, and ignored ones."""

from __future__ import annotations

from typing import Any

from lossmatters.proofs_checks.conformance.probing import one_line, probe
from lossmatters.proofs_checks.conformance.report import NOTE, Broken, NotApplicable
from lossmatters.proofs_checks.conformance.trial import LossCheck, Trial


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


CHECKS = (
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
    LossCheck(
        "ignored_labels",
        "Samples without a label add nothing, and a batch of them alone has a gradient still.",
        ("hygiene", "labels"),
        _ignored,
    ),
)
