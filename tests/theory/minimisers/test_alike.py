"""Does permuting the classes permute the losses? Shown by the formula or by algebra, not by trials."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pytest

from lossmatters.theory.dynamics.logit_gradients import logit_gradient
from lossmatters.theory.losses import CCE, MSE, RLL, Corrected, Loss, Normalized, get
from lossmatters.theory.minimisers.alike import treats_classes_alike
from lossmatters.theory.noise import SymmetricNoise
from lossmatters.theory.risk.noisy_optimum import noisy_optimum

T = ((Fraction(4, 5), Fraction(1, 5), 0), (0, 1, 0), (0, Fraction(3, 10), Fraction(7, 10)))


@dataclass(frozen=True)
class Nearly(Loss):
    """MAE, but for a millionth of it where the label is not the first class."""

    name = "nearly"

    def formula(self, probs, onehot, ops):
        others = [Fraction(1000001, 1000000)] * (probs.shape[-1] - 1)
        return ops.dot(onehot * ops.array([1, *others]), 1 - probs)


@dataclass(frozen=True)
class Late(Loss):
    """MAE, and more for the first class where it is nearly certain."""

    name = "late"

    def formula(self, probs, onehot, ops):
        more = ops.maximum(probs[..., 0] - Fraction(999999, 1000000), 0)
        return ops.dot(onehot, 1 - probs) + more * onehot[..., 0]


@dataclass(frozen=True)
class ByHand(Loss):
    """MSE, its sum over classes written as a loop."""

    name = "by-hand"

    def formula(self, probs, onehot, ops):
        total = 0
        for i in range(probs.shape[-1]):
            total = total + probs[..., i] ** 2
        return total - 2 * ops.dot(probs, onehot) + 1


@pytest.mark.parametrize("loss", [Nearly(), Late(), Corrected(MSE(), T), Corrected(CCE(), T, way="forward")])
def test_what_tells_classes_apart_is_not_taken_for_alike(loss: Loss) -> None:
    """`Nearly` was: its noisy optimum came out as certified."""
    assert not treats_classes_alike(loss, 3)
    for made in (loss + RLL(), Normalized(loss)):
        assert not treats_classes_alike(made, 3)
    with pytest.raises(ValueError, match="loss must be the same for all classes"):
        noisy_optimum(loss, 3, "2/5")


@pytest.mark.parametrize("num_classes", [2, 3, 10])
def test_what_treats_them_alike_is_seen_to(num_classes: int) -> None:
    even = SymmetricNoise("2/5").transition_matrix(num_classes)
    for loss in (ByHand(), Corrected(MSE(), even), Corrected(CCE(), even, way="forward"), get("zero-one")):
        assert treats_classes_alike(loss, num_classes)
        assert treats_classes_alike(loss + RLL(), num_classes)


@pytest.mark.parametrize("way", ["forward", "backward"])
def test_the_slopes_of_a_corrected_loss_are_those_of_its_label(way: str) -> None:
    """The first label's slopes once stood for all."""
    loss, h = Corrected(MSE(), T, way=way), 1e-6
    logits, labels = np.log([[0.5, 0.3, 0.2]] * 3), np.arange(3)

    def values(z: np.ndarray) -> np.ndarray:
        return loss.values(np.exp(z) / np.exp(z).sum(axis=1, keepdims=True), labels)

    by_values = [(values(logits + h * e) - values(logits - h * e)) / (2 * h) for e in np.eye(3)]
    found = logit_gradient(loss, np.exp(logits), labels)
    assert found == pytest.approx(np.array(by_values).T, abs=1e-8)  # h^2 and a rounding over h
