"""The small convolutional network."""

from __future__ import annotations

from typing import Protocol

from jaxtyping import Float
from torch import Tensor

from lossmatters.empirics.models.convnet import ConvNet, ImageOptions
from lossmatters.empirics.models.layers import Linear, Unit


class Widths(ImageOptions, Protocol):
    """What the network reads of its declaration, `lossmatters.empirics.models.images.CNN`."""

    @property
    def channels(self) -> tuple[int, int]: ...

    @property
    def hidden(self) -> int: ...


class SmallNet(ConvNet):
    """See `lossmatters.empirics.models.images.CNN`."""

    def __init__(
        self, model: Widths, input_shape: tuple[int, ...], num_classes: int, networks: int = 1
    ) -> None:
        super().__init__(model, input_shape, num_classes, networks)
        inputs, height, width = input_shape
        first, second = model.channels
        self.first = Unit(networks, inputs, first, 3, stride=2, batch_norm=model.batch_norm)
        self.second = Unit(networks, first, second, 3, stride=2, batch_norm=model.batch_norm)
        # twice halved, an odd side upwards
        self.hidden = Linear(networks, second * -(-height // 4) * -(-width // 4), model.hidden)
        self.head = Linear(networks, model.hidden, num_classes)

    def body(self, images: Float[Tensor, "b mc h w"]) -> Float[Tensor, "m b f"]:
        images = self.second(self.first(images).relu()).relu()
        return self.hidden(self.rows(images)).relu()
