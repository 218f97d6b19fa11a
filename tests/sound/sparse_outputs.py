"""The loss of sparsemax (Martins and Astudillo, 2016): zero from a margin of 1 on."""

import torch

ONCE_ACCUSED_BY = {"dead_gradient"}


def loss(logits, labels):
    z = (logits - logits.amax(dim=1, keepdim=True)).clamp(min=-1e4)
    falling = z.sort(dim=1, descending=True).values
    excess = falling.cumsum(dim=1) - 1
    counts = torch.arange(1, z.shape[1] + 1, device=z.device, dtype=z.dtype)
    size = (falling * counts > excess).sum(dim=1, keepdim=True)
    probs = (z - excess.gather(1, size - 1) / size.to(z.dtype)).clamp(min=0)
    own = z.gather(1, labels[:, None]).squeeze(1)
    return (probs * (z - probs / 2)).sum(dim=1) + 0.5 - own
