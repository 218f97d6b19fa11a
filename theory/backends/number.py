"""What a formula computes with: the numbers and arrays of a backend, as types."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from types import EllipsisType
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeAlias, TypeVar, Union

if TYPE_CHECKING:
    import numpy as np
    import sympy

Plain: TypeAlias = int | float | Fraction
"""A number of no library: a literal, a parameter, or the constant of a backend that computes with floats."""


Exact: TypeAlias = Union[Plain, "sympy.Expr"]
"""A number from outside a formula, which `Ops.const` makes one of a backend."""


Nested: TypeAlias = Union[Sequence[Exact], Sequence[Sequence[Exact]], "np.ndarray"]
"""Numbers in rows, of which `Ops.array` makes an array."""

Place: TypeAlias = int | slice | EllipsisType | tuple[int | slice | EllipsisType | None, ...] | None
"""What stands in brackets behind an array: ``[..., j]``, ``[..., None]``."""


class Truths(Protocol):
    """What a comparison of arrays is: whether it holds, entry by entry."""

    def __and__(self, other: Any, /) -> Self: ...
    def __or__(self, other: Any, /) -> Self: ...
    def __invert__(self, /) -> Self: ...


Condition: TypeAlias = Truths | bool


class Number(Protocol):
    """What a backend computes with: a number, or an array of numbers whose last axis is the classes.

    Arrays of NumPy, tensors, intervals and traced values are numbers in this sense. The other operand is
    `Any`: which go with its own is each library's choice (a Fraction goes with an expression, not with a
    tensor).
    """

    @property
    def shape(self) -> tuple[int, ...]: ...
    def __getitem__(self, place: Place, /) -> Self: ...
    def __add__(self, other: Any, /) -> Self: ...
    def __radd__(self, other: Any, /) -> Self: ...
    def __sub__(self, other: Any, /) -> Self: ...
    def __rsub__(self, other: Any, /) -> Self: ...
    def __mul__(self, other: Any, /) -> Self: ...
    def __rmul__(self, other: Any, /) -> Self: ...
    def __truediv__(self, other: Any, /) -> Self: ...
    def __rtruediv__(self, other: Any, /) -> Self: ...
    def __pow__(self, other: Any, /) -> Self: ...
    def __rpow__(self, other: Any, /) -> Self: ...
    def __neg__(self, /) -> Self: ...
    def __lt__(self, other: Any, /) -> Truths: ...
    def __le__(self, other: Any, /) -> Truths: ...
    def __gt__(self, other: Any, /) -> Truths: ...
    def __ge__(self, other: Any, /) -> Truths: ...
    def __eq__(self, other: Any, /) -> Any: ...  # truths; but `object` says bool, and torch with it


N = TypeVar("N", bound=Number)
