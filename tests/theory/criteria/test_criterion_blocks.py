"""Losses whose gradient is computed with the value: blocks of rows, the rows left to float64, backward."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from lossmatters.theory.criteria import shares_float32, value_and_gradient
from lossmatters.theory.criteria.kernels import kernel
from lossmatters.theory.criteria.value_and_gradient import is_joint
from lossmatters.theory.losses import LOSSES, get

SHARES = ["nfl", "nfl(gamma=1/2)", "ngce", "nnce", "nnfl"]
QUICK = [*SHARES, "nfl-mae", "5*nce + 5*nnce", "nfl + nnfl + 2*rll"]


def values_and_gradients(spec: str, logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    leaf = logits.clone().requires_grad_()
    values = get(spec).criterion("none")(leaf, labels)
    values.sum().backward()
    assert leaf.grad is not None
    return values.detach(), leaf.grad


def worst_errors(spec: str, logits: Tensor, labels: Tensor) -> tuple[float, float]:
    """The greatest relative errors of float32, a value's and a row's gradient's, against float64."""
    values, gradients = values_and_gradients(spec, logits, labels)
    exact, slopes = values_and_gradients(spec, logits.double(), labels)
    off = (gradients.double() - slopes).norm(dim=1) / slopes.norm(dim=1).clamp(min=1e-30)
    return float(((values.double() - exact).abs() / exact.clamp(min=1e-30)).max()), float(off.max())


def draws(num_classes: int, size: int = 500) -> tuple[Tensor, Tensor]:
    """Rows N(0, 1), and rows that one class dominates by up to e^20; their labels."""
    generator = torch.Generator().manual_seed(num_classes)
    logits = torch.randn(2 * size, num_classes, generator=generator)
    logits[:size, 0] += torch.linspace(0, 20, size)
    return logits, torch.randint(0, num_classes, (2 * size,), generator=generator)


def ties(num_classes: int) -> tuple[Tensor, Tensor]:
    """Two classes with nearly all of the mass, a label with next to none: all leading digits cancel."""
    gaps = torch.logspace(-6, -2, 100)
    logits = torch.full((100, num_classes), -30.0)
    logits[:, 0], logits[:, 1], logits[:, 2] = 0, gaps, -35
    return logits, torch.full((100,), 2)


@pytest.mark.parametrize("name", [*LOSSES, *QUICK])
def test_which_losses_have_both_at_once(name):
    quick = {"nfl", "ngce", "nnce", "nnfl", "nfl-mae", "nfl-rce", "nce-nnce", *QUICK}
    assert is_joint(kernel(get(name))) == (name in quick)


@pytest.mark.parametrize("spec", QUICK)
@pytest.mark.parametrize("num_classes", [2, 3, 10, 100])
def test_many_rows_are_as_exact_as_any(spec, num_classes):
    value, gradient = worst_errors(spec, *draws(num_classes))
    assert value <= 6e-6
    assert gradient <= 6e-6


@pytest.mark.parametrize("spec", QUICK)
@pytest.mark.parametrize("num_classes", [3, 100])
def test_rows_in_which_digits_cancel_keep_them(spec, num_classes):
    assert max(worst_errors(spec, *ties(num_classes))) <= 2e-6


@pytest.mark.parametrize("num_classes", [3, 100])
def test_float32_alone_would_lose_them(num_classes, monkeypatch):
    share = shares_float32.share

    def all_of_it(*arguments):
        values, factors, left = share(*arguments)
        return values, factors, torch.zeros_like(left)

    monkeypatch.setattr(shares_float32, "share", all_of_it)
    assert worst_errors("ngce", *ties(num_classes))[1] > 1e-5


@pytest.mark.parametrize("spec", QUICK)
def test_blocks_are_parts_of_one_batch(spec, monkeypatch):
    logits, labels = draws(5, 20)
    whole = values_and_gradients(spec, logits, labels)
    monkeypatch.setattr(value_and_gradient, "SIZE", 5 * 7)  # of 7 rows, the last of 5
    for part, all_at_once in zip(values_and_gradients(spec, logits, labels), whole, strict=True):
        torch.testing.assert_close(part, all_at_once, rtol=1e-6, atol=0)


@pytest.mark.parametrize("spec", QUICK)
@pytest.mark.parametrize("num_classes", [10, 100])
def test_a_value_is_the_same_without_its_gradient(spec, num_classes):
    logits, labels = draws(num_classes)
    criterion = get(spec).criterion("none")
    assert torch.equal(criterion(logits, labels), values_and_gradients(spec, logits, labels)[0])


@pytest.mark.parametrize("spec", QUICK)
def test_backward_may_be_asked_again_and_times_anything(spec):
    logits, labels = draws(5, 20)
    leaf, upstream = logits.clone().requires_grad_(), torch.linspace(-3, 3, 40)
    values = get(spec).criterion("none")(leaf, labels)
    once, twice = (torch.autograd.grad(values, leaf, upstream, retain_graph=True)[0] for _ in range(2))
    assert torch.equal(once, twice)
    torch.testing.assert_close(once, values_and_gradients(spec, logits, labels)[1] * upstream[:, None])


@pytest.mark.parametrize("spec", SHARES)
def test_logits_as_far_apart_as_numbers_can_be(spec):
    """log u is 0 for one class, minus M and minus 2 M for the others, where 2 M is no float32."""
    logits, labels = torch.tensor([[0.0, 3e38, -3e38], [3e38, 0.0, -3e38]]), torch.tensor([0, 0])
    values, gradients = values_and_gradients(spec, logits, labels)
    assert gradients.isfinite().all()
    wanted = {"ngce": 1 / 2, "nnce": 1, "nnfl": 1}.get(spec, 1 / 3)
    torch.testing.assert_close(values, torch.tensor([wanted, 0.0]))
