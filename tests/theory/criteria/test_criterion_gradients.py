"""Gradients with respect to the logits: against finite differences, float64, and by hand."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from lossmatters.proofs_checks.strategies import FLOAT32_MAX
from lossmatters.theory.criteria.kernels import kernel
from lossmatters.theory.criteria.ways import row_gradients
from lossmatters.theory.losses import CCE, LOSSES, MAE, RLL, Loss

SMOOTH = [name for name, cls in LOSSES.items() if cls.differentiable]


def batch(n: int = 16, num_classes: int = 5, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    z = torch.randn(n, num_classes, generator=generator, dtype=torch.float64) * 2
    return z, torch.randint(0, num_classes, (n,), generator=generator)


def per_sample(loss: Loss, z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return loss.criterion(reduction="none")(z, y)


@pytest.mark.parametrize("name", SMOOTH)
def test_gradients_are_those_of_finite_differences(name):
    z, y = batch(4, 4)
    weight = torch.tensor([1.0, 2.0, 0.5, 1.0], dtype=torch.float64)
    criterion = LOSSES[name]().criterion(weight=weight)
    assert torch.autograd.gradcheck(lambda logits: criterion(logits, y), z.requires_grad_())


@pytest.mark.parametrize("name", SMOOTH)
def test_a_kernel_alone_gives_what_autograd_gives(name):
    own = kernel(LOSSES[name]())
    if own is None:
        pytest.skip("no kernel")
    for scale in (1, 30):
        z, y = scale * batch(64, 10)[0], batch(64, 10)[1]
        leaf = z.clone().requires_grad_()
        per_sample(LOSSES[name](), leaf, y).sum().backward()
        found = row_gradients(own, z, y)
        assert torch.equal(found, leaf.grad)
        assert not found.requires_grad


@pytest.mark.parametrize("name", SMOOTH)
def test_float32_gradients_are_close_to_float64(name):
    z, y = batch()
    grads = []
    for dtype in (torch.float32, torch.float64):
        leaf = z.float().to(dtype).requires_grad_()
        per_sample(LOSSES[name](), leaf, y).sum().backward()
        grads.append(leaf.grad.double())
    torch.testing.assert_close(
        grads[0], grads[1], rtol=1e-4, atol=1e-6
    )  # some tens of ulps of 6e-8, cancelling


@pytest.mark.parametrize(
    ("loss", "gradient"),
    [(CCE(), lambda u, e: u - e), (MAE(), lambda u, e: 2 * (u * e).sum(1, keepdim=True) * (u - e))],
    ids=["cce", "mae"],
)
def test_logit_gradients_by_hand(loss, gradient):
    """D3: u - e_y for CCE, 2 u_y (u - e_y) for MAE."""
    z, y = batch()
    leaf = z.clone().requires_grad_()
    per_sample(loss, leaf, y).sum().backward()
    onehot = nn.functional.one_hot(y, 5).double()
    torch.testing.assert_close(leaf.grad, gradient(torch.softmax(z, 1), onehot))


def test_cce_still_has_a_gradient_where_differences_of_logits_overflow():
    z = torch.tensor([[-FLOAT32_MAX, FLOAT32_MAX]], requires_grad=True)
    per_sample(CCE(), z, torch.tensor([0])).sum().backward()
    assert z.grad.tolist() == [[-1, 1]]


@pytest.mark.parametrize("transform", ["vmap", "grad"])
def test_it_works_under_torch_func(transform):
    z, y = batch(6)
    loss = RLL()
    if transform == "vmap":
        found = torch.func.vmap(lambda a: loss.matrix(a))(z.reshape(2, 3, 5)).reshape(6, 5)
        torch.testing.assert_close(found, loss.matrix(z))
    else:
        leaf = z.clone().requires_grad_()
        loss.criterion(reduction="sum")(leaf, y).backward()
        torch.testing.assert_close(
            torch.func.grad(lambda a: loss.matrix(a).gather(1, y[:, None]).sum())(z), leaf.grad
        )
