"""What a model is, as a declaration.  No torch here."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

from theory.exact import fail


@dataclass(frozen=True)
class MLP:
    """Fully connected layers with ReLU between them.

    Parameters
    ----------
    hidden : the widths of the hidden layers, each >= 1.
    """

    hidden: tuple[int, ...] = (256, 256)

    name: ClassVar[str] = "mlp"

    def __post_init__(self) -> None:
        if any(not isinstance(width, int) or isinstance(width, bool) for width in self.hidden):
            raise TypeError(f"hidden must be integers, got hidden={self.hidden!r}")
        if any(width < 1 for width in self.hidden):
            fail("hidden", "widths >= 1", self.hidden)

    def widths(self, num_inputs: int, num_classes: int) -> tuple[int, ...]:
        """The width of every layer, from the inputs to the classes."""
        return (num_inputs, *self.hidden, num_classes)

    def num_parameters(self, num_inputs: int, num_classes: int) -> int:
        """Weights and biases of one network."""
        widths = self.widths(num_inputs, num_classes)
        return sum((a + 1) * b for a, b in pairwise(widths))

    def description(self, num_inputs: int, num_classes: int) -> dict[str, Any]:
        """What a record stores of it."""
        return {
            "name": self.name,
            "widths": list(self.widths(num_inputs, num_classes)),
            "activation": "relu",
            "initialisation": "torch.nn.Linear",
            "parameters": self.num_parameters(num_inputs, num_classes),
        }
