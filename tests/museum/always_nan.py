"""A logarithm of logits, of which some are negative: NaN for every batch."""

from torch.nn.functional import cross_entropy

CAUGHT_BY = {"finite_value"}


def loss(logits, labels):
    return cross_entropy(logits.log(), labels, reduction="none")
