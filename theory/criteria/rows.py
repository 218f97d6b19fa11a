"""Rows of logits, split into the label and the other classes.

With d the rival, the other class of the greatest logit:

    q_i = exp(z_i - z_d)/O               the softmax of the other classes alone; O = 1/q_d in [1, K - 1]
    x = z_y - z_d + log q_d              the log-odds of the label
    u_y = sigmoid(x),  1 - u_y = sigmoid(-x),  u_i = (1 - u_y) q_i.

No number is a difference of rounded ones but the logits' own, so 1 - u_y and -log u_y keep their digits
when the label is all but certain, and so does u_y when it has long underflowed. What there is one of a row
is float64 (a few microseconds); what there are K of is as wide as the logits.

How the same numbers are computed best depends on who follows: nobody (`eager`: fresh arrays are written to),
autograd (`differentiable`) or a compiler (`compiled`). Each is a subclass of `Rows`; `split` chooses one,
once, and the kernels know of none of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from lossmatters.theory.criteria.log_odds import LogOdds
from lossmatters.theory.criteria.transforms import sizes

FEW_CLASSES = 64  # up to here a softmax of elementwise operations takes a third of the time of torch's own


def wide(like: Tensor) -> torch.dtype:
    """Return the type of what there is one of a row: float64, where the device has it."""
    return torch.float32 if like.device.type == "mps" else torch.float64


@dataclass(frozen=True)
class Rows:
    """A batch of N rows, and what kernels do with them.

    An array that is called fresh belongs to the caller: an operation may write its result there.

    Attributes
    ----------
    logits : (N, K), of float32 or float64.
    labels : (N,) in 0..K-1.
    others : (N, K) the q_i; 0 at the label.
    rival_logit : (N,) z_d, as wide as the logits.
    rival_share : (N,) q_d.
    label : the label's log-odds, (N,).
    """

    logits: Tensor
    labels: Tensor
    others: Tensor
    rival_logit: Tensor
    rival_share: Tensor
    label: LogOdds

    @property
    def num_classes(self) -> int:
        return sizes(self.others)[1]

    @property
    def rounds(self) -> bool:
        """Tell whether differences may be those of rounded numbers, where they are large enough."""
        return False

    def log_odds(self, x: Tensor) -> LogOdds:
        """Return log-odds that are computed as those of the label are."""
        return type(self.label)(x)

    def sum(self, array: Tensor) -> Tensor:
        """Return the sum over classes of an (N, K) array, (N,)."""
        return array.sum(dim=1).to(self.rival_share.dtype)

    def part(self, rows: slice | Tensor) -> Self:
        """Return some of the rows."""
        return type(self)(
            self.logits[rows],
            self.labels[rows],
            self.others[rows],
            self.rival_logit[rows],
            self.rival_share[rows],
            self.log_odds(self.label.x[rows]),
        )

    def chunks(self, entries: int) -> list[slice]:
        """Return the rows in parts of about so many entries, where parts save memory; else all at once."""
        return [slice(None)]

    def gaps(self) -> Tensor:
        """Return z_i - z_d, (N, K), at most 0; minus infinity at the label. Fresh."""
        raise NotImplementedError(f"{type(self).__name__} has no gaps")

    def column(self, numbers: Tensor) -> Tensor:
        """Return (N,) numbers as a column beside the (N, K) arrays."""
        return numbers.to(self.others.dtype)[:, None]

    def put(self, fresh: Tensor, values: Tensor) -> Tensor:
        """Return a fresh (N, K) array with its labels' entries replaced by `values` (N,)."""
        return fresh.scatter(1, self.labels[:, None], values.to(fresh.dtype)[:, None])

    def product(self, fresh: Tensor, factors: Tensor) -> Tensor:
        """Return fresh * factors."""
        return fresh * factors

    def quotient(self, fresh: Tensor, divisors: Tensor) -> Tensor:
        """Return fresh / divisors."""
        return fresh / divisors

    def plus_one(self, fresh: Tensor) -> Tensor:
        """Return 1 + fresh."""
        return fresh + 1

    def log1p(self, fresh: Tensor) -> Tensor:
        """Return log(1 + fresh)."""
        return fresh.log1p()

    def shares(self, factors: Tensor) -> Tensor:
        """Return `factors` (N,) times q, (N, K). Fresh."""
        return self.others * self.column(factors)

    def mixed(self, fresh: Tensor, factors: Tensor, own: Tensor, at_label: Tensor) -> Tensor:
        """Return factors * fresh + own * q, (N, K), with `at_label` at the label; all factors are (N,)."""
        return self.put(self.product(fresh, self.column(factors)) + self.shares(own), at_label)

    def contrast(self, factors: Tensor) -> Tensor:
        """Return `factors` (N,) times q - e_y, the direction in which the label's log-odds fall: (N, K)."""
        return self.put(self.shares(factors), -factors)

    # Differences between the others' probabilities, to their last digits where it matters: see `differences`.

    def differences(self, squares: Tensor | None = None) -> Tensor:
        """Return q_d - q_i, (N, K), fresh; q_d at the label.

        Parameters
        ----------
        squares : (N,) or None
            The sum of q_i^2, where it is known.
        """
        return torch.expm1(self.gaps()) * self.column(-self.rival_share)

    def deficits(self) -> tuple[Tensor, Tensor | float]:
        """Return 1 - q_i/q_d, (N, K), fresh, but for a factor of its row, and that factor."""
        return self.differences(), 1 / self.rival_share

    def weighted_differences(self, squares: Tensor | None = None) -> tuple[Tensor, Tensor | float]:
        """Return q_i (q_d - q_i), (N, K), fresh, but for a factor of its row, and that: 0 at the label."""
        return self.product(self.differences(squares), self.others), 1.0

    # The sum R of q_i^2 and the mean m = q_d - R of q_d - q_i: which of them a row keeps is up to the class.

    def spread_summary(self) -> Tensor:
        """Return what is kept of a row for `concentration` and `spread`, (N,)."""
        norm = torch.linalg.vector_norm(self.others, dim=1).to(self.rival_share.dtype)
        return norm * norm

    def concentration(self, summary: Tensor) -> Tensor:
        """Return R, the sum of q_i^2 over the others, (N,)."""
        return summary

    def spread(self, summary: Tensor) -> tuple[Tensor, Tensor | float, Tensor]:
        """Return q_i (q_d - q_i) and its factor as `weighted_differences` does, and their sum m, (N,)."""
        products, scale = self.weighted_differences(summary)
        return products, scale, self.sum(products)

    def with_sum(self, summary: Tensor, number: Callable[[], Tensor]) -> Tensor:
        """Return `summary`, beside which a `number` >= 0 of each row is computed where that saves a pass."""
        return summary
