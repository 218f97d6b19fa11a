"""Losses that divide by a sum over all labels: NGCE, NFL, NNCE, NNFL, and NCE (in `nce`).

With f_i = f(u_i) >= 0, D' the sum of f_i over the others, D = f_y + D', w(t) = -t f'(t) and W' the sum of
the others' w_i, the share f_y/D has

    D^2 d/dz_k = u_k D' w_y + f_y (w_k - u_k W'),  k != y;   -(D' w_y s + f_y W' t) at the label.

w_k - u_k W' is a difference of the others among each other: from the rival d, with e_k = q_k/q_d,
h_k = w_k - e_k w_d and H their sum,

    w_k - u_k W' = h_k - u_k H + t e_k w_d.

A loss that falls with a gain g, one minus the label's share of the gains, has the same gradient with f = g
and w(t) = t g'(t).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from lossmatters.theory.criteria import shares_float32
from lossmatters.theory.criteria.block import Block
from lossmatters.theory.criteria.gains import NNCEGain, NNFLGain
from lossmatters.theory.criteria.label_only import FocalKernel, GCEKernel, LabelOnlyKernel, LinearKernel
from lossmatters.theory.criteria.log_odds import LogOdds
from lossmatters.theory.criteria.rows import Rows, wide
from lossmatters.theory.criteria.split import of_others, split

CHUNK = 2**15  # entries at a time: float64 beside the batch takes no memory to speak of
# 1 - u^q of a float32 u^q <= 2^-q loses 1/q of its digits, and a gain that is small for every class
# (u near p) as many: both are left to float64.
LEAST_POWER, LARGEST_P = 0.1, 1e-5
MASKED = -1e60


@dataclass(frozen=True)
class ShareKernel:
    """f_y/D for any f, in float64: f and w of 1 - u_i as well as of u_i; or as `shares_float32` has it.

    Attributes
    ----------
    base : f with its w; a gain with t g'(t) if `gain`.
    gain : is the loss 1 minus the share?
    """

    base: LabelOnlyKernel
    gain: bool = False

    def summary(self, rows: Rows) -> Tensor:
        return torch.cat([self._others(part)[0].sum(dim=1) for part in map(rows.part, rows.chunks(CHUNK))])

    def value(self, rows: Rows, summary: Tensor) -> Tensor:
        label = self.base.of(rows.label)
        return (summary if self.gain else label) / (label + summary)

    def matrix(self, every: LogOdds) -> Tensor:
        terms = self.base.of(every)
        total = terms.sum(dim=1, keepdim=True)
        return (of_others(terms, every) if self.gain else terms) / total

    def gradient(self, rows: Rows, summary: Tensor, upstream: Tensor) -> Tensor:
        parts = [self._gradient(rows.part(c), summary[c], upstream[c]) for c in rows.chunks(CHUNK)]
        return torch.cat([part.to(rows.others.dtype) for part in parts])

    def is_joint(self) -> bool:
        return _terms(self.base) is not None

    def value_and_gradient(self, block: Block, out: Tensor | None) -> tuple[Tensor, Tensor]:
        least = self.base.p if isinstance(self.base, NNCEGain | NNFLGain) else None
        terms = _terms(self.base)
        assert terms is not None  # or it is not joint
        values, factors, left = shares_float32.share(self.base, least, terms, block, out)
        few = left.nonzero()[:, 0]
        if len(few):
            # Of a class that is masked, the distance has a square: sums of such are finite.
            given, labels = block.rows.logits[few].double(), block.rows.labels[few]
            logits = given.clamp(min=MASKED)
            logits[(given == -torch.inf).all(dim=1)] = torch.nan  # no class is left: as softmax has it
            array = None if out is None else torch.empty_like(logits)
            if block.rows.logits.dtype == torch.float32:
                values[few], factors[few] = self.value_and_gradient(Block(logits, labels, {}), array)
            else:
                values[few], factors[few] = self._exact(split(logits, labels), array)
            if out is not None and array is not None:
                out[few] = array.to(out.dtype)
        return values, factors

    def _exact(self, rows: Rows, out: Tensor | None) -> tuple[Tensor, Tensor]:
        """Do as `value_and_gradient` does, the slow way, by differences between the others."""
        summary = self.summary(rows)
        values = self.value(rows, summary)
        if out is None:
            return values, values
        out.copy_(self.gradient(rows, summary, torch.ones_like(summary)))
        sizes = out.abs().amax(dim=1).clamp(min=torch.finfo(summary.dtype).tiny)
        out.div_(sizes[:, None])
        return values, sizes

    def _gradient(self, rows: Rows, summary: Tensor, upstream: Tensor) -> Tensor:
        t, s, label = rows.label.t, rows.label.s, self.base.of(rows.label)
        upstream = upstream / (label + summary) / (label + summary)
        weight = self.base.weight(rows.label)
        _, weights, ratios, rival_weight = self._others(rows)
        excess = weights - ratios * rival_weight[:, None]
        if isinstance(self.base, LinearKernel):  # w is a multiple of u: h is 0, and its rounding would be all
            excess = 0 * excess
        own = s * rows.rival_share * (summary * weight - label * excess.sum(dim=1)) + label * t * rival_weight
        gradient = (upstream * label)[:, None] * excess + (upstream * own)[:, None] * ratios
        at_label = summary * weight * s + label * weights.sum(dim=1) * t
        return rows.put(gradient, -upstream * at_label)

    def _others(self, rows: Rows) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return f_i, w_i and e_i of the others, 0 at the label, (N, K), and w_d (N,)."""
        zeros = torch.zeros_like(rows.rival_share)
        kind = wide(rows.logits)
        # Finite, at the label and where logits are further apart than the largest number: derivatives too
        gaps = rows.put(rows.gaps().to(kind), zeros).clamp(min=-(torch.finfo(kind).max ** 0.75))
        ratios = rows.put(gaps.exp(), zeros)
        total = ratios.sum(dim=1, keepdim=True).clamp(min=1)  # 0 where all the others are masked
        # 1 - u_i = t + s (1 - q_i): exactly t where there is one other class
        log_u = rows.label.log_s[:, None] + gaps - total.log()
        rest = rows.label.t[:, None] + rows.label.s[:, None] * ((total - ratios) / total)
        odds = rows.log_odds(log_u - rest.clamp(min=torch.finfo(kind).tiny).log())
        values = rows.put(self.base.of(odds), zeros)
        weights = rows.put(self.base.weight(odds) + 0 * gaps, zeros)
        greatest = ratios.detach().argmax(dim=1, keepdim=True)
        return values, weights, ratios, weights.gather(1, greatest)[:, 0]


def _terms(base: LabelOnlyKernel) -> Callable[[shares_float32.Rest], shares_float32.Terms] | None:
    """Return how `shares_float32` has the sums and weights of a base, where float32 is enough for them."""
    if isinstance(base, GCEKernel) and base.q >= LEAST_POWER:
        return functools.partial(shares_float32.power, base.q)
    if isinstance(base, FocalKernel):
        return functools.partial(shares_float32.focal, base.gamma)
    if isinstance(base, NNCEGain) and base.p <= LARGEST_P:
        return functools.partial(shares_float32.log_gain, base.p)
    if isinstance(base, NNFLGain) and base.p <= LARGEST_P:
        return functools.partial(shares_float32.focal_gain, base.gamma, base.p, base.largest)
    return None
