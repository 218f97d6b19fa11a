"""The criterion stands in for CrossEntropyLoss: shapes, targets, types, transforms, compilation."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys

import pytest
import torch
from torch import nn

from lossmatters.theory.criteria import functional
from lossmatters.theory.criteria.kernels import kernel
from lossmatters.theory.losses import (
    CCE,
    LOSSES,
    MAE,
    MSE,
    NCE,
    RLL,
    Focal,
    Loss,
    Normalized,
    SeparableLoss,
    get,
)

SMOOTH = [name for name, cls in LOSSES.items() if cls.differentiable]
# Twice differentiable where these tests look, with one-sided second derivatives elsewhere.
REDUCTIONS = ("mean", "sum", "none")


def batch(*shape: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits (N, K, ...) in float64 and labels (N, ...)."""
    generator = torch.Generator().manual_seed(seed)
    z = torch.randn(*shape, generator=generator, dtype=torch.float64) * 2
    return z, torch.randint(0, shape[1], (shape[0], *shape[2:]), generator=generator)


def gradient(criterion, z, y):
    leaf = z.clone().requires_grad_()
    criterion(leaf, y).sum().backward()
    return leaf.grad


def test_every_loss_of_the_catalogue_has_a_kernel():
    """But for those that jump."""
    without = {name for name, cls in LOSSES.items() if kernel(cls()) is None}
    assert without == {"zero-one", "epsilon-ce"}


def test_a_loss_of_another_formula_has_no_kernel_of_its_name():
    class Other(MAE):
        def on_label(self, t, num_classes, ops):
            return 3 * (1 - t)

    class OtherSum(type(CCE() + MAE())):
        def on_label(self, t, num_classes, ops):
            return 1 - t

    assert kernel(Other()) is None
    assert kernel(OtherSum((CCE() + MAE()).terms)) is None
    assert kernel(CCE() + Other()) is None
    z, y = batch(4, 3)
    torch.testing.assert_close(Other().criterion()(z, y), 2 * MAE().criterion()(z, y))


@pytest.mark.parametrize(
    "loss",
    [0.5 * CCE() + MAE(), 2 * RLL() + NCE(), Normalized(MSE()), Normalized(CCE()), Normalized(Focal())],
    ids=lambda loss: loss.spec,
)
def test_kernels_of_made_losses_are_their_formulas(loss):
    class Plain(type(loss)):  # the same formula, of which no kernel is known
        pass

    fields = {f: getattr(loss, f) for f in loss.__dataclass_fields__ if f in ("terms", "base")}
    plain = Plain(**fields)
    assert kernel(loss) is not None
    plain_kernel = None if isinstance(loss, SeparableLoss | Normalized) else kernel(plain)
    assert plain_kernel == (kernel(plain))
    z, y = batch(8, 5)
    torch.testing.assert_close(loss.criterion("none")(z, y), plain.criterion("none")(z, y))
    torch.testing.assert_close(gradient(loss.criterion(), z, y), gradient(plain.criterion(), z, y))
    torch.testing.assert_close(loss.matrix(z), plain.matrix(z))


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_dimensions_after_the_classes_are_more_samples(name, reduction):
    z, y = batch(2, 4, 3, 2)
    y[0, 0, 0] = -100
    criterion = LOSSES[name]().criterion(reduction=reduction, weight=torch.tensor([1.0, 2.0, 0.5, 1.0]))
    found = criterion(z, y)
    flat = criterion(z.movedim(1, -1).reshape(-1, 4), y.reshape(-1))
    torch.testing.assert_close(found, flat.reshape(y.shape) if reduction == "none" else flat)


@pytest.mark.parametrize("shape", [(6, 4), (2, 4, 3), (4,)])
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("soft", [False, True])
def test_cce_is_torchs_in_every_call(shape, reduction, weighted, soft):
    z, y = batch(*shape) if len(shape) > 1 else (torch.randn(4, dtype=torch.float64), torch.tensor(2))
    target = torch.softmax(torch.randn_like(z), 0 if z.ndim == 1 else 1) if soft else y
    weight = torch.tensor([1.0, 2.0, 0.5, 0.0], dtype=torch.float64) if weighted else None
    ours, theirs = (
        CCE().criterion(weight, reduction=reduction),
        nn.CrossEntropyLoss(weight, reduction=reduction),
    )
    torch.testing.assert_close(ours(z, target), theirs(z, target))
    torch.testing.assert_close(gradient(ours, z, target), gradient(theirs, z, target))


