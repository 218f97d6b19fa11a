"""Asymmetric losses: AGCE, AUL, AEL and AMSE. None of them is symmetric, and none has to be.

"Asymmetric" is the sources' word for a condition on noise that favours the true class, weaker than that the
label sum be constant.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from lossmatters.theory.backends import N, Ops, Plain
from lossmatters.theory.exact import fail
from lossmatters.theory.losses.base import SeparableLoss
from lossmatters.theory.losses.registry import register

ZHOU = "Zhou et al. 2021"


@register
@dataclass(frozen=True)
class AGCE(SeparableLoss):
    """Asymmetric generalised cross-entropy: GCE with u_y moved by a, away from the pole of the slope.

    Formula: L(u, y) = ((a + 1)^q - (a + u_y)^q)/q; a = 0 would be GCE.
    Shapes: (..., K) probabilities and one-hot labels -> (...).
    Domain: the simplex; 0 at the label's vertex, ((a + 1)^q - a^q)/q at every other.
    Range: [0, ((a + 1)^q - a^q)/q].
    Symmetric: only at q = 1; convex in u_y for q < 1, concave for q > 1.
    Differentiable: yes.
    Raises: ValueError unless a > 0 and q > 0.

    Defaults: the source's for CIFAR-10 (for MNIST it has a = 4, q = 1/5).

    >>> float(AGCE(a=1, q=2).values([[0.0, 1.0]], [0])[0])
    1.5

    Source: Zhou et al., ICML 2021.
    """

    a: Fraction = Fraction(3, 5)
    q: Fraction = Fraction(3, 5)

    name = "agce"
    title = "AGCE"
    latex = r"((a+1)^q - (a+u_y)^q)/q"
    source = ZHOU
    bounded = True

    @property
    def symmetric(self) -> bool:  # type: ignore[override]
        return self.q == 1

    def check_parameters(self) -> None:
        for key, value in self.parameters.items():
            if value <= 0:
                fail(f"parameter {key}", "> 0", value)

    def on_label(self, t: N, num_classes: N | Plain, ops: Ops[N]) -> N | Plain:
        return (ops.power(self.a + 1, self.q) - ops.power(self.a + t, self.q)) / self.q

    def upper_bound(self, num_classes: N | Plain, ops: Ops[N]) -> N | Plain | None:
        return (ops.power(self.a + 1, self.q) - ops.power(self.a, self.q)) / self.q


@register
@dataclass(frozen=True)
class AUL(SeparableLoss):
    """Asymmetric unhinged loss: the unhinged loss bent by a power.

    Formula: L(u, y) = ((a - u_y)^q - (a - 1)^q)/q.
    Shapes: (..., K) probabilities and one-hot labels -> (...).
    Domain: the simplex; 0 at the label's vertex, (a^q - (a - 1)^q)/q at every other.
    Range: [0, (a^q - (a - 1)^q)/q].
    Symmetric: only at q = 1; convex in u_y for q > 1, concave for q < 1.
    Differentiable: yes.
    Raises: ValueError unless a > 1 and q > 0.

    Defaults: the source's for CIFAR-10 (for MNIST it has a = 3, q = 1/10).

    >>> float(AUL(a=2, q=2).values([[0.0, 1.0]], [0])[0])
    1.5

    Source: Zhou et al., ICML 2021.
    """

    a: Fraction = Fraction(11, 2)
    q: Fraction = Fraction(3)

    name = "aul"
    title = "AUL"
    latex = r"((a-u_y)^q - (a-1)^q)/q"
    source = ZHOU
    bounded = True

    @property
    def symmetric(self) -> bool:  # type: ignore[override]
        return self.q == 1

    def check_parameters(self) -> None:
        if self.a <= 1:
            fail("parameter a", "> 1", self.a)
        if self.q <= 0:
            fail("parameter q", "> 0", self.q)

    def on_label(self, t: N, num_classes: N | Plain, ops: Ops[N]) -> N | Plain:
        return (ops.power(self.a - t, self.q) - ops.power(self.a - 1, self.q)) / self.q

    def upper_bound(self, num_classes: N | Plain, ops: Ops[N]) -> N | Plain | None:
        return (ops.power(self.a, self.q) - ops.power(self.a - 1, self.q)) / self.q


@register
@dataclass(frozen=True)
class AEL(SeparableLoss):
    """Asymmetric exponential loss.

    Formula: L(u, y) = exp(-u_y/a).
    Shapes: (..., K) probabilities and one-hot labels -> (...).
    Domain: the simplex; exp(-1/a) at the label's vertex, 1 at every other.
    Range: [exp(-1/a), 1]: as published it is nowhere 0.
    Symmetric: no; convex in u_y, so S lies in [K exp(-1/(a K)), exp(-1/a) + K - 1].
    Differentiable: yes.
    Raises: ValueError unless a > 0.

    Default: the source's for CIFAR-10 (for MNIST it has a = 7/2).

    >>> float(AEL(a=1).values([[0.0, 1.0]], [0])[0])
    1.0

    Source: Zhou et al., ICML 2021.
    """

    a: Fraction = Fraction(5, 2)

    name = "ael"
    title = "AEL"
    latex = r"\exp(-u_y/a)"
    source = ZHOU
    symmetric = False
    bounded = True

    def check_parameters(self) -> None:
        if self.a <= 0:
            fail("parameter a", "> 0", self.a)

    def on_label(self, t: N, num_classes: N | Plain, ops: Ops[N]) -> N | Plain:
        return ops.exp(-t / self.a)

    def upper_bound(self, num_classes: N | Plain, ops: Ops[N]) -> N | Plain | None:
        return ops.const(1)


@register
@dataclass(frozen=True)
class AMSE(SeparableLoss):
    """Asymmetric mean squared error: the distance to a times the label's vertex, averaged over classes.

    Formula: L(u, y) = ((a - u_y)^2 + sum_{i != y} u_i^2)/K = (a^2 - 2 a u_y + sum_i u_i^2)/K.
    Shapes: (..., K) probabilities and one-hot labels -> (...).
    Domain: the simplex; (a - 1)^2/K at the label's vertex, (a^2 + 1)/K at every other.
    Range: [(a - 1)^2/K, (a^2 + 1)/K]; a = 1 is MSE/K, and for large a it nears a multiple of the unhinged
    loss plus a constant.
    Symmetric: no; S = a^2 - 2 a/K + sum_i u_i^2.
    Differentiable: yes.
    Raises: ValueError unless a >= 1.

    Default: a = 10, the lower end of the 10 to 40 that code for CIFAR-10 uses, with the noise. In the source
    it is the passive part of a joint loss, beside NCE or NFL.

    >>> float(AMSE(a=1).values([[0.0, 1.0]], [0])[0])
    1.0

    Source: Wang et al., ICCV 2025 (arXiv 2507.17692).
    """

    a: Fraction = Fraction(10)

    name = "amse"
    title = "AMSE"
    latex = r"\frac{1}{K}\left((a-u_y)^2 + \sum_{i \neq y} u_i^2\right)"
    source = "Wang et al. 2025, arXiv 2507.17692"
    symmetric = False
    bounded = True

    def check_parameters(self) -> None:
        if self.a < 1:
            fail("parameter a", ">= 1", self.a)

    def on_label(self, t: N, num_classes: N | Plain, ops: Ops[N]) -> N | Plain:
        return (self.a - t) ** 2 / num_classes

    def off_label(self, t: N, num_classes: N | Plain, ops: Ops[N]) -> N | Plain:
        return t**2 / num_classes

    def upper_bound(self, num_classes: N | Plain, ops: Ops[N]) -> N | Plain | None:
        return (ops.const(self.a) ** 2 + 1) / num_classes
