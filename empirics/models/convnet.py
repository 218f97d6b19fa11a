"""What all convolutional networks share: one class for a network and for a stack of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Protocol, Self

import torch
from jaxtyping import Float
from torch import Tensor, nn

from lossmatters.empirics.models.layers import BatchNormalisation, Convolution, Linear, features
from lossmatters.empirics.randomness import torch_seed
from lossmatters.theory.exact import fail


class ImageOptions(Protocol):
    """What every network of images reads of its declaration (see `lossmatters.empirics.models.images`)."""

    @property
    def batch_norm(self) -> bool: ...

    @property
    def dropout(self) -> Fraction: ...


class ConvNet(nn.Module):
    """M convolutional networks of one shape at once (see `lossmatters.empirics.models.layers` for how).

    A subclass builds its layers in ``__init__`` and gives `body`. Made by `stacked`, from seeds; the
    constructor leaves the weights unset.

    Parameters
    ----------
    model : the declaration.
    input_shape : (C, H, W) of the images that it will be given.
    networks : M.

    Attributes
    ----------
    generator : where dropout draws from, on the device of the parameters; must be set before training with
        dropout. The networks of a stack drop the same features, so what one of them sees does not depend on
        how many others there are.
    """

    def __init__(
        self, model: ImageOptions, input_shape: tuple[int, ...], num_classes: int, networks: int = 1
    ) -> None:
        super().__init__()
        if len(input_shape) != 3:
            fail("input_shape", "(channels, height, width)", input_shape)
        self.model, self.input_shape, self.num_classes = model, tuple(input_shape), num_classes
        self.num_networks = networks
        self.dropout = float(model.dropout)
        self.generator: torch.Generator | None = None
        self._skeleton: tuple[Self] | None = None

    def body(self, images: Float[Tensor, "b mc h w"]) -> Float[Tensor, "m b f"]:
        """Return all but the last layer, whose name is `head`."""
        raise NotImplementedError

    head: Linear

    @classmethod
    def stacked(
        cls,
        model: ImageOptions,
        input_shape: tuple[int, ...],
        num_classes: int,
        seeds: Sequence[int],
        *,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
    ) -> Self:
        """Make networks as each seed alone starts them, whatever the others, the loss, device or dtype."""
        alone = [cls._drawn(model, input_shape, num_classes, seed) for seed in seeds]
        if not alone:
            fail("seeds", "at least one", list(seeds))
        states = [network.state_dict() for network in alone]
        tensors = {name: torch.cat([state[name] for state in states]) for name in states[0]}
        return alone[0]._with({k: v.to(device, dtype) for k, v in tensors.items()}, len(alone))

    @classmethod
    def _drawn(cls, model: ImageOptions, shape: tuple[int, ...], num_classes: int, seed: int) -> Self:
        network = cls(model, shape, num_classes)
        # On the CPU whatever the device: a GPU's generator would start from other weights.
        network.draw(torch.Generator().manual_seed(torch_seed("weights", seed)))
        return network

    @torch.no_grad()
    def draw(self, generator: torch.Generator) -> None:
        """Set every parameter and statistic to its start, layer by layer."""
        for layer in self.modules():
            if isinstance(layer, Convolution | BatchNormalisation | Linear):
                layer.draw(generator)

    def forward(
        self, inputs: Float[Tensor, "*m b c h w"], networks: slice | None = None
    ) -> Float[Tensor, "*n b k"]:
        """Return logits.

        Parameters
        ----------
        inputs : (M, B, C, H, W), or (1, B, C, H, W) for all networks to share, which costs less; the logits
            are (M, B, K). One network also takes (B, C, H, W) and gives (B, K).
        networks : for a part of the stack only, as in `part`.
        """
        if networks is not None:
            return self.part(networks)(inputs)
        if inputs.ndim == 4:
            if self.num_networks != 1:
                fail("inputs", "of 5 axes for a stack", tuple(inputs.shape))
            return self(inputs[None])[0]
        if inputs.shape[0] not in (1, self.num_networks):
            fail("inputs", f"for 1 or {self.num_networks} networks", tuple(inputs.shape))
        side_by_side = inputs[0] if len(inputs) == 1 else inputs.transpose(0, 1).flatten(1, 2)
        return self.head(self._dropped(self.body(side_by_side)))

    def _dropped(self, rows: Float[Tensor, "m b f"]) -> Float[Tensor, "m b f"]:
        if not (self.dropout and self.training):
            return rows
        if self.generator is None:
            raise RuntimeError("generator must be set before training with dropout, got generator=None")
        draws = torch.rand(rows.shape[1:], generator=self.generator, device=rows.device)
        return rows * (draws >= self.dropout) / (1 - self.dropout)

    def part(self, networks: slice) -> Self:
        """Return some of the networks: a stack that shares their memory, but gets gradients of its own."""
        first, stop, step = networks.indices(self.num_networks)
        if step != 1 or stop <= first:
            fail("networks", f"a non-empty run of 0..{self.num_networks - 1}", networks)
        size = self.num_networks
        # rows of the first axis: memory is shared, which a list of indices would not do
        tensors = {
            name: tensor[first * len(tensor) // size : stop * len(tensor) // size]
            for name, tensor in self.state_dict().items()
        }
        return self._with(tensors, stop - first)

    def copies(self, indices: Sequence[int]) -> Self:
        """Return a new stack that starts where these networks are; an index may come more than once."""
        tensors = {
            name: tensor.unflatten(0, (self.num_networks, -1))[list(indices)].flatten(0, 1)
            for name, tensor in self.state_dict().items()
        }
        return self._with(tensors, len(indices))

    def network(self, index: int) -> Self:
        """Return a copy of one network."""
        return self.copies([index])

    def skeleton(self) -> Self:
        """Return the layers of one network without numbers, for ``torch.func.functional_call``; made once."""
        if self._skeleton is None:
            # in a tuple, or it would count as a part of this module
            self._skeleton = (self._empty(1),)
        return self._skeleton[0].train(self.training)

    def _empty(self, networks: int) -> Self:
        """Return the same layers for another number of networks, on the device "meta"."""
        with torch.device("meta"):
            return type(self)(self.model, self.input_shape, self.num_classes, networks).train(self.training)

    def _with(self, tensors: Mapping[str, Tensor], networks: int) -> Self:
        """Return a stack of these very tensors."""
        made = self._empty(networks)
        made.load_state_dict(tensors, assign=True)
        made.generator = self.generator
        return made

    def rows(self, images: Float[Tensor, "b mc h w"]) -> Float[Tensor, "m b f"]:
        """Return the `features` of the `num_networks` networks of this stack."""
        return features(self.num_networks, images)
