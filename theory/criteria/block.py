"""A block of rows on a CPU, split as `rows.split` does, in arrays that the next block reuses.

The memory pages of a fresh array cost several times what is computed in it.
"""

from __future__ import annotations

import torch
from torch import Tensor

from lossmatters.theory.criteria.rows import FEW_CLASSES, Odds, Rows

SIZE = 2**19  # entries: a few arrays of them stay in a cache of some megabytes


class Block:
    """The rows of a block.

    Attributes
    ----------
    rows : its rows.
    """

    rows: Rows

    def __init__(self, logits: Tensor, labels: Tensor, arrays: dict[str, Tensor]) -> None:
        """Of (N, K) logits and (N,) labels; `arrays` is empty for the first block, which is the largest."""
        self._logits, self._labels, self._arrays = logits, labels, arrays
        gaps = self.scratch("gaps").copy_(logits)
        top = gaps.scatter_(1, labels[:, None], -torch.inf).amax(dim=1)
        alone = top == -torch.inf  # all the other classes are masked
        self._top = top.clamp_(min=torch.finfo(top.dtype).min)
        gaps.sub_(top[:, None])
        self._unread = True
        others = self.scratch("others")
        if logits.shape[1] <= FEW_CLASSES:
            pivot = torch.exp(gaps, out=others).sum(dim=1).clamp(min=1).double().reciprocal()
            others.mul_(pivot.to(others.dtype)[:, None])
        else:
            gaps.scatter_(1, labels[:, None], torch.where(alone, 0, -torch.inf).to(gaps.dtype)[:, None])
            pivot = torch.softmax(gaps, 1, out=others).amax(dim=1).double()
        own = logits.gather(1, labels[:, None])[:, 0].double()
        end = torch.finfo(own.dtype).max / 8  # where the label is masked
        odds = (own - top.double() + pivot.log()).clamp_(-end, end)
        self.rows = Rows(logits, labels, others, top, pivot, Odds(odds))

    def scratch(self, name: str) -> Tensor:
        """The array of this name, (N, K), with what it held last."""
        logits = self._logits
        if name not in self._arrays:
            self._arrays[name] = torch.empty(logits.shape, dtype=logits.dtype)
        return self._arrays[name][: len(logits)]

    def gaps(self) -> Tensor:
        """z_i - z_d, (N, K), not a number that matters at the label; may be written to."""
        gaps = self.scratch("gaps")
        if not self._unread:
            torch.sub(self._logits, self._top[:, None], out=gaps)
        self._unread = False
        return gaps
