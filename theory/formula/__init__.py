"""One formula: a user's code, run once and written down as a tree that every backend computes.

`trace_formula` and `trace_function` make the tree, `evaluate` computes it. Python cannot branch on a value
unnoticed, and no backend can compute another formula than the next. `direct`, which runs a formula as it is
written, is imported where it is used: it needs FLINT, which neither losses nor training do.
"""

from lossmatters.theory.formula.errors import ClassesError, FormulaError, NoValueError, OpenError
from lossmatters.theory.formula.evaluate import evaluate, evaluate_all
from lossmatters.theory.formula.nodes import Node, make, walk
from lossmatters.theory.formula.traced import is_settled
from lossmatters.theory.formula.tracing import (
    classes_of,
    trace_bound,
    trace_formula,
    trace_function,
    trace_weights,
)

__all__ = [
    "ClassesError",
    "FormulaError",
    "NoValueError",
    "Node",
    "OpenError",
    "classes_of",
    "evaluate",
    "evaluate_all",
    "is_settled",
    "make",
    "trace_bound",
    "trace_formula",
    "trace_function",
    "trace_weights",
    "walk",
]
