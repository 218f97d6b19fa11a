"""Rows of logits, split into the label and the other classes.

With d the other class of the greatest logit:

    q_i = exp(z_i - z_d)/O               the softmax of the other classes alone; O = 1/q_d in [1, K - 1]
    x = z_y - z_d + log q_d              the log-odds of the label
    u_y = sigmoid(x),  1 - u_y = sigmoid(-x),  u_i = (1 - u_y) q_i.

No number is a difference of rounded ones but the logits' own, so 1 - u_y and -log u_y keep their digits
when the label is all but certain, and so does u_y when it has long underflowed. What there is one of a row
is float64 (a few microseconds); what there are K of is as wide as the logits.

A compiler fuses what surrounds a pass over the rows into it, which decides how things are written where one
follows (docs/criteria.md, "Under torch.compile"): a label's entry is replaced by a mask, exponentials are
made anew in each pass, and numbers of a row are put into memory, lest they be computed for each entry.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

FEW_CLASSES = 64  # up to here a softmax of elementwise operations takes a third of the time of torch's own


def wide(like: Tensor) -> torch.dtype:
    """The type of what there is one of a row: float64, where the device has it."""
    return torch.float32 if like.device.type == "mps" else torch.float64


def writable() -> bool:
    """May a fresh array be written to? Not where autograd or a compiler follows what is done."""
    return not (torch.is_grad_enabled() or torch.compiler.is_compiling())


def early(kept: Tensor, number: Tensor) -> Tensor:
    """`kept`, for which a compiler computes a `number` >= 0 of each row, too.

    A sum that only the gradient needs would take a pass of its own in the backward graph. That of the forward
    graph which has the same terms can have it for less.
    """
    return torch.where(number < 0, torch.nan, kept)  # it knows that 0 times something is nothing


def product(fresh: Tensor, factors: Tensor) -> Tensor:
    """fresh * factors, written to the fresh (N, K) array; a memory page taken costs more than a product."""
    return fresh.mul_(factors) if writable() else fresh * factors


def put(fresh: Tensor, labels: Tensor, values: Tensor) -> Tensor:
    """A fresh (N, K) array with its labels' entries replaced by `values` (N,)."""
    if torch.compiler.is_compiling():  # a mask is fused with what surrounds it, a scatter is not
        return torch.where(_is_label(fresh, labels), column(values, fresh.dtype), fresh)
    values = values.to(fresh.dtype)[:, None]
    if torch.is_grad_enabled():
        return fresh.scatter(1, labels[:, None], values)
    return fresh.scatter_(1, labels[:, None], values)


def column(numbers: Tensor, kind: torch.dtype) -> Tensor:
    """(N,) numbers as a column beside (N, K) arrays."""
    numbers = numbers.to(kind)
    if torch.compiler.is_compiling():  # as_strided is a view of memory, so the numbers are put there
        return numbers.as_strided((len(numbers), 1), (1, 1))
    return numbers[:, None]


def _is_label(array: Tensor, labels: Tensor) -> Tensor:
    """Which entries are the labels', (N, K), for a compiler. Memory as in `column`; int32 for its width."""
    classes = torch.arange(array.shape[1], dtype=torch.int32, device=array.device)
    labels = labels.to(torch.int32)
    size = len(labels)
    if array.shape[1] > FEW_CLASSES:
        # One number more than rows, or inductor fuses their loop with that over the rows, and then none at
        # all: the passes over a row would not find it in the cache.
        labels = torch.nn.functional.pad(labels, (0, 1))
    return classes.as_strided((array.shape[1],), (1,)) == labels.as_strided((size, 1), (1, 1))


def without_label(logits: Tensor, labels: Tensor, level: float = -torch.inf) -> Tensor:
    """The logits with the label's at minus infinity, or at `level`."""
    if torch.compiler.is_compiling():
        return torch.where(_is_label(logits, labels), level, logits)
    return logits.scatter(1, labels[:, None], logits.new_full((len(labels), 1), -torch.inf))


def once(function: Callable[[Any], Tensor]) -> Any:
    """A property that is computed once; a compiler, which shares results anyway, sees a plain one."""
    name = f"_{function.__name__}"

    def get(self: Any) -> Tensor:
        if torch.compiler.is_compiling():
            return function(self)
        known = self.__dict__
        if name not in known:
            known[name] = function(self)
        found: Tensor = known[name]
        return found

    return property(get, doc=function.__doc__)


