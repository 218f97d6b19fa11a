"""The one place that asks who follows what is computed, and chooses the class of the rows by it."""

from __future__ import annotations

import torch
from torch import Tensor

from lossmatters.theory.criteria.compiled import CompiledRows, others_again, split_compiled
from lossmatters.theory.criteria.differentiable import split_differentiably
from lossmatters.theory.criteria.eager import EagerRows, split_eagerly
from lossmatters.theory.criteria.log_odds import CompiledLogOdds, EagerLogOdds, LogOdds
from lossmatters.theory.criteria.rows import Rows, wide


def split(logits: Tensor, labels: Tensor) -> Rows:
    """Return the rows of (N, K) logits, K >= 2."""
    if torch.is_grad_enabled():  # a compiler, too, may follow: nothing is written to an array
        return split_differentiably(logits, labels)
    if torch.compiler.is_compiling():
        return split_compiled(logits, labels)
    return split_eagerly(logits, labels)


def numbers_of(rows: Rows) -> tuple[Tensor, ...]:
    """Return what backward needs of rows, beside logits and labels, to have them `again`."""
    return rows.others, rows.rival_logit, rows.rival_share, rows.label.x


def again(logits: Tensor, labels: Tensor, numbers: tuple[Tensor, ...]) -> Rows:
    """Return the rows of which `numbers_of` gave the numbers; for a gradient that needs none of its own."""
    others, rival_logit, rival_share, x = numbers
    if torch.compiler.is_compiling():
        others = others_again(logits, labels, rival_logit, rival_share)
        return CompiledRows(logits, labels, others, rival_logit, rival_share, CompiledLogOdds(x))
    return EagerRows(logits, labels, others, rival_logit, rival_share, EagerLogOdds(x))


def every_label(logits: Tensor) -> LogOdds:
    """Return all log-odds, (N, K) float64: of the greatest class as a label, of the rest from u <= 1/2."""
    logits = logits.to(wide(logits))
    greatest = logits.detach().argmax(dim=1)
    rows = split(logits, greatest)
    # log u_i = log(1 - u_a) + log q_i; no probability at a itself, which is replaced before it is used
    gaps = rows.gaps() + (rows.label.log_s + rows.rival_share.log())[:, None]
    end = torch.finfo(gaps.dtype).max / 8 / rows.num_classes  # so that the sum over classes is finite
    log_u = rows.put(gaps.clamp(min=-end), rows.label.log_t)
    rest = torch.log1p(-rows.put(log_u.exp(), torch.zeros_like(rows.rival_share)))
    return rows.log_odds(rows.put(log_u - rest, rows.label.x))


def of_others(terms: Tensor, every: LogOdds) -> Tensor:
    """Return the sum of each row's terms but the class's own, (N, K), for terms >= 0 that grow with u."""
    greatest = every.x.detach().argmax(dim=1, keepdim=True)
    largest = terms.gather(1, greatest)
    rest = terms.scatter(1, greatest, 0).sum(dim=1, keepdim=True)
    # Not all less one's own: where one term is nearly all, that would leave the others' rounding.
    return (rest + (largest - terms)).scatter(1, greatest, rest)
