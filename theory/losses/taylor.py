"""Taylor cross-entropy."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Self

from lossmatters.theory.backends import N, Ops, Plain
from lossmatters.theory.exact import fail
from lossmatters.theory.losses.base import SeparableLoss
from lossmatters.theory.losses.registry import register

MOST_TERMS = 100  # each is an operation of every backend; by then it is CCE but for u_y below 1/100


@register
@dataclass(frozen=True)
class TaylorCE(SeparableLoss):
    """Taylor cross-entropy: the first n terms of -log u_y around u_y = 1.

    Formula: L(u, y) = sum_{m=1}^{n} (1 - u_y)^m/m; n = 1 is the unhinged loss, n -> infinity is CCE.
    Shapes: (..., K) probabilities and one-hot labels -> (...).
    Domain: the simplex; 0 at the label's vertex, 1 + 1/2 + ... + 1/n at every other.
    Range: [0, 1 + 1/2 + ... + 1/n].
    Symmetric: only at n = 1; convex in u_y for n > 1.
    Differentiable: yes.
    Raises: ValueError unless n is a whole number in 1..100.

    Default: n = 2, the least that is not symmetric.

    >>> float(TaylorCE(n=2).values([[0.0, 1.0]], [0])[0])
    1.5

    Source: Feng et al., IJCAI 2020.
    """

    n: Fraction = Fraction(2)

    name = "taylor-ce"
    title = "Taylor-CE"
    latex = r"\sum_{m=1}^{n} \frac{(1 - u_y)^m}{m}"
    source = "Feng et al. 2020"
    bounded = True

    @property
    def symmetric(self) -> bool:  # type: ignore[override]
        return self.n == 1

    def check_parameters(self) -> None:
        if self.n.denominator != 1 or not 1 <= self.n <= MOST_TERMS:
            fail("parameter n", f"a whole number in 1..{MOST_TERMS}", self.n)

    def raw(self, ops: Ops[N]) -> Self:
        """Return the loss; n is a count, and stays the whole number that it is."""
        return self

    def on_label(self, t: N, num_classes: N | Plain, ops: Ops[N]) -> N | Plain:
        miss = 1 - t
        return sum((miss**m / m for m in range(2, int(self.n) + 1)), miss)

    def upper_bound(self, num_classes: N | Plain, ops: Ops[N]) -> N | Plain | None:
        return ops.const(sum(Fraction(1, m) for m in range(1, int(self.n) + 1)))
