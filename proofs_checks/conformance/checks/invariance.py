"""What must not matter: the names of the classes, a number added to all logits, the company of a sample."""

from __future__ import annotations

from functools import cache
from typing import Any

from lossmatters.proofs_checks.conformance.asking import Ask, Steps
from lossmatters.proofs_checks.conformance.probing import probe
from lossmatters.proofs_checks.conformance.report import DEFECT, Broken, NotApplicable, told_apart
from lossmatters.proofs_checks.conformance.trial import LossCheck, Trial

MODERATE = ("equal", "ties", "ordinary")  # kinds of logits, all within [-20, 20]


def rounding(trial: Trial, logits: Any, scale: float, moved: float = 0.0) -> float:
    """Return what rounding may do to a value whose logits are moved by eps times `moved` + their size.

    The losses of all labels are the scale of the numbers that it is made of (`Trial.scale`), and follow the
    logits of a softmax with slopes of that scale.
    """
    size = float(logits.abs().max()) + moved + 1
    return 64 * trial.subject.eps * (size + logits.shape[-1]) * max(scale, 1e-3)


def moved(trial: Trial, z: Any, y: Any, value: Any, rounded: float) -> float:
    """Bound how far a loss moves, summed over classes, as one logit moves by what rounding may move it.

    That is eight times `rounded`, either way. Where a loss follows its gradient, this is the gradient's size
    times the step; beside a jump, it is the jump: which side of it the logits are on is lost in rounding.
    A loss of probabilities is given them rounded, and how far it moves with each of these is added.

    Parameters
    ----------
    z, y, value : (1, K) logits, (1,) label and (1,) loss.
    """
    import torch

    subject, step, both = trial.subject, 8 * rounded, (1, -1)
    # one by one, for a loss that mixes the samples of a batch
    ends = [subject.values(z + s * d, y) for d in step * torch.eye(z.shape[1], dtype=z.dtype) for s in both]
    return _furthest(ends, value) + moved_by_probabilities(subject, z, y, value, step)


def moved_by_probabilities(subject: Any, z: Any, y: Any, value: Any, share: float) -> float:
    """Bound how far a loss of probabilities moves, summed over classes, as each changes by a share of itself.

    It is given them rounded, and 1 - u has few digits beside u = 1. A loss of anything else does not move.
    """
    if subject.way.kind != "probs":
        return 0.0
    nudged = [subject.nudged(i, s * share) for i in range(z.shape[1]) for s in (1, -1)]
    return _furthest([each.values(z, y) for each in nudged], value)


def _furthest(ends: list[Any], value: Any) -> float:
    """Return how far a value is from pairs of others, from the further of each, summed."""
    import torch

    return float((torch.stack(ends).detach() - value).abs().reshape(-1, 2).amax(dim=1).sum())


def most_moved(trial: Trial, z: Any, y: Any, values: Any, extra: float = 0.0) -> float:
    """Return the most that a loss of a batch moves as its logits, or their sum with `extra`, are rounded."""
    rounded = trial.subject.eps * (1 + extra + float(z.abs().max()))
    rows = zip(z.split(1), y.split(1), values.detach().split(1), strict=True)
    return max(moved(trial, *row, rounded) for row in rows)


SHIFTS = (1.0, -1.0, 30.0, -30.0, 300.0)  # added to all logits


def _batches(trial: Trial) -> Any:
    """Return a strategy for batches, with an order of the classes and a shift for each."""
    from hypothesis import strategies as st

    from lossmatters.proofs_checks.strategies import labels, logits, shuffled

    def of_size(k: int) -> Any:
        rows = st.lists(logits(k, largest=20.0, kinds=MODERATE), min_size=2, max_size=4)
        others = {"order": shuffled(range(k)), "shift": st.sampled_from(SHIFTS)}
        beside = cache(lambda n: st.fixed_dictionaries({"y": labels(n, k), **others}))
        return rows.flatmap(lambda z: beside(len(z)).map(lambda drawn: {"z": z, **drawn}))

    return trial.of_any_size(of_size)


def _plain_batch(trial: Trial, **more: Any) -> dict[str, Any]:
    """Return a batch that is always the same, as one that is drawn."""
    z, y = probe(trial.num_classes)
    return {"z": list(z.numpy()), "y": y.numpy(), **more}


def tensors(drawn: Any) -> tuple[Any, Any]:
    """Return the logits and labels of a drawn batch as tensors."""
    import numpy as np
    import torch

    return torch.from_numpy(np.stack(drawn["z"])), torch.from_numpy(drawn["y"])


