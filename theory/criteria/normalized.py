"""Losses that divide by a sum over all labels: NCE, NGCE, NFL, NNCE, NNFL.

With f_i = f(u_i) >= 0, D' the sum of f_i over the others, D = f_y + D', w(t) = -t f'(t) and W' the sum of
the others' w_i, the share f_y/D has

    D^2 d/dz_k = u_k D' w_y + f_y (w_k - u_k W'),  k != y;   -(D' w_y s + f_y W' t) at the label.

w_k - u_k W' is a difference of the others among each other: from the pivot class d, with e_k = q_k/q_d,
h_k = w_k - e_k w_d and H their sum,

    w_k - u_k W' = h_k - u_k H + t e_k w_d.

A loss that falls with a gain g, one minus the label's share of the gains, has the same gradient with f = g
and w(t) = t g'(t).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from lossmatters.theory.criteria import narrow
from lossmatters.theory.criteria.block import Block
from lossmatters.theory.criteria.pivot import differences, falls, rounded
from lossmatters.theory.criteria.rows import Odds, Rows, early, of_others, put, split, wide, writable
from lossmatters.theory.criteria.single import FocalPower, Linear, Power, Single

CHUNK = 2**15  # entries at a time: float64 beside the batch takes no memory to speak of
# 1 - u^q of a float32 u^q <= 2^-q loses 1/q of its digits, and a gain that is small for every class
# (u near p) as many: both are left to float64.
LEAST_POWER, LARGEST_P = 0.1, 1e-5
MASKED = -1e60


@dataclass(frozen=True)
class NormalizedLog:
    """NCE: f = -log t, w = 1, h_k = 1 - e_k. The sum over the others needs no logarithm of each."""

    def keep(self, rows: Rows) -> Tensor:
        distances = self._distances(rows)
        end = torch.finfo(distances.dtype).max / 8  # logits may be further apart than the largest number
        found = distances.clamp(max=end) - (rows.num_classes - 1) * (rows.label.log_s + rows.pivot.log())
        return early(found, rows.sum(self._falls(rows)[0])) if torch.compiler.is_compiling() else found

    def _distances(self, rows: Rows) -> Tensor:
        """The sum of z_d - z_i over the others, (N,)."""
        if not rounded(rows):
            return -rows.sum(put(rows.gaps(), rows.labels, torch.zeros_like(rows.pivot)))
        own = rows.logits.gather(1, rows.labels[:, None])[:, 0].to(rows.pivot.dtype)
        level = (rows.num_classes - 1) * rows.top.to(rows.pivot.dtype)
        found = level - (rows.sum(rows.logits) - own)
        # Of logits that are large beside their distances the sum has lost these.
        left = (~(found > level.abs() / 2) | found.isinf()).nonzero()[:, 0]
        if len(left):
            few = rows.part(left)
            found[left] = -few.sum(put(few.gaps(), few.labels, torch.zeros_like(few.pivot)))
        return found

    def value(self, rows: Rows, kept: Tensor) -> Tensor:
        label = -rows.label.log_t
        return label / (label + kept)

    def matrix(self, every: Odds) -> Tensor:
        terms = -every.log_t
        return terms / terms.sum(dim=1, keepdim=True)

    def gradient(self, rows: Rows, kept: Tensor, upstream: Tensor) -> Tensor:
        if not rounded(rows):
            return self._by_differences(rows, kept, upstream)
        total = (rows.num_classes - 1) - 1 / rows.pivot  # the sum of h
        factor, own, label = self._factors(rows, kept, total, upstream)
        # By numbers of the row: where h is but differences, the label's entry is far greater than they.
        found = rows.others * rows.column(own - factor / rows.pivot)
        return put(found.add_(rows.column(factor)), rows.labels, label)

    def _by_differences(self, rows: Rows, kept: Tensor, upstream: Tensor) -> Tensor:
        falls, scale = self._falls(rows)
        factor, own, label = self._factors(rows, kept, rows.sum(falls) * scale, upstream)
        return rows.mixed(falls, factor * scale, own, label)

    def _factors(
        self, rows: Rows, kept: Tensor, total: Tensor, upstream: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """What of h, of q and at the label makes the gradient; all else of a row is given back."""
        t, s, label = rows.label.t, rows.label.s, -rows.label.log_t
        upstream = upstream / (label + kept) / (label + kept)  # one by one: the square may overflow
        own = s * (kept - label * total) + label * t / rows.pivot
        at_label = -upstream * (kept * s + label * (rows.num_classes - 1) * t)
        return upstream * label, upstream * own, at_label

    def _falls(self, rows: Rows) -> tuple[Tensor, Tensor | float]:
        """h_k, 0 at the label, (N, K), fresh, but for a factor of its row, and that."""
        compiled = torch.compiler.is_compiling()
        found, scale = (falls(rows), 1.0) if compiled else (differences(rows), 1 / rows.pivot)
        return put(found, rows.labels, torch.zeros_like(rows.pivot)), scale


@dataclass(frozen=True)
class Share:
    """f_y/D for any f, in float64: f and w of 1 - u_i as well as u_i, for every class; or as `narrow` has it.

    Attributes
    ----------
    base : f with its w; a gain with t g'(t) if `gain`.
    gain : is the loss 1 minus the share?
    """

    base: Single
    gain: bool = False

    def keep(self, rows: Rows) -> Tensor:
        return torch.cat([self._others(part)[0].sum(dim=1) for part in _parts(rows)])

    def value(self, rows: Rows, kept: Tensor) -> Tensor:
        label = self.base.of(rows.label)
        return (kept if self.gain else label) / (label + kept)

    def matrix(self, every: Odds) -> Tensor:
        terms = self.base.of(every)
        total = terms.sum(dim=1, keepdim=True)
        return (of_others(terms, every) if self.gain else terms) / total

    def gradient(self, rows: Rows, kept: Tensor, upstream: Tensor) -> Tensor:
        size = _size(rows)
        chunks = zip(_parts(rows), kept.split(size), upstream.split(size), strict=True)
        return torch.cat([self._gradient(*chunk).to(rows.others.dtype) for chunk in chunks])

    def quick(self) -> bool:
        return _terms(self.base) is not None

    def together(self, block: Block, out: Tensor | None) -> tuple[Tensor, Tensor]:
        least = self.base.p if isinstance(self.base, LogGain | FocalGain) else None
        terms = _terms(self.base)
        assert terms is not None  # or it is not quick
        values, factors, left = narrow.share(self.base, least, terms, block, out)
        few = left.nonzero()[:, 0]
        if len(few):
            # Of a class that is masked, the distance has a square: sums of such are finite.
            logits, labels = block.rows.logits[few].double().clamp(min=MASKED), block.rows.labels[few]
            array = None if out is None else torch.empty_like(logits)
            if block.rows.logits.dtype == torch.float32:
                values[few], factors[few] = self.together(Block(logits, labels, {}), array)
            else:
                values[few], factors[few] = self._exact(split(logits, labels), array)
            if out is not None and array is not None:
                out[few] = array.to(out.dtype)
        return values, factors

    def _exact(self, rows: Rows, out: Tensor | None) -> tuple[Tensor, Tensor]:
        """As `together`, the slow way, by differences between the others."""
        kept = self.keep(rows)
        values = self.value(rows, kept)
        if out is None:
            return values, values
        out.copy_(self.gradient(rows, kept, torch.ones_like(kept)))
        sizes = out.abs().amax(dim=1).clamp(min=torch.finfo(kept.dtype).tiny)
        out.div_(sizes[:, None])
        return values, sizes

    def _gradient(self, rows: Rows, kept: Tensor, upstream: Tensor) -> Tensor:
        t, s, label = rows.label.t, rows.label.s, self.base.of(rows.label)
        upstream = upstream / (label + kept) / (label + kept)
        weight = self.base.weight(rows.label)
        _, weights, ratios, pivot_weight = self._others(rows)
        falls = weights - ratios * pivot_weight[:, None]
        if isinstance(self.base, Linear):  # w is a multiple of u: h is 0, and its rounding would be all
            falls = 0 * falls
        own = s * rows.pivot * (kept * weight - label * falls.sum(dim=1)) + label * t * pivot_weight
        found = (upstream * label)[:, None] * falls + (upstream * own)[:, None] * ratios
        at_label = kept * weight * s + label * weights.sum(dim=1) * t
        return put(found, rows.labels, -upstream * at_label)

    def _others(self, rows: Rows) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """f_i, w_i and e_i of the others, 0 at the label, (N, K), and w_d (N,)."""
        zeros = torch.zeros_like(rows.pivot)
        kind = wide(rows.logits)
        # Finite, at the label and where logits are further apart than the largest number: derivatives too
        gaps = put(rows.gaps().to(kind), rows.labels, zeros).clamp(min=-(torch.finfo(kind).max ** 0.75))
        ratios = put(gaps.exp(), rows.labels, zeros)
        total = ratios.sum(dim=1, keepdim=True).clamp(min=1)  # 0 where all the others are masked
        # 1 - u_i = t + s (1 - q_i): exactly t where there is one other class
        log_u = rows.label.log_s[:, None] + gaps - total.log()
        rest = rows.label.t[:, None] + rows.label.s[:, None] * ((total - ratios) / total)
        odds = Odds(log_u - rest.clamp(min=torch.finfo(kind).tiny).log())
        values = put(self.base.of(odds), rows.labels, zeros)
        weights = put(self.base.weight(odds) + 0 * gaps, rows.labels, zeros)
        greatest = ratios.detach().argmax(dim=1, keepdim=True)
        return values, weights, ratios, weights.gather(1, greatest)[:, 0]


def _terms(base: Single) -> Callable[[narrow.Rest], narrow.Terms] | None:
    """How `narrow` has the sums and weights of a base, where float32 is enough for them."""
    if isinstance(base, Power) and base.q >= LEAST_POWER:
        return functools.partial(narrow.power, base.q)
    if isinstance(base, FocalPower):
        return functools.partial(narrow.focal, base.gamma)
    if isinstance(base, LogGain) and base.p <= LARGEST_P:
        return functools.partial(narrow.log_gain, base.p)
    if isinstance(base, FocalGain) and base.p <= LARGEST_P:
        return functools.partial(narrow.focal_gain, base.gamma, base.p, base.largest)
    return None


def _size(rows: Rows) -> int:
    """Rows at a time."""
    return max(1, CHUNK // rows.num_classes) if writable() else max(1, len(rows.labels))


def _parts(rows: Rows) -> list[Rows]:
    size = _size(rows)
    return [rows.part(slice(i, i + size)) for i in range(0, max(1, len(rows.labels)), size)]


@dataclass(frozen=True)
class LogGain(Single):
    """log(max(t, p)/p), the gain of NNCE."""

    p: float

    def of(self, point: Odds) -> Tensor:
        return (point.log_t - math.log(self.p)).clamp(min=0)

    def weight(self, point: Odds) -> Tensor:
        return (point.t > self.p).to(point.x.dtype)


@dataclass(frozen=True)
class FocalGain(Single):
    """F(p) - F(max(t, p)) with F the focal loss, the gain of NNFL."""

    gamma: float
    p: float

    @property
    def largest(self) -> float:
        """F(p)."""
        return -math.exp(self.gamma * math.log1p(-self.p)) * math.log(self.p)

    def of(self, point: Odds) -> Tensor:
        return (self.largest - FocalPower(self.gamma).of(point)).clamp(min=0)

    def weight(self, point: Odds) -> Tensor:
        return FocalPower(self.gamma).weight(point) * (point.t > self.p)
