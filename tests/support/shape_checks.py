"""The runtime checker of shape annotations that the import hook of tests/conftest.py applies."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
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


def annotated(*packages: str) -> list[str]:
    """The modules of these packages that annotate shapes, without importing any.

    The import hook wraps every function of a module, annotated or not, which costs more than what is in many.
    """
    found = []
    for package in packages:
        spec = find_spec(package)
        assert spec is not None
        for folder in map(Path, spec.submodule_search_locations or ()):
            for path in sorted(folder.rglob("*.py")):
                if "from jaxtyping import" in path.read_text(encoding="utf-8"):
                    parts = (package, *path.relative_to(folder).with_suffix("").parts)
                    found.append(".".join(parts).removesuffix(".__init__"))
    return found


def has_shape(hint: Any) -> bool:
    """Is `hint` a jaxtyping array type, or made of one (``Float[Tensor, "n k"] | None``)?"""
    if isinstance(hint, type) and issubclass(hint, AbstractArray):
        return True
    return any(has_shape(part) for part in get_args(hint))
