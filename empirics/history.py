"""What became of each training sample: when it was learned, how long memorised, how often forgotten."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from lossmatters.theory.exact import fail

# The fields of a sample's history. An epoch's number begins at 1; 0 means never.
FIELDS = (
    ("epochs_seen", np.int32),  # in how many epochs it was looked at
    ("first_learned", np.int32),  # the first epoch in which it was given the label that it is trained on
    ("epochs_learned", np.int32),  # how many there were of these
    ("epochs_memorised", np.int32),  # of these, those of a sample whose label is altered
    ("epochs_recovered", np.int32),  # epochs in which such a sample was given its clean label
    ("forgetting_events", np.int32),  # how often it was given its label at one look, and not at the next
    ("altered", np.bool_),  # whether its label is altered
    ("memorised_last", np.bool_),  # whether it was memorised when it was last looked at
)
_SEEN, _LEARNED, _MEMORISED, _RECOVERED, _ALTERED = range(5)


class History(nn.Module):
    """Histories of N samples, on the device; forgetting as Toneva et al. (ICLR 2019) count it.

    Of the epoch that is under way only sums are kept, which processes can add up: with several of them a
    sample may be seen by one in this epoch and by another in the next.

    Parameters
    ----------
    num_samples : int
        N >= 1.
    """

    now: Tensor
    totals: Tensor
    last: Tensor

    def __init__(self, num_samples: int) -> None:
        super().__init__()
        if isinstance(num_samples, bool) or not isinstance(num_samples, int):
            fail("num_samples", "an integer >= 1", num_samples, TypeError)
        if num_samples < 1:
            fail("num_samples", "an integer >= 1", num_samples)
        self.epoch = 0
        self.register_buffer("now", torch.zeros(5, num_samples, dtype=torch.int32), persistent=False)
        self.register_buffer("totals", torch.zeros(8, num_samples, dtype=torch.int32), persistent=False)
        # what was seen of each sample when it was last looked at: -1 for nothing yet
        self.register_buffer("last", torch.full((num_samples,), -1, dtype=torch.int32), persistent=False)

    @torch.no_grad()
    def see(self, index: Tensor, classes: Tensor, noisy_labels: Tensor, clean_labels: Tensor) -> None:
        """Note one batch of the epoch under way."""
        learned, altered = classes == noisy_labels, noisy_labels != clean_labels
        rows = (torch.ones_like(learned), learned, learned & altered, (classes == clean_labels) & altered)
        values = torch.stack([*rows, altered]).to(self.now.dtype)
        self.now[:, index.to(self.now.device)] = values  # of a sample seen twice, the last look counts

    @torch.no_grad()
    def end_epoch(self, summed: Callable[[Tensor], Tensor]) -> None:
        """Put the epoch under way into the totals; nothing happens if no process saw a sample."""
        self.totals, self.last, self.epoch = self._folded(summed)
        self.now.zero_()

    def scores(self, summed: Callable[[Tensor], Tensor]) -> np.ndarray:
        """Return (N,) with the fields of `FIELDS`, the epoch under way included."""
        totals, _, _ = self._folded(summed)
        found = np.zeros(totals.shape[1], dtype=list(FIELDS))
        for (name, _), values in zip(FIELDS, totals.cpu().numpy(), strict=True):
            found[name] = values
        return found

    @torch.no_grad()
    def _folded(self, summed: Callable[[Tensor], Tensor]) -> tuple[Tensor, Tensor, int]:
        now = summed(self.now) > 0  # padded to equal lengths, processes may share a sample
        seen = now[_SEEN]
        epoch = self.epoch + int(seen.any())
        totals = self.totals.clone()
        totals[0] += seen
        totals[1] = torch.where((totals[1] == 0) & now[_LEARNED], epoch, totals[1])
        for row, what in ((2, _LEARNED), (3, _MEMORISED), (4, _RECOVERED)):
            totals[row] += now[what]
        totals[5] += seen & (self.last == 1) & ~now[_LEARNED]
        totals[6] = torch.where(seen, now[_ALTERED].int(), totals[6])
        totals[7] = torch.where(seen, now[_MEMORISED].int(), totals[7])
        last = torch.where(seen, now[_LEARNED].to(self.last.dtype), self.last)
        return totals, last, epoch
