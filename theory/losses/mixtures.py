"""What is linear in the losses of all labels: a loss mixed with its label sum S.

    L'(u, y) = p L(u, y) + q S(u) + c,   p, q and c numbers that may depend on K.

`Symmetrised` has p = 1, q = -1/K; the loss that uniform noise averages to has p = a, q = b; backward
correction undoes that with p = 1/a, q = -b/a (a = 1 - eta K/(K-1), b = eta/(K-1)). A mixture of a separable
loss is separable, one of a sum is the sum of the mixtures, and one of any other loss goes through its S.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from lossmatters.theory.backends import Ops, backend
from lossmatters.theory.exact import fail
from lossmatters.theory.losses.base import Combination, Loss, SeparableLoss, combine, scale
from lossmatters.theory.losses.callable_loss import CallableLoss
from lossmatters.theory.losses.combinators import Normalized, ShareLoss


def slope_and_offset(eta: Any, num_classes: Any) -> tuple[Any, Any]:
    """a and b of R1 as numbers of any kind: noise keeps a of a label and spreads b over every class."""
    return 1 - eta * num_classes / (num_classes - 1), eta / (num_classes - 1)


class Mixture:
    """What the mixtures share: a base, its weights, a name made of the base's."""

    base: Loss
    word: ClassVar[str] = ""  # how `get` reads it
    words: ClassVar[str] = ""  # how tables say it

    def weights(self, num_classes: Any) -> tuple[Any, Any]:
        """p and q of L' = p L + q S + c."""
        raise NotImplementedError(f"{type(self).__name__} has no weights")  # each mixture gives them

    def shift(self, num_classes: Any, ops: Ops) -> Any:
        """The constant c."""
        return ops.const(0)

    @property
    def spec(self) -> str:
        inner = "".join(f", {key}={value}" for key, value in self.parameters.items())  # type: ignore[attr-defined]
        return f"{self.word}({self.base.spec}{inner})"

    @property
    def title(self) -> str:
        return f"{self.words} {self.base.title}"

    def check_base(self) -> None:
        """A loss with a formula."""
        if not isinstance(self.base, Loss):
            raise TypeError(f"base must be a Loss, got base={self.base!r}")
        if not self.base.has_formula:
            raise TypeError(f"base must be a loss with a formula, got base={self.base.name!r}")


class SeparableMixture(Mixture, SeparableLoss):  # type: ignore[override]  # it makes its own name
    """A mixture of a separable loss: on' = p on + q G, off' = p off + q G, with G = on + (K - 1) off."""

    def check_parameters(self) -> None:
        self.check_base()
        if not isinstance(self.base, SeparableLoss):
            raise TypeError(f"base must be a SeparableLoss, got base={self.base!r}")

    def on_label(self, t: Any, num_classes: Any, ops: Ops) -> Any:
        base: Any = self.base
        p, q = self.weights(num_classes)
        own = base.bound_to(ops).on_label(t, num_classes, ops)
        return p * own + q * base.generator(t, num_classes, ops) + self.shift(num_classes, ops)

    def off_label(self, t: Any, num_classes: Any, ops: Ops) -> Any:
        base: Any = self.base
        p, q = self.weights(num_classes)
        value = q * base.generator(t, num_classes, ops)
        if base.has_off_label:
            value = value + p * base.bound_to(ops).off_label(t, num_classes, ops)
        return value


class GeneralMixture(Mixture, Loss):  # type: ignore[override]  # as above
    """A mixture of any loss with a formula."""

    def check_parameters(self) -> None:
        self.check_base()

    def formula(self, probs: Any, onehot: Any, ops: Ops) -> Any:
        number = ops.const(probs.shape[-1])
        p, q = self.weights(number)
        own, total = self.base.apply(probs, onehot, ops), _sum_of(self.base, probs, ops)
        return p * own + q * total + self.shift(number, ops)

    def label_sum(self, probs: Any, ops: Ops) -> Any:
        number = ops.const(probs.shape[-1])
        p, q = self.weights(number)
        return (p + number * q) * _sum_of(self.base, probs, ops) + number * self.shift(number, ops)


def _sum_of(loss: Loss, probs: Any, ops: Ops) -> Any:
    """S(u), as the number that it is where the loss is normalised or a share (S3)."""
    if isinstance(loss, Normalized):
        return ops.const(1)
    return ops.const(probs.shape[-1] - 1) if isinstance(loss, ShareLoss) else loss.label_sum(probs, ops)


