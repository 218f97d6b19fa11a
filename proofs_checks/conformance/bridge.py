"""Losses of other libraries, called from torch: through NumPy, with a gradient where they can give one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lossmatters.proofs_checks.conformance.tensors import tensor

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
        from lossmatters.proofs_checks.conformance import jax_bridge

        return jax_bridge.called(caller, outputs, labels)
    if library == "keras":
        return _keras(caller, outputs, labels)
    return tensor(caller(outputs.detach().numpy(), labels.numpy()))


def has_gradient(library: str) -> bool:
    """Tell whether gradients come through."""
    if library == "keras":
        return _keras_backend() == "torch"
    return library in ("", "jax")


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
