"""Partially Huberised losses: the slope of CCE or GCE in u_y, clipped at tau."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from lossmatters.theory.backends import N, Ops, Plain
from lossmatters.theory.exact import fail
from lossmatters.theory.losses.base import SeparableLoss
from lossmatters.theory.losses.registry import register


@register
@dataclass(frozen=True)
class PHuberCE(SeparableLoss):
    """Partially Huberised cross-entropy: CCE, continued by its tangent where it is steeper than tau.

    Formula: L(u, y) = -log u_y for u_y > 1/tau, else log tau + 1 - tau u_y.
    Shapes: (..., K) probabilities and one-hot labels -> (...).
    Domain: the simplex; 0 at the label's vertex, 1 + log tau at every other.
    Range: [0, 1 + log tau].
    Symmetric: no; convex in u_y, so S lies in [K f(1/K), (K - 1) f(0)] with f the function of u_y.
    Differentiable: yes, once: at u_y = 1/tau the slopes agree.
    Raises: ValueError unless tau > 1.

    Default: tau = 10, one of the two that the source chooses from, 2 and 10.

    >>> float(PHuberCE(tau=2).values([[0.0, 1.0]], [0])[0])
    1.6931471805599454

    Source: Menon et al., ICLR 2020, sec. 4 (with base loss CCE).
    """

    tau: Fraction = Fraction(10)

    name = "phuber-ce"
    title = "PHuber-CE"
    latex = r"-\log \max(u_y, 1/\tau) + \max(1 - \tau u_y, 0)"
    source = "Menon et al. 2020, sec. 4"
    symmetric = False
    bounded = True

    def check_parameters(self) -> None:
        if self.tau <= 1:
            fail("parameter tau", "> 1", self.tau)

    def on_label(self, t: N, num_classes: N | Plain, ops: Ops[N]) -> N | Plain:
        # Both branches in one: above 1/tau the second term vanishes, below it the first is log tau.
        steep = ops.maximum(1 - self.tau * t, ops.const(0))
        return steep - ops.log(ops.maximum(t, 1 / self.tau))

    def upper_bound(self, num_classes: N | Plain, ops: Ops[N]) -> N | Plain | None:
        return 1 + ops.log(self.tau)


@register
@dataclass(frozen=True)
class PHuberGCE(SeparableLoss):
    """Partially Huberised GCE: GCE, continued by its tangent where it is steeper than tau.

    Formula: L(u, y) = (1 - u_y^q)/q for u_y > c, else (1 - c^q)/q + tau (c - u_y), with
    c = tau^(-1/(1 - q)), where the slope of GCE is -tau.
    Shapes: (..., K) probabilities and one-hot labels -> (...).
    Domain: the simplex; 0 at the label's vertex, (1 - c^q)/q + tau c at every other.
    Range: [0, (1 - c^q)/q + tau c].
    Symmetric: no; convex in u_y, so S lies in [K f(1/K), (K - 1) f(0)] with f the function of u_y.
    Differentiable: yes, once: at u_y = c the slopes agree. The slope at u_y = 0, infinite for GCE, is -tau.
    Raises: ValueError unless 0 < q < 1 and tau > 1.

    Defaults: q = 7/10, as for GCE, and tau = 10.

    >>> float(PHuberGCE(q=1/2, tau=2).values([[0.0, 1.0]], [0])[0])
    1.5

    Source: Menon et al., ICLR 2020, sec. 4 (with base loss GCE).
    """

    q: Fraction = Fraction(7, 10)
    tau: Fraction = Fraction(10)

    name = "phuber-gce"
    title = "PHuber-GCE"
    latex = r"(1 - \max(u_y, c)^q)/q + \tau\max(c - u_y, 0),\quad c = \tau^{-1/(1-q)}"
    source = "Menon et al. 2020, sec. 4"
    symmetric = False
    bounded = True

    def check_parameters(self) -> None:
        if not 0 < self.q < 1:
            fail("parameter q", "in (0, 1)", self.q)
        if self.tau <= 1:
            fail("parameter tau", "> 1", self.tau)

    def joint(self, ops: Ops[N]) -> N | Plain:
        """Return c, where the slope of GCE is -tau."""
        return ops.power(self.tau, -1 / (1 - self.q))

    def on_label(self, t: N, num_classes: N | Plain, ops: Ops[N]) -> N | Plain:
        joint = self.joint(ops)
        steep = self.tau * ops.maximum(joint - t, ops.const(0))
        return steep + (1 - ops.power(ops.maximum(t, joint), self.q)) / self.q

    def upper_bound(self, num_classes: N | Plain, ops: Ops[N]) -> N | Plain | None:
        joint = self.joint(ops)
        return (1 - ops.power(joint, self.q)) / self.q + self.tau * joint
