"""A random draw inside: logits perturbed at every call, in evaluation too. It also moves the global seed."""

import torch

CAUGHT_BY = {"deterministic", "state_at_call"}


def loss(logits, labels):
    noisy = logits + 0.1 * torch.randn_like(logits)
    return torch.nn.functional.cross_entropy(noisy, labels, reduction="none")
