"""What a loss is made of, decided in one place.

`by_structure` asks for an answer to every case by name: who leaves one out gets an error at once, from mypy
and from Python alike. A combinator of a new kind is a new case here; all that follows structure then fails
until it says what it does with it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeGuard, TypeVar

from lossmatters.theory.losses.base import Combination, Loss, SeparableCombination, SeparableLoss
from lossmatters.theory.losses.callable_loss import CallableLoss
from lossmatters.theory.losses.combinators import Normalized, ShareLoss
from lossmatters.theory.losses.mixtures import GeneralMixture
from lossmatters.theory.losses.unbounded import UnboundedSumLoss

Answer = TypeVar("Answer")


def by_structure(
    loss: Loss,
    *,
    separable: Callable[[SeparableLoss], Answer],
    total: Callable[[Combination], Answer],
    normalised: Callable[[Normalized], Answer],
    share: Callable[[ShareLoss], Answer],
    mixture: Callable[[GeneralMixture], Answer],
    unbounded: Callable[[UnboundedSumLoss], Answer],
    formula: Callable[[Loss], Answer],
    opaque: Callable[[CallableLoss], Answer],
) -> Answer:
    """Return the answer of the case that a loss is.

    Parameters
    ----------
    loss : Loss
        The loss.
    separable : callable
        L = on_label(u_y) + sum of off_label(u_i); sums, multiples and mixtures of such losses too.
    total : callable
        A sum of multiples of losses that are not all separable.
    normalised : callable
        A loss over its label sum.
    share : callable
        1 minus the label's share of weights.
    mixture : callable
        p L + q S + c of a loss L that is not separable.
    unbounded : callable
        A formula whose label sum is known to be least at the uniform output, and without bound.
    formula : callable
        Any other loss with a formula.
    opaque : callable
        A function of tensors, of which nothing is known.

    >>> from lossmatters.theory.losses import CCE, NCE
    >>> kinds = {kind: lambda loss, kind=kind: kind for kind in KINDS}
    >>> by_structure(CCE(), **kinds), by_structure(NCE(), **kinds), by_structure(CCE() + NCE(), **kinds)
    ('separable', 'normalised', 'total')
    """
    if isinstance(loss, CallableLoss):
        return opaque(loss)
    if isinstance(loss, SeparableLoss):
        return separable(loss)
    if isinstance(loss, Combination):
        return total(loss)
    if isinstance(loss, Normalized):
        return normalised(loss)
    if isinstance(loss, ShareLoss):
        return share(loss)
    if isinstance(loss, GeneralMixture):
        return mixture(loss)
    return unbounded(loss) if isinstance(loss, UnboundedSumLoss) else formula(loss)


KINDS = ("separable", "total", "normalised", "share", "mixture", "unbounded", "formula", "opaque")


def is_separable(loss: Loss) -> TypeGuard[SeparableLoss]:
    """Return whether a loss is separable, where that is all that is asked of its structure."""
    return isinstance(loss, SeparableLoss)


def is_opaque(loss: Loss) -> TypeGuard[CallableLoss]:
    """Return whether a loss is a function of tensors, where that is all that is asked and it is called."""
    return isinstance(loss, CallableLoss)


def is_total(loss: Loss) -> TypeGuard[Combination]:
    """Return whether a loss is a sum that is not separable, where that is all that is asked."""
    return isinstance(loss, Combination)


def is_normalised(loss: Loss) -> TypeGuard[Normalized]:
    """Return whether a loss is one over its label sum, where that is all that is asked."""
    return isinstance(loss, Normalized)


def multiple_of(loss: Loss) -> Loss | None:
    """Return the loss that a loss is a multiple of; None where it is none such.

    >>> from lossmatters.theory.losses import CCE
    >>> multiple_of(2 * CCE()) == CCE(), multiple_of(CCE())
    (True, None)
    """
    terms = loss.terms if isinstance(loss, Combination | SeparableCombination) else ()
    return terms[0][1] if len(terms) == 1 else None


def separable_base(loss: Loss) -> SeparableLoss | None:
    """Return the separable loss that a loss is normalised from; None where it is none such.

    >>> from lossmatters.theory.losses import CCE, NCE
    >>> separable_base(NCE()) == CCE(), separable_base(CCE())
    (True, None)
    """
    return loss.base if isinstance(loss, Normalized) and isinstance(loss.base, SeparableLoss) else None
