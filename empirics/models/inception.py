"""The small Inception of Zhang et al. 2017."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import max_pool2d

from lossmatters.empirics.models.convnet import ConvNet, ImageOptions
from lossmatters.empirics.models.layers import Linear, Unit

# (filters of 1 x 1, filters of 3 x 3), or the filters of a halving
STAGES: tuple[tuple[int, int] | int, ...] = (
    (32, 32),
    (32, 48),
    80,
    (112, 48),
    (96, 64),
    (80, 80),
    (48, 96),
    96,
    (176, 160),
    (176, 160),
)
FIRST = 96


class Mixed(nn.Module):
    """Filters of 1 x 1 and of 3 x 3 pixels side by side."""

    def __init__(self, networks: int, channels: int, narrow: int, wide: int, batch_norm: bool) -> None:
        super().__init__()
        self.networks, self.out = networks, narrow + wide
        self.narrow = Unit(networks, channels, narrow, 1, batch_norm=batch_norm, scale=False)
        self.wide = Unit(networks, channels, wide, 3, batch_norm=batch_norm, scale=False)

    def forward(self, images: Float[Tensor, "b mc h w"]) -> Float[Tensor, "b mo h w"]:
        return joined(self.networks, self.narrow(images), self.wide(images)).relu()


class Halving(nn.Module):
    """Filters of 3 x 3 with stride 2 and a max pooling side by side."""

    def __init__(self, networks: int, channels: int, filters: int, batch_norm: bool) -> None:
        super().__init__()
        self.networks, self.out = networks, filters + channels
        self.filters = Unit(networks, channels, filters, 3, stride=2, batch_norm=batch_norm, scale=False)

    def forward(self, images: Float[Tensor, "b mc h w"]) -> Float[Tensor, "b mo i j"]:
        pooled = max_pool2d(images, 3, stride=2, padding=1)
        return joined(self.networks, self.filters(images).relu(), pooled)


class Inception(ConvNet):
    """See `lossmatters.empirics.models.images.InceptionLite`."""

    def __init__(
        self, model: ImageOptions, input_shape: tuple[int, ...], num_classes: int, networks: int = 1
    ) -> None:
        super().__init__(model, input_shape, num_classes, networks)
        self.first = Unit(networks, input_shape[0], FIRST, 3, batch_norm=model.batch_norm, scale=False)
        stages: list[Mixed | Halving] = []
        channels = FIRST
        for stage in STAGES:
            if isinstance(stage, tuple):
                stages.append(Mixed(networks, channels, *stage, model.batch_norm))
            else:
                stages.append(Halving(networks, channels, stage, model.batch_norm))
            channels = stages[-1].out
        self.stages = nn.Sequential(*stages)
        self.head = Linear(networks, channels, num_classes)

    def body(self, images: Float[Tensor, "b mc h w"]) -> Float[Tensor, "m b f"]:
        images = self.stages(self.first(images).relu())
        return self.rows(images.mean(dim=(2, 3), keepdim=True))


def joined(networks: int, *parts: Float[Tensor, "b _ h w"]) -> Float[Tensor, "b mo h w"]:
    """Return the channels of each network together."""
    if networks == 1:  # on four axes, or the order of memory that convolutions like is lost
        return torch.cat(parts, dim=1)
    apart = [part.unflatten(1, (networks, -1)) for part in parts]
    return torch.cat(apart, dim=2).flatten(1, 2)
