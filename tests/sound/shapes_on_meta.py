"""Returns a shape alone for tensors without data."""

from torch.nn.functional import cross_entropy

ONCE_ACCUSED_BY = {"device"}


def loss(logits, labels):
    if logits.device.type == "meta":
        return logits.new_zeros(len(logits))
    return cross_entropy(logits, labels, reduction="none")
