"""The layers of convolutional networks, for one network or for many of one shape side by side.

M networks are one network whose layers are M times as wide and in M groups. Activations are (B, M*C, H, W),
those of network m in channels m*C to (m+1)*C, and every parameter and every running statistic has the M
networks one after the other along its first axis. So with M = 1 the layers are those of any text book; a
stack's tensors are the networks' tensors concatenated; and batch normalisation, which treats each channel by
itself, keeps statistics for each network without further ado.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

MOMENTUM, EPSILON = 0.1, 1e-5  # of batch normalisation, torch's defaults


class Convolution(nn.Module):
    """`out` filters of `kernel` x `kernel` pixels for each of M networks.

    The number of input channels tells whether each network has inputs of its own, (B, M*C, H, W), or all
    share them, (B, C, H, W), which saves M - 1 copies.
    """

    def __init__(
        self, networks: int, channels: int, out: int, kernel: int, *, stride: int = 1, bias: bool = False
    ) -> None:
        super().__init__()
        self.networks, self.stride, self.padding = networks, stride, kernel // 2
        self.weight = nn.Parameter(torch.empty(networks * out, channels, kernel, kernel))
        self.bias = nn.Parameter(torch.empty(networks * out)) if bias else None

    def forward(self, inputs: Float[Tensor, "b mc h w"]) -> Float[Tensor, "b mo i j"]:
        groups = inputs.shape[1] // self.weight.shape[1]
        return nn.functional.conv2d(inputs, self.weight, self.bias, self.stride, self.padding, groups=groups)

    def draw(self, generator: torch.Generator) -> None:
        """Draw weights after He et al. 2015: variance 2 / inputs of a unit, so that ReLU keeps the scale."""
        nn.init.kaiming_normal_(self.weight, generator=generator)
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def multiply_adds(self, output: Tensor) -> int:
        """Return those of one forward pass of one image."""
        return self.weight.numel() * output.shape[2] * output.shape[3]


class BatchNormalisation(nn.Module):
    """Over the batch and the pixels in training, by running statistics otherwise; for each channel alone.

    Parameters
    ----------
    scale : whether there is a learnt factor beside the learnt offset.
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, networks: int, channels: int, *, scale: bool = True) -> None:
        super().__init__()
        size = networks * channels
        self.weight = nn.Parameter(torch.empty(size)) if scale else None
        self.bias = nn.Parameter(torch.empty(size))
        self.register_buffer("running_mean", torch.empty(size))
        self.register_buffer("running_var", torch.empty(size))

    def forward(self, inputs: Float[Tensor, "b mc h w"]) -> Float[Tensor, "b mc h w"]:
        weight: Tensor | None = self.weight
        if weight is None and inputs.is_cuda:  # whose backward takes no offset without a factor
            weight = torch.ones_like(self.bias)
        return nn.functional.batch_norm(
            inputs,
            self.running_mean,
            self.running_var,
            weight,
            self.bias,
            training=self.training,
            momentum=MOMENTUM,
            eps=EPSILON,
        )

    def draw(self, generator: torch.Generator) -> None:
        """Draw nothing: it starts as pure standardisation."""
        for tensor, value in (
            (self.weight, 1),
            (self.bias, 0),
            (self.running_mean, 0),
            (self.running_var, 1),
        ):
            if tensor is not None:
                nn.init.constant_(tensor, value)


class Linear(nn.Module):
    """A fully connected layer: (M, B, F) -> (M, B, out)."""

    def __init__(self, networks: int, features: int, out: int) -> None:
        super().__init__()
        self.networks = networks
        self.weight = nn.Parameter(torch.empty(networks * out, features))
        self.bias = nn.Parameter(torch.empty(networks * out))

    def forward(self, inputs: Float[Tensor, "m b f"]) -> Float[Tensor, "m b k"]:
        weight = self.weight.unflatten(0, (self.networks, -1))
        bias = self.bias.view(self.networks, 1, -1)
        return torch.baddbmm(bias, inputs, weight.transpose(1, 2))

    def draw(self, generator: torch.Generator) -> None:
        """Draw as ``torch.nn.Linear`` does: uniform within one over the root of a unit's inputs."""
        nn.init.kaiming_uniform_(self.weight, a=math.sqrt(5), generator=generator)
        bound = 1 / math.sqrt(self.weight.shape[1])
        nn.init.uniform_(self.bias, -bound, bound, generator=generator)

    def multiply_adds(self, output: Tensor) -> int:
        """Return those of one forward pass of one input."""
        return self.weight.numel()


Layer = Convolution | BatchNormalisation | Linear


class Unit(nn.Module):
    """A convolution and, if wanted, batch normalisation, which takes the place of its bias."""

    def __init__(
        self,
        networks: int,
        channels: int,
        out: int,
        kernel: int,
        *,
        stride: int = 1,
        batch_norm: bool = True,
        scale: bool = True,
    ) -> None:
        super().__init__()
        self.convolution = Convolution(networks, channels, out, kernel, stride=stride, bias=not batch_norm)
        self.norm = BatchNormalisation(networks, out, scale=scale) if batch_norm else nn.Identity()

    def forward(self, inputs: Float[Tensor, "b mc h w"]) -> Float[Tensor, "b mo i j"]:
        return self.norm(self.convolution(inputs))


def features(networks: int, images: Float[Tensor, "b mc h w"]) -> Float[Tensor, "m b f"]:
    """Return the images of each network as rows of numbers."""
    return images.unflatten(1, (networks, -1)).flatten(2).transpose(0, 1)
