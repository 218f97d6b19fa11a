"""A focal loss whose factor is detached: the value is right, the gradient is that of another loss."""

from torch.nn.functional import cross_entropy

CAUGHT_BY = {"gradient"}


def loss(logits, labels):
    surprise = cross_entropy(logits, labels, reduction="none")
    factor = (1 - (-surprise).exp()).detach() ** 2
    return factor * surprise
