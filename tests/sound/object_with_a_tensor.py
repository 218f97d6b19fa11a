"""The method of an object that holds a tensor: whoever uses it on a GPU makes it there."""

import torch
from torch.nn.functional import cross_entropy

ONCE_ACCUSED_BY = {"device"}


class Scaled:
    def __init__(self):
        self.factor = torch.full((1,), 0.5)

    def __call__(self, logits, labels):
        return cross_entropy(logits * self.factor, labels, reduction="none")


loss = Scaled()
