"""Shares of a sum over all labels, NFL, NGCE, NNCE, NNFL, and their gradients, in float32 where that will do.

The formulas are those of `shares`. What forced float64 are the few numbers in which all digits cancel:
those of the label, and those of another class d of q_d > 1/2, of which there is one at most. These are
numbers of a row and stay float64, with 1 - u_d = t + the sum of the rest's u. For the rest, u_i <= 1/2, so
that 1 - u_i loses nothing, and log u_i = z_i - z_d + log u_d is a sum, no logarithm. W_r being the sum of the
rest's w,

    m_k = w_k + q_k s (D' w_y - f_y W')/f_y,    m_d = w_d (1 - u_d) - u_d W_r + u_d D' w_y/f_y,
    m_y = -(D' w_y s/f_y + W' t),               dV/dz = m f_y/D^2.

Where the others nearly tie and t is tiny, the two terms of every m_k cancel: rows whose m is short beside its
terms are few. They are done again in float64, and by `shares` if too little is left even there.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from lossmatters.theory.criteria.block import Block
from lossmatters.theory.criteria.label_only import LabelOnlyKernel
from lossmatters.theory.criteria.log_odds import EagerLogOdds

FAR = 1e30  # sums of this size are of logits so far apart that they are left to float64
LITTLE = 1.0  # gains that are differences from F(p), which is 10 or more, lose too much if they are small
LEAST = 1e-200  # f_y that is as good as 0
SPARE = 1e7  # as many more digits has float64 than it need give
MOST = 0.8  # of F(p): sums of F that are less may be taken from it
FAINT = 1e-8  # as small as the differences of logits are large, and these are rounded


class Rest:
    """The numbers of a block that every base needs.

    Attributes
    ----------
    apart : (N,) is there a class d of q_d > 1/2? None if there is none in the block.
    both : (N, 1) the label, or (N, 2) the label and d, the label twice where there is no d.
    log_top : (N,) the logarithm of the greatest of the others' probabilities.
    left, rival : (N,) 1 - u_d, and the log-odds of d.
    """

    apart: Tensor | None

    def __init__(self, block: Block) -> None:
        rows = block.rows
        self.block, self.rows, label = block, rows, rows.label
        self.log_top = label.log_s + rows.rival_share.log()
        self.both = rows.labels[:, None]
        self.apart, self._u = None, False
        if bool((rows.rival_share < 0.49).all()):
            return
        scratch = block.scratch("u")
        count = torch.arange(1, rows.num_classes + 1, dtype=scratch.dtype, device=scratch.device)
        number = torch.mv(torch.round(rows.others, out=scratch), count).long()  # 1 + d, or 0
        self.apart = number > 0
        self.both = torch.stack([rows.labels, torch.where(self.apart, number - 1, rows.labels)], dim=1)
        self.left = (label.t + rows.sum(self.u())).clamp_(min=torch.finfo(label.x.dtype).tiny)
        self.rival = EagerLogOdds(self.log_top - self.left.log())

    def u(self) -> Tensor:
        """Return the rest's probabilities, (N, K), 0 at the label and at d; the same array at every call."""
        found = self.block.scratch("u")
        if not self._u:
            self.only(torch.mul(self.rows.others, self.rows.column(self.rows.label.s), out=found))
            self._u = True
        return found

    def logs(self, less: float = 0.0) -> tuple[Tensor, Tensor]:
        """log u_i less a number, (N, K), fresh, and what is to be added to it, (N,).

        The number that is added to z_i - z_d is rounded for a whole row, which shows in a sum of many.
        """
        exact = self.log_top - less
        column = self.rows.column(exact)
        return self.block.gaps().add_(column), exact - column[:, 0]

    def count(self) -> Tensor | int:
        """Return how many classes are the rest, (N,) or of all rows."""
        others = self.rows.num_classes - 1
        # floating: a number times integers would be of torch's default type, which may be a narrow one
        return others if self.apart is None else others - self.apart.to(self.log_top.dtype)

    def only(self, array: Tensor) -> Tensor:
        """Return the array with 0 at the label and at d."""
        return array.scatter_(1, self.both, 0)

    def terms(self, values: Tensor, array: Tensor, more: Tensor, short: float = 1.5) -> Terms:
        """Return the terms of f and w; `more`, with the sign of f', is to be added to the log u of f."""
        weight = self.rows.sum(array)
        return Terms(values + more * weight, weight, array, short)


@dataclass(frozen=True)
class Terms:
    """What a base has of the rest: the sums of f and of w (N,), and w (N, K), 0 elsewhere, at most 2.

    short : sums so many times shorter than their terms have lost more digits than there are to spare.
    """

    values: Tensor
    weight: Tensor
    array: Tensor
    short: float


