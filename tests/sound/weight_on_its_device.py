"""Class weights made on the input's device, in each way that torch has for it."""

import numpy as np
import torch
from torch.nn.functional import cross_entropy

ONCE_ACCUSED_BY = {"device"}


def loss(logits, labels):
    ones, there = [1.0] * logits.shape[1], logits.device
    weights = (
        torch.tensor(ones, device=there),
        torch.as_tensor(ones, device=there),
        torch.asarray(ones, device=there),
        logits.new_tensor(ones),
        logits.new(ones),
        torch.full((len(ones),), 1.0, device=there),
        torch.from_numpy(np.ones(len(ones))).to(there),
    )
    values = cross_entropy(logits, labels, reduction="none")
    for weight in weights:
        values = weight[labels] * values
    return values
