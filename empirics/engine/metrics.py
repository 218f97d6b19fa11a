"""What is measured of every network after every epoch: counts on the device, shares on the host.

Counts are integers and are divided once, in float64, so each curve is the exact share rounded once and
the identity M1 holds to the last bits.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from lossmatters.theory.memorization import flip_epoch

Curve = list[float | None]
Classes = dict[str, list[float | int | None]]
TRAIN_COUNTS = ("noisy_train_accuracy", "clean_train_accuracy", "memorization_rate", "recovery_rate")


class Curves(dict[str, Curve]):
    """Curves of one network by name, and what was counted of each class after the last epoch.

    Attributes
    ----------
    classes : what `lossmatters.empirics.records.Record` has by this name.
    """

    def __init__(self, curves: dict[str, Curve], classes: Classes) -> None:
        super().__init__(curves)
        self.classes = classes


class Counter:
    """Counts the hits of M networks on training and test samples.

    Parameters
    ----------
    noisy_labels : (M, N), each network's altered labels.
    clean_labels : (N,).
    test_labels : (T,), each of the K classes among them.
    epochs : how many times `count` will be called.
    """

    def __init__(
        self,
        noisy_labels: Int[Tensor, "m n"],
        clean_labels: Int[Tensor, " n"],
        test_labels: Int[Tensor, " t"],
        num_classes: int,
        epochs: int,
    ) -> None:
        self.noisy_labels = noisy_labels
        self.clean_labels = clean_labels
        self.test_labels = test_labels
        self.altered = noisy_labels != clean_labels
        self.num_classes = num_classes
        # float32 sums of 0 and 1 are exact up to 2^24 samples, and matrix products of floats are fast
        self.onehot, self.test_onehot = (
            torch.nn.functional.one_hot(labels, num_classes).float() for labels in (clean_labels, test_labels)
        )
        # of each clean class, the four kinds of hits in training and those on test samples
        size = (epochs, len(noisy_labels), len(TRAIN_COUNTS) + 1, num_classes)
        self.counts = torch.zeros(size, dtype=torch.int64, device=noisy_labels.device)

    def count(self, epoch: int, train_classes: Int[Tensor, "m n"], test_classes: Int[Tensor, "m t"]) -> None:
        """Count the hits of one epoch (0-based); nothing leaves the device."""
        fits_noisy = train_classes == self.noisy_labels
        fits_clean = train_classes == self.clean_labels
        hits = (fits_noisy, fits_clean, fits_noisy & self.altered, fits_clean & self.altered)
        row = self.counts[epoch]
        for place, hit in enumerate(hits):
            row[:, place] = (hit.float() @ self.onehot).long()
        row[:, -1] = ((test_classes == self.test_labels).float() @ self.test_onehot).long()

    def curves(self) -> list[Curves]:
        """Return the curves of each network but its loss, copied to the host once."""
        counts = self.counts.cpu().numpy()
        altered = self.altered.sum(dim=1).cpu().numpy()
        class_sizes = np.bincount(self.test_labels.cpu().numpy())
        size, test_size = len(self.clean_labels), len(self.test_labels)
        found = []
        for network, classes in enumerate(self._by_class(counts)):
            j1, j2, memorised, recovered = counts[:, network, :-1].sum(axis=2).T
            class_hits = counts[:, network, -1]
            found.append(
                Curves(
                    {
                        "noisy_train_accuracy": _shares(j1, size),
                        "clean_train_accuracy": _shares(j2, size),
                        "memorization_rate": _shares(memorised, altered[network]),
                        "recovery_rate": _shares(recovered, altered[network]),
                        "test_accuracy": _shares(class_hits.sum(axis=1), test_size),
                        "min_class_recall": (class_hits / class_sizes).min(axis=1).tolist(),
                    },
                    classes,
                )
            )
        return found

    def _by_class(self, counts: np.ndarray) -> Iterator[Classes]:
        clean, altered = self.clean_labels.cpu().numpy(), self.altered.cpu().numpy()
        sizes = np.bincount(clean, minlength=self.num_classes)
        for network in range(counts.shape[1]):
            wrong = np.bincount(clean[altered[network]], minlength=self.num_classes)
            hits = counts[:, network, :-1]
            found: Classes = {}
            for name, last, of in zip(TRAIN_COUNTS, hits[-1], (sizes, sizes, wrong, wrong), strict=True):
                found[name] = [int(h) / int(n) if n else None for h, n in zip(last, of, strict=True)]
            by_class = zip(hits[:, 0].T.tolist(), hits[:, 1].T.tolist(), strict=True)
            found["flip_epoch"] = [flip_epoch(j1, j2) for j1, j2 in by_class]
            yield found


def _shares(hits: Int[np.ndarray, " e"], total: int) -> Curve:
    shares: Float[np.ndarray, " e"] = hits / max(total, 1)
    return shares.tolist() if total else [None] * len(hits)
