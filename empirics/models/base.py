"""What a model is, as a declaration.  No torch until a network is made."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from lossmatters.theory.exact import fail

if TYPE_CHECKING:
    import torch

    from lossmatters.empirics.models.mlp import StackedMLP


class Stack(Protocol):
    """M networks of one shape side by side, a ``torch.nn.Module`` of which the engine uses this.

    Called with inputs (M, B, ...), or (1, B, ...) for all networks to share, it gives logits (M, B, K);
    called with a slice of the networks too, those of the slice.
    """

    training: bool

    @property
    def num_networks(self) -> int:
        """Return the number of networks, M."""

    def __call__(self, inputs: torch.Tensor, networks: slice | None = None) -> torch.Tensor: ...

    def copies(self, indices: Sequence[int]) -> Stack:
        """Return a new stack that starts where these networks are; an index may come more than once."""

    def part(self, networks: slice) -> Stack:
        """Return some of the networks, in the same memory; for evaluation."""

    def parameters(self) -> Iterator[torch.nn.Parameter]: ...

    def train(self, mode: bool = True) -> Any: ...

    def eval(self) -> Any: ...

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state_dict: dict[str, Any]) -> Any: ...


class Model(Protocol):
    """A declaration of a model: plain data, hashable, from which stacks of networks are made.

    `input_shape` is everywhere that of one input of the data set, (d,) or (C, H, W).
    """

    @property
    def name(self) -> str:
        """Return the name of the model in records and on the command line."""

    def given(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape of what a network is given of an input: a crop of it, or all of it."""

    def stack(
        self,
        input_shape: tuple[int, ...],
        num_classes: int,
        seeds: Sequence[int],
        *,
        device: torch.device | str = "cpu",
        dtype: torch.dtype | None = None,
    ) -> Any:
        """Return one network a seed, a `Stack`: each starts from its seed alone, in float32 unless told."""

    def num_parameters(self, input_shape: tuple[int, ...], num_classes: int) -> int:
        """Return weights and biases of one network."""

    def multiply_adds(self, input_shape: tuple[int, ...], num_classes: int) -> int:
        """Return those of a forward pass of one input; a training step takes thrice that."""

    def description(self, input_shape: tuple[int, ...], num_classes: int) -> dict[str, Any]:
        """Return what a record stores of it."""


@dataclass(frozen=True)
class MLP:
    """Fully connected layers with ReLU between them.

    Parameters
    ----------
    hidden : the widths of the hidden layers, each >= 1.

    Where a method takes `input_shape`, a number of inputs will do as well.
    """

    hidden: tuple[int, ...] = (256, 256)

    name: ClassVar[str] = "mlp"

    def __post_init__(self) -> None:
        if any(not isinstance(width, int) or isinstance(width, bool) for width in self.hidden):
            raise TypeError(f"hidden must be integers, got hidden={self.hidden!r}")
        if any(width < 1 for width in self.hidden):
            fail("hidden", "widths >= 1", self.hidden)

    def given(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return all of an input; an image is taken as a row of numbers."""
        return input_shape

    def widths(self, input_shape: int | tuple[int, ...], num_classes: int) -> tuple[int, ...]:
        """Return the width of every layer, from the inputs to the classes."""
        inputs = input_shape if isinstance(input_shape, int) else math.prod(input_shape)
        return (inputs, *self.hidden, num_classes)

    def stack(
        self,
        input_shape: int | tuple[int, ...],
        num_classes: int,
        seeds: Sequence[int],
        *,
        device: torch.device | str = "cpu",
        dtype: torch.dtype | None = None,
    ) -> StackedMLP:
        """Return one network a seed, side by side; `dtype` is float32 if not given."""
        import torch

        from lossmatters.empirics.models.mlp import StackedMLP

        widths = self.widths(input_shape, num_classes)
        return StackedMLP(widths, seeds, device=device, dtype=dtype or torch.float32)

    def num_parameters(self, input_shape: int | tuple[int, ...], num_classes: int) -> int:
        """Return weights and biases of one network."""
        return sum((a + 1) * b for a, b in pairwise(self.widths(input_shape, num_classes)))

    def multiply_adds(self, input_shape: int | tuple[int, ...], num_classes: int) -> int:
        """Return those of a forward pass of one input; a training step takes thrice that."""
        return sum(a * b for a, b in pairwise(self.widths(input_shape, num_classes)))

    def description(self, input_shape: int | tuple[int, ...], num_classes: int) -> dict[str, Any]:
        """Return what a record stores of it."""
        return {
            "name": self.name,
            "widths": list(self.widths(input_shape, num_classes)),
            "activation": "relu",
            "initialisation": "torch.nn.Linear",
            "parameters": self.num_parameters(input_shape, num_classes),
        }
