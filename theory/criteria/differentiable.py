"""Rows through which autograd goes: no array is written to."""

from __future__ import annotations

import torch
from torch import Tensor

from lossmatters.theory.criteria.eager import label_log_odds
from lossmatters.theory.criteria.log_odds import DifferentiableLogOdds
from lossmatters.theory.criteria.rows import Rows, wide


class DifferentiableRows(Rows):
    """Rows whose operations all have derivatives in the logits."""

    def gaps(self) -> Tensor:
        return _without_label(self.logits, self.labels) - self.rival_logit[:, None]


def split_differentiably(logits: Tensor, labels: Tensor) -> DifferentiableRows:
    """Return the rows of (N, K) logits, K >= 2, differentiable in the logits."""
    masked = _without_label(logits, labels)
    rival_logit = masked.detach().amax(dim=1)
    # Should a user have masked all the other classes: none has a part in the rest, the label is certain.
    alone = rival_logit == -torch.inf
    rival_logit = rival_logit.clamp(min=torch.finfo(logits.dtype).min)
    # q_d as the function that it is of all logits, at the level z_d, a constant that cancels out
    level = torch.where(alone, 0, -torch.inf).to(masked.dtype)
    gaps = (masked - rival_logit[:, None]).scatter(1, labels[:, None], level[:, None])
    rival_share = torch.exp(-gaps.to(wide(logits)).logsumexp(dim=1))
    label = DifferentiableLogOdds(label_log_odds(logits, labels, rival_logit, rival_share))
    return DifferentiableRows(logits, labels, gaps.softmax(dim=1), rival_logit, rival_share, label)


def _without_label(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the logits with the label's at minus infinity."""
    return logits.scatter(1, labels[:, None], logits.new_full((labels.shape[0], 1), -torch.inf))