def _permutation(trial: Trial) -> str | None:
    def test(drawn: Any) -> Steps:
        import torch

        (z, y), order = tensors(drawn), torch.tensor(drawn["order"])
        before = yield Ask("values", z, y)
        after = yield Ask("values", z[:, order], torch.argsort(order)[y])
        apart = float((before - after).abs().max())
        allowed = rounding(trial, z, (yield from trial.scaled(z))) if apart else 0.0
        # at an exact tie a loss may jump, and which class comes first decides how
        if not apart <= allowed and not apart <= allowed + most_moved(trial, z, y, before):
            raise Broken(
                f"the loss changes by {apart:.6g} when the classes are renamed",
                "a class has a role of its own: a weight, a default, a class left out",
                logits=z,
                labels=y,
                order=order,
                before=before,
                after=after,
            )

    order = list(range(trial.num_classes))
    first = [_plain_batch(trial, order=order[::-1]), _plain_batch(trial, order=order[1:] + order[:1])]
    trial.for_all(_batches(trial), test, first, like="batches")
    return None


def _shift(trial: Trial) -> str | None:
    trial.need_logits()

    def test(drawn: Any) -> Steps:
        (z, y), shift = tensors(drawn), drawn["shift"]
        before = yield Ask("values", z, y)
        after = yield Ask("values", z + shift, y)
        apart = float((before - after).abs().max())
        allowed = rounding(trial, z, (yield from trial.scaled(z)), abs(shift)) if apart else 0.0
        if not apart <= allowed:
            allowed += most_moved(trial, z, y, before, abs(shift))
        if not apart <= allowed:
            raise Broken(
                f"the loss changes by {apart:.6g} when {shift} is added to all logits",
                "not a function of softmax(logits): an exponential without its largest subtracted, a "
                "threshold on logits, or scores that are no logits",
                logits=z,
                labels=y,
                shift=shift,
                before=before,
                after=after,
            )

    first = [_plain_batch(trial, shift=shift) for shift in SHIFTS]
    trial.for_all(_batches(trial), test, first, like="batches")
    return None


def _batch(trial: Trial) -> str | None:
    def test(drawn: Any) -> None:
        import torch

        z, y = tensors(drawn)
        reduction = trial.subject.interface.reduction
        # asked in the same way: what reduction "none" gives need not be what the mean is of (`reductions`)
        ask = trial.subject.values if reduction == "none" else trial.subject.raw
        together = ask(z.clone(), y.clone()).reshape(-1)  # (1,) too
        alone = torch.cat(
            [ask(z[i : i + 1].clone(), y[i : i + 1].clone()).reshape(-1) for i in range(len(y))]
        )
        if reduction != "none":
            alone = (alone.sum() if reduction == "sum" else alone.mean()).reshape(1)
        apart = float((together - alone).abs().max())
        if apart and not apart <= rounding(trial, z, trial.scale(z)) * (len(y) if reduction == "sum" else 1):
            raise Broken(
                f"a batch of {len(y)} and its samples one by one differ by {apart:.6g}",
                "statistics over the batch, or a sum over the wrong axis",
                logits=z,
                labels=y,
                together=together,
                alone=alone,
            )

    trial.for_all(_batches(trial), test, [_plain_batch(trial)], share=0.5, like="batches")
    return None


def _reductions(trial: Trial) -> str | None:
    import torch

    interface = trial.subject.interface
    for reduction, shape in interface.ignored.items():
        raise Broken(
            f"reduction={reduction!r} is accepted and ignored: it gives shape {shape}", severity=DEFECT
        )
    if len(interface.askable) < 2:
        raise NotApplicable(f"it cannot be asked for other reductions than {interface.reduction!r}")
    for size in (1, 2, 7):
        z, y = probe(trial.num_classes, size)
        values = trial.subject.values(z, y).detach()
        per_class = z.shape[1] if interface.per_class else 1  # then a mean is one over all entries
        for reduction, wanted in (("mean", values.mean() / per_class), ("sum", values.sum())):
            if reduction not in interface.askable:
                continue
            found = torch.as_tensor(trial.subject.raw(z.clone(), y.clone(), reduction)).detach()
            if not abs(float(found - wanted)) <= rounding(trial, z, trial.scale(z)) * size:
                ratio, shown = float(found / wanted), told_apart(float(found), float(wanted))
                raise Broken(
                    f"reduction={reduction!r} gives {shown[0]}; the {reduction} of the values is "
                    f"{shown[1]}, {1 / ratio if ratio else float('inf'):.6g} times that",
                    _divisor(ratio, trial.num_classes, size),
                    logits=z,
                    labels=y,
                    values=values,
                )
    return None


def _divisor(ratio: float, k: int, size: int) -> str:
    for text, value in (("K", 1 / k), ("the batch size", 1 / size), ("K and the batch size", 1 / k / size)):
        if abs(ratio - value) < 1e-6 * value:
            return f"it divides by {text} as well: a mean over all entries of an array"
    return ""


TAGS = ("invariance",)
CHECKS = (
    LossCheck("class_permutation", "Renaming the classes renames the losses.", TAGS, _permutation),
    LossCheck("logit_shift", "A number added to all logits changes nothing.", TAGS, _shift),
    LossCheck("batch", "The value of a batch is that of its samples.", TAGS, _batch),
    LossCheck("reductions", "The reductions none, mean and sum agree.", TAGS, _reductions),
)
