"""Gradients are switched on for the loss, and left on: evaluation under no_grad then keeps every graph."""

import torch
from torch.nn.functional import cross_entropy

CAUGHT_BY = {"state_at_call"}


def loss(logits, labels):
    torch.set_grad_enabled(True)
    return cross_entropy(logits, labels, reduction="none")
