"""What a stack is given: inputs and labels on the device, in the order of its seeds."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from lossmatters.empirics.data.base import Dataset
from lossmatters.empirics.data.batches import Batches, Crops
from lossmatters.empirics.engine.training import Training
from lossmatters.empirics.models.base import Model
from lossmatters.empirics.randomness import stream, torch_seed

MARGIN = 4  # black pixels around an image, out of which crops are cut


def batches(
    data: Dataset,
    inputs: np.ndarray,
    model: Model,
    augmentation: str = "none",
    *,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> Batches:
    """Put `inputs` of a data set on the device, as `model` is given them."""
    if not data.is_images:
        return Batches(inputs, device=device, dtype=dtype)
    crop, whole = model.given(data.input_shape)[-1], data.input_shape[-1]
    margin = MARGIN if augmentation != "none" and crop == whole else 0
    size = None if crop == whole else crop  # all of an image, which need not be square
    return Batches(inputs, data.mean, data.std, size=size, margin=margin, device=device, dtype=dtype)


class Feed:
    """The training batches of M networks, epoch by epoch.

    Networks of one seed see the same batches and the same crops. If all have one seed, a batch is made once
    for all of them.

    Parameters
    ----------
    inputs : of which the first `size` are for training.
    seeds : of the networks, (M,).
    key : tells the streams of a second phase of training apart from those of the first.
    """

    def __init__(
        self,
        inputs: Batches,
        size: int,
        training: Training,
        seeds: Sequence[int],
        key: tuple[int, ...] = (),
    ) -> None:
        self.inputs, self.size, self.training = inputs, size, training
        self.device = inputs.inputs.device
        distinct = seeds[:1] if len(set(seeds)) == 1 else seeds
        self.orders = [stream("batch order", seed, *key) for seed in distinct]
        self.crops = []
        if training.augmentation != "none" and inputs.are_images:
            self.crops = [torch.Generator().manual_seed(torch_seed("crops", seed, *key)) for seed in distinct]
        self.rows = torch.arange(len(distinct), device=self.device)[:, None]
        self.bounds = _bounds(self.size, training.batch_size)

    @property
    def steps(self) -> int:
        """Return the number of batches an epoch."""
        return len(self.bounds)

    def draw(self) -> tuple[Int[Tensor, "n s"], Crops | None]:
        """Draw the order of the samples in one epoch and their crops, for each network or (n = 1) for all.

        All that is random is drawn on the host, so it is the same on each device, and copied once.
        """
        order = torch.from_numpy(np.stack([rng.permutation(self.size) for rng in self.orders]))
        mirror = self.training.augmentation == "crop and mirror"
        drawn = [self.inputs.draw(generator, self.size, mirror=mirror) for generator in self.crops]
        return order.to(self.device, non_blocking=True), Crops.stack(drawn) if drawn else None

    def epoch(self) -> Iterator[tuple[Int[Tensor, "n b"], Float[Tensor, "n b *d"]]]:
        """Yield indices of samples and their inputs, for each network or (n = 1) for all."""
        order, crops = self.draw()
        for first, stop in self.bounds:
            batch = order[:, first:stop]
            yield batch, self.inputs.take(batch, None if crops is None else crops[self.rows, batch])

    def state(self) -> dict[str, Any]:
        """Return the state of the generators of orders and crops, for `resume`: text and tensors."""
        orders = json.dumps([rng.bit_generator.state for rng in self.orders])
        return {"orders": orders, "crops": [generator.get_state() for generator in self.crops]}

    def resume(self, state: dict[str, Any]) -> None:
        """Go on where `state` was taken."""
        for rng, found in zip(self.orders, json.loads(state["orders"]), strict=True):
            rng.bit_generator.state = found
        for generator, found in zip(self.crops, state["crops"], strict=True):
            generator.set_state(found)


def _bounds(size: int, batch_size: int) -> list[tuple[int, int]]:
    """Return the (first, end) of each batch; a single last sample joins the batch before it."""
    firsts = list(range(0, size, batch_size))
    if len(firsts) > 1 and size - firsts[-1] == 1:
        firsts.pop()
    return list(zip(firsts, [*firsts[1:], size], strict=True))
