"""What uniform noise makes of a loss, and the part of a loss that does not see the label (R8)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from lossmatters.theory.backends import N, Ops, Plain
from lossmatters.theory.exact import Number, fail
from lossmatters.theory.losses.base import Combination, Loss, SeparableLoss
from lossmatters.theory.losses.mixtures import GeneralMixture, SeparableMixture, slope_and_offset, summed


def check_eta(eta: Fraction) -> None:
    """Refuse a rate outside [0, 1]."""
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

    def weights(self, num_classes: N | Plain) -> tuple[N | Plain, N | Plain]:
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

    def weights(self, num_classes: N | Plain) -> tuple[N | Plain, N | Plain]:
        return slope_and_offset(self.eta, num_classes)


def noise_averaged(loss: Loss, eta: Number) -> Loss:
    """Return the mean of a loss over the noisy label, under uniform noise of rate eta."""
    if isinstance(loss, Combination):
        return summed(loss, lambda term: noise_averaged(term, eta))
    return (NoiseAveragedSeparable if isinstance(loss, SeparableLoss) else NoiseAveraged)(loss, eta)  # type: ignore[arg-type]


@dataclass(frozen=True)
class LabelMean(GeneralMixture):
    """S/K, the part of a loss that does not see the label (R8)."""

    base: Loss

    word = "label_mean"
    words = "label mean of"

    def weights(self, num_classes: N | Plain) -> tuple[N | Plain, N | Plain]:
        return 0, 1 / num_classes

    def formula(self, probs: N, onehot: N, ops: Ops[N]) -> N:
        return self.base.label_sum(probs, ops) / ops.const(probs.shape[-1])

    def label_sum(self, probs: N, ops: Ops[N]) -> N:
        return self.base.label_sum(probs, ops)


@dataclass(frozen=True)
class LabelMeanSeparable(SeparableMixture):
    """`LabelMean` of a separable loss: on = off = G/K."""

    base: SeparableLoss

    word = "label_mean"
    words = "label mean of"

    def weights(self, num_classes: N | Plain) -> tuple[N | Plain, N | Plain]:
        return 0, 1 / num_classes

    def on_label(self, t: N, num_classes: N | Plain, ops: Ops[N]) -> N | Plain:
        return self.base.generator(t, num_classes, ops) / num_classes

    def off_label(self, t: N, num_classes: N | Plain, ops: Ops[N]) -> N | Plain:
        return self.base.generator(t, num_classes, ops) / num_classes


def label_mean(loss: Loss) -> Loss:
    """Return S/K as a loss that does not see the label."""
    return LabelMeanSeparable(loss) if isinstance(loss, SeparableLoss) else LabelMean(loss)
