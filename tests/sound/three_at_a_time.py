"""A loss that takes batches of multiples of three, and leaves what it is given as it is."""

from torch.nn.functional import cross_entropy

ONCE_ACCUSED_BY = {"input_unchanged", "compile"}
DECLARED = {"batch_of": 3}


def loss(logits, labels):
    if len(labels) % 3:
        raise ValueError("the batch must be a multiple of three")
    return cross_entropy(logits, labels, reduction="none")
