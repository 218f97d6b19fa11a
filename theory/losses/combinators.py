"""Sums, positive multiples and normalisation of losses.

A sum of separable losses is separable, so S1 decides it; a normalised loss is symmetric by S3; any
other sum is decided term by term (S3) or by S4.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from lossmatters.theory.backends import Ops
from lossmatters.theory.exact import exact, fail
from lossmatters.theory.losses.base import CallableLoss, Loss, SeparableLoss

Terms = tuple[tuple[Fraction, Loss], ...]


class _Terms:
    """What the two kinds of sum share: a text, a title and the terms."""

    terms: Terms

    @property
    def spec(self) -> str:
        return " + ".join(term.spec if c == 1 else f"{c}*{term.spec}" for c, term in self.terms)

    @property
    def title(self) -> str:
        return " + ".join(term.title if c == 1 else f"{c} {term.title}" for c, term in self.terms)


@dataclass(frozen=True)
class Combination(_Terms, Loss):  # type: ignore[override]  # a sum makes its own title
    """A sum of positive multiples of losses, not all of them separable."""

    terms: Terms = ()

    def __post_init__(self) -> None:
        """Terms are checked by `combine` and `scale`; there are no parameters of its own."""

    def formula(self, probs: Any, onehot: Any, ops: Ops) -> Any:
        return sum(ops.const(c) * term.apply(probs, onehot, ops) for c, term in self.terms)

    def label_sum(self, probs: Any, ops: Ops) -> Any:
        return sum(ops.const(c) * term.label_sum(probs, ops) for c, term in self.terms)


@dataclass(frozen=True)
class SeparableCombination(_Terms, SeparableLoss):  # type: ignore[override]  # as above
    """A sum of positive multiples of separable losses: separable, with the sums of their functions."""

    terms: Terms = ()

    def __post_init__(self) -> None:
        """As for `Combination`."""

    def on_label(self, t: Any, num_classes: Any, ops: Ops) -> Any:
        return sum(ops.const(c) * term.bound_to(ops).on_label(t, num_classes, ops) for c, term in self.terms)

    def off_label(self, t: Any, num_classes: Any, ops: Ops) -> Any:
        return sum(ops.const(c) * term.bound_to(ops).off_label(t, num_classes, ops) for c, term in self.terms)


@dataclass(frozen=True)
class Normalized(Loss):
    """A loss divided by its sum over labels: L(u, y) / S(u).

    Formula: ``base(u, y) / sum_j base(u, j)``.
    Domain: points where 0 < S < infinity; symmetric there, with C = 1 (S3).
    Source: Ma et al., ICML 2020, eq. 3.

    >>> from lossmatters.theory.losses import MSE, NMSE
    >>> probs, labels = [[0.5, 0.25, 0.25]], [0]
    >>> Normalized(MSE()).values(probs, labels) == NMSE().values(probs, labels)
    array([ True])
    """

    base: Loss

    symmetric = True

    def __post_init__(self) -> None:
        if not isinstance(self.base, Loss):
            raise TypeError(f"base must be a Loss, got base={self.base!r}")
        if isinstance(self.base, CallableLoss):
            raise TypeError(f"base must be a loss with a formula, got base={self.base.name!r}")
        super().__post_init__()

    @property
    def spec(self) -> str:
        return f"Normalized({self.base.spec})"

    @property
    def title(self) -> str:  # type: ignore[override]
        return f"normalised {self.base.title}"

    def formula(self, probs: Any, onehot: Any, ops: Ops) -> Any:
        return self.base.apply(probs, onehot, ops) / self.base.label_sum(probs, ops)


class ShareLoss(Loss):
    """One minus the label's share of some weights: L(u, y) = 1 - w_y(u)/sum_j w_j(u).

    Symmetric by S3 with C = K - 1, wherever the weights are non-negative with a positive sum.
    """

    symmetric = True
    bounded = True

    def weights(self, probs: Any, ops: Ops) -> Any:
        """The weights w of all labels: (..., K) -> (..., K), non-negative, at least one positive."""
        raise NotImplementedError(f"{type(self).__name__} has no weights")

    def formula(self, probs: Any, onehot: Any, ops: Ops) -> Any:
        weights = self.weights(probs, ops)
        return 1 - ops.dot(weights, onehot) / ops.sum(weights)

    def upper_bound(self, num_classes: Any, ops: Ops) -> Any:
        return ops.const(1)


def scale(factor: Any, loss: Loss) -> Loss:
    """`factor` times `loss`, the factor exact and > 0."""
    number = exact(factor, "factor")
    if number <= 0:
        fail("factor", "> 0", factor)
    return _combination(tuple((number * c, term) for c, term in _terms(loss)))


def combine(first: Loss, second: Loss) -> Loss:
    """The sum of two losses."""
    return _combination(_terms(first) + _terms(second))


def _terms(loss: Loss) -> Terms:
    if isinstance(loss, CallableLoss):
        raise TypeError(f"loss must have a formula to be combined, got loss={loss.name!r}")
    return loss.terms if isinstance(loss, Combination | SeparableCombination) else ((Fraction(1), loss),)


def _combination(terms: Terms) -> Loss:
    if len(terms) == 1 and terms[0][0] == 1:  # once a loss is that loss, as its text says
        return terms[0][1]
    separable = all(isinstance(term, SeparableLoss) for _, term in terms)
    return SeparableCombination(terms) if separable else Combination(terms)
