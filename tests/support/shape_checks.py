"""The runtime checker of shape annotations that the import hook of tests/conftest.py applies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

from beartype import beartype
from jaxtyping import AbstractArray


def shapes_only(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function`, checked by beartype against its jaxtyping annotations and no others.

    Plain types are mypy's business. They are not checked here, because what a dataclass field *is*
    (``alpha: Fraction``) differs on purpose from what its constructor takes (0.1, "1/10"), and because
    a wrong kind of argument must reach the project's own check and its message.
    """
    shapes = {name: hint for name, hint in function.__annotations__.items() if has_shape(hint)}
    if not shapes:
        return function
    function.__annotations__ = shapes
    return beartype(function)


def has_shape(hint: Any) -> bool:
    """Is `hint` a jaxtyping array type, or made of one (``Float[Tensor, "n k"] | None``)?"""
    if isinstance(hint, type) and issubclass(hint, AbstractArray):
        return True
    return any(has_shape(part) for part in get_args(hint))
