"""Callables on logits, as training code has them: no formula, so they are sampled, or refuted with a witness.

lossmatters certify examples/plain_callable.py:smoothed_cross_entropy
lossmatters certify examples/plain_callable.py:probability_of_error
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def smoothed_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy with 10 % of label smoothing: (N, K) logits, (N,) labels -> (N,)."""
    return functional.cross_entropy(logits, labels, reduction="none", label_smoothing=0.1)


def probability_of_error(logits: Tensor, labels: Tensor) -> Tensor:
    """1 - u_y, half the mean absolute error: its label sum is K - 1."""
    return 1 - torch.softmax(logits, dim=-1).gather(-1, labels[:, None])[:, 0]
