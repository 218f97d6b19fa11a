"""A function that knows "mean" alone, and says nothing when it is asked for anything else."""

from torch.nn.functional import cross_entropy

CAUGHT_BY = {"reductions"}


def loss(logits, labels, reduction="mean"):
    values = cross_entropy(logits, labels, reduction="none")
    return values.mean() if reduction == "mean" else values
