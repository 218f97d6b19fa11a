"""A loss traced: its formula, or the functions of a separable loss, as nodes."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from lossmatters.theory.formula.errors import FormulaError, NoValueError, place
from lossmatters.theory.formula.nodes import CONSTANT, ROW, Node, const, make, walk
from lossmatters.theory.formula.subject import Subject
from lossmatters.theory.formula.trace_ops import TraceOps
from lossmatters.theory.formula.traced import Traced, TracedWhole, as_number, to_node


def classes_of(number: object) -> int | None:
    """Return K as an int; None where it is a symbol.

    Anything that a backend writes for K will do: an int, a float, a Fraction, a SymPy number, a ball.
    """
    if getattr(number, "free_symbols", None):
        return None
    try:
        return int(number)  # type: ignore[call-overload]
    except (TypeError, ValueError):
        return int(float(number))  # type: ignore[arg-type]


@lru_cache(maxsize=2048)
def trace_formula(loss: Subject, classes: int | None) -> Node:
    """Return the formula of a loss at one K, or (None) with K a symbol: in probs and onehot.

    Raises
    ------
    ClassesError : it is another formula at another K, and no K was given.
    FormulaError : it branches on a value, returns no number, or raises.
    """
    ops = TraceOps(classes)
    probs, onehot = Traced(make("probs"), classes), Traced(make("onehot"), classes)
    node = _traced(loss, lambda: loss.raw(ops).formula(probs, onehot, ops))
    if node.shape == ROW:
        raise FormulaError(f"the formula of {loss.spec} must return one number a sample, got one a class")
    return node if node.shape != CONSTANT else make("add", node, _nothing())


def _nothing() -> Node:
    """Return 0 at every output, which gives a constant the shape of a batch."""
    return make("mul", const(0), make("sum", make("probs")))


@lru_cache(maxsize=4096)
def trace_function(loss: Subject, name: str, classes: int | None) -> Node:
    """Return a function of a separable loss, on_label or off_label, in the entry t.

    Raises
    ------
    ClassesError, FormulaError : as `trace_formula`.
    """
    ops = TraceOps(classes)
    entry = Traced(make("entry"), classes)
    node = _traced(loss, lambda: getattr(loss.raw(ops), name)(entry, _number(classes), ops))
    return node if node.shape != CONSTANT else make("add", node, make("mul", const(0), make("entry")))


@lru_cache(maxsize=1024)
def trace_weights(loss: Subject, classes: int | None) -> Node:
    """Return the weights of a share loss, one a class, in probs."""
    ops = TraceOps(classes)
    probs = Traced(make("probs"), classes)
    node = _traced(loss, lambda: loss.raw(ops).weights(probs, ops))
    if node.shape != ROW:
        raise FormulaError(f"the weights of {loss.spec} must be one a class, got one number")
    return node


@lru_cache(maxsize=1024)
def trace_bound(loss: Subject, classes: int | None) -> Node | None:
    """Return the declared maximum of a loss, in K; None where none is declared."""
    ops = TraceOps(classes)
    found = loss.raw(ops).upper_bound(_number(classes), ops)
    return None if found is None else _traced(loss, lambda: found)


def _number(classes: int | None) -> Traced | TracedWhole:
    return Traced(make("classes")) if classes is None else TracedWhole(classes)


def _traced(loss: Subject, run: Callable[[], object]) -> Node:
    try:
        found = run()
    except FormulaError as error:
        if loss.spec in str(error):
            raise
        raise type(error)(f"{loss.spec}: {error}") from None
    except NotImplementedError:
        raise
    except ZeroDivisionError as error:
        where = place(error.__traceback__)
        raise NoValueError(f"{loss.spec} has no value: {error}{where}") from None
    except RecursionError:
        raise FormulaError(f"the formula of {loss.spec} never ends") from None
    except Exception as error:
        where = place(error.__traceback__)
        text = " ".join(str(error).split())
        raise FormulaError(
            f"the formula of {loss.spec} raised {type(error).__name__}: {text}{where}"
        ) from error
    try:
        node = as_number(to_node(found))
    except FormulaError:
        kind = type(found).__name__
        raise FormulaError(f"the formula of {loss.spec} must return a number, got a {kind}") from None
    if any(map(_has_no_value, walk(node))):
        raise NoValueError(f"{loss.spec} has no value: it has a division by 0, or a log or root of less")
    return node


def _has_no_value(node: Node) -> bool:
    """Return whether it is an operation on constants that has no finite value."""
    values: list[Any] = [a.value if a.op == "const" else None for a in node.args]
    if node.op == "div":
        return bool(values[1] == 0)
    if not values or None in values:
        return False
    x, p = values[0], values[-1]
    match node.op:
        case "log":
            return bool(x <= 0)
        case "sqrt":
            return bool(x < 0)
        case "power":
            return bool((x < 0 and p.denominator != 1) or (x == 0 and p < 0))
    return False
