"""Many multilayer perceptrons of one shape as one module."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn

from lossmatters.empirics.randomness import torch_seed


class StackedMLP(nn.Module):
    """M networks at once: one batched matrix product a layer instead of M small ones.

    Weights are (M, in, out) and biases (M, 1, out), so that a layer is ``baddbmm(bias, x, weight)``.
    Network m starts as ``torch.nn.Linear`` layers would under a generator seeded by ``seeds[m]`` alone.

    Parameters
    ----------
    widths : the width of each layer, from the inputs to the classes; at least two.
    seeds : the seed of each network, (M,). Equal seeds give equal weights.
    dtype : of the parameters. Drawn in float32 and converted, so the start is the same for each.

    Attributes
    ----------
    weights, biases : one parameter a layer.
    """

    def __init__(
        self,
        widths: Sequence[int],
        seeds: Sequence[int],
        *,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__()
        self.widths = tuple(widths)
        networks = [_linear_layers(self.widths, seed) for seed in seeds]
        self.weights = nn.ParameterList()
        self.biases = nn.ParameterList()
        for layer in zip(*networks, strict=True):
            weight = torch.stack([w.t() for w, _ in layer])
            bias = torch.stack([b[None] for _, b in layer])
            self.weights.append(weight.to(device, dtype))
            self.biases.append(bias.to(device, dtype))

    @property
    def num_networks(self) -> int:
        return len(self.weights[0])

    def forward(
        self, inputs: Float[Tensor, "n b *d"], networks: slice | None = None
    ) -> Float[Tensor, "m b k"]:
        """Return logits of a batch for each network, or for a slice of the stack.

        Parameters
        ----------
        inputs : a batch for each network, or one for all; images are taken as rows of numbers.
        """
        hidden = inputs.flatten(2)
        if len(hidden) == 1:
            hidden = hidden.expand(len(self.weights[0][networks or slice(None)]), -1, -1)
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            if layer:
                hidden = hidden.relu_()
            if networks is not None:  # the backward of a slice fills a whole zero tensor: not in training
                weight, bias = weight[networks], bias[networks]
            hidden = torch.baddbmm(bias, hidden, weight)
        return hidden

    def copies(self, indices: Sequence[int]) -> StackedMLP:
        """Return a new stack that starts where these networks are; an index may come more than once."""
        return self._of(lambda parameter: parameter.detach()[list(indices)])

    def part(self, networks: slice) -> StackedMLP:
        """Return some of the networks: a stack that shares their memory, but gets gradients of its own."""
        return self._of(lambda parameter: parameter.detach()[networks])

    def _of(self, choose: Callable[[Tensor], Tensor]) -> StackedMLP:
        chosen = StackedMLP.__new__(StackedMLP)  # without drawing weights that would be thrown away
        nn.Module.__init__(chosen)
        chosen.widths, chosen.training = self.widths, self.training
        for name in ("weights", "biases"):
            setattr(chosen, name, nn.ParameterList([choose(p) for p in getattr(self, name)]))
        return chosen

    def network(self, index: int) -> nn.Sequential:
        """Return a copy of one network as plain layers."""
        layers: list[nn.Module] = []
        for weight, bias in zip(self.weights, self.biases, strict=True):
            _, fan_in, fan_out = weight.shape
            linear = nn.Linear(fan_in, fan_out, device=weight.device, dtype=weight.dtype)
            with torch.no_grad():
                linear.weight.copy_(weight[index].t())
                linear.bias.copy_(bias[index, 0])
            layers += [linear, nn.ReLU()]
        return nn.Sequential(*layers[:-1])


def _linear_layers(widths: tuple[int, ...], seed: int) -> list[tuple[Tensor, Tensor]]:
    """Draw (out, in) weights and (out,) biases in the order and by the rule of ``torch.nn.Linear``.

    On the CPU whatever the device: a GPU's generator would start from other weights.
    """
    generator = torch.Generator().manual_seed(torch_seed("weights", seed))
    layers = []
    for fan_in, fan_out in pairwise(widths):
        weight, bias = torch.empty(fan_out, fan_in), torch.empty(fan_out)
        nn.init.kaiming_uniform_(weight, a=math.sqrt(5), generator=generator)
        bound = 1 / math.sqrt(fan_in)
        nn.init.uniform_(bias, -bound, bound, generator=generator)
        layers.append((weight, bias))
    return layers
