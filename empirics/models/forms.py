"""Three ways to compute what a stack of convolutional networks computes, on the same parameters.

The engine uses the one that is measured to be the fastest; `benchmarks/models.py` measures them.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor
from torch.func import functional_call, vmap

from lossmatters.empirics.models.convnet import ConvNet
from lossmatters.theory.exact import fail

Images = Float[Tensor, "m b c h w"]
Logits = Float[Tensor, "n b k"]


def grouped(stack: ConvNet, inputs: Images) -> Logits:
    """Compute convolutions in M groups: the stack's own forward."""
    return stack(inputs)


def mapped(stack: ConvNet, inputs: Images) -> Logits:
    """Return one network's forward, mapped over the stack by ``torch.func.vmap``.

    Running statistics are updated in place, each network's own.

    Raises
    ------
    ValueError : the networks train with dropout, whose generator vmap cannot see.
    """
    if stack.training and stack.dropout:
        fail("dropout", "0 under vmap", stack.dropout)
    alone = stack.skeleton()

    def one(tensors: dict[str, Tensor], images: Float[Tensor, "b c h w"]) -> Float[Tensor, "b k"]:
        return functional_call(alone, tensors, (images,))

    shared = len(inputs) == 1
    images = inputs[0] if shared else inputs
    return vmap(one, in_dims=(0, None if shared else 0))(_apart(stack), images)


def looped(stack: ConvNet, inputs: Images) -> Logits:
    """Return one network after the other."""
    alone = stack.skeleton()
    tensors = _apart(stack)
    # not tensor[m], whose backward fills a whole zero tensor for each network
    networks = zip(*(tensor.unbind() for tensor in tensors.values()), strict=True)
    images = inputs.expand(stack.num_networks, *inputs.shape[1:])
    alone.generator = stack.generator
    drops = stack.training and stack.dropout > 0
    # all networks drop the same features, as in the other forms
    state = stack.generator.get_state() if drops and stack.generator is not None else None
    logits = []
    for network, image in zip(networks, images, strict=True):
        if state is not None and stack.generator is not None:
            stack.generator.set_state(state)
        logits.append(functional_call(alone, dict(zip(tensors, network, strict=True)), (image,)))
    return torch.stack(logits)


def _apart(stack: ConvNet) -> dict[str, Tensor]:
    """Return every parameter and statistic as (M, ...): views, through which gradients flow."""
    tensors = {**dict(stack.named_parameters()), **dict(stack.named_buffers())}
    return {name: tensor.unflatten(0, (stack.num_networks, -1)) for name, tensor in tensors.items()}


FORMS: dict[str, Callable[[ConvNet, Tensor], Tensor]] = {
    "grouped": grouped,
    "vmap": mapped,
    "loop": looped,
}
