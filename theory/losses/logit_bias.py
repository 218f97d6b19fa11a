"""MAE with a bias on the label's logit."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from lossmatters.theory.backends import N, Ops, Plain
from lossmatters.theory.exact import fail
from lossmatters.theory.losses.base import SeparableLoss
from lossmatters.theory.losses.registry import register


@register
@dataclass(frozen=True)
class MAEStar(SeparableLoss):
    """MAE* (logit bias): half of MAE, with log c added to the label's logit before the softmax.

    Formula: L(u, y) = (1 - u_y)/(1 + (c - 1) u_y); c = 1 is the unhinged loss.
    Shapes: (..., K) probabilities and one-hot labels -> (...).
    Domain: the simplex; 0 at the label's vertex, 1 at every other.
    Range: [0, 1].
    Symmetric: only at c = 1; convex in u_y for c > 1.
    Differentiable: yes.
    Raises: ValueError unless c >= 1.

    An untrained network with many classes has u_y near 1/K, where the gradient of MAE is next to nothing; the
    bias moves the label's output to c/(c + K - 1) there. The source adds a number epsilon = log c to the
    logit and chooses it by the number of classes. Default: c = 9, which is one half at K = 10.

    >>> float(MAEStar(c=3).values([[0.5, 0.5]], [0])[0])
    0.25

    Source: Staats, Thamm & Rosenow, AAAI 2025 (arXiv 2306.05497).
    """

    c: Fraction = Fraction(9)

    name = "mae-star"
    title = "MAE*"
    latex = r"\frac{1-u_y}{1+(c-1)u_y}"
    source = "Staats, Thamm & Rosenow 2025"
    bounded = True

    @property
    def symmetric(self) -> bool:  # type: ignore[override]
        return self.c == 1

    def check_parameters(self) -> None:
        if self.c < 1:
            fail("parameter c", ">= 1", self.c)

    def on_label(self, t: N, num_classes: N | Plain, ops: Ops[N]) -> N | Plain:
        return (1 - t) / (1 + (self.c - 1) * t)

    def upper_bound(self, num_classes: N | Plain, ops: Ops[N]) -> N | Plain | None:
        return ops.const(1)