@dataclass(frozen=True)
class Odds:
    """Probabilities as their log-odds x, of any shape."""

    x: Tensor

    @once
    def log_t(self) -> Tensor:
        """The logarithm of u."""
        return logsigmoid(self.x)

    @once
    def log_s(self) -> Tensor:
        """The logarithm of 1 - u."""
        return logsigmoid(-self.x)

    # The derivative of a sigmoid is computed as t (1 - t) of the rounded t: 0 where 1 - t is below an ulp.
    # That of the exponential of its logarithm is t times sigmoid(-x).

    @once
    def t(self) -> Tensor:
        """The probability u itself."""
        if torch.is_grad_enabled():
            return self.log_t.exp()
        return self._sigmoids()[0] if torch.compiler.is_compiling() else torch.sigmoid(self.x)

    @once
    def s(self) -> Tensor:
        """1 - u, to its last digits."""
        if torch.is_grad_enabled():
            return self.log_s.exp()
        return self._sigmoids()[1] if torch.compiler.is_compiling() else torch.sigmoid(-self.x)

    def _sigmoids(self) -> tuple[Tensor, Tensor]:
        """u and 1 - u of one exponential, and one that the logarithms take too: a compiler sees that."""
        small = (-self.x.abs()).exp()
        greater = (1 + small).reciprocal()
        less, up = small * greater, self.x > 0
        return torch.where(up, greater, less), torch.where(up, less, greater)


@dataclass(frozen=True)
class Rows:
    """A batch of N rows.

    Attributes
    ----------
    logits : (N, K), of float32 or float64.
    labels : (N,) in 0..K-1.
    others : (N, K) the q_i; 0 at the label.
    top : (N,) z_d, as wide as the logits.
    pivot : (N,) q_d.
    label : the label's log-odds, (N,).
    """

    logits: Tensor
    labels: Tensor
    others: Tensor
    top: Tensor
    pivot: Tensor
    label: Odds

    @property
    def num_classes(self) -> int:
        return self.others.shape[1]

    def gaps(self) -> Tensor:
        """z_i - z_d, (N, K), at most 0; minus infinity at the label. Fresh."""
        masked = without_label(self.logits, self.labels)
        return masked.sub_(self.top[:, None]) if writable() else masked - self.top[:, None]

    def sum(self, array: Tensor) -> Tensor:
        """The sum over classes of an (N, K) array, (N,)."""
        return array.sum(dim=1).to(self.pivot.dtype)

    def part(self, rows: slice | Tensor) -> Rows:
        """Some of the rows."""
        return Rows(
            self.logits[rows],
            self.labels[rows],
            self.others[rows],
            self.top[rows],
            self.pivot[rows],
            Odds(self.label.x[rows]),
        )

    def column(self, numbers: Tensor) -> Tensor:
        """(N,) numbers as a column beside the (N, K) arrays."""
        return column(numbers, self.others.dtype)

    def shares(self, factors: Tensor) -> Tensor:
        """`factors` (N,) times q, (N, K)."""
        if torch.compiler.is_compiling():
            return self.gaps().exp() * self.column(factors * self.pivot)
        return self.others * self.column(factors)

    def mixed(self, fresh: Tensor, factors: Tensor, own: Tensor, at_label: Tensor) -> Tensor:
        """factors * fresh + own * q, and `at_label` at the label: all factors (N,), the result (N, K)."""
        fresh = product(fresh, self.column(factors))
        if writable() and self.num_classes > FEW_CLASSES:
            found = fresh.addcmul_(self.others, self.column(own))  # slow in short rows, takes no other array
        elif writable():
            found = fresh.add_(self.shares(own))
        else:
            found = fresh + self.shares(own)
        return put(found, self.labels, at_label)

    def contrast(self, factors: Tensor) -> Tensor:
        """`factors` (N,) times q - e_y, the direction in which the label's log-odds fall: (N, K)."""
        return put(self.shares(factors), self.labels, -factors)


