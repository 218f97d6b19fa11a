"""The number that a closed form in K stands for, to 60 digits, from its syntax; nothing is executed.

A closed form is what a certificate says, as text: arithmetic, K and a handful of functions. What has anything
else in it is no number. SymPy, which found it, has no part in this.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from lossmatters.theory.formula import direct

CTX = direct.CONTEXT
LONGEST = 2000  # characters: beyond, Python's parser may recurse too deep
OPERATIONS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: lambda x, y: x + y,
    ast.Sub: lambda x, y: x - y,
    ast.Mult: lambda x, y: x * y,
    ast.Div: lambda x, y: x / y,
    ast.Pow: lambda x, y: x**y,
}
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "log": CTX.log,
    "exp": CTX.exp,
    "sqrt": CTX.sqrt,
    "Abs": abs,
    "Max": max,
    "Min": min,
}


class _NoNumberError(ValueError):
    pass


def value_of(text: str, k: int) -> Any:
    """Return a closed form in K at one K, to 60 digits; None where it is none.

    >>> [CTX.nstr(value_of(text, 10), 6) for text in ("K*log(11)", "-oo", "(K - 1)/(K + 9)")]
    ['23.979', '-inf', '0.473684']
    """
    if len(text) > LONGEST:
        return None
    try:
        found = _number(ast.parse(text, mode="eval").body, k)
    except (SyntaxError, ValueError, TypeError, ZeroDivisionError, OverflowError, RecursionError):
        return None
    return found if isinstance(found, CTX.mpf) and found == found else None


def _number(node: ast.AST, k: int) -> Any:
    names = {"K": CTX.mpf(k), "E": +CTX.e, "pi": +CTX.pi, "oo": CTX.inf}
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return CTX.mpf(repr(value))
        case ast.Name(id=name) if name in names:
            return names[name]
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return -_number(inner, k)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATIONS:
            return OPERATIONS[type(op)](_number(left, k), _number(right, k))
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in FUNCTIONS:
            return FUNCTIONS[name](*(_number(a, k) for a in args))
    raise _NoNumberError(type(node).__name__)
