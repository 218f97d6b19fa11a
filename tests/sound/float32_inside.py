"""Computes in float32 and returns the type that it was given."""

from torch.nn.functional import cross_entropy

ONCE_ACCUSED_BY = {"gradient", "logit_shift"}


def loss(logits, labels):
    return cross_entropy(logits.float(), labels, reduction="none").to(logits.dtype)
