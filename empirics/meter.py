"""J1, J2, M and A_f inside a training loop of your own, and which samples were memorised.

The meter is plain torch, so that it costs a user no further package, and keeps counts on the device: `update`
never waits for it. What torchmetrics asks of a metric beyond that (its base class, its own states) is put
around it by `as_torchmetric`, the only place that imports torchmetrics.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from lossmatters.empirics.history import History
from lossmatters.theory.exact import check_num_classes, fail

if TYPE_CHECKING:
    from torchmetrics import Metric

# What is counted of the samples of each clean class, a column each.
COLUMNS = ("samples", "fits_noisy", "fits_clean", "altered", "memorised", "recovered")
SCALARS = (
    "noisy_train_accuracy",
    "clean_train_accuracy",
    "memorization_rate",
    "recovery_rate",
    "altered_share",
)


class MemorizationMeter(nn.Module):
    """Counts how often a network gives the labels it was trained on, and how often the clean ones.

    A module without parameters, so it moves with ``.to(device)``. In training with several processes (where
    ``torch.distributed`` is initialised) each counts its own batches, and `compute` adds them up.

    Parameters
    ----------
    num_classes : int
        K >= 2.
    num_samples : int, optional
        N, the size of the training set. With it, and with `index` given to `update`, the meter keeps the
        history of every sample (see `sample_scores`).

    Examples
    --------
    >>> meter = MemorizationMeter(3)
    >>> logits = torch.tensor([[9.0, 0.0, 0.0], [9.0, 0.0, 0.0], [0.0, 9.0, 0.0]])
    >>> meter.update(logits, noisy_labels=torch.tensor([0, 0, 2]), clean_labels=torch.tensor([0, 1, 1]))
    >>> {name: round(float(value), 3) for name, value in meter.compute().items() if value.ndim == 0}
    ... # doctest: +NORMALIZE_WHITESPACE
    {'noisy_train_accuracy': 0.667, 'clean_train_accuracy': 0.667, 'memorization_rate': 0.5,
     'recovery_rate': 0.5, 'altered_share': 0.667}
    """

    counts: Tensor
    unusable: Tensor

    def __init__(self, num_classes: int, num_samples: int | None = None) -> None:
        super().__init__()
        self.num_classes = check_num_classes(num_classes)
        self.register_buffer("counts", _zero_counts(self.num_classes), persistent=False)
        self.register_buffer("unusable", torch.zeros((), dtype=torch.int64), persistent=False)
        self.history = None if num_samples is None else History(num_samples)

    @torch.no_grad()
    def update(
        self,
        logits: Tensor,
        noisy_labels: Tensor,
        clean_labels: Tensor,
        index: Tensor | None = None,
    ) -> None:
        """Count one batch, on the device that it is on, without waiting for that device.

        Labels outside 0..K-1 are not counted; as looking at them here would be a wait, `compute` tells.

        Parameters
        ----------
        logits : (B, K)
            Or (B,) predicted classes.
        noisy_labels, clean_labels : (B,)
            The labels that the network is trained on, and those it should have been.
        index : (B,), optional
            The place of each sample in the training set, for its history.

        Raises
        ------
        ValueError
            Shapes that do not fit, or no index where the meter keeps histories.
        """
        classes = _classes(logits, self.num_classes)
        for name, labels in (("noisy_labels", noisy_labels), ("clean_labels", clean_labels)):
            if labels.shape != classes.shape:
                fail(name, f"of shape {tuple(classes.shape)}", tuple(labels.shape))
        if self.history is not None and (index is None or index.shape != classes.shape):
            shape = None if index is None else tuple(index.shape)
            fail("index", f"of shape {tuple(classes.shape)} where num_samples is given", shape)
        if self.counts.device != classes.device:
            self.to(classes.device)
        unusable = count_batch(self.counts, classes, noisy_labels, clean_labels)
        self.unusable += unusable
        if self.history is not None and index is not None:
            self.history.see(index, classes, noisy_labels, clean_labels)

    forward = update

    def compute(self) -> dict[str, Tensor]:
        """Return J1, J2, M, A_f and the share of altered labels, and of each clean class the same.

        Names are those of the records: ``noisy_train_accuracy`` (J1), ``clean_train_accuracy`` (J2),
        ``memorization_rate`` (M), ``recovery_rate`` (A_f), ``altered_share``: single numbers; and
        ``class_recall`` (J2 of each class), ``class_noisy_train_accuracy``, ``class_memorization_rate``,
        ``class_recovery_rate``: (K,). NaN where there is nothing to count.

        Raises
        ------
        ValueError
            Labels outside 0..K-1 were given.
        """
        counts, unusable = _summed(self.counts), _summed(self.unusable)
        return shares(counts, int(unusable))

    def reset(self) -> None:
        """Begin a new epoch: the counts are emptied, and what was seen goes into the samples' histories."""
        if self.history is not None:
            self.history.end_epoch(_summed)
        self.counts.zero_()
        self.unusable.zero_()

    def sample_scores(self) -> np.ndarray:
        """Return the history of each sample, (N,) with the fields of `lossmatters.empirics.history.FIELDS`.

        Epochs end when `reset` is called; one that has begun counts too.

        Raises
        ------
        ValueError
            The meter was made without num_samples.
        """
        if self.history is None:
            fail("num_samples", "given for the histories of samples", None)
        return self.history.scores(_summed)

    def as_torchmetric(self) -> Metric:
        """Return a ``torchmetrics.Metric`` that feeds this meter, for `MetricCollection` and Lightning.

        A subclass of torchmetrics' own class, because a collection takes nothing else; made only here,
        because importing torchmetrics takes seconds and few need it. Its states are the counts, which
        torchmetrics adds up over processes; ``update`` and ``compute`` take and give the same as the
        meter's, and resetting it resets the meter.
        """
        return _torchmetric(self)


