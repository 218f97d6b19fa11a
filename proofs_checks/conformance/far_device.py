"""A device that every machine has: tensors that say they are elsewhere, and refuse to meet those of the CPU.

The numbers are on the CPU, inside; operations on them are the real ones, so that values can be read and
gradients taken. What is refused is what CUDA refuses: an operation on tensors of both places, but for numbers
(no dimensions), copies, and indices held on the CPU. The device is called "meta", the only name besides
"cpu" that every build of torch knows.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

NAME = "meta"


@contextmanager
def no_autocast() -> Iterator[None]:
    """Answer no where a loss asks whether autocast is on over there: torch knows none for this device."""
    import torch

    asked = torch.is_autocast_enabled

    def enabled(*device: Any) -> bool:
        return False if device == (NAME,) else asked(*device)

    torch.is_autocast_enabled = enabled  # type: ignore[assignment]  # one of its two overloads is used
    try:
        yield
    finally:
        torch.is_autocast_enabled = asked


@lru_cache(maxsize=1)
def classes() -> tuple[Any, Any]:
    """Return the tensor class and the mode under which new tensors can be made on the far device."""
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils._pytree import tree_leaves, tree_map

    aten = torch.ops.aten
    copies = (aten._to_copy.default, aten.copy_.default)
    indexing = (
        aten.index.Tensor,
        aten.index_put.default,
        aten.index_put_.default,
        aten._index_put_impl_.default,
    )

    class Far(torch.Tensor):
        numbers: torch.Tensor

        @staticmethod
        def __new__(cls: Any, inner: torch.Tensor) -> Any:
            made = torch.Tensor._make_wrapper_subclass(
                cls, inner.shape, strides=inner.stride(), dtype=inner.dtype, device=torch.device(NAME)
            )
            made.numbers = inner
            return made

        @classmethod
        def __torch_dispatch__(  # type: ignore[override]  # torch declares it as it is called, not written
            cls, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            return perform(func, args, kwargs or {})

    class Elsewhere(TorchDispatchMode):
        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            return perform(func, args, kwargs or {})

    def inside(value: Any) -> Any:
        return value.numbers if isinstance(value, Far) else value

    def perform(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        judged = args[:1] if func in indexing else (args, kwargs)
        tensors = [t for t in tree_leaves(judged) if isinstance(t, torch.Tensor)]
        far = any(isinstance(t, Far) for t in tensors)
        if far and func not in copies and any(t.ndim and not isinstance(t, Far) for t in tensors):
            raise RuntimeError("Expected all tensors to be on the same device, but found some on the CPU")
        if not far and any(isinstance(t, Far) for t in tree_leaves((args, kwargs))):
            raise RuntimeError("a tensor on the CPU was indexed by one that is not")
        asked = kwargs.get("device")
        if asked is not None:
            far, kwargs = torch.device(asked).type == NAME, {**kwargs, "device": "cpu"}
        found = func(*tree_map(inside, args), **tree_map(inside, kwargs))
        if func._schema.is_mutable and isinstance(found, torch.Tensor):
            return args[0]  # an operation in place gives back the tensor that it was given
        return tree_map(lambda t: Far(t) if far and isinstance(t, torch.Tensor) else t, found)

    return Far, Elsewhere
