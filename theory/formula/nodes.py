"""The nodes of a traced formula: constants, what a loss is given, and the operations on them.

A node is made once for the same operation on the same nodes, so that two formulas are equal where they are
one object, and what occurs twice in a formula is computed once.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any
from weakref import WeakValueDictionary

# What a node stands for at one output: a number that is the same for all, one number, or one a class.
CONSTANT, FLAT, ROW = "constant", "flat", "row"

INPUTS = ("entry", "probs", "onehot", "classes")
COMPARISONS = ("less", "less_equal", "equal", "not_equal")
LOGIC = ("and", "or", "not")
REDUCTIONS = ("sum", "dot", "largest", "item")
SINGLING = ("item", "vector", "stack")  # what can tell one class from another
LONGEST = 400  # digits of a constant that is multiplied out


class Node:
    """One operation of a formula.

    Attributes
    ----------
    op : str
        A key of the interpreters: "const", an input, "add", "log", "where", "sum", ...
    args : tuple of Node
        What it is applied to.
    value : Fraction, int or tuple
        Of a constant, of an entry that is picked out, of a vector of constants.
    shape : str
        `CONSTANT`, `FLAT` or `ROW`.
    is_condition : bool
        Is it true or false, not a number?
    """

    __slots__ = ("__weakref__", "args", "is_condition", "op", "shape", "uses", "value")

    op: str
    args: tuple[Node, ...]
    value: Any
    shape: str
    uses: frozenset[str]
    is_condition: bool

    def __repr__(self) -> str:
        inner = [str(self.value)] if self.value is not None else []
        return f"{self.op}({', '.join([*inner, *map(repr, self.args)])})" if inner or self.args else self.op


_KNOWN: WeakValueDictionary[tuple[object, ...], Node] = WeakValueDictionary()


def make(op: str, *args: Node, value: object = None) -> Node:
    """Return the node of an operation; arithmetic of constants is carried out where it is exact."""
    folded = _folded(op, args)
    if folded is not None:
        return folded
    key = (op, tuple(map(id, args)), type(value), value)
    known = _KNOWN.get(key)
    if known is not None:
        return known
    node = Node()
    node.op, node.args, node.value = op, args, value
    node.uses = frozenset({op} & set(INPUTS)).union(*(a.uses for a in args))
    node.shape = _shape(op, args)
    node.is_condition = op in (*COMPARISONS, *LOGIC) or op == "truth"
    _KNOWN[key] = node
    return node


def const(value: Fraction | int) -> Node:
    """Return the node of an exact number."""
    return make("const", value=Fraction(value))


def truth(value: bool) -> Node:
    """Return the node of a condition that is settled."""
    return make("truth", value=bool(value))


def _shape(op: str, args: tuple[Node, ...]) -> str:
    if op in ("probs", "onehot", "vector", "stack"):
        return ROW
    if op in (*REDUCTIONS, "entry"):
        return FLAT
    shapes = [a.shape for a in args]
    return ROW if ROW in shapes else FLAT if FLAT in shapes else CONSTANT


def _folded(op: str, args: tuple[Node, ...]) -> Node | None:
    """Return what exact arithmetic settles: operations on rationals, x + 0, x * 1, settled conditions."""
    if not args:
        return None
    if op == "where" and args[0].op == "truth":
        return args[1] if args[0].value else args[2]
    if op in LOGIC:
        return _folded_logic(op, args)
    values = [a.value if a.op == "const" else None for a in args]
    if None not in values:
        return _folded_numbers(op, values)
    first, last = values[0], values[-1]
    if (op == "add" and first == 0) or (op == "mul" and first == 1):
        return args[1]
    if (op in ("add", "sub") and last == 0) or (op in ("mul", "div", "power") and last == 1):
        return args[0]
    if op == "neg" and args[0].op == "neg":
        return args[0].args[0]
    return None


def _folded_numbers(op: str, values: list[Any]) -> Node | None:
    x, y = values[0], values[-1]
    if (op, x) in (("log", 1), ("sqrt", 0)):
        return const(0)
    if (op, x) in (("exp", 0), ("sqrt", 1)):
        return const(1)
    match op:
        case "add":
            return const(x + y)
        case "sub":
            return const(x - y)
        case "mul":
            return const(x * y)
        case "neg":
            return const(-x)
        case "abs":
            return const(abs(x))
        case "div" if y != 0:
            return const(x / y)
        case "power" if y.denominator == 1 and (x != 0 or y >= 0):
            size = max(abs(x.numerator).bit_length(), x.denominator.bit_length()) * abs(y) * 3 // 10
            return const(x ** int(y)) if size <= LONGEST else None
        case "minimum":
            return const(min(x, y))
        case "maximum":
            return const(max(x, y))
        case "less":
            return truth(x < y)
        case "less_equal":
            return truth(x <= y)
        case "equal":
            return truth(x == y)
        case "not_equal":
            return truth(x != y)
    return None


def _folded_logic(op: str, args: tuple[Node, ...]) -> Node | None:
    settled = [a.value for a in args if a.op == "truth"]
    if op == "not":
        return truth(not settled[0]) if settled else None
    ends = op == "or"  # the value that settles it alone
    if ends in settled:
        return truth(ends)
    open_ = [a for a in args if a.op != "truth"]
    return open_[0] if len(open_) == 1 else truth(not ends) if not open_ else None


def walk(*roots: Node) -> list[Node]:
    """Return every node below `roots`, each once, what it is made of before it."""
    seen: dict[int, Node] = {}
    todo: list[tuple[Node, bool]] = [(r, False) for r in reversed(roots)]
    while todo:
        node, ready = todo.pop()
        if id(node) in seen:
            continue
        if ready:
            seen[id(node)] = node
            continue
        todo.append((node, True))
        todo.extend((a, False) for a in reversed(node.args) if id(a) not in seen)
    return list(seen.values())


def replace(root: Node, changes: dict[Node, Node]) -> Node:
    """Return a formula with some nodes replaced, and what follows from that carried out."""
    done: dict[int, Node] = {id(old): new for old, new in changes.items()}
    for node in walk(root):
        if id(node) not in done:
            args = tuple(done[id(a)] for a in node.args)
            same = all(a is b for a, b in zip(args, node.args, strict=True))
            done[id(node)] = node if same else make(node.op, *args, value=node.value)
    return done[id(root)]
