"""Losses of u_y alone, in a line each."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor


def label_probs(logits: Tensor, labels: Tensor) -> Tensor:
    return logits.softmax(dim=1).gather(1, labels[:, None]).squeeze(1)


def error(logits: Tensor, labels: Tensor) -> Tensor:
    return 1 - label_probs(logits, labels)


def of_label(function: Callable[[Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    return lambda logits, labels: function(label_probs(logits, labels))
