"""What a formula is given when it is traced: values that write down what is done to them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any, NoReturn

import numpy as np

from lossmatters.theory.formula.errors import ClassesError, FormulaError, NoAttributeError, place
from lossmatters.theory.formula.literals import LiteralError, literal
from lossmatters.theory.formula.nodes import ROW, Node, const, make, truth
from lossmatters.theory.formula.whole import Whole

_UFUNCS: dict[str, str] = {
    "add": "add",
    "subtract": "sub",
    "multiply": "mul",
    "divide": "div",
    "true_divide": "div",
    "power": "power",
    "float_power": "power",
    "negative": "neg",
    "log": "log",
    "exp": "exp",
    "sqrt": "sqrt",
    "absolute": "abs",
    "fabs": "abs",
    "minimum": "minimum",
    "maximum": "maximum",
    "fmin": "minimum",
    "fmax": "maximum",
    "less": "less",
    "less_equal": "less_equal",
    "equal": "equal",
    "not_equal": "not_equal",
}


class TracedWhole(Whole):
    """A whole number that a formula is given, such as K: an int whose quotients are exact."""

    @staticmethod
    def lift(value: Fraction) -> Traced:
        return Traced(const(value))


class Traced:
    """A value of a formula: a node, with Python's and NumPy's operations on it.

    Attributes
    ----------
    node : Node
        What it stands for.
    keeps : bool
        Is it one number an output that keeps the axis of classes, as ``ops.max`` returns it?
    classes : int or None
        K, None where it is the symbol.
    """

    __array_priority__ = 1000

    def __init__(self, node: Node, classes: int | None = None, keeps: bool = False) -> None:
        self.node, self.classes, self.keeps = node, classes, keeps

    @property
    def shape(self) -> tuple[Any, ...]:
        if self.node.shape == ROW:
            return (Traced(make("classes")) if self.classes is None else TracedWhole(self.classes),)
        return (1,) if self.keeps else ()

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def __len__(self) -> int:
        raise FormulaError(f"len() of a value is the size of a batch: use probs.shape[-1]{place()}")

    def __iter__(self) -> Iterator[Traced]:
        if self.node.shape != ROW:
            raise FormulaError(f"the formula goes through the entries of one number{place()}")
        return (self[..., i] for i in range(self.shape[-1]))

    def __getitem__(self, key: object) -> Traced:
        parts = key if isinstance(key, tuple) else (key,)
        if parts and all(p is Ellipsis or p is None or p == slice(None) for p in parts):
            if self.node.shape != ROW:
                return Traced(self.node, self.classes, self.keeps or None in parts)
            if None not in parts:
                return self
        if parts[-1:] == (0,) and self.keeps:
            return Traced(self.node, self.classes)
        index = parts[-1]
        if self.node.shape != ROW or isinstance(index, bool) or not isinstance(index, int | np.integer):
            raise FormulaError(f"the formula picks out entries by {key!r}{place()}")
        if self.classes is None:
            raise ClassesError(f"the formula picks out a class{place()}")
        if not -self.classes <= index < self.classes:
            raise FormulaError(f"the formula picks out class {index} of {self.classes}{place()}")
        return Traced(make("item", self.node, value=int(index) % self.classes), self.classes)

    def __add__(self, other: object) -> Traced:
        return apply("add", self, other)

    def __radd__(self, other: object) -> Traced:
        return apply("add", other, self)

    def __sub__(self, other: object) -> Traced:
        return apply("sub", self, other)

    def __rsub__(self, other: object) -> Traced:
        return apply("sub", other, self)

    def __mul__(self, other: object) -> Traced:
        return apply("mul", self, other)

    def __rmul__(self, other: object) -> Traced:
        return apply("mul", other, self)

    def __truediv__(self, other: object) -> Traced:
        return apply("div", self, other)

    def __rtruediv__(self, other: object) -> Traced:
        return apply("div", other, self)

    def __pow__(self, other: object) -> Traced:
        return apply("power", self, other)

    def __rpow__(self, other: object) -> Traced:
        return apply("power", other, self)

    def __neg__(self) -> Traced:
        return apply("neg", self)

    def __pos__(self) -> Traced:
        return self

    def __abs__(self) -> Traced:
        return apply("abs", self)

    def __lt__(self, other: object) -> Traced:
        return apply("less", self, other)

    def __le__(self, other: object) -> Traced:
        return apply("less_equal", self, other)

    def __gt__(self, other: object) -> Traced:
        return apply("less", other, self)

    def __ge__(self, other: object) -> Traced:
        return apply("less_equal", other, self)

    def __eq__(self, other: object) -> Traced:  # type: ignore[override]
        return apply("equal", self, other)

    def __ne__(self, other: object) -> Traced:  # type: ignore[override]
        return apply("not_equal", self, other)

    def __and__(self, other: object) -> Traced:
        return apply("and", self, other)

    def __or__(self, other: object) -> Traced:
        return apply("or", self, other)

    __rand__, __ror__ = __and__, __or__

    def __xor__(self, other: object) -> Traced:
        return apply("not_equal", self, other)

    def __invert__(self) -> Traced:
        return apply("not", self)

    def _settled(self, does: str, instead: str) -> Fraction:
        """Return the value of a constant, or say what the formula does that it must not."""
        node = self.node
        if node.op in ("const", "truth"):
            return node.value
        if not node.uses - {"classes"} and "classes" in node.uses:
            raise ClassesError(f"the formula {does} the number of classes{place()}")
        raise FormulaError(f"the formula {does} a probability: use {instead}{place()}")

    def __bool__(self) -> bool:
        return bool(self._settled("branches on", "ops.where"))

    def __float__(self) -> float:
        return float(self._settled("makes a float of", "ops.log, ops.exp and so on"))

    def __int__(self) -> int:
        return int(self._settled("makes a whole number of", "ops.where"))

    __trunc__ = __int__

    def __round__(self, digits: int | None = None) -> Fraction | int:
        return round(self._settled("rounds", "ops.where"), digits)

    def __floor__(self) -> int:
        return self._settled("rounds", "ops.where").__floor__()

    def __ceil__(self) -> int:
        return self._settled("rounds", "ops.where").__ceil__()

    def __mod__(self, other: object) -> Traced:
        return self._divided(lambda x: x % literal(other))  # type: ignore[operator]  # or a TypeError

    def __floordiv__(self, other: object) -> Traced:
        return self._divided(lambda x: Fraction(x // literal(other)))  # type: ignore[operator]

    def _divided(self, function: Callable[[Fraction], Fraction]) -> Traced:
        return Traced(const(function(self._settled("takes the remainder of", "ops.where"))))

    def __index__(self) -> int:
        value = self._settled("counts by", "ops.where")
        if Fraction(value).denominator != 1:
            raise TypeError(f"{value} is no whole number")
        return int(value)

    def __hash__(self) -> int:
        return hash(self._settled("looks up", "ops.where"))

    def __array__(self, *args: object, **kwargs: object) -> NoReturn:
        raise FormulaError(f"the formula makes a NumPy array of a traced value: use ops{place()}")

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: object, **kwargs: object) -> Traced:
        name = _UFUNCS.get(ufunc.__name__)
        if method == "__call__" and not kwargs:
            if name:
                return apply(name, *inputs)
            swapped = {"greater": "less", "greater_equal": "less_equal"}.get(ufunc.__name__)
            if swapped:
                return apply(swapped, *reversed(inputs))
            if ufunc.__name__ == "square":
                return apply("power", inputs[0], 2)
            if ufunc.__name__ == "log1p":
                return apply("log", apply("add", 1, inputs[0]))
        raise FormulaError(f"the formula uses np.{ufunc.__name__}: write it with ops{place()}")

    def __array_function__(
        self,
        function: Callable[..., object],
        types: object,
        args: tuple[object, ...],
        kwargs: dict[str, object],
    ) -> Traced:
        name = function.__name__
        if name == "where" and len(args) == 3 and not kwargs:
            return apply("where", *args)
        if name == "sum" and _last_axis(args[1:], kwargs):
            return reduce_("sum", args[0])
        raise FormulaError(f"the formula uses np.{name}: write it with ops{place()}")

    def _sympy_(self) -> NoReturn:
        """Leave an operation of a SymPy number with this value to this class."""
        from sympy import SympifyError

        raise SympifyError(self.node)

    def sum(self, axis: object = -1, dim: object = -1) -> Traced:
        """Sum over the classes, as ``ops.sum`` does."""
        if axis not in (-1, (-1,)) or dim not in (-1, (-1,)):
            raise FormulaError(f"the formula sums over axis {axis}: classes are on axis -1{place()}")
        return reduce_("sum", self)

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("_"):
            raise AttributeError(name)
        raise NoAttributeError(f"the formula uses .{name} of a value: write it with ops{place()}")


def is_settled(value: object) -> bool:
    """Say whether a number of a formula is known while it is traced: one that holds K as a symbol is not."""
    return not isinstance(value, Traced) or value.node.op in ("const", "truth")


def _last_axis(args: tuple[object, ...], kwargs: dict[str, object]) -> bool:
    axis = kwargs.get("axis", args[0] if args else None)
    return axis == -1 and set(kwargs) <= {"axis"}


def to_node(value: object) -> Node:
    """Return the node of a value or of a literal.

    Raises
    ------
    FormulaError : it is no number.
    """
    if isinstance(value, Traced):
        return value.node
    if isinstance(value, bool | np.bool_):
        return truth(bool(value))
    try:
        number = literal(value)
    except LiteralError as error:
        raise FormulaError(f"{error}{place()}") from None
    if number is not None:
        return const(number)
    if isinstance(value, np.ndarray | list | tuple):
        return _vector(value)
    found = _of_sympy(value)
    if found is not None:
        return found
    kind = type(value).__name__
    raise FormulaError(f"the formula holds a {kind} where a number must be, got {value!r}{place()}")


def _vector(value: np.ndarray | list[object] | tuple[object, ...]) -> Node:
    entries = list(value)
    numbers = [None if isinstance(x, Traced) else literal(x) for x in entries]
    if None in numbers or np.ndim(np.empty(np.shape(entries))) != 1:
        raise FormulaError(f"the formula holds {value!r} where a number must be{place()}")
    return make("vector", value=tuple(numbers))


def _of_sympy(value: object) -> Node | None:
    """Return an exact constant of SymPy, such as sqrt(2) or log(3), as nodes; a symbol is one of its own."""
    sympy = sys.modules.get("sympy")
    if sympy is None or not isinstance(value, sympy.Basic):
        return None
    if value.is_Symbol:  # a parameter left open, which only SymPy can compute with
        return make("symbol", value=value)
    if value is sympy.E:
        return make("exp", const(1))
    number = literal(value)
    if number is not None:
        return const(number)
    names = {sympy.log: "log", sympy.exp: "exp", sympy.Abs: "abs", sympy.Pow: "power"}
    if type(value) in names:
        return make(names[type(value)], *map(to_node, value.args))
    if isinstance(value, sympy.Add | sympy.Mul):
        name = "add" if isinstance(value, sympy.Add) else "mul"
        first, *others = map(to_node, value.args)
        for other in others:
            first = make(name, first, other)
        return first
    return None


def as_number(node: Node) -> Node:
    """Return a condition as 1 where it holds and 0 elsewhere; a number as it is."""
    return make("where", node, const(1), const(0)) if node.is_condition else node


def as_condition(node: Node) -> Node:
    """Return a number as the condition that it is not 0; a condition as it is."""
    return node if node.is_condition else make("not_equal", node, const(0))


def apply(op: str, *values: object) -> Traced:
    """Return an elementwise operation on values and literals, as a traced value."""
    nodes = [to_node(v) for v in values]
    if op in ("and", "or", "not"):
        nodes = [as_condition(n) for n in nodes]
    elif op == "where":
        nodes = [as_condition(nodes[0]), *map(as_number, nodes[1:])]
    elif op in ("equal", "not_equal") and all(n.is_condition for n in nodes):
        nodes = [as_number(n) for n in nodes]
    else:
        nodes = [as_number(n) for n in nodes]
    rows = [v for v in values if isinstance(v, Traced)]
    classes = next((r.classes for r in rows if r.classes is not None), None)
    made = make(op, *nodes)
    keeps = any(r.keeps for r in rows) and made.shape != ROW
    return Traced(made, classes, keeps)


def reduce_(op: str, value: object) -> Traced:
    """Return a reduction over the classes as a traced value.

    Raises
    ------
    FormulaError : there is no axis of classes.
    """
    if not isinstance(value, Traced):
        raise FormulaError(f"the formula takes the {op} of {value!r}, which has no classes{place()}")
    node = as_number(value.node)
    if node.shape != ROW:
        if value.keeps:  # the one entry of an axis of length 1
            return Traced(node, value.classes, op == "largest")
        raise FormulaError(f"the formula takes the {op} over classes of one number{place()}")
    return Traced(make(op, node), value.classes, op == "largest")
