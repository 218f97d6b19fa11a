"""A formula in K as a person types it, such as 2*(K - 1): parsed here, never evaluated as a program."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from lossmatters.theory.exact import exact

LONGEST = 200  # characters
LARGEST_EXPONENT = 64
FUNCTIONS = {"log": math.log, "sqrt": math.sqrt}


def formula_in_k(text: str, name: str) -> Callable[[int], float]:
    """Return the function of K that a text of numbers, K, + - * / **, brackets, log and sqrt says.

    Parameters
    ----------
    name : str
        What it is called in an error.

    Raises
    ------
    ValueError : any other text, one of more than 200 characters, or an exponent that is no number up to 64.

    >>> formula_in_k("2*(K - 1)", "constant")(10)
    18.0
    """
    problem = ValueError(f"{name} must be a number or a formula in K, got {name}={text[:80]!r}")
    if len(text) > LONGEST:
        raise problem
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise problem from None

    def value(node: ast.expr, k: int) -> Any:
        match node:
            case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
                return exact(number, name)
            case ast.Name(id="K"):
                return Fraction(k)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -value(operand, k)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return value(left, k) + value(right, k)
            case ast.BinOp(left=left, op=ast.Sub(), right=right):
                return value(left, k) - value(right, k)
            case ast.BinOp(left=left, op=ast.Mult(), right=right):
                return value(left, k) * value(right, k)
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                return value(left, k) / value(right, k)
            case ast.BinOp(left=left, op=ast.Pow(), right=ast.Constant(value=int() as power)):
                if 0 <= power <= LARGEST_EXPONENT:
                    return value(left, k) ** power
            case ast.Call(func=ast.Name(id=function), args=[argument], keywords=[]) if function in FUNCTIONS:
                return FUNCTIONS[function](value(argument, k))
        raise problem

    def evaluate(num_classes: int) -> float:
        try:
            return float(value(tree, num_classes))
        except (ArithmeticError, ValueError) as error:
            raise ValueError(f"{name} must have a value at K={num_classes}, got {name}={text!r}") from error

    try:
        value(tree, 10)  # whatever is no formula is refused now; a pole at 10 is not
    except ArithmeticError:
        pass
    except ValueError as error:
        raise problem from error
    return evaluate
