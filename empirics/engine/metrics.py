"""What is measured of every network after every epoch: counts on the device, shares on the host.

Counts are integers and are divided once, in float64, so each curve is the exact share rounded once and
the identity M1 holds to the last bits.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

Curve = list[float | None]
TRAIN_COUNTS = ("noisy_train_accuracy", "clean_train_accuracy", "memorization_rate", "recovery_rate")


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
        # float32 sums of 0 and 1 are exact up to 2^24 samples, and matrix products of floats are fast
        self.test_onehot = torch.nn.functional.one_hot(test_labels, num_classes).float()
        size = (epochs, len(noisy_labels), len(TRAIN_COUNTS) + num_classes)
        self.counts = torch.zeros(size, dtype=torch.int64, device=noisy_labels.device)

    def count(self, epoch: int, train_classes: Int[Tensor, "m n"], test_classes: Int[Tensor, "m t"]) -> None:
        """Count the hits of one epoch (0-based); nothing leaves the device."""
        fits_noisy = train_classes == self.noisy_labels
        fits_clean = train_classes == self.clean_labels
        hits = (fits_noisy, fits_clean, fits_noisy & self.altered, fits_clean & self.altered)
        row = self.counts[epoch]
        row[:, : len(hits)] = torch.stack([h.sum(dim=1) for h in hits], dim=1)
        row[:, len(hits) :] = ((test_classes == self.test_labels).float() @ self.test_onehot).long()

    def curves(self) -> list[dict[str, Curve]]:
        """The curves of each network but its loss, copied to the host once."""
        counts = self.counts.cpu().numpy()
        altered = self.altered.sum(dim=1).cpu().numpy()
        class_sizes = np.bincount(self.test_labels.cpu().numpy())
        size, test_size = len(self.clean_labels), len(self.test_labels)
        found = []
        for network in range(counts.shape[1]):
            j1, j2, memorised, recovered = counts[:, network, : len(TRAIN_COUNTS)].T
            class_hits = counts[:, network, len(TRAIN_COUNTS) :]
            found.append(
                {
                    "noisy_train_accuracy": _shares(j1, size),
                    "clean_train_accuracy": _shares(j2, size),
                    "memorization_rate": _shares(memorised, altered[network]),
                    "recovery_rate": _shares(recovered, altered[network]),
                    "test_accuracy": _shares(class_hits.sum(axis=1), test_size),
                    "min_class_recall": (class_hits / class_sizes).min(axis=1).tolist(),
                }
            )
        return found


def _shares(hits: Int[np.ndarray, " e"], total: int) -> Curve:
    shares: Float[np.ndarray, " e"] = hits / max(total, 1)
    return shares.tolist() if total else [None] * len(hits)
