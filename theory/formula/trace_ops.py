"""The operations that a formula is given while it is traced."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from lossmatters.theory.backends.base import Ops
from lossmatters.theory.formula.errors import ClassesError, FormulaError, place
from lossmatters.theory.formula.nodes import ROW, const, make
from lossmatters.theory.formula.traced import (
    Traced,
    TracedWhole,
    apply,
    as_number,
    reduce_,
    to_node,
)


class TraceOps(Ops[Traced]):
    """Writes down what a formula does; nothing is computed but exact arithmetic of constants.

    Attributes
    ----------
    classes : int or None
        K, None for the symbol.
    """

    name = "formula"
    exact = True

    def __init__(self, classes: int | None) -> None:
        self.classes = classes

    def const(self, value: object) -> Traced | TracedWhole:
        if isinstance(value, Traced | TracedWhole):
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return TracedWhole(value)
        return Traced(to_node(value))

    def array(self, rows: object) -> Traced:
        return Traced(to_node(np.asarray(rows, dtype=object)), self.classes)

    def log(self, x: object) -> Traced:
        return apply("log", x)

    def exp(self, x: object) -> Traced:
        return apply("exp", x)

    def sqrt(self, x: object) -> Traced:
        return apply("sqrt", x)

    def abs(self, x: object) -> Traced:
        return apply("abs", x)

    def power(self, x: object, p: object) -> Traced:
        return apply("power", x, p)

    def minimum(self, x: object, y: object) -> Traced:
        return apply("minimum", x, y)

    def maximum(self, x: object, y: object) -> Traced:
        return apply("maximum", x, y)

    def where(self, condition: object, x: object, y: object) -> Traced:
        return apply("where", condition, x, y)

    def sum(self, x: object) -> Traced:
        return reduce_("sum", x)

    def max(self, x: object) -> Traced:
        return reduce_("largest", x)

    def dot(self, x: object, y: object) -> Traced:
        nodes = [as_number(to_node(v)) for v in (x, y)]
        if all(n.shape != ROW for n in nodes):
            raise FormulaError(f"the formula takes the dot product of two numbers{place()}")
        return Traced(make("dot", *nodes), self.classes)

    def onehot(self, like: object, j: int) -> Traced:
        if self.classes is None:
            raise ClassesError(f"the formula makes labels of its own{place()}")
        return Traced(
            make("vector", value=tuple(const(int(i == j)).value for i in range(self.classes))), self.classes
        )

    def stack(self, columns: Iterable[object]) -> Traced:
        nodes = [as_number(to_node(c)) for c in columns]
        return Traced(make("stack", *nodes), self.classes)
