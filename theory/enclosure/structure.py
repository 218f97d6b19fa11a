"""What a formula is made of: sums over classes, and functions of the label's own probability.

A formula that treats classes alike sees an output u only through its label's probability x = u_y and
through aggregates, A = sum_i psi(u_i) or the largest entry: L = F(x; A), and S = sum_j F(u_j; A) is again a
sum over classes. Then

- S is often constant by algebra in a few symbols, for every K at once;
- a formula that is separable in disguise (MSE through s = sum u_i^2) shows its generator G;
- what remains is a function of a few aggregates, whatever K is.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import sympy

from lossmatters.theory.backends.sympy_ops import exactly
from lossmatters.theory.enclosure.settle import T, X, settle
from lossmatters.theory.symbolic.algebra import SIMPLIFY_LIMIT


class NotTracedError(TypeError):
    """The formula does more than elementwise operations and reductions over all classes."""


@dataclass(frozen=True)
class Aggregate:
    """A = sum over i of psi(u_i), or the largest psi(u_i).

    Attributes
    ----------
    symbol : how it is written in other expressions.
    psi : its function of `T`, and possibly of aggregates that come before it.
    kind : "sum" or "max".
    """

    symbol: sympy.Symbol
    psi: sympy.Expr
    kind: str = "sum"


@dataclass
class Trace:
    """L and S of a loss in terms of its aggregates.

    Attributes
    ----------
    classes : K, a number or the symbol.
    loss : L as an expression in `X` and the aggregates.
    total : S as an expression in the aggregates.
    aggregates : in order of dependence.
    """

    classes: int | sympy.Symbol
    aggregates: list[Aggregate] = field(default_factory=list)
    loss: sympy.Expr = None
    total: sympy.Expr = None

    def sum_over_classes(self, psi: sympy.Expr) -> sympy.Expr:
        """Return sum_i psi(u_i) in aggregates, psi in `T` and aggregates; sum u_i = 1 is used."""
        psi = settle(exactly(psi))
        if psi.has(X):
            psi = sympy.expand(psi)
        out = sympy.Integer(0)
        for term in sympy.Add.make_args(_spread(psi)):
            factor, rest = term.as_independent(T, as_Add=False)
            if rest.has(X):
                raise NotTracedError("a sum over classes mixes each class with the label's")
            out += factor * self._one(rest)
        return out

    def _one(self, psi: sympy.Expr) -> sympy.Expr:
        if psi == 0:
            return sympy.Integer(0)
        if psi == 1:
            return sympy.sympify(self.classes)
        if psi == T:
            return sympy.Integer(1)
        return self._named(psi, "sum")

    def largest(self, psi: sympy.Expr) -> sympy.Expr:
        """Return the largest psi(u_i), as an aggregate."""
        if psi.has(X):
            raise NotTracedError("a maximum over classes mixes each class with the label's")
        return self._named(psi, "max") if psi.has(T) else psi

    def _named(self, psi: sympy.Expr, kind: str) -> sympy.Symbol:
        for known in self.aggregates:
            if (known.psi, known.kind) == (psi, kind):
                return known.symbol
        symbol = sympy.Symbol(f"A{len(self.aggregates) + 1}", real=True)
        self.aggregates.append(Aggregate(symbol, psi, kind))
        return symbol

    @property
    def symbols(self) -> set[sympy.Symbol]:
        return {a.symbol for a in self.aggregates}

    def at_uniform(self, expression: sympy.Expr) -> sympy.Expr:
        """Return an expression in the aggregates at the uniform output, exactly."""
        values: dict[sympy.Symbol, sympy.Expr] = {}
        number = sympy.sympify(self.classes)
        for a in self.aggregates:
            one = a.psi.subs({T: 1 / number}).subs(values)
            values[a.symbol] = one if a.kind == "max" else number * one
        return expression.subs(X, 1 / number).subs(values)

    def generator(self) -> sympy.Expr | None:
        """Return G(t) where S is visibly sum_i G(u_i), else None."""
        return self._separated(self.total, share=True)

    def parts(self) -> tuple[sympy.Expr, sympy.Expr] | None:
        """Return (on, off) where L is visibly on(u_y) + sum over i != y of off(u_i), else None."""
        off = self._separated(self.loss - self.loss.subs({a.symbol: 0 for a in self.aggregates}), share=False)
        if off is None:
            return None
        on = self.loss.subs({a.symbol: a.psi.subs(T, X) for a in self.aggregates}).subs(X, T)
        return on, off

    def _separated(self, total: sympy.Expr, share: bool) -> sympy.Expr | None:
        """Return psi with sum_i psi(u_i) = total, where `total` is affine in plain aggregates."""
        total = sympy.expand(total)
        plain = [a for a in self.aggregates if total.has(a.symbol)]
        if any(a.kind == "max" or a.psi.free_symbols & self.symbols for a in plain):
            return None
        rest, out = total, sympy.Integer(0)
        for a in plain:
            slope = sympy.diff(total, a.symbol)
            if slope.has(*self.symbols) or slope.has(X):
                return None
            rest -= slope * a.symbol
            out += slope * a.psi
        rest = sympy.expand(rest)
        if rest.has(*self.symbols) if self.aggregates else False:
            return None
        if share:
            return out + rest / sympy.sympify(self.classes)
        return out if rest == 0 else None


def _spread(psi: sympy.Expr) -> sympy.Expr:
    """Return `psi` as a sum of terms, where multiplying out stays short."""
    if sympy.count_ops(psi) > SIMPLIFY_LIMIT:
        return psi
    spread = sympy.expand(psi)
    return spread if sympy.count_ops(spread) <= 4 * sympy.count_ops(psi) + 8 else psi
