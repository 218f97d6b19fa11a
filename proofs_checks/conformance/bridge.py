"""Losses of other libraries, called from torch: through NumPy, with a gradient where they can give one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

# (outputs, labels) as tensors, and what places them and calls the loss -> its values as a tensor
Caller = Callable[[Any, Any], Any]


def bridged(library: str, caller: Caller, outputs: Tensor, labels: Tensor) -> Any:
    """Return the values of a loss of another library.

    Raises
    ------
    ImportError : the library is not installed.
    """
    if library == "jax":
        return _jax(caller, outputs, labels)
    if library == "keras":
        return _keras(caller, outputs, labels)
    return tensor(caller(outputs.detach().numpy(), labels.numpy()))


def has_gradient(library: str) -> bool:
    """Tell whether gradients come through."""
    if library == "keras":
        return _keras_backend() == "torch"
    return library in ("", "jax")


def tensor(values: Any) -> Any:
    """Return arrays and numbers as tensors; what is neither stays what it is, to be named."""
    import numpy as np
    import torch

    if isinstance(values, torch.Tensor):
        return values
    array = np.asarray(values)
    return torch.from_numpy(array.copy()) if array.dtype.kind in "fiub" else values


def _jax(caller: Caller, outputs: Tensor, labels: Tensor) -> Any:
    import jax
    import numpy as np

    with _wide(outputs.dtype):
        target = jax.numpy.asarray(labels.numpy())
        if not outputs.requires_grad:
            return tensor(np.asarray(caller(jax.numpy.asarray(outputs.detach().numpy()), target)))
        function: Any = _vjp()
        return function.apply(outputs, lambda array: caller(array, target))


def _wide(kind: Any) -> Any:
    """Let JAX keep float64, in a block, where the outputs are of that type."""
    import jax
    import torch

    if kind != torch.float64:
        return nullcontext()

    if hasattr(jax, "enable_x64"):  # its home since 0.8
        return jax.enable_x64(True)
    from jax.experimental import enable_x64

    return enable_x64(True)


@lru_cache(maxsize=1)
def _vjp() -> Any:
    import jax
    import numpy as np
    import torch

    class Differentiated(torch.autograd.Function):
        """The value by JAX, and the gradient by its transformation of the same code."""

        @staticmethod
        def forward(ctx: Any, outputs: Any, function: Any) -> Any:
            with _wide(outputs.dtype):
                values, ctx.back = jax.vjp(function, jax.numpy.asarray(outputs.detach().numpy()))
            ctx.kind = outputs.dtype
            ctx.values = values
            return tensor(np.asarray(values))

        @staticmethod
        @torch.autograd.function.once_differentiable
        def backward(ctx: Any, outer: Any) -> Any:
            with _wide(ctx.kind):
                given = jax.numpy.asarray(outer.numpy()).astype(ctx.values.dtype)
                (found,) = ctx.back(given)
            return tensor(np.asarray(found)).to(ctx.kind), None

    return Differentiated


def _keras(caller: Caller, outputs: Tensor, labels: Tensor) -> Any:
    if _keras_backend() == "torch":
        return caller(outputs, labels)
    import keras

    convert = keras.ops.convert_to_tensor
    return tensor(
        keras.ops.convert_to_numpy(caller(convert(outputs.detach().numpy()), convert(labels.numpy())))
    )


def _keras_backend() -> str:
    import keras

    return str(keras.backend.backend())