@pytest.mark.parametrize("name", LOSSES)
def test_probability_targets_are_expectations(name):
    loss = LOSSES[name]()
    z, y = batch(5, 4)
    target = torch.softmax(torch.randn_like(z), 1)
    torch.testing.assert_close(loss.criterion("none")(z, target), (target * loss.matrix(z)).sum(1))
    onehot = nn.functional.one_hot(y, 4).double()
    torch.testing.assert_close(loss.criterion()(z, onehot), loss.criterion()(z, y))
    if loss.differentiable:
        torch.testing.assert_close(gradient(loss.criterion(), z, onehot), gradient(loss.criterion(), z, y))
        assert torch.autograd.gradcheck(loss.criterion(), (z.clone().requires_grad_(), target))


def test_an_expectation_is_not_the_formula_of_a_soft_onehot():
    z, target = torch.zeros(1, 2), torch.tensor([[0.5, 0.5]])
    assert (torch.softmax(z, 1) - target).square().sum() == 0  # MSE of the soft one-hot
    assert MSE().criterion()(z, target) == 0.5


def test_a_class_that_cannot_occur_counts_for_nothing_though_its_loss_be_infinite():
    z, target = torch.tensor([[0.0, -float("inf")]]), torch.tensor([[1.0, 0.0]])
    assert CCE().criterion()(z, target) == 0


def test_negative_probabilities_are_refused():
    with pytest.raises(ValueError, match=r"^probabilities must be >= 0, got probabilities=-1.0$"):
        CCE().criterion()(torch.zeros(1, 2), torch.tensor([[2.0, -1.0]]))


@pytest.mark.parametrize("name", LOSSES)
def test_classes_masked_by_minus_infinity_take_no_part(name):
    z = torch.tensor([[1.0, -torch.inf, 0.0], [0.0, -torch.inf, -torch.inf]], requires_grad=True)
    loss = LOSSES[name]()
    value = loss.criterion("none")(z, torch.tensor([0, 0]))
    assert not value.isnan().any()
    if name in ("cce", "mae", "mse", "rll", "focal"):
        value.sum().backward()
        assert not z.grad.isnan().any()


@pytest.mark.parametrize("name", SMOOTH)
def test_second_derivatives_are_those_of_finite_differences(name):
    z, y = batch(3, 4)
    criterion = LOSSES[name]().criterion("none")
    assert torch.autograd.gradgradcheck(lambda a: criterion(a, y), z.requires_grad_())


@pytest.mark.parametrize("name", SMOOTH)
def test_the_two_ways_to_a_gradient_agree(name):
    """Written to arrays, or of differentiable operations, for which a second derivative is asked."""
    z, y = batch(6, 5)
    criterion = LOSSES[name]().criterion("sum")
    leaf = z.clone().requires_grad_()
    (through,) = torch.autograd.grad(criterion(leaf, y), leaf, create_graph=True)
    torch.testing.assert_close(through.detach(), gradient(criterion, z, y))
    torch.testing.assert_close(torch.func.grad(criterion)(z, y), gradient(criterion, z, y))


@pytest.mark.parametrize("name", SMOOTH)
def test_vmap_maps_values_and_gradients(name):
    z, y = batch(6, 5)
    criterion = LOSSES[name]().criterion("sum")
    stacked, labels = z.reshape(2, 3, 5), y.reshape(2, 3)
    values = torch.func.vmap(criterion)(stacked, labels)
    torch.testing.assert_close(
        values, torch.stack([criterion(*pair) for pair in zip(stacked, labels, strict=True)])
    )
    each = torch.func.vmap(torch.func.grad(criterion))(z, y)  # of one sample each: (K,) and ()
    torch.testing.assert_close(each, gradient(criterion, z, y))
    shared = torch.func.vmap(criterion, in_dims=(None, 0))(stacked[0], labels)
    torch.testing.assert_close(shared[1], criterion(stacked[0], labels[1]))


