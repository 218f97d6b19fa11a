"""Which tensors belong to a transform of torch.

torch has no public name for either question. Without the answers an array would be written to that a
transform must not see written, or a value be read that there is none of; torch's own code asks them so.
"""

from __future__ import annotations

import torch
from torch import Tensor


def is_batched_gradient(upstream: Tensor) -> bool:
    """Tell whether autograd runs backward for many gradients at once (``is_grads_batched``)."""
    return bool(torch._C._functorch.is_legacy_batchedtensor(upstream))


def is_transformed(tensor: Tensor) -> bool:
    """Tell whether ``torch.func`` (vmap, grad, ...) has wrapped a tensor."""
    return bool(torch._C._functorch.is_functorch_wrapped_tensor(tensor))
