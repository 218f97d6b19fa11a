"""The symmetric part L - S/K + c of a loss (Y1)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from lossmatters.theory.backends import N, Ops, Plain, backend
from lossmatters.theory.losses.base import Loss, SeparableLoss
from lossmatters.theory.losses.callable_loss import CallableLoss
from lossmatters.theory.losses.mixtures import GeneralMixture, SeparableMixture, finite, summed
from lossmatters.theory.losses.structure import by_structure

if TYPE_CHECKING:
    from torch import Tensor


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

    def weights(self, num_classes: N | Plain) -> tuple[N | Plain, N | Plain]:
        return 1, -1 / num_classes

    def contrast(self, t: N | Plain, num_classes: N | Plain, ops: Ops[N]) -> N | Plain:
        """Return h(t), what an entry of the output says for its class more than against the others."""
        view = self.base.bound_to(ops)
        value = view.on_label(t, num_classes, ops)
        return value - view.off_label(t, num_classes, ops) if self.base.has_off_label else value

    @cached_property
    def anchored(self) -> bool:
        """Return whether h(0) and h(1) are finite, so that the label's vertex can be given the value 0."""
        numpy = backend("numpy")
        with np.errstate(all="ignore"):
            return finite([self.contrast(np.array(end), 3.0, numpy) for end in (0.0, 1.0)])

    def shift(self, num_classes: N | Plain, ops: Ops[N]) -> N | Plain:
        if not self.anchored:
            return ops.const(0)
        ends = [self.contrast(ops.const(end), num_classes, ops) for end in (0, 1)]
        return (ends[0] - ends[1]) * (num_classes - 1) / num_classes

    # Written out: p on + q G would leave the cancelling of on/K to the reader's arithmetic.

    def on_label(self, t: N, num_classes: N | Plain, ops: Ops[N]) -> N | Plain:
        value = self.contrast(t, num_classes, ops) * (num_classes - 1) / num_classes
        return value + self.shift(num_classes, ops)

    def off_label(self, t: N, num_classes: N | Plain, ops: Ops[N]) -> N | Plain:
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

    def weights(self, num_classes: N | Plain) -> tuple[N | Plain, N | Plain]:
        return 1, -1 / num_classes

    def formula(self, probs: N, onehot: N, ops: Ops[N]) -> N:
        number = ops.const(probs.shape[-1])
        own, total = self.base.apply(probs, onehot, ops), self.base.label_sum(probs, ops)
        return own - total / number + ops.const(self.constant(probs.shape[-1]))

    def label_sum(self, probs: N, ops: Ops[N]) -> N:
        total = self.base.label_sum(probs, ops)
        return total - total + probs.shape[-1] * ops.const(self.constant(probs.shape[-1]))

    def constant(self, num_classes: int) -> Fraction:
        """Return c at one K, exactly where the formula is rational at a vertex, else as a float."""
        numpy = backend("numpy")
        vertex = np.eye(num_classes)[:1]
        with np.errstate(all="ignore"):
            value = numpy.sum(self.base.all_labels(vertex, numpy)) / num_classes - float(
                self.base.apply(vertex, vertex, numpy)[0]
            )
        return Fraction(float(value[0])).limit_denominator(10**9) if finite(value) else Fraction(0)


def symmetrised(loss: Loss) -> Loss:
    """Return L - S/K + c, the symmetric part of a loss with its least value at 0 (Y1).

    What is a share or normalised is symmetric as it is and stays; a sum of losses becomes the sum of their
    symmetric parts; a callable without a formula stays one.
    """
    return by_structure(
        loss,
        separable=lambda it: it if isinstance(it, SymmetrisedSeparable) else SymmetrisedSeparable(it),
        total=lambda it: summed(it, symmetrised),
        normalised=lambda it: it,
        share=lambda it: it,
        mixture=lambda it: it if isinstance(it, Symmetrised) else Symmetrised(it),
        unbounded=Symmetrised,
        formula=Symmetrised,
        opaque=_symmetrised_callable,
    )


def _symmetrised_callable(loss: CallableLoss) -> CallableLoss:
    def part(logits: Tensor, labels: Tensor) -> Tensor:
        import torch

        size, k = logits.shape
        every = [loss.function(logits, torch.full((size,), j, device=logits.device)) for j in range(k)]
        matrix = torch.stack(every, dim=1)
        return matrix.gather(1, labels[:, None])[:, 0] - matrix.mean(dim=1)

    return CallableLoss(part, f"symmetrise({loss.name})")
