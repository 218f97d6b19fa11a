"""A user's class with the arguments that a text gives it: read as literals, never evaluated."""

from __future__ import annotations

import ast
import re

Arguments = tuple[tuple[object, ...], dict[str, object]]

CALL = re.compile(r"(?P<target>.+\.py:\w+|[\w.]+:\w+)\((?P<inside>.*)\)", flags=re.DOTALL)


def split_call(spec: str) -> tuple[str, Arguments | None]:
    """Return what a text names, and the arguments that stand after it, None where none do.

    Raises
    ------
    ValueError : the arguments are no literals.

    >>> split_call("mine.py:Focal(10, alpha=0.1)")
    ('mine.py:Focal', ((10,), {'alpha': 0.1}))
    """
    match = CALL.fullmatch(spec.strip())
    if match is None:
        return spec, None
    try:
        node = ast.parse(f"f({match['inside']})", mode="eval").body
        if not isinstance(node, ast.Call) or any(keyword.arg is None for keyword in node.keywords):
            raise ValueError
        positional = tuple(ast.literal_eval(argument) for argument in node.args)
        named = {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in node.keywords}
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError):
        raise ValueError(
            f"arguments of a loss must be literals such as (10, alpha=0.1), got loss={spec!r}"
        ) from None
    return match["target"], (positional, named)


def made(obj: object, arguments: Arguments | None, spec: str) -> object:
    """Return an object, called with the arguments if there are some.

    Raises
    ------
    TypeError : it cannot be called, or not with these. ValueError : it raised something else.
    """
    if arguments is None:
        return obj
    if not callable(obj):
        raise TypeError(f"loss must be a class or a function that makes one, got loss={spec!r}")
    positional, named = arguments
    try:
        return obj(*positional, **named)
    except TypeError as error:
        raise TypeError(f"loss must be made with other arguments, got loss={spec!r}: {error}") from None
    except Exception as error:
        raise ValueError(
            f"loss must be made without an error, got loss={spec!r}, which raised "
            f"{type(error).__name__}: {error}"
        ) from error
