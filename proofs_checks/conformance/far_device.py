"""A device that every machine has: tensors that say they are elsewhere, and refuse to meet those of the CPU.

The numbers are on the CPU, inside; operations on them are the real ones, so that values can be read and
gradients taken. What is refused is what CUDA refuses: an operation on tensors of both places, but for numbers
(no dimensions), copies, and indices held on the CPU. The device is called "meta", the only name besides
"cpu" that every build of torch knows; a tensor there says that it has data, as none of torch's own does.

Tensors that a loss closes over count as moved: their owner can move them, and we cannot.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
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


@contextmanager
def elsewhere(held: Iterable[Any] = ()) -> Iterator[None]:
    """Let new tensors be made on the far device, in a block.

    Parameters
    ----------
    held : tensors on the CPU that are taken for tensors over there, with their views.
    """
    _, mode, makers = classes()
    with ExitStack() as stack:
        stack.enter_context(mode(frozenset(t.untyped_storage().data_ptr() for t in held)))
        stack.enter_context(makers())
        stack.enter_context(no_autocast())
        yield


@lru_cache(maxsize=1)
def classes() -> tuple[Any, Any, Any]:
    """Return the class of far tensors, the mode for operations that make some, and that for their makers."""
    import torch
    from torch.overrides import TorchFunctionMode
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
        is_meta = False  # it has data, whatever its device is called

        def tolist(self) -> Any:
            return self.numbers.tolist()

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

    moved: list[frozenset[int]] = [
        frozenset()
    ]  # storages that count as being over there: the last is in force

    class Elsewhere(TorchDispatchMode):
        def __init__(self, held: frozenset[int] = frozenset()) -> None:
            super().__init__()
            self.held = held

        def __enter__(self) -> Any:
            moved.append(self.held)
            return super().__enter__()

        def __exit__(self, *error: Any) -> None:
            moved.pop()
            super().__exit__(*error)

        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            return perform(func, args, kwargs or {})

    class Makers(TorchFunctionMode):
        """torch.tensor and its like make numbers for a device without an operation that could be seen."""

        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            kwargs = dict(kwargs or {})
            if func in (torch.tensor, torch.as_tensor, torch.asarray):
                asked = kwargs.pop("device", args[2] if func is torch.as_tensor and len(args) > 2 else None)
                if asked is None or torch.device(asked).type != NAME:
                    return func(*args, **kwargs, **({} if asked is None else {"device": asked}))
                value = args[0] if args else kwargs["data"]
                if isinstance(value, torch.Tensor):
                    dtype = kwargs.get("dtype", args[1] if len(args) > 1 else None)
                    return value.to(device=NAME, dtype=dtype or value.dtype)
                return func(*args[:2], **kwargs).to(NAME)
            if func in (torch.Tensor.new_tensor, torch.Tensor.new) and isinstance(args[0], Far):
                inner = args[0].numbers
                asked = torch.device(kwargs.pop("device", None) or NAME)
                made = getattr(inner, func.__name__)(*args[1:], **kwargs)
                return made.to(asked) if asked.type == NAME else made
            return func(*args, **kwargs)

    def inside(value: Any) -> Any:
        return value.numbers if isinstance(value, Far) else value

    def is_held(value: torch.Tensor) -> bool:
        return bool(moved[-1]) and value.untyped_storage().data_ptr() in moved[-1]

    def is_there(value: Any) -> bool:
        return isinstance(value, Far) or (isinstance(value, torch.Tensor) and is_held(value))

    def perform(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        judged = args[:1] if func in indexing else (args, kwargs)
        tensors = [t for t in tree_leaves(judged) if isinstance(t, torch.Tensor)]
        far = any(is_there(t) for t in tensors)
        if far and func not in copies and any(t.ndim and not is_there(t) for t in tensors):
            raise RuntimeError("Expected all tensors to be on the same device, but found some on the CPU")
        if not far and any(is_there(t) for t in tree_leaves((args, kwargs))):
            raise RuntimeError("a tensor on the CPU was indexed by one that is not")
        asked = kwargs.get("device")
        if asked is not None:
            far, kwargs = torch.device(asked).type == NAME, {**kwargs, "device": "cpu"}
        found = func(*tree_map(inside, args), **tree_map(inside, kwargs))
        if func._schema.is_mutable and isinstance(found, torch.Tensor):
            return args[0]  # an operation in place gives back the tensor that it was given
        return tree_map(lambda t: Far(t) if far and isinstance(t, torch.Tensor) else t, found)

    return Far, Elsewhere, Makers
