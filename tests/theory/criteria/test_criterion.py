"""The torch criterion: the same numbers as NumPy, and a drop-in for CrossEntropyLoss."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
import torch
from agreement import reference
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import nn

from lossmatters.proofs_checks.strategies import labels, logits, losses
from lossmatters.theory.criteria.check import REDUCTIONS
from lossmatters.theory.losses import CCE, JS, LDRKL, LOSSES, MAE, NCE, RLL, SGCE, CallableLoss, Loss

ALL = list(LOSSES)
SMOOTH = [name for name, cls in LOSSES.items() if cls.differentiable]


def batch(n: int = 16, num_classes: int = 5, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    z = torch.randn(n, num_classes, generator=generator, dtype=torch.float64) * 2
    return z, torch.randint(0, num_classes, (n,), generator=generator)


def per_sample(loss: Loss, z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return loss.criterion(reduction="none")(z, y)


@pytest.mark.parametrize("name", ALL)
def test_values_are_those_of_numpy(name):
    z, y = batch()
    expected = LOSSES[name]().values(torch.softmax(z, dim=1).numpy(), y.numpy())
    # Two softmaxes of float64 and a formula apart: some tens of ulps.
    np.testing.assert_allclose(per_sample(LOSSES[name](), z, y).numpy(), expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", ALL)
def test_float32_is_within_its_precision_of_float64(name):
    z, y = batch()
    single = per_sample(LOSSES[name](), z.float(), y)
    assert single.dtype == torch.float32
    # z.float() moves each logit by up to 2^-24 of its size; a formula adds some tens of ulps of 6e-8.
    torch.testing.assert_close(
        single.double(), per_sample(LOSSES[name](), z.float().double(), y), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("name", ALL)
def test_half_precision_is_float32_rounded_once(name, dtype):
    z, y = batch()
    half = z.to(dtype)
    for reduction in REDUCTIONS:
        criterion = LOSSES[name]().criterion(reduction=reduction)
        assert criterion(half, y).dtype == dtype
        assert torch.equal(criterion(half, y), criterion(half.float(), y).to(dtype))


def test_a_mean_in_float16_does_not_overflow_on_its_way():
    z = torch.zeros(20_000, 10, dtype=torch.float16)
    z[:, 1] = 20  # 20 000 losses of 20 sum to 400 000, past float16's 65 504
    assert CCE().criterion()(z, torch.zeros(20_000, dtype=torch.long)) == 20


@pytest.mark.parametrize("name", ALL)
def test_reductions_keep_their_scale(name):
    z, y = batch()
    loss = LOSSES[name]()
    values = per_sample(loss, z, y)
    assert values.shape == (16,)
    torch.testing.assert_close(loss.criterion(reduction="sum")(z, y), values.sum())
    torch.testing.assert_close(loss.criterion(reduction="mean")(z, y), values.sum() / 16)
    torch.testing.assert_close(loss.criterion()(z, y), values.mean())


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("name", ALL)
def test_ignored_samples_count_for_nothing(name, reduction):
    z, y = batch()
    ignored = torch.arange(16) % 3 == 0
    criterion = LOSSES[name]().criterion(reduction=reduction, ignore_index=2 if reduction == "sum" else -100)
    masked = torch.where(ignored, criterion.ignore_index, torch.where(y == 2, 1, y))
    kept = criterion(z[~ignored], masked[~ignored])
    found = criterion(z, masked)
    if reduction == "none":
        assert (found[ignored] == 0).all()
        found = found[~ignored]
    torch.testing.assert_close(found, kept)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("ignore_index", [-100, 1])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_cce_is_torchs_cross_entropy(reduction, ignore_index, dtype):
    z, y = batch()
    z = z.to(dtype)
    weight = torch.tensor([1.0, 0.5, 0.0, 2.0, 3.0], dtype=dtype)
    y = torch.where(torch.arange(16) % 5 == 0, ignore_index, y)
    ours = CCE().criterion(reduction=reduction, weight=weight, ignore_index=ignore_index)
    theirs = nn.CrossEntropyLoss(reduction=reduction, weight=weight, ignore_index=ignore_index)
    torch.testing.assert_close(ours(z, y), theirs(z, y))


def test_an_ignored_infinite_loss_does_not_poison_the_mean():
    z = torch.tensor([[0.0, -float("inf")], [0.0, 0.0]], requires_grad=True)
    value = MAE().criterion()(z, torch.tensor([-100, 0]))
    assert value == 1
    value.backward()
    assert torch.equal(z.grad[1], torch.tensor([-0.5, 0.5]))


@pytest.mark.parametrize("name", ALL)
def test_nothing_left_to_count_is_nan_as_in_torch(name):
    z, y = batch(3)
    assert LOSSES[name]().criterion()(z, torch.full_like(y, -100)).isnan()
    assert LOSSES[name]().criterion(reduction="sum")(z, torch.full_like(y, -100)) == 0


@settings(max_examples=100)
@given(st.data())
def test_any_finite_logits_give_finite_losses_and_gradients(data):
    loss = data.draw(losses(), label="loss")
    z = torch.tensor(np.stack([data.draw(logits(4), label="logits") for _ in range(3)]), dtype=torch.float32)
    z.requires_grad_()
    y = torch.from_numpy(data.draw(labels(3, 4), label="labels"))
    value = per_sample(loss, z, y)
    assert value.isfinite().all(), value
    if loss.name not in ("ldr-kl", "logit-unhinged"):  # which are negative where the label is likely
        assert (value >= 0).all(), value
    if loss.differentiable:
        value.sum().backward()
        assert z.grad.isfinite().all(), z.grad


@settings(max_examples=200)
@given(losses(), st.sampled_from([torch.float32, torch.float64]))
@example(LDRKL(temp=Fraction(1, 5), margin=0), torch.float32)  # logits divided by less than 1
@example(LDRKL(temp=Fraction(1, 5), margin=0), torch.float64)
@example(SGCE(q=1), torch.float32)  # (1 - q) times a distance that is infinite
@example(NCE(), torch.float64)  # infinite distances, and their sum, in the loss matrix
@example(JS(), torch.float64)
def test_all_combinations_of_the_ends_of_a_type(loss, dtype):
    end = torch.finfo(dtype).max
    z = torch.tensor(list(itertools.product([end, -end, end / 4, 0, 1], repeat=3)), dtype=dtype)
    assert not loss.matrix(z).isnan().any()
    for j in range(3):
        logits = z.clone().requires_grad_(loss.differentiable)
        value = per_sample(loss, logits, torch.full((len(z),), j))
        assert value.isfinite().all()
        if loss.differentiable:
            value.sum().backward()
            assert logits.grad.isfinite().all()


@pytest.mark.parametrize("scale", [1e30, 1e37, 6e37, 1e38])
def test_ldr_kl_divides_by_a_small_temperature_without_a_limit(scale):
    loss, z = LDRKL(temp=Fraction(1, 5), margin=Fraction(1, 10)), torch.tensor([[scale, -scale, 0.0]])
    expected = [[0.0, 2 * scale, scale]]  # the differences, beside which temp log K is nothing
    found = [[per_sample(loss, z, torch.tensor([j])).item() for j in range(3)]]
    assert found[0] == pytest.approx(expected[0], rel=1e-6, abs=0.3)
    torch.testing.assert_close(loss.matrix(z), torch.tensor(found))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("name", ALL)
def test_the_ends_of_each_type_give_no_nan(name, dtype):
    end = torch.finfo(dtype).max
    z = torch.tensor([[end, -end, 0], [end, end, -end], [0, 0, -end], [-end] * 3], dtype=dtype)
    for j in range(3):
        value = per_sample(LOSSES[name](), z, torch.full((4,), j))
        assert not value.isnan().any()
        if LOSSES[name]().bounded:
            assert value.isfinite().all()


@pytest.mark.parametrize("spread", [0.0, 1.0, 50.0, 200.0, 1e6, 1e20])
def test_cce_of_far_logits_is_their_distance(spread):
    """Where the softmax has long underflowed, the logarithm of it would be minus infinity."""
    z = torch.tensor([[0.0, spread]], requires_grad=True)
    value = per_sample(CCE(), z, torch.tensor([0]))
    value.sum().backward()
    expected = np.logaddexp(0.0, spread)
    assert value.item() == pytest.approx(expected, rel=1e-6)
    assert z.grad[0, 0].item() == pytest.approx(-1 / (1 + np.exp(-spread)), rel=1e-6)


@pytest.mark.parametrize("name", ALL)
def test_renaming_the_classes_changes_nothing(name):
    z, y = batch()
    order = torch.tensor([3, 0, 4, 1, 2])
    loss = LOSSES[name]()
    torch.testing.assert_close(per_sample(loss, z[:, order], torch.argsort(order)[y]), per_sample(loss, z, y))
    torch.testing.assert_close(loss.matrix(z[:, order]), loss.matrix(z)[:, order])


@pytest.mark.parametrize("name", ALL)
def test_adding_a_number_to_all_logits_changes_nothing(name):
    z, y = batch()
    shift = torch.linspace(-50, 50, 16, dtype=torch.float64)[:, None]
    loss = LOSSES[name]()
    # A logit of size 50 is held to 50 ulps of the original's: 1e-14, magnified a little by the formula.
    torch.testing.assert_close(per_sample(loss, z + shift, y), per_sample(loss, z, y), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("name", ALL)
def test_the_matrix_holds_the_loss_of_every_label(name):
    z, y = batch()
    matrix = LOSSES[name]().matrix(z)
    assert matrix.shape == (16, 5)
    torch.testing.assert_close(matrix.gather(1, y[:, None])[:, 0], per_sample(LOSSES[name](), z, y))


@pytest.mark.parametrize("name", [name for name, cls in LOSSES.items() if cls().symmetric])
def test_rows_of_the_matrix_of_a_symmetric_loss_sum_to_c(name):
    z, _ = batch()
    constant = float(reference(LOSSES[name](), [Fraction(1, 5)] * 5)[-1])  # S at the uniform point
    sums = LOSSES[name]().matrix(z).sum(1)
    torch.testing.assert_close(sums, torch.full((16,), constant, dtype=torch.float64), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int16, torch.int32, torch.int64])
def test_labels_of_every_integer_type_are_taken(dtype):
    z, y = batch()
    assert torch.equal(RLL().criterion()(z, y.to(dtype)), RLL().criterion()(z, y))


def test_the_criterion_is_a_module():
    weight = torch.ones(5)
    criterion = RLL(alpha=0.5).criterion(weight=weight)
    assert isinstance(criterion, nn.Module)
    assert repr(criterion) == "Criterion(rll(alpha=1/2), reduction='mean')"
    assert list(criterion.parameters()) == []
    assert list(criterion.state_dict()) == list(nn.CrossEntropyLoss(weight).state_dict()) == ["weight"]
    assert criterion.double().weight.dtype == torch.float64


def test_a_plain_callable_is_a_loss_too():
    loss = CallableLoss(lambda z, y: nn.functional.cross_entropy(z, y, reduction="none"), "mine")
    z, y = batch()
    torch.testing.assert_close(per_sample(loss, z, y), per_sample(CCE(), z, y))
    torch.testing.assert_close(loss.matrix(z), CCE().matrix(z))
    probs = torch.softmax(z, 1).numpy()
    np.testing.assert_allclose(loss.values(probs, y.numpy()), CCE().values(probs, y.numpy()), rtol=1e-12)


def test_a_callable_that_reduces_is_refused():
    loss = CallableLoss(lambda z, y: nn.functional.cross_entropy(z, y), "mean-ce")
    with pytest.raises(
        ValueError, match=r"^mean-ce must return one loss a sample, shape \(2,\), got shape=\(\)$"
    ):
        loss.values([[0.5, 0.5], [0.5, 0.5]], [0, 1])
