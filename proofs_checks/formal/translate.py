"""Write exact expressions as terms of Coq's real numbers: known functions only, never a user's text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy


class UnfitError(Exception):
    """Why a loss gets no proof, in one sentence."""


_FUNCTIONS = {sympy.log: "ln", sympy.exp: "exp", sympy.Abs: "Rabs"}
_FOLDED = {sympy.Max: "Rmax", sympy.Min: "Rmin"}


def term(expression: Any, names: Mapping[sympy.Symbol, str]) -> str:
    """Return the Coq term of an expression.

    Parameters
    ----------
    expression : made of rationals, the symbols of `names`, sums, products, powers, logarithms, exponentials,
        absolute values, maxima and minima.
    names : what each symbol is called in the file; ours, not a user's.

    Raises
    ------
    UnfitError : anything else occurs in it.

    >>> t = sympy.Symbol("t")
    >>> term(sympy.log(t + sympy.Rational(1, 10)), {t: "t"})
    'ln (t + (1 / 10))'
    """
    return _strip(_term(sympy.sympify(expression), names))


def _term(e: sympy.Expr, names: Mapping[sympy.Symbol, str]) -> str:
    if e in names:
        return names[e]
    if isinstance(e, sympy.Rational):
        return _rational(int(e.p), int(e.q))
    if e is sympy.E:
        return "(exp 1)"
    if isinstance(e, sympy.Add):
        return "(" + " + ".join(_term(a, names) for a in e.as_ordered_terms()) + ")"
    if isinstance(e, sympy.Mul):
        above, below = e.as_numer_denom()
        if below == 1:
            return "(" + " * ".join(_term(a, names) for a in e.as_ordered_factors()) + ")"
        return f"({_term(above, names)} / {_term(below, names)})"
    if isinstance(e, sympy.Pow):
        return _power(e, names)
    for kind, word in _FUNCTIONS.items():
        if isinstance(e, kind):
            return f"({word} {_term(e.args[0], names)})"
    for kind, word in _FOLDED.items():
        if isinstance(e, kind):
            *rest, last = sorted(e.args, key=sympy.default_sort_key)
            text = _term(last, names)
            for a in reversed(rest):
                text = f"({word} {_term(a, names)} {text})"
            return text
    known = str(type(e).__module__).startswith("sympy.")  # an undefined function has no module
    kind = type(e).__name__ if known else "an unknown function"
    raise UnfitError(f"its formula has {kind} in it, which the translation to Coq does not know")


def _rational(p: int, q: int) -> str:
    return str(p) if q == 1 and p >= 0 else f"({p})" if q == 1 else f"({p} / {q})"


def _power(e: sympy.Pow, names: Mapping[sympy.Symbol, str]) -> str:
    base, exponent = e.args
    if exponent.is_Integer:
        n = int(exponent)
        whole = _term(base, names) if abs(n) == 1 else f"({_term(base, names)} ^ {abs(n)})"
        return whole if n > 0 else f"(/ {whole})"
    if base is sympy.E:
        return f"(exp {_term(exponent, names)})"
    return f"(power {_term(base, names)} {_term(exponent, names)})"


def _strip(text: str) -> str:
    """Drop a pair of parentheses around the whole."""
    if not (text.startswith("(") and text.endswith(")")):
        return text
    depth = 0
    for i, c in enumerate(text):
        depth += (c == "(") - (c == ")")
        if depth == 0 and i < len(text) - 1:
            return text
    return text[1:-1]


def comment(text: str) -> str:
    """Return a text that is safe inside a Coq comment: letters, digits and a few signs, the rest as `?`."""
    return "".join(c if c.isascii() and (c.isalnum() or c in " .,+-/=()_:[]") else "?" for c in text)[:200]
