"""The batch with which a loss is tried first, and the first line of an error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor


def probe(num_classes: int, size: int | None = None) -> tuple[Tensor, Tensor]:
    """Return a small batch in float64, always the same: logits (size, K) in [-2, 2] and labels (size,).

    Unless asked otherwise it has 4 samples, or 5 for 4 classes: with as many samples as classes, labels (N,)
    pass for one-hot labels (N, K) or (K,), and nobody notices.
    """
    import torch

    size = size if size is not None else 4 + (num_classes == 4)
    steps = torch.arange(size * num_classes, dtype=torch.float64)
    logits = 2 * torch.sin(1.7 * steps + 0.3).reshape(size, num_classes)
    return logits, torch.arange(size) % num_classes


def one_line(error: BaseException) -> str:
    """Return the first line of an error's message."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[0].strip() if lines else ""


def asked(form: Any, *arguments: Any, **keywords: Any) -> Any:
    """Call a loss; an error that it raises is marked as its own."""
    try:
        return form(*arguments, **keywords)
    except Exception as error:
        error.of_loss = True  # type: ignore[attr-defined]
        raise


def is_of_loss(error: BaseException) -> bool:
    """Tell whether an error was raised by a loss, not by what checks it."""
    return bool(getattr(error, "of_loss", False))
