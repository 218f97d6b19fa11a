"""Losses such as users bring: exotic ones, and some that try to break the file that is written about them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from lossmatters.theory.losses import CCE, GCE, MAE, MSE, RLL, Focal, Loss, Normalized, SeparableLoss
from lossmatters.theory.symmetry.split import symmetrise


def _named(text: str) -> Callable[[type[Loss]], type[Loss]]:
    """Give a class a name that no source line could hold well."""

    def give(cls: type[Loss]) -> type[Loss]:
        cls.name = text
        return cls

    return give


class _Cancelling(SeparableLoss):
    """1 - t + (K - 1) h(t) for the label and -h(t) for the others: G = 1 - t, whatever h is."""

    def h(self, t: Any, ops: Any) -> Any:
        raise NotImplementedError

    def on_label(self, t: Any, num_classes: Any, ops: Any) -> Any:
        return 1 - t + (num_classes - 1) * self.h(t, ops)

    def off_label(self, t: Any, num_classes: Any, ops: Any) -> Any:
        return -self.h(t, ops)


@dataclass(frozen=True)
class LogCancels(_Cancelling):
    name = "log cancels"

    def h(self, t: Any, ops: Any) -> Any:
        return ops.log(1 + t)


@dataclass(frozen=True)
class PowerCancels(_Cancelling):
    name = "power cancels"

    def h(self, t: Any, ops: Any) -> Any:
        return ops.power(t, Fraction(3, 10))


@dataclass(frozen=True)
class MaximumCancels(_Cancelling):
    name = "maximum cancels"

    def h(self, t: Any, ops: Any) -> Any:
        return ops.maximum(t, Fraction(1, 2))


@dataclass(frozen=True)
class RatioCancels(_Cancelling):
    name = "ratio cancels"

    def h(self, t: Any, ops: Any) -> Any:
        return t / (2 + t) ** 3


@dataclass(frozen=True)
class LogOfLogCancels(_Cancelling):
    name = "log of log cancels"

    def h(self, t: Any, ops: Any) -> Any:
        return ops.log(1 + ops.log(2 + t))


@_named('*) Axiom no : False. (* " -- \n')
@dataclass(frozen=True)
class EndsTheComment(SeparableLoss):
    def on_label(self, t: Any, num_classes: Any, ops: Any) -> Any:
        return 1 - t


@_named('"*) Lemma l : False. Admitted. (*"')
@dataclass(frozen=True)
class QuotesTheComment(SeparableLoss):
    def on_label(self, t: Any, num_classes: Any, ops: Any) -> Any:
        return (1 - t) ** 2


@_named("\N{GREEK SMALL LETTER LAMDA}\u202e\N{ZERO WIDTH SPACE}. Qed. Axiom a : False.")
@dataclass(frozen=True)
class Unicode(SeparableLoss):
    def on_label(self, t: Any, num_classes: Any, ops: Any) -> Any:
        return 3 * (1 - t)


@_named("../../escape")
@dataclass(frozen=True)
class LeavesTheFolder(SeparableLoss):
    def on_label(self, t: Any, num_classes: Any, ops: Any) -> Any:
        return 2 * (1 - t)


@_named("Theorem")
@dataclass(frozen=True)
class Keyword(SeparableLoss):
    def on_label(self, t: Any, num_classes: Any, ops: Any) -> Any:
        return (1 - t) ** 3


@dataclass(frozen=True)
class Reciprocal(SeparableLoss):
    name = "reciprocal"

    def on_label(self, t: Any, num_classes: Any, ops: Any) -> Any:
        return 1 / (1 + t)


@dataclass(frozen=True)
class OffLabelLog(SeparableLoss):
    name = "off-label log"

    def on_label(self, t: Any, num_classes: Any, ops: Any) -> Any:
        return 1 - t

    def off_label(self, t: Any, num_classes: Any, ops: Any) -> Any:
        return -ops.log(2 - t)


@dataclass(frozen=True)
class NearlySymmetric(SeparableLoss):
    name = "nearly symmetric"

    def on_label(self, t: Any, num_classes: Any, ops: Any) -> Any:
        return 2 * (1 - t) + t**2 / 10**9


@dataclass(frozen=True)
class ForTwoClasses(SeparableLoss):
    """Symmetric for K = 2 and for no more."""

    name = "for two classes"

    def on_label(self, t: Any, num_classes: Any, ops: Any) -> Any:
        half = Fraction(1, 2)
        return half - (t - half) - (t - half) ** 3


@dataclass(frozen=True)
class AllAtOnce(Loss):
    """Not separable: the square of the label's probability over the sum of all squares."""

    name = "all at once"

    def formula(self, probs: Any, onehot: Any, ops: Any) -> Any:
        squares = sum(p * p for p in probs)
        return 1 - sum(p * p * e for p, e in zip(probs, onehot, strict=True)) / squares


def no_formula(logits: Any, labels: Any) -> Any:
    """Return a loss that can only be sampled."""
    return logits.logsumexp(1) - logits.gather(1, labels[:, None])[:, 0]


STRANGE: dict[str, Any] = {
    "log cancels": LogCancels(),
    "power cancels": PowerCancels(),
    "maximum cancels": MaximumCancels(),
    "ratio cancels": RatioCancels(),
    "log of log cancels": LogOfLogCancels(),
    "a name that ends a comment": EndsTheComment(),
    "a name with quotes": QuotesTheComment(),
    "a name in unicode": Unicode(),
    "a name that is a path": LeavesTheFolder(),
    "a name that is a keyword": Keyword(),
    "reciprocal": Reciprocal(),
    "off-label log": OffLabelLog(),
    "nearly symmetric": NearlySymmetric(),
    "for two classes": ForTwoClasses(),
    "all at once": AllAtOnce(),
    "sum of three": 2 * MAE() + 3 * RLL() + Normalized(GCE()),
    "sum with a cancelling log": LogCancels() + MAE(),
    "symmetrised GCE": symmetrise(GCE()),
    "symmetrised focal": symmetrise(Focal()),
    "symmetrised reciprocal": symmetrise(Reciprocal()),
    "normalised CCE and MAE": Normalized(CCE()) + 2 * MAE(),
    "CCE and MAE": CCE() + MAE(),
    "MSE and a hundredth of GCE": MSE() + GCE() * "1/100",
    "no formula": no_formula,
}
