"""Shapes: of the loss, of small batches, and any number of classes."""

from __future__ import annotations

from lossmatters.proofs_checks.conformance.probing import probe
from lossmatters.proofs_checks.conformance.report import WEAKNESS, Broken, NotApplicable
from lossmatters.proofs_checks.conformance.trial import LossCheck, Trial


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


CHECKS = (
    LossCheck("shape", "The loss is a number, or one a sample: () or (N,).", ("hygiene", "shapes"), _shape),
    LossCheck("empty_batch", "A batch of no samples is no error.", ("hygiene", "shapes"), _empty),
    LossCheck("one_sample", "A batch of one sample is a batch.", ("hygiene", "shapes"), _one),
    LossCheck(
        "class_counts", "The loss works for K = 2, 3, 10 and 1000.", ("hygiene", "shapes"), _class_counts
    ),
)
