"""What a loss is made of: every loss is of one kind, and no case can be left out."""

from __future__ import annotations

import pytest

from lossmatters.theory.losses import (
    CCE,
    LDRKL,
    LOSSES,
    MAE,
    NCE,
    CallableLoss,
    Loss,
    Normalized,
    SeparableLoss,
    ZeroOne,
    label_mean,
)
from lossmatters.theory.losses.structure import KINDS, by_structure

NAMES = {kind: lambda loss, kind=kind: kind for kind in KINDS}


class Plain(Loss):
    """A formula of no known structure."""

    name = "plain"

    def formula(self, probs, onehot, ops):
        return 1 - ops.dot(probs, onehot)


@pytest.mark.parametrize(
    ("loss", "kind"),
    [
        (CCE(), "separable"),
        (2 * CCE() + MAE(), "separable"),
        (2 * NCE() + MAE(), "total"),
        (NCE(), "normalised"),
        (Normalized(CCE() + MAE()), "normalised"),
        (ZeroOne(), "share"),
        (label_mean(CCE()), "separable"),
        (label_mean(Plain()), "mixture"),
        (LDRKL(), "unbounded"),
        (Plain(), "formula"),
        (CallableLoss(lambda logits, labels: logits[:, 0]), "opaque"),
    ],
)
def test_each_loss_is_of_its_kind(loss, kind):
    assert by_structure(loss, **NAMES) == kind


@pytest.mark.parametrize("name", LOSSES)
def test_losses_of_the_catalogue_are_of_a_kind_that_says_something(name):
    loss = LOSSES[name]()
    kind = by_structure(loss, **NAMES)
    assert kind not in ("opaque", "mixture")
    assert (kind == "separable") == isinstance(loss, SeparableLoss)


@pytest.mark.parametrize("kind", KINDS)
def test_a_case_left_out_is_an_error_whatever_the_loss(kind):
    with pytest.raises(TypeError, match=kind):
        by_structure(CCE(), **{k: v for k, v in NAMES.items() if k != kind})
