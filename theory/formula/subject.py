"""What this room asks of a loss, which it does not import: losses are made of what stands here."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, Union

from lossmatters.theory.backends.base import Ops
from lossmatters.theory.backends.number import N

if TYPE_CHECKING:
    import mpmath

Value: TypeAlias = Union[Fraction, "mpmath.mpf"]
"""What a formula gives at an exact point: exactly, or to 60 digits."""


class Subject(Protocol):
    """A loss with a formula."""

    def __hash__(self) -> int: ...

    @property
    def spec(self) -> str: ...

    def raw(self, ops: Ops[N]) -> Any:
        """Return the loss with the user's own functions, whichever they are, and numbers of a backend."""


class WrittenOut(Subject, Protocol):
    """A loss that gives its values at exact points by its formula as it is written."""

    def written(self, point: Sequence[Fraction]) -> list[Value]: ...

    def run_at(self, point: Sequence[Fraction], labels: Sequence[int]) -> None:
        """Run it for these labels, for what it compares and the numbers that it holds."""