def split(logits: Tensor, labels: Tensor) -> Rows:
    """The rows of (N, K) logits, K >= 2. Differentiable in the logits."""
    kind = wide(logits)
    if torch.compiler.is_compiling() and not torch.is_grad_enabled():
        return _fused(logits, labels)
    masked = without_label(logits, labels)
    top = masked.detach().amax(dim=1)
    # Should a user have masked all the other classes: none has a part in the rest, the label is certain.
    alone = top == -torch.inf
    top = top.clamp(min=torch.finfo(logits.dtype).min)
    few = logits.shape[1] <= FEW_CLASSES and logits.device.type == "cpu"
    if torch.is_grad_enabled():
        # q_d as the function that it is of all logits, at the level z_d, a constant that cancels out
        gaps = put(masked - top[:, None], labels, torch.where(alone, 0, -torch.inf))
        pivot = torch.exp(-gaps.to(kind).logsumexp(dim=1))
        others = gaps.softmax(dim=1)
    elif few:
        gaps = masked.sub_(top[:, None]) if writable() else masked - top[:, None]
        others = gaps.exp_() if writable() else gaps.exp()
        pivot = others.sum(dim=1).clamp(min=1).to(kind).reciprocal()
        others = product(others, pivot.to(others.dtype)[:, None])
    else:
        masked = put(masked, labels, torch.where(alone, 0, -torch.inf))
        # On a CPU in its own place: a pass over a row writes where it has read, and memory is dear to take
        own = writable() and masked.device.type == "cpu"
        others = torch.softmax(masked, 1, out=masked) if own else masked.softmax(dim=1)
        pivot = others.amax(dim=1).to(kind)
    return Rows(logits, labels, others, top, pivot, _odds(logits, labels, top, pivot))


def _fused(logits: Tensor, labels: Tensor) -> Rows:
    """The rows as a compiler does best: nothing of a row is computed between its two passes."""
    lowest = torch.finfo(logits.dtype).min  # what z_d is where all the others are masked
    top = without_label(logits, labels, lowest).amax(dim=1, keepdim=True)
    ratios = (without_label(logits, labels) - top).exp()
    pivot = ratios.sum(dim=1).clamp(min=1).to(wide(logits)).reciprocal()
    top = top[:, 0]
    others = ratios * column(pivot, logits.dtype)
    return Rows(logits, labels, others, top, pivot, _odds(logits, labels, top, pivot))


def others_again(logits: Tensor, labels: Tensor, top: Tensor, pivot: Tensor) -> Tensor:
    """The q_i, for a compiler, which makes them anew where it needs them rather than keep them."""
    return (without_label(logits, labels) - top[:, None]).exp() * column(pivot, logits.dtype)


def _odds(logits: Tensor, labels: Tensor, top: Tensor, pivot: Tensor) -> Odds:
    """The log-odds of the labels."""
    kind = pivot.dtype
    own = logits.gather(1, labels[:, None])[:, 0].to(kind)
    end = torch.finfo(kind).max / 8  # the difference of two float64 logits may overflow
    return Odds((own - top.to(kind) + pivot.log()).clamp(-end, end))


def every_label(logits: Tensor) -> Odds:
    """The log-odds of every class, (N, K) float64: of the greatest as a label, of the rest from u <= 1/2."""
    logits = logits.to(wide(logits))
    greatest = logits.detach().argmax(dim=1)
    rows = split(logits, greatest)
    # log u_i = log(1 - u_a) + log q_i; minus infinity at a itself, which is replaced before it is used
    log_u = put(rows.gaps() + (rows.label.log_s + rows.pivot.log())[:, None], greatest, rows.label.log_t)
    rest = torch.log1p(-put(log_u.exp(), greatest, torch.zeros_like(rows.pivot)))
    return Odds(put(log_u - rest, greatest, rows.label.x))


def of_others(terms: Tensor, every: Odds) -> Tensor:
    """The sum of each row's terms but the class's own, (N, K), for terms >= 0 that grow with u."""
    greatest = every.x.detach().argmax(dim=1, keepdim=True)
    largest = terms.gather(1, greatest)
    rest = terms.scatter(1, greatest, 0).sum(dim=1, keepdim=True)
    # Not all less one's own: where one term is nearly all, that would leave the others' rounding.
    return (rest + (largest - terms)).scatter(1, greatest, rest)
