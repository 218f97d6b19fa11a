"""A traced formula computed by the operations of a backend: the only way in which a formula is computed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lossmatters.theory.backends.base import Ops
from lossmatters.theory.backends.number import N, Plain
from lossmatters.theory.formula.nodes import FLAT, ROW, Node, walk

_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y,
}


def evaluate(root: Node, ops: Ops[N], **inputs: N | Plain | None) -> N:
    """Return the value of a formula: (..., K) rows in, (...) out; an entry in, its like out.

    Parameters
    ----------
    root : Node
        The formula.
    ops : Ops
        The arithmetic.
    inputs : probs and onehot, or entry; classes where K is a symbol in the formula.
    """
    return evaluate_all([root], ops, **inputs)[0]


def evaluate_all(roots: list[Node], ops: Ops[N], **inputs: N | Plain | None) -> list[N]:
    """Return the values of several formulas; what they share is computed once."""
    values: dict[int, Any] = {}
    for node in walk(*roots):
        args = [values[id(a)] for a in node.args]
        if node.shape == ROW and node.op not in ("vector", "stack"):
            args = [
                _widened(value) if a.shape == FLAT else value
                for a, value in zip(node.args, args, strict=True)
            ]
        values[id(node)] = _value(node, args, ops, inputs)
    return [values[id(r)] for r in roots]


def _value(node: Node, args: list[Any], ops: Ops[N], inputs: dict[str, N | Plain | None]) -> Any:
    match node.op:
        case "const" | "symbol":
            return ops.const(node.value)
        case "truth":
            return node.value
        case "entry" | "probs" | "onehot" | "classes":
            return inputs[node.op]
        case "vector":
            return ops.array(node.value)
        case "add" | "sub" | "mul" | "div":
            return _ARITHMETIC[node.op](*args)
        case "neg":
            return -args[0]
        case "power":
            exponent = node.args[1]
            if exponent.op == "const" and exponent.value.denominator == 1:
                return ops.integer_power(args[0], int(exponent.value))
            return ops.power(*args)
        case "log" | "exp" | "sqrt" | "abs" | "minimum" | "maximum" | "sum":
            return getattr(ops, node.op)(*args)
        case "where":
            return ops.where(*args)
        case "dot":
            wide = [a.shape == ROW for a in node.args]
            return ops.dot(*args) if all(wide) else ops.sum(args[0] * args[1])
        case "largest":
            return ops.largest(args[0])
        case "item":
            return args[0][..., node.value]
        case "stack":
            return ops.stack(args)
        case "less" | "less_equal" | "equal":
            return getattr(ops, node.op)(*args)
        case "not_equal":
            return ops.logical_not(ops.equal(*args))
        case "and" | "or" | "not":
            return getattr(ops, f"logical_{node.op}")(*args)
    raise AssertionError(f"unknown operation {node.op}")


def _widened(value: Any) -> Any:
    """Return one number an output as a column that goes with rows."""
    return value[..., None] if getattr(value, "shape", ()) else value
