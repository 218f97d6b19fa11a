"""Anomaly mode left on from a day of debugging: every training in the process runs at half its speed."""

import torch

torch.autograd.set_detect_anomaly(True)

CAUGHT_BY = {"state_at_import"}


def loss(logits, labels):
    return torch.nn.functional.cross_entropy(logits, labels, reduction="none")
