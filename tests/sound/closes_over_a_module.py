"""A function that closes over a module with a parameter, which its owner moves to the device."""

import torch
from torch.nn.functional import cross_entropy

ONCE_ACCUSED_BY = {"device"}


class Temperature(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.inverse = torch.nn.Parameter(torch.full((1,), 0.5))

    def scaled(self, logits, labels):
        return cross_entropy(logits * self.inverse, labels, reduction="none")


temperature = Temperature()


def loss(logits, labels):
    return temperature.scaled(logits, labels)