def finite(value: Any) -> bool:
    """Is it a finite number in float64?"""
    with np.errstate(all="ignore"):
        return bool(np.isfinite(np.asarray(value, dtype=float)).all())


# -- symmetrised -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class SymmetrisedSeparable(SeparableMixture):
    """The symmetric part of a separable loss, shifted to 0 at the label's vertex: h(u_y) - mean h(u_i) + c.

    With h = on_label - off_label, L - S/K = h(u_y) - (1/K) sum_i h(u_i): separable, and its G vanishes.
    Where h falls it is least at the label's vertex, so c = (K-1)/K (h(0) - h(1)) makes the least value 0;
    where h(0) is infinite, as for CCE, there is no least value and c = 0.

    >>> from lossmatters.theory.losses import MAE, MSE
    >>> SymmetrisedSeparable(MSE()).values([[0.25, 0.75]], [0]) == MAE().values([[0.25, 0.75]], [0])
    array([ True])
    """

    base: SeparableLoss

    word = "symmetrise"
    words = "symmetrised"
    symmetric = True

    @property
    def differentiable(self) -> bool:  # type: ignore[override]
        return self.base.differentiable

    def weights(self, num_classes: Any) -> tuple[Any, Any]:
        return 1, -1 / num_classes

    def contrast(self, t: Any, num_classes: Any, ops: Ops) -> Any:
        """h(t), what one entry of the output says for its class more than against the others."""
        view = self.base.bound_to(ops)
        value = view.on_label(t, num_classes, ops)
        return value - view.off_label(t, num_classes, ops) if self.base.has_off_label else value

    @cached_property
    def anchored(self) -> bool:
        """Are h(0) and h(1) finite, so that the label's vertex can be given the value 0?"""
        numpy = backend("numpy")
        with np.errstate(all="ignore"):
            return finite([self.contrast(np.array(end), 3.0, numpy) for end in (0.0, 1.0)])

    def shift(self, num_classes: Any, ops: Ops) -> Any:
        if not self.anchored:
            return ops.const(0)
        ends = [self.contrast(ops.const(end), num_classes, ops) for end in (0, 1)]
        return (ends[0] - ends[1]) * (num_classes - 1) / num_classes

    # Written out: p on + q G would leave the cancelling of on/K to the reader's arithmetic.

    def on_label(self, t: Any, num_classes: Any, ops: Ops) -> Any:
        value = self.contrast(t, num_classes, ops) * (num_classes - 1) / num_classes
        return value + self.shift(num_classes, ops)

    def off_label(self, t: Any, num_classes: Any, ops: Ops) -> Any:
        return -self.contrast(t, num_classes, ops) / num_classes


@dataclass(frozen=True)
class Symmetrised(GeneralMixture):
    """The symmetric part of any loss with a formula, 0 at the label's vertex where it has a value there.

    Formula: L(u, y) - S(u)/K + c, with c = S(e_y)/K - L(e_y, y) where that is finite, else 0.
    Symmetric with C = K c, wherever S is finite: the sum over labels of L - S/K is S - S.
    """

    base: Loss

    word = "symmetrise"
    words = "symmetrised"
    symmetric = True

    @property
    def differentiable(self) -> bool:  # type: ignore[override]
        return self.base.differentiable

    def weights(self, num_classes: Any) -> tuple[Any, Any]:
        return 1, -1 / num_classes

    def formula(self, probs: Any, onehot: Any, ops: Ops) -> Any:
        number = ops.const(probs.shape[-1])
        own, total = self.base.apply(probs, onehot, ops), self.base.label_sum(probs, ops)
        return own - total / number + ops.const(self.constant(probs.shape[-1]))

    def label_sum(self, probs: Any, ops: Ops) -> Any:
        total = self.base.label_sum(probs, ops)
        return total - total + probs.shape[-1] * ops.const(self.constant(probs.shape[-1]))

    def constant(self, num_classes: int) -> Any:
        """c at one K, exactly where the formula is rational at a vertex, else as a float."""
        numpy = backend("numpy")
        vertex = np.eye(num_classes)[:1]
        with np.errstate(all="ignore"):
            value = numpy.sum(self.base.all_labels(vertex, numpy)) / num_classes - float(
                self.base.apply(vertex, vertex, numpy)[0]
            )
        return Fraction(float(value[0])).limit_denominator(10**9) if finite(value) else Fraction(0)


