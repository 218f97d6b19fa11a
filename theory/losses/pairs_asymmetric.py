"""More active-passive pairs: NCE plus an asymmetric loss, or plus a normalised negative one."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from lossmatters.theory.losses.asymmetric import AEL, AGCE, AMSE, AUL
from lossmatters.theory.losses.base import Loss
from lossmatters.theory.losses.negative import NNCE
from lossmatters.theory.losses.pairs import ActivePassive
from lossmatters.theory.losses.registry import register

ZHOU = "Zhou et al. 2021"


@register
@dataclass(frozen=True)
class NCEAndAGCE(ActivePassive):
    """NCE plus AGCE.

    Formula: L(u, y) = alpha log u_y/sum_i log u_i + beta ((a + 1)^q - (a + u_y)^q)/q.
    Shapes: (..., K) probabilities and one-hot labels -> (...).
    Domain: the open simplex (a softmax output), as for NCE.
    Range: (0, alpha + beta ((a + 1)^q - a^q)/q), both ends approached at the boundary.
    Symmetric: only at q = 1. Differentiable: yes.
    Raises: ValueError unless alpha > 0, beta > 0, a > 0 and q > 0.

    Defaults: the source's code for CIFAR-10. (For MNIST it has alpha = 0: AGCE alone.)

    >>> float(NCEAndAGCE(a=1, q=2, beta=1).values([[0.25, 0.5, 0.25]], [1])[0])
    1.075

    Source: Zhou et al., ICML 2021.
    """

    beta: Fraction = Fraction(4)
    a: Fraction = Fraction(6)
    q: Fraction = Fraction(3, 2)

    name = "nce-agce"
    title = "NCE+AGCE"
    latex = r"\alpha\frac{\log u_y}{\sum_i \log u_i} + \beta\,\frac{(a+1)^q - (a+u_y)^q}{q}"
    source = ZHOU

    @property
    def symmetric(self) -> bool:  # type: ignore[override]
        return self.q == 1

    def passive(self) -> Loss:
        return AGCE(a=self.a, q=self.q)


@register
@dataclass(frozen=True)
class NCEAndAUL(ActivePassive):
    """NCE plus AUL.

    Formula: L(u, y) = alpha log u_y/sum_i log u_i + beta ((a - u_y)^q - (a - 1)^q)/q.
    Shapes: (..., K) probabilities and one-hot labels -> (...).
    Domain: the open simplex (a softmax output), as for NCE.
    Range: (0, alpha + beta (a^q - (a - 1)^q)/q), both ends approached at the boundary.
    Symmetric: only at q = 1. Differentiable: yes.
    Raises: ValueError unless alpha > 0, beta > 0, a > 1 and q > 0.

    Defaults: the source's code for CIFAR-10. (For MNIST it has alpha = 0: AUL alone.)

    >>> float(NCEAndAUL(a=2, q=2, beta=1).values([[0.25, 0.5, 0.25]], [1])[0])
    0.825

    Source: Zhou et al., ICML 2021.
    """

    beta: Fraction = Fraction(4)
    a: Fraction = Fraction(63, 10)
    q: Fraction = Fraction(3, 2)

    name = "nce-aul"
    title = "NCE+AUL"
    latex = r"\alpha\frac{\log u_y}{\sum_i \log u_i} + \beta\,\frac{(a-u_y)^q - (a-1)^q}{q}"
    source = ZHOU

    @property
    def symmetric(self) -> bool:  # type: ignore[override]
        return self.q == 1

    def passive(self) -> Loss:
        return AUL(a=self.a, q=self.q)


@register
@dataclass(frozen=True)
class NCEAndAEL(ActivePassive):
    """NCE plus AEL.

    Formula: L(u, y) = alpha log u_y/sum_i log u_i + beta exp(-u_y/a).
    Shapes: (..., K) probabilities and one-hot labels -> (...).
    Domain: the open simplex (a softmax output), as for NCE.
    Range: (beta exp(-1/a), alpha + beta), both ends approached at the boundary.
    Symmetric: no; S = alpha + beta sum_i exp(-u_i/a). Differentiable: yes.
    Raises: ValueError unless alpha > 0, beta > 0 and a > 0.

    Defaults: the source's code for CIFAR-10. (For MNIST it has alpha = 0: AEL alone.)

    >>> round(float(NCEAndAEL(a=1/2, beta=1).values([[0.25, 0.5, 0.25]], [1])[0]), 12)
    0.567879441171

    Source: Zhou et al., ICML 2021.
    """

    beta: Fraction = Fraction(4)
    a: Fraction = Fraction(5)

    name = "nce-ael"
    title = "NCE+AEL"
    latex = r"\alpha\frac{\log u_y}{\sum_i \log u_i} + \beta\exp(-u_y/a)"
    source = ZHOU
    symmetric = False

    def passive(self) -> Loss:
        return AEL(a=self.a)


@register
@dataclass(frozen=True)
class NCEAndAMSE(ActivePassive):
    """NCE plus AMSE, the joint asymmetric loss JAL-CE.

    Formula: L(u, y) = alpha log u_y/sum_i log u_i + beta (a^2 - 2 a u_y + sum_i u_i^2)/K.
    Shapes: (..., K) probabilities and one-hot labels -> (...).
    Domain: the open simplex (a softmax output), as for NCE.
    Range: (beta (a - 1)^2/K, alpha + beta (a^2 + 1)/K), both ends approached at the boundary.
    Symmetric: no; S = alpha + beta (a^2 - 2 a/K + sum_i u_i^2). Differentiable: yes.
    Raises: ValueError unless alpha > 0, beta > 0 and a >= 1.

    Defaults: the source's weights for CIFAR-10; a as for AMSE, the lower end of its 10 to 40.

    >>> round(float(NCEAndAMSE(a=1).values([[0.25, 0.5, 0.25]], [1])[0]), 12)
    0.325

    Source: Wang et al., ICCV 2025 (arXiv 2507.17692).
    """

    a: Fraction = Fraction(10)

    name = "nce-amse"
    title = "NCE+AMSE"
    latex = r"\alpha\frac{\log u_y}{\sum_i \log u_i} + \frac{\beta}{K}\Big(a^2 - 2 a u_y + \sum_i u_i^2\Big)"
    source = "Wang et al. 2025, arXiv 2507.17692"
    symmetric = False

    def passive(self) -> Loss:
        return AMSE(a=self.a)


@register
@dataclass(frozen=True)
class NCEAndNNCE(ActivePassive):
    """NCE plus NNCE, the active negative loss ANL-CE.

    Formula: L(u, y) = alpha NCE(u, y) + beta NNCE(u, y; p_min).
    Shapes: (..., K) probabilities and one-hot labels -> (...).
    Domain: the open simplex (a softmax output), as for NCE, for K < 1/p_min.
    Range: (0, alpha + beta), both ends approached at the boundary.
    Symmetric: yes, C = alpha + beta (K - 1). Differentiable: but for a kink at u_i = p_min.
    Raises: ValueError unless alpha > 0, beta > 0 and 0 < p_min <= 1/1000.

    Defaults: the source's for CIFAR-10. It adds an L1 penalty on the weights, which is no part of a loss of
    outputs.

    >>> round(float(NCEAndNNCE(alpha=1, beta=1).values([[0.5, 0.5]], [0])[0]), 12)
    1.0

    Source: Ye et al., NeurIPS 2023 (Active Negative Loss Functions); arXiv 2412.02373.
    """

    alpha: Fraction = Fraction(5)
    beta: Fraction = Fraction(5)
    p_min: Fraction = Fraction(1, 10**7)

    name = "nce-nnce"
    title = "NCE+NNCE"
    latex = r"\alpha\,NCE(u, y) + \beta\,NNCE(u, y)"
    source = "Ye et al. 2023; arXiv 2412.02373"

    def passive(self) -> Loss:
        return NNCE(p_min=self.p_min)