def power(q: float, rest: Rest) -> Terms:
    """Return the terms of f = (1 - u^q)/q, w = u^q."""
    gaps = rest.block.gaps()
    array = rest.only(torch.add(rest.rows.column(q * rest.log_top), gaps, alpha=q, out=gaps).exp_())
    weight = rest.rows.sum(array)
    return Terms((rest.count() - weight) / q, weight, array, 3.0)


def focal(gamma: float, rest: Rest) -> Terms:
    """Return the terms of f = -(1 - u)^gamma log u, w = (1 - u)^(gamma - 1) (1 - u - gamma u log u)."""
    values, array, more = _focal(gamma, rest)
    return rest.terms(-rest.rows.sum(values), array, -more)


def log_gain(p: float, rest: Rest) -> Terms:
    """Return the terms of f = log(max(u, p)/p), w = 1 where it is above 0."""
    values, more = rest.logs(math.log(p))
    values = rest.only(values.clamp_(min=0))
    total = rest.rows.sum(values)
    return rest.terms(total, values.sign_(), more)


def focal_gain(gamma: float, p: float, largest: float, rest: Rest) -> Terms:
    """Return the terms of f = F(p) - F(max(u, p)), w that of F where f is above 0."""
    values, array, more = _focal(gamma, rest)
    if values.numel() and float(values.amin()) > -MOST * largest:  # all above p: no need to look which
        return rest.terms(rest.rows.sum(values) + largest * rest.count(), array, more)
    values = rest.only(values.add_(largest).clamp_(min=0))
    total = rest.rows.sum(values)
    return rest.terms(total, array.mul_(values.sign_()), more)


def _focal(gamma: float, rest: Rest) -> tuple[Tensor, Tensor, Tensor]:
    """Return -f and w, (N, K) each, with 0 at the label and at d."""
    (logs, more), u = rest.logs(), rest.u()
    others = torch.sub(torch.ones((), dtype=u.dtype, device=u.device), u, out=rest.block.scratch("rest"))
    powers = others if gamma == 2 else torch.pow(others, gamma - 1, out=rest.block.scratch("powers"))
    part = rest.only(logs).mul_(powers)  # where there is no u, neither is there a logarithm
    changes = u.mul_(part)
    values = part.mul_(others)
    array = powers.mul_(others).add_(changes, alpha=-gamma)
    return values, rest.only(array), more


def share(
    base: LabelOnlyKernel,
    least: float | None,
    terms: Callable[[Rest], Terms],
    block: Block,
    out: Tensor | None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Return losses (N,), the factors (N,) of m, which goes to `out` (N, K), and where float64 is needed.

    `least` is the p of a gain, None for a loss; `out` may be the block's array "u".
    """
    rows = block.rows
    rest = Rest(block)
    found = terms(rest)
    label, at_label = base.of(rows.label), base.weight(rows.label)  # f_y, w_y
    others, weight = found.values, found.weight  # D', W'
    if rest.apart is not None:
        at_rival = torch.where(rest.apart, base.weight(rest.rival), 0)
        others, weight = others + torch.where(rest.apart, base.of(rest.rival), 0), weight + at_rival
    total = label + others
    values = (label if least is None else others) / total
    wide = rows.logits.dtype == torch.float64
    left = ~(others < FAR)
    if least is not None and not wide:
        left |= (others < LITTLE) & (rest.log_top > math.log(least) - 1e-3)  # 1e-3: rounding is 1e-6
        left |= (label < LITTLE) & (label > 0)
    if out is None:
        return values, others, left
    t, s = rows.label.t, rows.label.s
    steep = others * at_label / label.clamp(min=LEAST)  # D' w_y/f_y
    torch.addcmul(found.array, rows.others, rows.column((steep - weight) * s), out=out)
    own = -(steep * s + weight * t)
    exact = own[:, None]
    if rest.apart is not None:
        u_rival = rest.log_top.exp()
        at_d = at_rival * rest.left + u_rival * (steep - found.weight)
        exact = torch.stack([own, torch.where(rest.apart, at_d, own)], dim=1)
    out.scatter_(1, rest.both, exact.to(out.dtype))
    # The greatest entry of m is at least `own`, the sum of squares of w at most 2 W_r.
    short = found.short * (SPARE if wide else 1)
    if bool(((short * own).square() < 2 * found.weight).any()) or bool((own > -FAINT).any()):
        length, norm = (torch.linalg.vector_norm(v, dim=1) for v in (found.array, out))
        left |= short * norm < length
        if not wide:
            left |= (norm < FAINT) & (norm <= 10 * length) & (found.weight > 0)
    return values, label / total / total, left
