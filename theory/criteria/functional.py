"""Functional forms: ``functional.rll(logits, target, alpha=0.1)``, as in torch.nn.functional.

Every registered loss is here under its name, with ``_`` for ``-``; `loss` takes any loss or its text.

>>> import torch
>>> from lossmatters.theory.criteria import functional
>>> functional.mae(torch.zeros(1, 4), torch.tensor([0]))
tensor(1.5000)
>>> functional.loss("0.5*cce + mae", torch.zeros(1, 2), torch.tensor([0]), reduction="none")
tensor([1.3466])
"""

from __future__ import annotations

import functools
from collections.abc import Callable

from torch import Tensor

from lossmatters.theory.losses import LOSSES, Loss, get


def loss(
    loss: str | Loss | type[Loss] | Callable[..., object],
    logits: Tensor,
    target: Tensor,
    *,
    weight: Tensor | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
    **parameters: object,
) -> Tensor:
    """Return the value of the criterion of ``get(loss, **parameters)`` with these settings.

    Raises
    ------
    TypeError, ValueError : as `lossmatters.theory.losses.get` and the criterion do.
    """
    found = get(loss, **parameters)
    value: Tensor = found.criterion(weight, ignore_index, reduction, label_smoothing)(logits, target)
    return value


def __getattr__(name: str) -> Callable[..., Tensor]:
    key = name.replace("_", "-")
    if key not in LOSSES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return functools.partial(loss, key)


def __dir__() -> list[str]:
    return sorted(["loss", *(name.replace("-", "_") for name in LOSSES)])
