"""Active-passive pairs: a normalised loss that pulls the label up, plus one that pushes the others down."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import ClassVar

from lossmatters.theory.backends import N, Ops, Plain
from lossmatters.theory.exact import fail
from lossmatters.theory.losses.base import Combination, Loss, Terms
from lossmatters.theory.losses.linear import RCE
from lossmatters.theory.losses.mae import MAE
from lossmatters.theory.losses.normalized import NCE, NFL
from lossmatters.theory.losses.registry import register

MA = "Ma et al. 2020"


@dataclass(frozen=True)
class ActivePassive(Combination):
    """alpha times an active loss plus beta times a passive one: the terms are built from the parameters."""

    terms: Terms = field(init=False, repr=False, default=())
    alpha: Fraction = Fraction(1)
    beta: Fraction = Fraction(1)

    title: ClassVar[str] = ""
    spec = Loss.spec
    _open: ClassVar[tuple[str, ...]] = ("active", "passive", "raw")
    symmetric = True
    bounded = True

    def active(self) -> Loss:
        """Return the loss whose value is about the label's probability."""
        return NCE()

    def passive(self) -> Loss:
        """Return the loss whose value is about the other classes."""
        return MAE()

    def __post_init__(self) -> None:
        Loss.__post_init__(self)
        terms = ((self.alpha, self.active()), (self.beta, self.passive()))
        object.__setattr__(self, "terms", terms)

    def check_parameters(self) -> None:
        for key, value in self.parameters.items():
            if value < 0 or (value == 0 and key != "gamma"):
                fail(f"parameter {key}", ">= 0" if key == "gamma" else "> 0", value)

    def upper_bound(self, num_classes: N | Plain, ops: Ops[N]) -> N | Plain | None:
        # Both terms are largest as u_y tends to 0: the normalised one tends to 1 whatever the others are.
        return sum(ops.const(c) * term.bound_to(ops).upper_bound(num_classes, ops) for c, term in self.terms)


@register
@dataclass(frozen=True)
class NCEAndMAE(ActivePassive):
    """NCE plus MAE.

    Formula: L(u, y) = alpha log u_y/sum_i log u_i + 2 beta (1 - u_y).
    Shapes: (..., K) probabilities and one-hot labels -> (...).
    Domain: the open simplex (a softmax output), as for NCE.
    Range: (0, alpha + 2 beta), both ends approached at the boundary.
    Symmetric: yes, C = alpha + 2 beta (K - 1). Differentiable: yes.
    Raises: ValueError unless alpha > 0 and beta > 0.

    Defaults: the source's for CIFAR-10. Its code has 1 - u_y for MAE, half of what is written here.

    >>> float(NCEAndMAE().values([[0.25, 0.5, 0.25]], [1])[0])
    1.2

    Source: Ma et al., ICML 2020, sec. 3.3.
    """

    name = "nce-mae"
    title = "NCE+MAE"
    latex = r"\alpha\frac{\log u_y}{\sum_i \log u_i} + 2\beta(1 - u_y)"
    source = MA


@register
@dataclass(frozen=True)
class NCEAndRCE(ActivePassive):
    """NCE plus RCE.

    Formula: L(u, y) = alpha log u_y/sum_i log u_i + beta A (1 - u_y).
    Shapes: (..., K) probabilities and one-hot labels -> (...).
    Domain: the open simplex (a softmax output), as for NCE.
    Range: (0, alpha + beta A), both ends approached at the boundary.
    Symmetric: yes, C = alpha + beta A (K - 1). Differentiable: yes.
    Raises: ValueError unless alpha > 0, beta > 0 and A > 0.

    Defaults: the source's for CIFAR-10, with A = 4 as for RCE. Its code clamps one-hot labels at 10^-4, which
    is A = -log(10^-4) = 9.21, or beta = 2.30 at A = 4.

    >>> float(NCEAndRCE().values([[0.25, 0.5, 0.25]], [1])[0])
    2.2

    Source: Ma et al., ICML 2020, sec. 3.3.
    """

    A: Fraction = Fraction(4)

    name = "nce-rce"
    title = "NCE+RCE"
    latex = r"\alpha\frac{\log u_y}{\sum_i \log u_i} + \beta A\,(1 - u_y)"
    source = MA

    def passive(self) -> Loss:
        return RCE(A=self.A)


@register
@dataclass(frozen=True)
class NFLAndMAE(ActivePassive):
    """NFL plus MAE.

    Formula: L(u, y) = alpha NFL(u, y; gamma) + 2 beta (1 - u_y).
    Shapes: (..., K) probabilities and one-hot labels -> (...).
    Domain: the open simplex (a softmax output), as for NFL.
    Range: (0, alpha + 2 beta), both ends approached at the boundary.
    Symmetric: yes, C = alpha + 2 beta (K - 1). Differentiable: yes.
    Raises: ValueError unless alpha > 0, beta > 0 and gamma >= 0.

    Defaults: the source's for CIFAR-10. Its code has 1 - u_y for MAE, half of what is written here.

    >>> float(NFLAndMAE(gamma=0).values([[0.25, 0.5, 0.25]], [1])[0])
    1.2

    Source: Ma et al., ICML 2020, sec. 3.3.
    """

    gamma: Fraction = Fraction(1, 2)

    name = "nfl-mae"
    title = "NFL+MAE"
    latex = r"\alpha\frac{(1 - u_y)^\gamma \log u_y}{\sum_i (1 - u_i)^\gamma \log u_i} + 2\beta(1 - u_y)"
    source = MA

    def active(self) -> Loss:
        return NFL(gamma=self.gamma)


@register
@dataclass(frozen=True)
class NFLAndRCE(ActivePassive):
    """NFL plus RCE.

    Formula: L(u, y) = alpha NFL(u, y; gamma) + beta A (1 - u_y).
    Shapes: (..., K) probabilities and one-hot labels -> (...).
    Domain: the open simplex (a softmax output), as for NFL.
    Range: (0, alpha + beta A), both ends approached at the boundary.
    Symmetric: yes, C = alpha + beta A (K - 1). Differentiable: yes.
    Raises: ValueError unless alpha > 0, beta > 0, gamma >= 0 and A > 0.

    Defaults: the source's for CIFAR-10, with A = 4 as for RCE; see NCE+RCE for the 9.21 of its code.

    >>> float(NFLAndRCE(gamma=0).values([[0.25, 0.5, 0.25]], [1])[0])
    2.2

    Source: Ma et al., ICML 2020, sec. 3.3.
    """

    gamma: Fraction = Fraction(1, 2)
    A: Fraction = Fraction(4)

    name = "nfl-rce"
    title = "NFL+RCE"
    latex = r"\alpha\frac{(1 - u_y)^\gamma \log u_y}{\sum_i (1 - u_i)^\gamma \log u_i} + \beta A\,(1 - u_y)"
    source = MA

    def active(self) -> Loss:
        return NFL(gamma=self.gamma)

    def passive(self) -> Loss:
        return RCE(A=self.A)
