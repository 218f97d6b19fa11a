"""The normalised losses of the catalogue: NMSE, NCE, NFL, NGCE."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import ClassVar

from lossmatters.theory.backends import N, Ops, Plain
from lossmatters.theory.losses.base import Loss
from lossmatters.theory.losses.cce import CCE
from lossmatters.theory.losses.combinators import Normalized
from lossmatters.theory.losses.focal import Focal
from lossmatters.theory.losses.gce import GCE
from lossmatters.theory.losses.mse import MSE
from lossmatters.theory.losses.registry import register


@dataclass(frozen=True)
class CatalogueNormalized(Normalized):
    """A normalised loss with a name: the base is built from the parameters."""

    base: Loss = field(init=False, repr=False)

    spec = Loss.spec
    _open: ClassVar[tuple[str, ...]] = ("base", "make_base", "raw")

    def make_base(self) -> Loss:
        """Return the loss that is normalised."""
        raise NotImplementedError  # each subclass names its base

    def __post_init__(self) -> None:
        Loss.__post_init__(self)
        object.__setattr__(self, "base", self.make_base())


@register
@dataclass(frozen=True)
class NMSE(CatalogueNormalized):
    """Normalised MSE.

    Formula: L(u, y) = (1 - 2 u_y + s)/(K s + K - 2), with s = sum_i u_i^2.
    Shapes: (..., K) probabilities and one-hot labels -> (...).
    Domain: the simplex, where the divisor lies in [K - 1, 2K - 2].
    Range: [0, K/(K^2 - 2K + 2)], the maximum at u_y = 0 with the rest spread evenly, which for K > 2 is
    above C/(K - 1) = 1/(K - 1).
    Symmetric: yes, C = 1. Differentiable: yes.
    Raises: nothing; it has no parameters.

    >>> float(NMSE().values([[0.0, 1.0, 0.0]], [0])[0])
    0.5

    Source: Patel & Sastry, PAKDD 2021, sec. 2.
    """

    name = "nmse"
    title = "NMSE"
    latex = r"\frac{1 - 2u_y + s}{K s + K - 2},\quad s = \sum_i u_i^2"
    source = "Patel & Sastry 2021, sec. 2"
    bounded = True

    def make_base(self) -> Loss:
        return MSE()

    def upper_bound(self, num_classes: N | Plain, ops: Ops[N]) -> N | Plain | None:
        return num_classes / (num_classes**2 - 2 * num_classes + ops.const(2))


@register
@dataclass(frozen=True)
class NCE(CatalogueNormalized):
    """Normalised cross-entropy.

    Formula: L(u, y) = log u_y / sum_i log u_i.
    Shapes: (..., K) probabilities and one-hot labels -> (...).
    Domain: the open simplex (a softmax output); no value where several u_i are 0.
    Range: (0, 1), both ends approached at the boundary.
    Symmetric: yes, C = 1. Differentiable: yes.
    Raises: nothing; it has no parameters.

    >>> float(NCE().values([[0.25, 0.5, 0.25]], [1])[0])
    0.2

    Source: Ma et al., ICML 2020, eq. 4.
    """

    name = "nce"
    title = "NCE"
    latex = r"\frac{\log u_y}{\sum_i \log u_i}"
    source = "Ma et al. 2020, eq. 4"
    bounded = True

    def make_base(self) -> Loss:
        return CCE()

    def upper_bound(self, num_classes: N | Plain, ops: Ops[N]) -> N | Plain | None:
        return ops.const(1)


@register
@dataclass(frozen=True)
class NFL(CatalogueNormalized):
    """Normalised focal loss.

    Formula: L(u, y) = (1 - u_y)^gamma log u_y / sum_i (1 - u_i)^gamma log u_i.
    Shapes: (..., K) probabilities and one-hot labels -> (...).
    Domain: the open simplex; no value where several u_i are 0.
    Range: (0, 1), both ends approached at the boundary.
    Symmetric: yes, C = 1. Differentiable: yes.
    Raises: ValueError unless gamma >= 0.

    >>> NFL(gamma=0).values([[0.25, 0.5, 0.25]], [1]) == NCE().values([[0.25, 0.5, 0.25]], [1])
    array([ True])

    Source: Ma et al., ICML 2020, eq. 6.
    """

    gamma: Fraction = Fraction(2)

    name = "nfl"
    title = "NFL"
    latex = r"\frac{(1 - u_y)^\gamma \log u_y}{\sum_i (1 - u_i)^\gamma \log u_i}"
    source = "Ma et al. 2020, eq. 6"
    bounded = True

    def make_base(self) -> Loss:
        return Focal(gamma=self.gamma)

    def upper_bound(self, num_classes: N | Plain, ops: Ops[N]) -> N | Plain | None:
        return ops.const(1)


@register
@dataclass(frozen=True)
class NGCE(CatalogueNormalized):
    """Normalised generalised cross-entropy.

    Formula: L(u, y) = (1 - u_y^q) / (K - sum_i u_i^q).
    Shapes: (..., K) probabilities and one-hot labels -> (...).
    Domain: the simplex, where the divisor lies in [K - K^(1-q), K - 1].
    Range: [0, 1/(K - (K-1)^(1-q))], the maximum at u_y = 0 with the rest spread evenly.
    Symmetric: yes, C = 1. Differentiable: yes (infinite slope at u_y = 0).
    Raises: ValueError unless 0 < q <= 1.

    >>> float(NGCE(q=1).values([[0.25, 0.75]], [0])[0])
    0.75

    Source: Ma et al., ICML 2020 (their normalisation applied to GCE).
    """

    q: Fraction = Fraction(7, 10)

    name = "ngce"
    title = "NGCE"
    latex = r"\frac{1 - u_y^q}{K - \sum_i u_i^q}"
    source = "Ma et al. 2020"
    bounded = True

    def make_base(self) -> Loss:
        return GCE(q=self.q)

    def upper_bound(self, num_classes: N | Plain, ops: Ops[N]) -> N | Plain | None:
        return 1 / (num_classes - ops.power(num_classes - ops.const(1), 1 - self.q))
