"""A hinge on the margin over the best other class: once it is met, the loss has truly no slope."""

import torch
from torch.nn.functional import one_hot

ONCE_ACCUSED_BY = {"dead_gradient"}


def loss(logits, labels):
    own = logits.gather(1, labels[:, None]).squeeze(1)
    others = logits.masked_fill(one_hot(labels, logits.shape[1]).bool(), -torch.inf).amax(dim=1)
    return (1 + (others - own)).clamp(min=0)
