"""The classes that it is not, each by log(1 - u): beside 1 a probability has few digits left of 1 - u."""

import torch

ONCE_ACCUSED_BY = {"class_permutation", "float32"}
DECLARED = {"takes": "probs", "targets": "onehot"}


def loss(probs, onehot):
    smallest = torch.finfo(probs.dtype).tiny
    return -((1 - onehot) * (1 - probs).clamp_min(smallest).log()).sum(dim=1)
