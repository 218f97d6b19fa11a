"""Residual networks: ResNet-18 and the ResNet-32 for CIFAR-10."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import max_pool2d, pad

from lossmatters.empirics.models.convnet import ConvNet, ImageOptions
from lossmatters.empirics.models.layers import Linear, Unit


class Stem(ImageOptions, Protocol):
    """What `WideResidual` reads of its declaration, `lossmatters.empirics.models.images.ResNet18`."""

    @property
    def stem(self) -> str: ...


class Block(nn.Module):
    """Two convolutions of 3 x 3 around which the input goes unchanged, halved or projected."""

    def __init__(
        self, networks: int, channels: int, out: int, *, stride: int, batch_norm: bool, project: bool
    ) -> None:
        super().__init__()
        self.networks, self.stride, self.new_channels = networks, stride, out - channels
        self.first = Unit(networks, channels, out, 3, stride=stride, batch_norm=batch_norm)
        self.second = Unit(networks, out, out, 3, batch_norm=batch_norm)
        changes = stride > 1 or out != channels
        self.projection = (
            Unit(networks, channels, out, 1, stride=stride, batch_norm=batch_norm)
            if project and changes
            else None
        )

    def forward(self, images: Float[Tensor, "b mc h w"]) -> Float[Tensor, "b mo i j"]:
        added = self.second(self.first(images).relu())
        return (added + self._shortcut(images)).relu()

    def _shortcut(self, images: Float[Tensor, "b mc h w"]) -> Float[Tensor, "b mo i j"]:
        if self.projection is not None:
            return self.projection(images)
        if self.stride > 1:
            images = images[:, :, :: self.stride, :: self.stride]
        if self.new_channels:  # half of them before those of each network, half after
            before = self.new_channels // 2
            around = (0, 0, 0, 0, before, self.new_channels - before)
            if self.networks == 1:  # on four axes, or the order of memory that convolutions like is lost
                return pad(images, around)
            images = pad(images.unflatten(1, (self.networks, -1)), around).flatten(1, 2)
        return images


class Residual(ConvNet):
    """Blocks, the mean over the pixels, a linear layer.

    With batch normalisation all convolutions start by He's rule. Without it the variance would double from
    block to block. Then, of the L blocks, each starts as its shortcut: the second convolution at 0 and the
    first at L^(-1/2) of He's rule, so that the first steps change the output no more than those of one
    layer would (Zhang, Dauphin & Ma 2019, "Fixup", without its scalar factors).
    """

    blocks: nn.Sequential

    def build(self, widths: Sequence[int], number: int, *, project: bool) -> None:
        """Make the blocks, `number` of each width, at half the side where the width grows; and the head."""
        blocks, channels = [], widths[0]
        for width in widths:
            for _ in range(number):
                stride = 1 if width == channels else 2
                norm = self.model.batch_norm
                blocks.append(
                    Block(self.num_networks, channels, width, stride=stride, batch_norm=norm, project=project)
                )
                channels = width
        self.blocks = nn.Sequential(*blocks)
        self.head = Linear(self.num_networks, channels, self.num_classes)

    def body(self, images: Float[Tensor, "b mc h w"]) -> Float[Tensor, "m b f"]:
        images = self.blocks(self.entry(images))
        return self.rows(images.mean(dim=(2, 3), keepdim=True))

    def entry(self, images: Float[Tensor, "b mc h w"]) -> Float[Tensor, "b mo i j"]:
        """Return what comes before the blocks."""
        raise NotImplementedError

    @torch.no_grad()
    def draw(self, generator: torch.Generator) -> None:
        super().draw(generator)
        if not self.model.batch_norm:
            for block in self.blocks:
                assert isinstance(block, Block)
                block.first.convolution.weight.mul_(len(self.blocks) ** -0.5)
                block.second.convolution.weight.zero_()


class WideResidual(Residual):
    """See `lossmatters.empirics.models.images.ResNet18`."""

    WIDTHS = (64, 128, 256, 512)

    def __init__(
        self, model: Stem, input_shape: tuple[int, ...], num_classes: int, networks: int = 1
    ) -> None:
        super().__init__(model, input_shape, num_classes, networks)
        self.halves = model.stem == "imagenet"
        kernel, stride = (7, 2) if self.halves else (3, 1)
        self.stem = Unit(
            networks, input_shape[0], self.WIDTHS[0], kernel, stride=stride, batch_norm=model.batch_norm
        )
        self.build(self.WIDTHS, 2, project=True)

    def entry(self, images: Float[Tensor, "b mc h w"]) -> Float[Tensor, "b mo i j"]:
        images = self.stem(images).relu()
        return max_pool2d(images, 3, stride=2, padding=1) if self.halves else images


class NarrowResidual(Residual):
    """See `lossmatters.empirics.models.images.ResNet32`."""

    WIDTHS = (16, 32, 64)

    def __init__(
        self, model: ImageOptions, input_shape: tuple[int, ...], num_classes: int, networks: int = 1
    ) -> None:
        super().__init__(model, input_shape, num_classes, networks)
        self.stem = Unit(networks, input_shape[0], self.WIDTHS[0], 3, batch_norm=model.batch_norm)
        self.build(self.WIDTHS, 5, project=False)

    def entry(self, images: Float[Tensor, "b mc h w"]) -> Float[Tensor, "b mo i j"]:
        return self.stem(images).relu()
