"""Softplus of differences of logits: torch's turns linear at 20, with a jump of 2e-9."""

from torch.nn.functional import softplus

ONCE_ACCUSED_BY = {"gradient"}


def loss(logits, labels):
    own = logits.gather(1, labels[:, None])
    return softplus(logits - own).sum(dim=1)