def test_gradients_of_many_upstreams_at_once():
    z, y = batch(3, 4)
    leaf = z.requires_grad_()
    values = RLL().criterion("none")(leaf, y)
    rows = torch.eye(3, dtype=torch.float64)
    (found,) = torch.autograd.grad(values, leaf, rows, is_grads_batched=True, retain_graph=True)
    one_by_one = [torch.autograd.grad(values, leaf, row, retain_graph=True)[0] for row in rows]
    torch.testing.assert_close(found, torch.stack(one_by_one))


COMPILE = """
import sys, torch
from lossmatters.theory.losses import get
z = torch.randn(6, 5, generator=torch.Generator().manual_seed(0)) * 3
labels = torch.tensor([0, 1, 2, 3, 4, -100])
tries = [(name, labels) for name in sys.argv[1:]] + [("js", z.softmax(dim=1)), ("nfl", z.softmax(dim=1))]
for name, y in tries:
    found, plain = [], get(name).criterion()
    torch.compiler.reset()
    for criterion in (plain, torch.compile(plain, fullgraph=True, backend="aot_eager")):
        leaf = z.clone().requires_grad_()
        value = criterion(leaf, y)
        value.backward()
        found.append((value, leaf.grad))
    torch.testing.assert_close(*found)
"""


def test_it_compiles_to_one_graph():
    """A graph break is an error. Labels and probabilities; traced without generating code or shape checks."""
    each_kernel = ["sce", "nmse", "rll", "nnce", "nce-rce"]
    subprocess.run([sys.executable, "-c", COMPILE, *each_kernel], check=True)


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_gradients_are_float32_rounded_once(name, dtype):
    z, y = batch(6, 5)
    criterion = LOSSES[name]().criterion("sum")
    half = z.to(dtype)
    assert torch.equal(gradient(criterion, half, y), gradient(criterion, half.float(), y).to(dtype))


def test_under_autocast_the_loss_is_float32_as_torchs():
    z, y = batch(6, 5)
    half = z.bfloat16()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found, theirs = RLL().criterion()(half, y), nn.CrossEntropyLoss()(half, y)
    assert found.dtype == theirs.dtype == torch.float32
    assert found == RLL().criterion()(half.float(), y)


@pytest.mark.parametrize("name", LOSSES)
def test_functional_forms_are_the_criteria(name):
    z, y = batch(6, 5)
    form = getattr(functional, name.replace("-", "_"))
    weight = torch.tensor([1.0, 2.0, 0.5, 1.0, 1.0])
    assert torch.equal(form(z, y, reduction="sum"), LOSSES[name]().criterion("sum")(z, y))
    assert torch.equal(
        functional.loss(name, z, y, weight=weight, ignore_index=2),
        LOSSES[name]().criterion(weight, 2)(z, y),
    )
    assert name.replace("-", "_") in dir(functional)


def test_functional_forms_take_parameters_and_no_other_names():
    z, y = batch(6, 5)
    assert torch.equal(functional.rll(z, y, alpha=0.5), RLL(alpha=0.5).criterion()(z, y))
    with pytest.raises(AttributeError, match="has no attribute 'rlll'"):
        functional.rlll  # noqa: B018
    with pytest.raises(TypeError, match="rll has no parameter 'gamma'"):
        functional.rll(z, y, gamma=1)


@pytest.mark.parametrize("spec", ["rll(alpha=1/2)", "nce + mae", "0.5*cce + mae"])
def test_a_criterion_is_copied_and_pickled(spec):
    z, y = batch(6, 5)
    criterion: nn.Module = get(spec).criterion(weight=torch.rand(5), ignore_index=3)
    assert "ignore_index=3" in repr(criterion)
    for again in (copy.deepcopy(criterion), pickle.loads(pickle.dumps(criterion))):
        assert torch.equal(again(z, y), criterion(z, y))
        again.load_state_dict(criterion.state_dict())


def test_an_empty_batch_is_as_in_torch():
    z, y = torch.zeros(0, 3), torch.zeros(0, dtype=torch.long)
    loss: Loss
    for loss in (CCE(), RLL(), get("nfl"), get("5*nce + mae")):
        assert loss.criterion()(z, y).isnan()
        assert loss.criterion("none")(z, y).shape == (0,)
        assert loss.matrix(z).shape == (0, 3)
