"""reduction="mean" taken over an (N, K) array: it divides by K too, and the step size with it."""

import torch
from torch import nn

CAUGHT_BY = {"reductions"}


class SquaredError(nn.Module):
    def __init__(self, reduction="none"):
        super().__init__()
        self.reduction = reduction

    def forward(self, logits, labels):
        onehot = torch.nn.functional.one_hot(labels, logits.shape[1])
        entries = (logits.softmax(dim=1) - onehot) ** 2
        if self.reduction == "mean":
            return entries.mean()
        return entries.sum(dim=1) if self.reduction == "none" else entries.sum()


loss = SquaredError()
