"""A mean that keeps its axis: a loss of shape (1,), which fails where a number is due."""

from torch.nn.functional import cross_entropy

CAUGHT_BY = {"shape"}


def loss(logits, labels):
    return cross_entropy(logits, labels, reduction="none").mean(dim=0, keepdim=True)
