"""At which numbers of classes a formula is another one: poles in K, cases on K, and what K hides.

A formula with K as a symbol is read off at a large K. Below, it may divide by zero, take the logarithm of a
negative number, or branch; each such K is decided on its own.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import sympy

from lossmatters.theory.backends import backend
from lossmatters.theory.formula.errors import ClassesError
from lossmatters.theory.formula.evaluate import evaluate
from lossmatters.theory.formula.nodes import COMPARISONS, Node, const, make, replace, walk

SMALLEST, COMPARED, FARTHEST = 2, range(2, 9), 60
N = sympy.Symbol("n", positive=True)
AGREE = Fraction(1, 10**40)  # of two computations in 50 digits


def special_classes(every: Node) -> set[int]:
    """Return the K at which a formula in the symbol K must be looked at on its own; it is regular beyond.

    Raises
    ------
    ClassesError : there is no last one that is known.
    """
    special: set[int] = set()
    for node in walk(every):
        for part, positive in _critical(node):
            if part.uses != {"classes"}:
                continue
            last = _last(part, positive)
            if last is None or last > FARTHEST:
                raise ClassesError("how the formula depends on the number of classes is not known for all K")
            special |= set(range(SMALLEST, last + 1))
        if node.op in (*COMPARISONS, "minimum", "maximum", "abs") and node.uses == {"classes"}:
            raise ClassesError("the formula branches on the number of classes")
    return special


def _critical(node: Node) -> list[tuple[Node, bool]]:
    """Return what must not vanish, or (True) must be positive, for a node to have a value."""
    match node.op:
        case "div":
            return [(node.args[1], False)]
        case "log" | "sqrt":
            return [(node.args[0], True)]
        case "power":
            exponent = node.args[1]
            whole = exponent.op == "const" and exponent.value.denominator == 1
            if whole and exponent.value >= 0:
                return []
            return [(node.args[0], not whole)]
    return []


def _last(part: Node, positive: bool) -> int | None:
    """Return the last K at which an expression in K vanishes or changes sign; None where not known."""
    expression = sympy.together(evaluate(part, backend("sympy"), classes=N))
    if isinstance(expression, sympy.log):
        expression = expression.args[0] - 1
    numerator, denominator = sympy.fraction(expression)
    roots = [Fraction(1)]
    for side in (numerator, denominator):
        if not side.is_polynomial(N):
            return None
        if side.has(N):
            if side.free_symbols != {N}:  # a parameter that is left open
                return None
            try:
                found = sympy.Poly(side, N).nroots(n=30, maxsteps=200)
            except (sympy.PolynomialError, ValueError):
                return None
            roots += [Fraction(str(sympy.re(r))) for r in found if abs(sympy.im(r)) < 1e-9]
    last = int(max(roots) + Fraction(1, 1000))
    if positive and not sympy.sympify(expression).subs(N, last + 1) > 0:
        return None
    return max(last, SMALLEST - 1)


def check_the_same(every: Node, at: Callable[..., Node]) -> None:
    """Check that a formula with K as a symbol is, at K = k, the formula traced at k, for some small k.

    Parameters
    ----------
    at : function
        The formula traced at one K.

    Raises
    ------
    ClassesError : it is another one.
    """
    symbol = make("classes")
    for k in COMPARED:
        there, here = at(k), replace(every, {symbol: const(k)})
        if there is not here and not _agree(here, there, k):
            raise ClassesError(f"the formula is another one at K = {k}")


def _agree(first: Node, second: Node, k: int) -> bool:
    ops = backend("mpmath")
    for seed in (3, 7, 11):
        weights = [(seed * (i + 2) ** 2) % 17 + 1 for i in range(k)]
        point = ops.array([Fraction(w, sum(weights)) for w in weights])
        inputs = {"probs": point, "onehot": ops.onehot(point, 0), "entry": point[0], "classes": ops.const(k)}
        try:
            x, y = (evaluate(node, ops, **inputs) for node in (first, second))
            close = abs(x - y) <= ops.const(AGREE) * max(abs(x), abs(y), 1)
        except (ZeroDivisionError, TypeError, ValueError):
            continue  # no value, or a complex one: for the domain to say
        if not close:
            return False
    return True
