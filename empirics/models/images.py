"""Models of images, as declarations.  No torch until a network is made."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar

from lossmatters.theory.exact import check_rate, fail

if TYPE_CHECKING:
    import torch

    from lossmatters.empirics.models.convnet import ConvNet


@dataclass(frozen=True)
class ImageModel:
    """What the models of images have in common.

    Parameters
    ----------
    batch_norm : normalise over the batch after each convolution. Without it convolutions have biases.
    dropout : the share of features, in [0, 1), that are set to 0 before the last layer in training.

    Attributes
    ----------
    crop : the side of the images that it is given; None for whole images.
    """

    batch_norm: bool = True
    dropout: Fraction = Fraction(0)

    name: ClassVar[str]
    crop: ClassVar[int | None] = None

    def __post_init__(self) -> None:
        if not isinstance(self.batch_norm, bool):
            raise TypeError(f"batch_norm must be True or False, got batch_norm={self.batch_norm!r}")
        object.__setattr__(self, "dropout", check_rate(self.dropout, "dropout"))
        if self.dropout == 1:
            fail("dropout", "in [0, 1)", self.dropout)

    @property
    def network_type(self) -> type[ConvNet]:
        """Return the class of its networks."""
        raise NotImplementedError

    def given(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape of what it is given of images of `input_shape`, (C, H, W)."""
        if len(input_shape) != 3:
            fail("input_shape", "(channels, height, width)", input_shape)
        channels, height, width = input_shape
        if self.crop is not None and min(height, width) < self.crop:
            fail("input_shape", f"at least {self.crop} pixels high and wide", input_shape)
        return input_shape if self.crop is None else (channels, self.crop, self.crop)

    def stack(
        self,
        input_shape: tuple[int, ...],
        num_classes: int,
        seeds: Sequence[int],
        *,
        device: torch.device | str = "cpu",
        dtype: torch.dtype | None = None,
    ) -> ConvNet:
        """Return one network a seed, side by side; `dtype` is float32 if not given.

        `input_shape` is that of the data set's images; the networks are given crops of `given(input_shape)`.
        """
        import torch

        return self.network_type.stacked(
            self, self.given(input_shape), num_classes, seeds, device=device, dtype=dtype or torch.float32
        )

    def num_parameters(self, input_shape: tuple[int, ...], num_classes: int) -> int:
        """Return weights and biases of one network."""
        return _size(self, self.given(input_shape), num_classes)[0]

    def multiply_adds(self, input_shape: tuple[int, ...], num_classes: int) -> int:
        """Return those of a forward pass of one image; a training step takes thrice that."""
        return _size(self, self.given(input_shape), num_classes)[1]

    def description(self, input_shape: tuple[int, ...], num_classes: int) -> dict[str, Any]:
        """Return what a record stores of it."""
        options = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            "name": self.name,
            **{name: str(v) if isinstance(v, Fraction) else v for name, v in options.items()},
            "input_shape": list(self.given(input_shape)),
            "activation": "relu",
            "initialisation": "He normal, torch.nn.Linear",
            "parameters": self.num_parameters(input_shape, num_classes),
        }


@dataclass(frozen=True)
class CNN(ImageModel):
    """A small network for a CPU: two convolutions with stride 2 and a hidden layer.

    Strides instead of max pooling, which takes a CPU longer than the convolutions: three times as fast.

    Parameters
    ----------
    channels : of the two convolutions of 3 x 3 pixels.
    hidden : the width of the hidden layer.
    """

    channels: tuple[int, int] = (16, 32)
    hidden: int = 128

    name: ClassVar[str] = "cnn"

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "channels", tuple(self.channels))
        if len(self.channels) != 2:
            fail("channels", "two widths >= 1", self.channels)
        for width in (*self.channels, self.hidden):
            if not isinstance(width, int) or isinstance(width, bool):
                raise TypeError(f"width must be an integer >= 1, got width={width!r}")
            if width < 1:
                fail("width", "an integer >= 1", width)

    @property
    def network_type(self) -> type[ConvNet]:
        from lossmatters.empirics.models.cnn import SmallNet

        return SmallNet

    def description(self, input_shape: tuple[int, ...], num_classes: int) -> dict[str, Any]:
        return {**super().description(input_shape, num_classes), "channels": list(self.channels)}


@dataclass(frozen=True)
class ResNet18(ImageModel):
    """ResNet-18 (He et al. 2016): widths 64 to 512, two blocks each, projection shortcuts.

    Parameters
    ----------
    stem : "imagenet", a convolution of 7 x 7 with stride 2 and a max pooling, as in the paper: 28 x 28
        pixels become 7 x 7 before the first block; or "cifar", a convolution of 3 x 3 with stride 1 and
        nothing else: 14 times the work and 0.02 % fewer weights (both for one channel). The source does
        not say which it used.

    Without batch normalisation it starts by the rule of `lossmatters.empirics.models.resnet.Residual`.
    """

    stem: str = "imagenet"

    name: ClassVar[str] = "resnet18"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.stem not in ("imagenet", "cifar"):
            fail("stem", "imagenet or cifar", self.stem)

    @property
    def network_type(self) -> type[ConvNet]:
        from lossmatters.empirics.models.resnet import WideResidual

        return WideResidual


@dataclass(frozen=True)
class ResNet32(ImageModel):
    """ResNet-32 for CIFAR-10 (He et al. 2016, section 4.2): widths 16, 32, 64, five blocks each.

    Shortcuts have no parameters (their option A): every other pixel, and zeros for the new channels.
    Without batch normalisation it starts by the rule of `lossmatters.empirics.models.resnet.Residual`.
    """

    name: ClassVar[str] = "resnet32"

    @property
    def network_type(self) -> type[ConvNet]:
        from lossmatters.empirics.models.resnet import NarrowResidual

        return NarrowResidual


@dataclass(frozen=True)
class InceptionLite(ImageModel):
    """The small Inception of Zhang et al. 2017 (appendix, figure 3), for crops of 28 x 28 pixels.

    1 649 402 parameters for 3 channels and 10 classes with batch normalisation and without, as they report:
    it has an offset and no factor, so that it replaces a bias by another.
    """

    name: ClassVar[str] = "inception-lite"
    crop: ClassVar[int | None] = 28

    @property
    def network_type(self) -> type[ConvNet]:
        from lossmatters.empirics.models.inception import Inception

        return Inception


@functools.lru_cache(maxsize=64)
def _size(model: ImageModel, input_shape: tuple[int, ...], num_classes: int) -> tuple[int, int]:
    """Count parameters and multiply-adds, on a network without numbers."""
    import torch

    from lossmatters.empirics.models.layers import Convolution, Linear

    with torch.device("meta"):
        network = model.network_type(model, input_shape, num_classes).eval()
        total = 0

        def count(layer: Convolution | Linear, _: Any, output: torch.Tensor) -> None:
            nonlocal total
            total += layer.multiply_adds(output)

        for layer in network.modules():
            if isinstance(layer, Convolution | Linear):
                layer.register_forward_hook(count)
        network(torch.empty(1, *input_shape))
    return sum(p.numel() for p in network.parameters()), total
