"""A network of a user's own: a function that makes a module, as a declaration.  No torch here."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lossmatters.empirics.loading import is_reference, load_object, text_of
from lossmatters.theory.exact import fail

if TYPE_CHECKING:
    import torch

FORMS = ("auto", "vmap", "loop")


@dataclass(frozen=True)
class Factory:
    """A model made by a user's function; its networks are trained side by side where torch can do that.

    Parameters
    ----------
    make : callable or str
        Called without arguments, gives a new ``torch.nn.Module`` from inputs (B, ...) to logits (B, K), with
        random weights from torch's generator. As a text, ``path/to/file.py:name`` or ``package.module:name``.
    form : str
        "vmap", all networks of a stack in one call; "loop", one after the other; "auto", what is faster
        among those that give the right numbers (see `lossmatters.empirics.models.modules`).
    """

    make: Callable[[], Any] | str
    form: str = "auto"

    def __post_init__(self) -> None:
        if isinstance(self.make, str):
            if not is_reference(self.make):
                fail("model", "path/to/file.py:name or package.module:name", self.make)
        elif not callable(self.make):
            fail("model", "a function that makes a torch module", type(self.make).__name__, TypeError)
        elif hasattr(self.make, "parameters") and not isinstance(self.make, type):
            fail("model", "a function that makes a module, not a module", type(self.make).__name__, TypeError)
        if self.form not in FORMS:
            fail("form", f"one of {', '.join(FORMS)}", self.form)

    @property
    def name(self) -> str:
        """Return what the function or class is called."""
        # a lambda is called <lambda>, and a function inside another f.<locals>.g
        return self.text.rpartition(":")[2].rpartition(".")[2].strip("<>").lower()

    @property
    def text(self) -> str:
        """Return a reference to the function, as far as there is one."""
        return text_of(self.make)

    @property
    def function(self) -> Callable[[], Any]:
        """Return what makes a module."""
        return load_object(self.make, "model") if isinstance(self.make, str) else self.make

    def given(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return all of an input, in its own shape."""
        return input_shape

    def stack(
        self,
        input_shape: tuple[int, ...],
        num_classes: int,
        seeds: Sequence[int],
        *,
        device: torch.device | str = "cpu",
        dtype: torch.dtype | None = None,
    ) -> Any:
        """Return one network a seed, as a `Stack`."""
        import torch

        from lossmatters.empirics.models.modules import stack_of

        return stack_of(self, input_shape, num_classes, seeds, torch.device(device), dtype or torch.float32)

    def num_parameters(self, input_shape: tuple[int, ...], num_classes: int) -> int:
        """Return weights and biases of one network."""
        return _measured(self, input_shape, num_classes)[0]

    def multiply_adds(self, input_shape: tuple[int, ...], num_classes: int) -> int:
        """Return the multiply-adds of a forward pass of one input, as torch counts them."""
        return _measured(self, input_shape, num_classes)[1]

    def description(self, input_shape: tuple[int, ...], num_classes: int) -> dict[str, Any]:
        """Return what a record stores of it: where it comes from, and a hash of its layers' shapes."""
        parameters, _, layers = _measured(self, input_shape, num_classes)
        return {
            "name": self.name,
            "factory": self.text,
            "architecture_sha256": hashlib.sha256(layers.encode()).hexdigest(),
            "parameters": parameters,
        }


@functools.lru_cache(maxsize=32)
def _measured(model: Factory, input_shape: tuple[int, ...], num_classes: int) -> tuple[int, int, str]:
    from lossmatters.empirics.models.modules import measure_module

    return measure_module(model, input_shape, num_classes)
