"""Rows for a compiler, which fuses what surrounds a pass over the rows into it.

That decides how things are written (docs/criteria.md, "Under torch.compile"): a label's entry is replaced by
a mask, exponentials are made anew in each pass, and numbers of a row are put into memory, lest they be
computed for each entry.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from lossmatters.theory.criteria.differences import SERIES_BELOW, SERIES_TERMS
from lossmatters.theory.criteria.eager import label_log_odds
from lossmatters.theory.criteria.log_odds import CompiledLogOdds
from lossmatters.theory.criteria.rows import FEW_CLASSES, Rows, wide


class CompiledRows(Rows):
    """Rows that a compiler reads."""

    def gaps(self) -> Tensor:
        return _without_label(self.logits, self.labels) - self.rival_logit[:, None]

    def column(self, numbers: Tensor) -> Tensor:
        return _column(numbers, self.others.dtype)

    def put(self, fresh: Tensor, values: Tensor) -> Tensor:
        # a mask is fused with what surrounds it, a scatter is not
        return torch.where(_is_label(fresh, self.labels), _column(values, fresh.dtype), fresh)

    def shares(self, factors: Tensor) -> Tensor:
        return self.gaps().exp() * self.column(factors * self.rival_share)

    def differences(self, squares: Tensor | None = None) -> Tensor:
        return self._relative_deficits() * self.column(self.rival_share)

    def deficits(self) -> tuple[Tensor, Tensor | float]:
        return self._relative_deficits(), 1.0

    def weighted_differences(self, squares: Tensor | None = None) -> tuple[Tensor, Tensor | float]:
        return self._relative_deficits() * self.gaps().exp(), self.rival_share * self.rival_share

    def spread_summary(self) -> Tensor:
        # m, in the pass that sums q; the gradient needs it
        products, scale = self.weighted_differences()
        return self.sum(products) * scale

    def concentration(self, summary: Tensor) -> Tensor:
        return self.rival_share - summary

    def spread(self, summary: Tensor) -> tuple[Tensor, Tensor | float, Tensor]:
        return *self.weighted_differences(), summary

    def with_sum(self, summary: Tensor, number: Callable[[], Tensor]) -> Tensor:
        # A sum that only the gradient needs would take a pass of its own in the backward graph. That of the
        # forward graph which has the same terms can have it for less. (Not a product with 0, which it drops.)
        return torch.where(number() < 0, torch.nan, summary)

    def _relative_deficits(self) -> Tensor:
        """Return 1 - q_i/q_d, (N, K): 1 at the label."""
        gaps = self.gaps()
        if gaps.dtype != torch.float32:
            return -torch.expm1(gaps)
        near: Tensor | float = 0.0  # the series of -expm1, by Horner and without quotients, which are slow
        for n in range(SERIES_TERMS, 0, -1):
            near = gaps * (near - 1 / math.factorial(n))
        return torch.where(gaps > -SERIES_BELOW, near, 1 - torch.exp(gaps))


def split_compiled(logits: Tensor, labels: Tensor) -> CompiledRows:
    """Return the rows of (N, K) logits, K >= 2: nothing of a row is computed between its two passes."""
    lowest = torch.finfo(logits.dtype).min  # what z_d is where all the others are masked
    rival_logit = _without_label(logits, labels, lowest).amax(dim=1, keepdim=True)
    ratios = (_without_label(logits, labels) - rival_logit).exp()
    rival_share = ratios.sum(dim=1).clamp(min=1).to(wide(logits)).reciprocal()
    rival_logit = rival_logit[:, 0]
    others = ratios * _column(rival_share, logits.dtype)
    label = CompiledLogOdds(label_log_odds(logits, labels, rival_logit, rival_share))
    return CompiledRows(logits, labels, others, rival_logit, rival_share, label)


def others_again(logits: Tensor, labels: Tensor, rival_logit: Tensor, rival_share: Tensor) -> Tensor:
    """Return the q_i, made anew where they are needed rather than kept."""
    gaps = _without_label(logits, labels) - rival_logit[:, None]
    return gaps.exp() * _column(rival_share, logits.dtype)


def _without_label(logits: Tensor, labels: Tensor, level: float = -torch.inf) -> Tensor:
    """Return the logits with the label's at `level`."""
    return torch.where(_is_label(logits, labels), level, logits)


def _column(numbers: Tensor, kind: torch.dtype) -> Tensor:
    numbers = numbers.to(kind)
    return numbers.as_strided((numbers.shape[0], 1), (1, 1))  # a view of memory, so the numbers are put there


def _is_label(array: Tensor, labels: Tensor) -> Tensor:
    """Tell which entries are the labels', (N, K). Memory as in `_column`; int32 for its width."""
    classes = torch.arange(array.shape[1], dtype=torch.int32, device=array.device)
    labels = labels.to(torch.int32)
    size = labels.shape[0]  # not len(), which fixes the size: another would be compiled anew
    if array.shape[1] > FEW_CLASSES:
        # One number more than rows, or inductor fuses their loop with that over the rows, and then none at
        # all: the passes over a row would not find it in the cache.
        labels = torch.nn.functional.pad(labels, (0, 1))
    return classes.as_strided((array.shape[1],), (1,)) == labels.as_strided((size, 1), (1, 1))
