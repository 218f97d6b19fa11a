"""What a loss holds besides its arguments, as far as Python lets it be seen."""

from __future__ import annotations

import functools
import types
from collections.abc import Iterator
from typing import Any

DEEP = 4  # steps from the loss: a closure, an object in it, a list in that, a tensor


def codes(loss: Any) -> Iterator[types.CodeType]:
    """Yield the code of a loss and of the functions of its own module that it names."""
    seen: set[types.CodeType] = set()
    todo = [_function(loss)]
    while todo:
        function = todo.pop()
        if not isinstance(function, types.FunctionType) or function.__code__ in seen:
            continue
        for code in _nested(function.__code__):
            seen.add(code)
            yield code
            named = (function.__globals__.get(name) for name in code.co_names)
            todo += [f for f in named if getattr(f, "__module__", "") == function.__module__]


def tensors(loss: Any) -> list[Any]:
    """Return the tensors that a function, or a method's object, holds: closed over, by default, or global.

    Of a module these are its parameters and buffers; another tensor among its attributes stays where it is
    when the module is moved, which is its own fault.
    """
    import torch

    found: dict[int, torch.Tensor] = {}

    def look(value: Any, steps: int) -> None:
        if isinstance(value, torch.Tensor):
            found[id(value)] = value
        elif isinstance(value, torch.nn.Module):
            found.update((id(t), t) for t in [*value.parameters(), *value.buffers()])
        elif steps > 0:
            for inner in _parts(value):
                look(inner, steps - 1)

    if not isinstance(loss, torch.nn.Module):
        look(loss, DEEP)
    return list(found.values())


def _parts(value: Any) -> list[Any]:
    """Return what a thing is made of: a function, a container, an object of a user's class."""
    if isinstance(value, functools.partial):
        return [value.func, *value.args, *value.keywords.values()]
    if isinstance(value, types.MethodType):
        return [value.__self__, value.__func__]
    if isinstance(value, types.FunctionType):
        cells = [cell.cell_contents for cell in value.__closure__ or () if _filled(cell)]
        named = [value.__globals__[name] for name in value.__code__.co_names if name in value.__globals__]
        own = [v for v in named if not isinstance(v, types.ModuleType | type)]
        return [*cells, *(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).values(), *own]
    if isinstance(value, dict):
        return list(value.values())
    if isinstance(value, list | tuple | set):
        return list(value)
    if isinstance(value, type | types.ModuleType):
        return []
    inside = list(vars(value).values()) if hasattr(value, "__dict__") else []
    return [*inside, *([type(value).__call__] if callable(value) else [])]


def _filled(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018 - an empty cell raises
    except ValueError:
        return False
    return True


def _function(loss: Any) -> Any:
    if isinstance(loss, functools.partial):
        return _function(loss.func)
    if isinstance(loss, types.MethodType):
        return loss.__func__
    if isinstance(loss, types.FunctionType):
        return loss
    kind: Any = type(loss)
    return getattr(kind, "forward", None) or (kind.__call__ if callable(loss) else None)


def _nested(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _nested(constant)
