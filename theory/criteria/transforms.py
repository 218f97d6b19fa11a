"""Who follows what is computed with tensors: a transform of torch, or a tracer.

torch has no public name for most of these questions. Without the answers an array would be written to that a
transform must not see written, or a value be read that there is none of; torch's own code asks them so.
"""

from __future__ import annotations

import warnings

import torch
from torch import Tensor


def is_batched_gradient(upstream: Tensor) -> bool:
    """Tell whether autograd runs backward for many gradients at once (``is_grads_batched``)."""
    return bool(torch._C._functorch.is_legacy_batchedtensor(upstream))


def is_transformed(tensor: Tensor) -> bool:
    """Tell whether ``torch.func`` (vmap, grad, ...) has wrapped a tensor."""
    return bool(torch._C._functorch.is_functorch_wrapped_tensor(tensor))


def is_traced(tensor: Tensor) -> bool:
    """Tell whether operations are recorded rather than done: there may be no values, and no fixed sizes.

    So it is under ``make_fx``, ``torch.export``, ``torch.jit.trace`` and other modes, and with meta and fake
    tensors. ``torch.compile`` is not among them: it has ways of its own.
    """
    if torch.compiler.is_compiling():
        return _is_exporting()
    return (
        tensor.device.type == "meta"
        or type(tensor) not in (Tensor, torch.nn.Parameter)
        or torch.jit.is_tracing()
        or torch._C._len_torch_dispatch_stack() > 0
    )


def is_compiled() -> bool:
    """Tell whether ``torch.compile`` follows the Python, as ``torch.export`` need not."""
    return torch.compiler.is_compiling() and not _is_exporting()


def _is_exporting() -> bool:
    """Tell whether ``torch.export`` follows; versions before 2.7 cannot say."""
    return hasattr(torch.compiler, "is_exporting") and torch.compiler.is_exporting()


def is_autocast(device_type: str) -> bool:
    """Tell whether autocast is on for a kind of device, some of which have none."""
    return torch.amp.is_autocast_available(device_type) and torch.is_autocast_enabled(device_type)


def sizes(tensor: Tensor) -> tuple[int, ...]:
    """Return the shape in numbers that may be compared; ``torch.jit.trace`` has tensors in their place."""
    if not torch.jit.is_tracing():
        return tuple(tensor.shape)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", torch.jit.TracerWarning)  # that a comparison is not traced
        return tuple(int(size) for size in tensor.shape)
