"""What is linear in the losses of all labels: a loss mixed with its label sum S.

    L'(u, y) = p L(u, y) + q S(u) + c,   p, q and c numbers that may depend on K.

`Symmetrised` has p = 1, q = -1/K; the loss that uniform noise averages to has p = a, q = b; backward
correction undoes that with p = 1/a, q = -b/a (a = 1 - eta K/(K-1), b = eta/(K-1)). A mixture of a separable
loss is separable, one of a sum is the sum of the mixtures, and one of any other loss goes through its S.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import ClassVar

import numpy as np

from lossmatters.theory.backends import N, Ops, Plain
from lossmatters.theory.losses.base import Combination, Loss, SeparableLoss, combine, scale
from lossmatters.theory.losses.combinators import Normalized, ShareLoss


def slope_and_offset(eta: Fraction, num_classes: N | Plain) -> tuple[N | Plain, N | Plain]:
    """Return a and b of R1 as numbers of any kind: noise keeps a of a label, spreads b over every class."""
    return 1 - eta * num_classes / (num_classes - 1), eta / (num_classes - 1)


class Mixture:
    """What the mixtures share: a base, its weights, a name made of the base's."""

    base: Loss
    word: ClassVar[str] = ""  # how `get` reads it
    words: ClassVar[str] = ""  # how tables say it

    def weights(self, num_classes: N | Plain) -> tuple[N | Plain, N | Plain]:
        """Return p and q of L' = p L + q S + c."""
        raise NotImplementedError(f"{type(self).__name__} has no weights")  # each mixture gives them

    def shift(self, num_classes: N | Plain, ops: Ops[N]) -> N | Plain:
        """Return the constant c."""
        return ops.const(0)

    @property
    def spec(self) -> str:
        inner = "".join(f", {key}={value}" for key, value in self.parameters.items())  # type: ignore[attr-defined]
        return f"{self.word}({self.base.spec}{inner})"

    @property
    def title(self) -> str:
        return f"{self.words} {self.base.title}"

    def check_base(self) -> None:
        """Refuse a base that is no loss with a formula."""
        if not isinstance(self.base, Loss):
            raise TypeError(f"base must be a Loss, got base={self.base!r}")
        if not self.base.has_formula:
            raise TypeError(f"base must be a loss with a formula, got base={self.base.name!r}")


class SeparableMixture(Mixture, SeparableLoss):  # type: ignore[override]  # it makes its own name
    """A mixture of a separable loss: on' = p on + q G, off' = p off + q G, with G = on + (K - 1) off."""

    base: SeparableLoss

    def check_parameters(self) -> None:
        self.check_base()
        if not isinstance(self.base, SeparableLoss):
            raise TypeError(f"base must be a SeparableLoss, got base={self.base!r}")

    def on_label(self, t: N, num_classes: N | Plain, ops: Ops[N]) -> N | Plain:
        base = self.base
        p, q = self.weights(num_classes)
        own = base.bound_to(ops).on_label(t, num_classes, ops)
        return p * own + q * base.generator(t, num_classes, ops) + self.shift(num_classes, ops)

    def off_label(self, t: N, num_classes: N | Plain, ops: Ops[N]) -> N | Plain:
        base = self.base
        p, q = self.weights(num_classes)
        value = q * base.generator(t, num_classes, ops)
        if base.has_off_label:
            value = value + p * base.bound_to(ops).off_label(t, num_classes, ops)
        return value


class GeneralMixture(Mixture, Loss):  # type: ignore[override]  # as above
    """A mixture of any loss with a formula."""

    def check_parameters(self) -> None:
        self.check_base()

    def formula(self, probs: N, onehot: N, ops: Ops[N]) -> N:
        number = ops.const(probs.shape[-1])
        p, q = self.weights(number)
        own, total = self.base.apply(probs, onehot, ops), _sum_of(self.base, probs, ops)
        return p * own + q * total + self.shift(number, ops)

    def label_sum(self, probs: N, ops: Ops[N]) -> N:
        number = ops.const(probs.shape[-1])
        p, q = self.weights(number)
        return (p + number * q) * _sum_of(self.base, probs, ops) + number * self.shift(number, ops)  # type: ignore[return-value]


def _sum_of(loss: Loss, probs: N, ops: Ops[N]) -> N | Plain:
    """Return S(u), as the number that it is where the loss is normalised or a share (S3)."""
    if isinstance(loss, Normalized):
        return ops.const(1)
    return ops.const(probs.shape[-1] - 1) if isinstance(loss, ShareLoss) else loss.label_sum(probs, ops)


def finite(value: object) -> bool:
    """Return whether every number is finite in float64."""
    with np.errstate(all="ignore"):
        return bool(np.isfinite(np.asarray(value, dtype=float)).all())


def summed(loss: Combination, part: Callable[[Loss], Loss]) -> Loss:
    """Return the sum of what a linear map gives for the terms."""
    factor, first = loss.terms[0]
    total = scale(factor, part(first))
    for factor, term in loss.terms[1:]:
        total = combine(total, scale(factor, part(term)))
    return total
