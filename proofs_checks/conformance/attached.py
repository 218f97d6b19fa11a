"""A loss with nothing detached: to find out whether that is what its gradient lacks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any


@contextmanager
def attached() -> Iterator[None]:
    """Make detach(), .data and no_grad do nothing, in a block."""
    with _mode()():
        yield


@lru_cache(maxsize=1)
def _mode() -> Any:
    import torch
    from torch.overrides import TorchFunctionMode

    getter: Any = torch.Tensor.data.__get__  # type: ignore[attr-defined]  # a descriptor, unknown to the stubs
    leaves = (torch.Tensor.detach, torch.detach, getter)

    class Attached(TorchFunctionMode):
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            if func in leaves:
                return args[0]
            if func is torch._C._set_grad_enabled:
                return None
            return func(*args, **(kwargs or {}))

    return Attached
