"""The range of a label sum as a value, and its words and numbers."""

from __future__ import annotations

from dataclasses import dataclass

import sympy

from lossmatters.theory.symmetry.regular import is_positive_for_all
from lossmatters.theory.verdict import Method, Place, Point, Scope

SAMPLES = 4000  # of which the ends of a sampled range are the extremes


@dataclass(frozen=True)
class LabelSumRange:
    """The range of S(u) = sum_j L(u, j) over the simplex.

    Attributes
    ----------
    low, high : sympy.Expr
        Its ends (in K where no K was given); infinite where S is unbounded.
    low_at, high_at : Place or tuple of Fraction
        Where they are attained (or approached, where infinite).
    rigorous : bool
        True for S1 to S4 and for intervals at one K; False where the ends are the extremes of samples, or
        were enclosed at one K when all were asked for.
    method : Method
        S1 to S4, intervals (S lies between the ends) or sampling.
    scope : Scope
        For which K the ends are those of S.
    gap : float or None
        For intervals, how sharp the ends are.
    """

    low: sympy.Expr
    high: sympy.Expr
    low_at: Place | Point
    high_at: Place | Point
    rigorous: bool
    method: Method
    scope: Scope
    gap: float | None = None

    @property
    def low_is_positive(self) -> bool:
        """Return whether the lower end is shown to be > 0, for every K >= 2."""
        return is_positive_for_all(self.low)

    @property
    def high_is_finite(self) -> bool:
        return not self.high.has(sympy.oo, sympy.zoo, sympy.nan)

    @property
    def how(self) -> str:
        """Return what the ends rest on, in words."""
        if self.method is Method.INTERVALS:
            return f"intervals at {self.scope}, ends sharp to {self.gap:.1g}"
        return f"sampling, {SAMPLES} points" if self.method is Method.SAMPLING else self.method.value

    def to_dict(self) -> dict[str, object]:
        """Return the `label_sum` object of ``lossmatters certify --json``."""
        return {
            "low": _number(self.low),
            "high": _number(self.high),
            "low_exact": digits_or_form(self.low),
            "high_exact": digits_or_form(self.high),
            "low_at": place_text(self.low_at),
            "high_at": place_text(self.high_at),
            "rigorous": self.rigorous,
            "method": self.how,
        }


def place_text(place: Place | Point) -> str:
    """Return the words of a place, the decimals of a point."""
    if isinstance(place, Place):
        return place.value
    return "(" + ", ".join(f"{float(x):.4g}" for x in place) + ")"


def digits_or_form(end: sympy.Expr) -> str:
    """Return a closed form, or all digits of a float: one that is rounded would be no bound."""
    return repr(float(end)) if end.is_Float else str(end)


def _number(expression: sympy.Expr) -> float | None:
    """Return a float; None where infinite (JSON has no infinity) or where K is open."""
    return float(expression) if expression.is_number and expression.is_finite else None
