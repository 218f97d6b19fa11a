"""Cross-entropy less log K: at equal logits the losses of all labels are 0, the numbers inside are not."""

import math

from torch.nn.functional import cross_entropy

ONCE_ACCUSED_BY = {"gradient"}


def loss(logits, labels):
    return cross_entropy(logits, labels, reduction="none") - math.log(logits.shape[1])