def symmetrised(loss: Loss) -> Loss:
    """L - S/K + c, the symmetric part of a loss with its least value at 0 (Y1).

    What is a share or normalised is symmetric as it is and stays; a sum of losses becomes the sum of their
    symmetric parts; a callable without a formula stays one.
    """
    if isinstance(loss, CallableLoss):
        return _symmetrised_callable(loss)
    if isinstance(loss, Normalized | ShareLoss | Symmetrised | SymmetrisedSeparable):
        return loss
    if isinstance(loss, SeparableLoss):
        return SymmetrisedSeparable(loss)
    if isinstance(loss, Combination):
        return _summed(loss, symmetrised)
    return Symmetrised(loss)


def _summed(loss: Combination, part: Any) -> Loss:
    """The sum of a linear map's values at the terms."""
    factor, first = loss.terms[0]
    total = scale(factor, part(first))
    for factor, term in loss.terms[1:]:
        total = combine(total, scale(factor, part(term)))
    return total


def _symmetrised_callable(loss: CallableLoss) -> CallableLoss:
    def part(logits: Any, labels: Any) -> Any:
        import torch

        size, k = logits.shape
        every = [loss.function(logits, torch.full((size,), j, device=logits.device)) for j in range(k)]
        matrix = torch.stack(every, dim=1)
        return matrix.gather(1, labels[:, None])[:, 0] - matrix.mean(dim=1)

    return CallableLoss(part, f"symmetrise({loss.name})")


# -- uniform noise ---------------------------------------------------------------------------------


def check_eta(eta: Fraction, below: Fraction | None = None) -> None:
    """A rate in [0, 1]."""
    if not 0 <= eta <= 1:
        fail("parameter eta", "in [0, 1]", eta)


@dataclass(frozen=True)
class NoiseAveraged(GeneralMixture):
    """What uniform noise makes of a loss: its mean over the noisy label, a L + b S.

    For every loss it is a L_sym + S/K (R8): noise shrinks by a what the loss knows of the label, and leaves
    the label-free part S/K alone.
    """

    base: Loss
    eta: Fraction = Fraction(2, 5)

    word = "noisy"
    words = "noise-averaged"

    def check_parameters(self) -> None:
        self.check_base()
        check_eta(self.eta)

    def weights(self, num_classes: Any) -> tuple[Any, Any]:
        return slope_and_offset(self.eta, num_classes)


@dataclass(frozen=True)
class NoiseAveragedSeparable(SeparableMixture):
    """`NoiseAveraged` of a separable loss, which is separable. For CCE it is label smoothing by 1 - a."""

    base: SeparableLoss
    eta: Fraction = Fraction(2, 5)

    word = "noisy"
    words = "noise-averaged"

    def check_parameters(self) -> None:
        super().check_parameters()
        check_eta(self.eta)

    def weights(self, num_classes: Any) -> tuple[Any, Any]:
        return slope_and_offset(self.eta, num_classes)


def noise_averaged(loss: Loss, eta: Any) -> Loss:
    """The mean of a loss over the noisy label, under uniform noise of rate eta."""
    if isinstance(loss, Combination):
        return _summed(loss, lambda term: noise_averaged(term, eta))
    return (NoiseAveragedSeparable if isinstance(loss, SeparableLoss) else NoiseAveraged)(loss, eta)  # type: ignore[arg-type]


@dataclass(frozen=True)
class LabelMean(GeneralMixture):
    """S/K, the part of a loss that does not see the label (R8)."""

    base: Loss

    word = "label_mean"
    words = "label mean of"

    def weights(self, num_classes: Any) -> tuple[Any, Any]:
        return 0, 1 / num_classes

    def formula(self, probs: Any, onehot: Any, ops: Ops) -> Any:
        return self.base.label_sum(probs, ops) / ops.const(probs.shape[-1])

    def label_sum(self, probs: Any, ops: Ops) -> Any:
        return self.base.label_sum(probs, ops)


@dataclass(frozen=True)
class LabelMeanSeparable(SeparableMixture):
    """`LabelMean` of a separable loss: on = off = G/K."""

    base: SeparableLoss

    word = "label_mean"
    words = "label mean of"

    def weights(self, num_classes: Any) -> tuple[Any, Any]:
        return 0, 1 / num_classes

    def on_label(self, t: Any, num_classes: Any, ops: Ops) -> Any:
        return self.base.generator(t, num_classes, ops) / num_classes

    def off_label(self, t: Any, num_classes: Any, ops: Ops) -> Any:
        return self.base.generator(t, num_classes, ops) / num_classes


def label_mean(loss: Loss) -> Loss:
    """S/K as a loss that does not see the label."""
    return LabelMeanSeparable(loss) if isinstance(loss, SeparableLoss) else LabelMean(loss)
