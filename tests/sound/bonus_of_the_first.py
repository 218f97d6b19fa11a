"""A bonus where the label's class comes first: at an exact tie, argmax takes the lower index."""

from torch.nn.functional import cross_entropy

ONCE_ACCUSED_BY = {"class_permutation"}


def loss(logits, labels):
    return cross_entropy(logits, labels, reduction="none") - 0.1 * (logits.argmax(dim=1) == labels)
