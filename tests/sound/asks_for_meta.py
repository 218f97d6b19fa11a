"""Refuses tensors without data, as code that must look at values does."""

from torch.nn.functional import cross_entropy

ONCE_ACCUSED_BY = {"device"}


def loss(logits, labels):
    if logits.is_meta:
        raise RuntimeError("no data on the meta device")
    return cross_entropy(logits, labels, reduction="none")
