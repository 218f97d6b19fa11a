"""A block of rows on a CPU, split as `eager` does, in arrays that the next block reuses.

The memory pages of a fresh array cost several times what is computed in it.
"""

from __future__ import annotations

import torch
from torch import Tensor

from lossmatters.theory.criteria.eager import EagerRows, label_log_odds
from lossmatters.theory.criteria.log_odds import EagerLogOdds
from lossmatters.theory.criteria.rows import FEW_CLASSES, Rows

SIZE = 2**19  # entries: a few arrays of them stay in a cache of some megabytes


class Block:
    """The rows of a block.

    Attributes
    ----------
    rows : its rows.
    """

    def __init__(self, logits: Tensor, labels: Tensor, arrays: dict[str, Tensor]) -> None:
        """Hold (N, K) logits and (N,) labels; `arrays` is empty for the first block, which is the largest."""
        self._logits, self._labels, self._arrays = logits, labels, arrays
        gaps = self.scratch("gaps").copy_(logits)
        rival_logit = gaps.scatter_(1, labels[:, None], -torch.inf).amax(dim=1)
        alone = rival_logit == -torch.inf  # all the other classes are masked
        self._rival_logit = rival_logit.clamp_(min=torch.finfo(rival_logit.dtype).min)
        gaps.sub_(rival_logit[:, None])
        self._unread = True
        others = self.scratch("others")
        if logits.shape[1] <= FEW_CLASSES:
            rival_share = torch.exp(gaps, out=others).sum(dim=1).clamp(min=1).double().reciprocal()
            others.mul_(rival_share.to(others.dtype)[:, None])
        else:
            gaps.scatter_(1, labels[:, None], torch.where(alone, 0, -torch.inf).to(gaps.dtype)[:, None])
            rival_share = torch.softmax(gaps, 1, out=others).amax(dim=1).double()
        label = EagerLogOdds(label_log_odds(logits, labels, rival_logit, rival_share))
        self.rows: Rows = EagerRows(logits, labels, others, rival_logit, rival_share, label)

    def scratch(self, name: str) -> Tensor:
        """Return the array of this name, (N, K), with what it held last."""
        logits = self._logits
        if name not in self._arrays:
            self._arrays[name] = torch.empty_like(logits, memory_format=torch.contiguous_format)
        return self._arrays[name][: len(logits)]

    def gaps(self) -> Tensor:
        """Return z_i - z_d, (N, K), not a number that matters at the label; may be written to."""
        gaps = self.scratch("gaps")
        if not self._unread:
            torch.sub(self._logits, self._rival_logit[:, None], out=gaps)
        self._unread = False
        return gaps