@torch.no_grad()
def count_batch(counts: Tensor, classes: Tensor, noisy_labels: Tensor, clean_labels: Tensor) -> Tensor:
    """Add a batch to (K, 6) counts in place; how many samples could not be counted, on the device."""
    num_classes = len(counts)
    noisy_labels, clean_labels = noisy_labels.to(classes.device), clean_labels.to(classes.device)
    usable = (clean_labels >= 0) & (clean_labels < num_classes)
    usable &= (noisy_labels >= 0) & (noisy_labels < num_classes)
    altered = noisy_labels != clean_labels
    fits_noisy, fits_clean = classes == noisy_labels, classes == clean_labels
    rows = (usable, fits_noisy, fits_clean, altered, fits_noisy & altered, fits_clean & altered)
    hits = (torch.stack(rows, dim=1) & usable[:, None]).to(counts.dtype)
    counts.index_add_(0, clean_labels.clamp(0, num_classes - 1).long(), hits)
    return (~usable).sum()


def shares(counts: Tensor, unusable: int = 0) -> dict[str, Tensor]:
    """Return what `MemorizationMeter.compute` does, of (K, 6) counts."""
    if unusable:
        fail("labels", f"in 0..{len(counts) - 1}", f"{unusable} others")
    # float64 where the device has it: each share is then the exact one, rounded once
    wide = counts.to(torch.float32 if counts.device.type == "mps" else torch.float64)
    each, total = dict(zip(COLUMNS, wide.T, strict=True)), dict(zip(COLUMNS, wide.sum(dim=0), strict=True))
    found = {
        name: total[hits] / total[of]
        for name, hits, of in zip(
            SCALARS,
            ("fits_noisy", "fits_clean", "memorised", "recovered", "altered"),
            ("samples", "samples", "altered", "altered", "samples"),
            strict=True,
        )
    }
    found["class_recall"] = each["fits_clean"] / each["samples"]
    found["class_noisy_train_accuracy"] = each["fits_noisy"] / each["samples"]
    found["class_memorization_rate"] = each["memorised"] / each["altered"]
    found["class_recovery_rate"] = each["recovered"] / each["altered"]
    return found


def _zero_counts(num_classes: int) -> Tensor:
    return torch.zeros(num_classes, len(COLUMNS), dtype=torch.int64)


def _classes(logits: Tensor, num_classes: int) -> Tensor:
    if logits.ndim == 2 and logits.shape[1] == num_classes:
        return logits.argmax(dim=1)
    if logits.ndim == 1 and not logits.is_floating_point():
        return logits
    fail("logits", f"of shape (B, {num_classes}), or (B,) predicted classes", tuple(logits.shape))


def _summed(values: Tensor) -> Tensor:
    """Return the sum of `values` over all processes, if there are several."""
    distributed = torch.distributed
    if not (distributed.is_available() and distributed.is_initialized()):
        return values
    values = values.clone()
    distributed.all_reduce(values)
    return values


def _torchmetric(meter: MemorizationMeter) -> Metric:
    from torchmetrics import Metric as Base

    class MemorizationMetric(Base):
        """A `MemorizationMeter` in torchmetrics' clothes."""

        full_state_update = False
        counts: Tensor
        unusable: Tensor

        def __init__(self) -> None:
            super().__init__()
            self.meter = meter
            self.add_state("counts", _zero_counts(meter.num_classes), dist_reduce_fx="sum")
            self.add_state("unusable", torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")

        def update(
            self,
            logits: Tensor,
            noisy_labels: Tensor,
            clean_labels: Tensor,
            index: Tensor | None = None,
        ) -> None:
            classes = _classes(logits, meter.num_classes)
            meter.update(classes, noisy_labels, clean_labels, index)
            self.unusable += count_batch(self.counts, classes, noisy_labels, clean_labels)

        def forward(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
            # torchmetrics' own forward resets the metric for each batch, which would end an epoch here
            self.update(*args, **kwargs)
            counts = _zero_counts(meter.num_classes).to(self.counts.device)
            batch = dict(zip(("logits", "noisy_labels", "clean_labels"), args, strict=False)) | kwargs
            classes = _classes(batch["logits"], meter.num_classes)
            count_batch(counts, classes, batch["noisy_labels"], batch["clean_labels"])
            return shares(counts)

        def compute(self) -> dict[str, Any]:
            return shares(self.counts, int(self.unusable))

        def reset(self) -> None:
            super().reset()
            meter.reset()

    return MemorizationMetric()
