"""Gradients by numbers of a row: the rows in which these cancel are found and done the longer way."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from lossmatters.theory.criteria import squared_error
from lossmatters.theory.losses import get

LOSSES = ["mse", "nmse", "amse(a=10)", "nce", "nce-mae"]
CLASSES = 100  # more than rows.FEW_CLASSES


def batch(share: float) -> tuple[Tensor, Tensor]:
    """Rows N(0, 1), but for a share of each of two kinds: near ties of all classes but a faint label, and
    one class, which is not the label, with all the mass.
    """
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(400, CLASSES, generator=generator)
    labels = torch.randint(1, CLASSES, (400,), generator=generator)
    few = round(400 * share)
    logits[:few] *= torch.logspace(-6, -2, few)[:, None]
    logits[:few].scatter_(1, labels[:few, None], -35)
    logits[few : 2 * few, 0] += torch.linspace(6, 25, few)
    return logits, labels


def worst(spec: str, logits: Tensor, labels: Tensor) -> tuple[float, float]:
    """The greatest relative errors of float32, a value's and a row's gradient's, against float64."""

    def found(leaf: Tensor) -> tuple[Tensor, Tensor]:
        leaf = leaf.requires_grad_()
        values = get(spec).criterion("none")(leaf, labels)
        values.sum().backward()
        assert leaf.grad is not None
        return values.detach().double(), leaf.grad.double()

    (values, gradients), (exact, slopes) = found(logits.clone()), found(logits.double())
    off = (gradients - slopes).norm(dim=1) / slopes.norm(dim=1).clamp(min=1e-30)
    return float(((values - exact).abs() / exact.clamp(min=1e-30)).max()), float(off.max())


@pytest.mark.parametrize("share", [0.0, 0.05, 0.3])  # none; some; so many that all rows go the longer way
@pytest.mark.parametrize("spec", LOSSES)
def test_rows_that_cancel_are_as_exact_as_others(spec, share):
    value, gradient = worst(spec, *batch(share))
    assert value <= 1e-6
    assert gradient <= 6e-6  # as everywhere (docs/criteria.md)


@pytest.mark.parametrize("spec", ["mse", "nmse", "amse(a=10)"])
def test_they_would_not_be_otherwise(spec, monkeypatch):
    monkeypatch.setattr(squared_error, "NEAR_TIE", -1.0)
    assert worst(spec, *batch(0.05))[1] > 1e-4


@pytest.mark.parametrize("level", [4096.0, -4096.0])
def test_a_level_that_all_logits_share_is_nothing_to_nce(level):
    """The sum of the logits has lost their distances there."""
    logits, labels = batch(0.0)
    logits = (logits * 1024).round() / 1024  # so that adding the level is exact
    criterion = get("nce").criterion("none")
    here, there = criterion(logits, labels).double(), criterion(logits + level, labels).double()
    assert float(((here - there).abs() / here).max()) <= 1e-6


def test_sums_that_overflow_are_made_of_distances():
    """All logits are alike, at the largest number: the loss is that of the uniform output."""
    for level in (3e38, -3e38):
        value = get("nce").criterion()(torch.full((4, CLASSES), level), torch.arange(4))
        assert float(value) == pytest.approx(1 / CLASSES, rel=1e-6)
