"""The forward pass of a stack: by the form that wins on the device, in the precision declared."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager

import torch
from jaxtyping import Float, Int
from torch import Tensor

from lossmatters.empirics.data.batches import Batches
from lossmatters.empirics.models.base import Stack
from lossmatters.empirics.models.convnet import ConvNet
from lossmatters.empirics.models.forms import FORMS

# Of convolutional networks, measured by benchmarks/models.py (docs/models.md). On a GPU nothing has been
# measured yet: "grouped" launches the fewest kernels.
FORM = {"cpu": "loop", "cuda": "grouped"}

# Inputs that are evaluated at once. Of images on a CPU so few that what one layer hands to the next stays
# in the cache (benchmarks/cpu_training.py: up to twice as fast, the same classes); on a GPU the activations
# of one layer of eight networks fit a few GB.
CHUNK, CHUNK_OF_IMAGES_ON_A_CPU = 2048, 256


def forward(stack: Stack, inputs: Float[Tensor, "n b *d"]) -> Float[Tensor, "m b k"]:
    """Return the logits of a batch, one for each network or one for all."""
    if isinstance(stack, ConvNet) and stack.num_networks > 1:
        return FORMS[FORM[inputs.device.type]](stack, inputs)
    return stack(inputs)


def autocast(device: torch.device, precision: str) -> AbstractContextManager[None]:
    """Return a context in which operations are done in `precision`, where torch deems that right."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16")


def channels_last(stack: Stack) -> None:
    """Lay filters out as convolutions like them, in place; the numbers stay as they are."""
    for parameter in stack.parameters():
        if parameter.ndim == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)


def chunks(inputs: Batches) -> tuple[Int[Tensor, " c"], ...]:
    """Return the numbers of all inputs, in as many as are evaluated at once."""
    device = inputs.inputs.device
    size = CHUNK_OF_IMAGES_ON_A_CPU if device.type == "cpu" and inputs.are_images else CHUNK
    return torch.arange(len(inputs), device=device).split(size)


@torch.no_grad()
def evaluate(stack: Stack, inputs: Batches, precision: str = "float32") -> Iterator[Float[Tensor, "m n k"]]:
    """Yield the logits of all inputs, for some networks after the other, out of training mode.

    On a CPU one network at a time, whose hidden layers stay in the cache (two thirds of the time); on a GPU
    all at once. In chunks, as whole data sets would not fit.
    """
    device = inputs.inputs.device
    width = 1 if device.type == "cpu" else stack.num_networks
    training = stack.training
    stack.eval()
    try:
        with autocast(device, precision):
            for first in range(0, stack.num_networks, width):
                part = stack.part(slice(first, first + width))
                yield torch.cat([part(inputs.take(chunk)[None]) for chunk in chunks(inputs)], dim=1)
    finally:
        stack.train(training)


def predict(stack: Stack, inputs: Batches, precision: str = "float32") -> Int[Tensor, "m n"]:
    """Return the class that each network gives each input."""
    return torch.cat([logits.argmax(dim=-1) for logits in evaluate(stack, inputs, precision)])
