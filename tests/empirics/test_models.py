"""Stacks of convolutional networks against plain torch, one network at a time."""

from __future__ import annotations

import dataclasses
import itertools
import json

import pytest
import torch
from plain_networks import as_plain, statistics, trained

from lossmatters.empirics.models import MLP, MODELS
from lossmatters.empirics.models.forms import FORMS, mapped
from lossmatters.empirics.models.images import CNN, ImageModel, InceptionLite, ResNet18, ResNet32

# With images as small as each allows; the networks are those of any size.
SMALL = [
    (CNN(channels=(4, 6), hidden=10), (2, 8, 8)),
    (CNN(channels=(4, 6), hidden=10, batch_norm=False), (1, 9, 9)),
    (ResNet32(), (3, 8, 8)),
    (ResNet32(batch_norm=False), (1, 8, 8)),
    (ResNet18(), (1, 28, 28)),
    (ResNet18(stem="cifar", batch_norm=False), (3, 8, 8)),
    (InceptionLite(), (3, 28, 28)),
    (InceptionLite(batch_norm=False), (1, 28, 28)),
]
LIGHT = SMALL[:3]
K, BATCH = 5, 6

# Stack and plain network add the same float64 products in other orders: 2e-16 a rounding, up to 4608 terms a
# sum and 33 layers, and batch normalisation over six values divides by a deviation that may be small. Sums
# that are wrong somewhere differ in the first digits (see the tests of another network).
CLOSE = 1e-9


def ids(cases):
    return [f"{model.name}-{'bn' if model.batch_norm else 'plain'}" for model, _ in cases]


def images(shape, networks=2, batch=BATCH, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(networks, batch, *shape, generator=generator, dtype=torch.float64)


def stack_of(model, shape, seeds=(0, 1), dtype=torch.float64):
    stack = model.stack(shape, K, seeds, dtype=dtype)
    if not model.batch_norm and model.name.startswith("resnet"):
        # a block's second convolution starts at 0, which would hide mistakes in it
        generator = torch.Generator().manual_seed(0)
        with torch.no_grad():
            for block in stack.blocks:
                weight = block.second.convolution.weight
                weight.copy_(torch.randn(weight.shape, generator=generator, dtype=dtype) * 0.02)
    return stack


def gap(first, second):
    """The largest difference, as a share of the largest number."""
    return float((first - second).detach().abs().max() / second.detach().abs().max().clamp_min(1e-30))


@pytest.mark.parametrize(("model", "shape"), SMALL, ids=ids(SMALL))
def test_a_stack_computes_what_its_networks_compute(model, shape):
    """Logits, gradients and running statistics, in training and after it."""
    stack, inputs = stack_of(model, shape), images(shape)
    plains = [as_plain(stack.network(m)) for m in range(2)]
    weights = images((K,), seed=1)  # so that each logit's gradient differs
    logits = stack(inputs)
    (logits * weights).sum().backward()
    for m, plain in enumerate(plains):
        expected = plain(inputs[m])
        (expected * weights[m]).sum().backward()
        assert gap(logits[m], expected) < CLOSE
        assert gap(logits[1 - m], expected) > 1e-2  # the other network
        for mine, theirs in zip(trained(stack), trained(plain), strict=True):
            assert gap(mine.grad.unflatten(0, (2, -1))[m], theirs.grad) < CLOSE
        for mine, theirs in zip(statistics(stack), statistics(plain), strict=True):
            assert gap(mine.unflatten(0, (2, -1))[m], theirs) < CLOSE
    stack.eval()
    for m, plain in enumerate(plains):
        assert gap(stack(inputs)[m], plain.eval()(inputs[m])) < CLOSE


@pytest.mark.parametrize(("model", "shape"), LIGHT, ids=ids(LIGHT))
@pytest.mark.parametrize("own_inputs", [True, False])
@pytest.mark.parametrize("form", FORMS)
def test_all_forms_compute_the_same(model, shape, own_inputs, form):
    """Also on inputs that the networks share, which are no other than repeated ones."""
    inputs = images(shape, networks=2 if own_inputs else 1)
    found = {}
    for name, run, given in (
        ("this", FORMS[form], inputs),
        ("grouped", FORMS["grouped"], inputs.expand(2, -1, -1, -1, -1)),
    ):
        stack = stack_of(model, shape)
        logits = run(stack, given)
        logits.square().sum().backward()
        found[name] = [logits, *(p.grad for p in stack.parameters()), *stack.buffers()]
        starts = stack_of(model, shape)
        assert all(not torch.equal(b, s) for b, s in zip(stack.buffers(), starts.buffers(), strict=True))
    for mine, theirs in zip(found["this"], found["grouped"], strict=True):
        assert gap(mine, theirs) < CLOSE


def test_a_stack_trains_as_its_networks_train_alone():
    """Some steps of gradient descent with momentum, and what they make of test images."""
    model, shape = LIGHT[0]
    stack, inputs, labels = stack_of(model, shape), images(shape, batch=24), torch.arange(24) % K
    plains = [as_plain(stack.network(m)) for m in range(2)]

    def train(module, parameters, forward, number):
        optimiser = torch.optim.SGD(parameters, lr=0.1, momentum=0.9, weight_decay=1e-3)
        for rows in itertools.chain(*itertools.repeat(torch.arange(24).split(8), number)):
            loss = forward(module, rows)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()

    cross_entropy = torch.nn.functional.cross_entropy
    train(
        stack,
        stack.parameters(),
        lambda s, rows: sum(cross_entropy(z, labels[rows]) for z in s(inputs[:, rows])),
        2,
    )
    for m, plain in enumerate(plains):
        before = as_plain(stack_of(model, shape).network(m)).eval()(inputs[m])
        train(plain, trained(plain), lambda p, rows, m=m: cross_entropy(p(inputs[m, rows]), labels[rows]), 2)
        expected = plain.eval()(inputs[m])
        assert gap(stack.eval()(inputs)[m], expected) < CLOSE
        assert gap(before, expected) > 1e-2


PARAMETERS = [
    (CNN(), (1, 28, 28), 206_970),
    (CNN(batch_norm=False), (1, 28, 28), 206_922),
    # conv 7x7 64 and 3x3 in stages of 64, 128, 256, 512 with projections; torchvision's has 11 689 512 for
    # 1000 classes, of which 990 * 513 are the other 990
    (ResNet18(), (3, 32, 32), 11_689_512 - 990 * 513),
    (ResNet18(), (1, 28, 28), 11_689_512 - 990 * 513 - 2 * 64 * 49),
    (ResNet18(stem="cifar"), (3, 32, 32), 11_173_962),
    (ResNet18(stem="cifar"), (1, 28, 28), 11_173_962 - 2 * 64 * 9),
    # 4800 channels are normalised: a bias each instead of an offset and a factor
    (ResNet18(batch_norm=False), (1, 28, 28), 11_689_512 - 990 * 513 - 2 * 64 * 49 - 4800),
    (ResNet32(), (3, 32, 32), 464_154),
    (ResNet32(batch_norm=False), (3, 32, 32), 464_154 - 1136),
    (ResNet32(), (1, 28, 28), 464_154 - 2 * 16 * 9),
    (InceptionLite(), (3, 32, 32), 1_649_402),
    (InceptionLite(batch_norm=False), (3, 32, 32), 1_649_402),
]


@pytest.mark.parametrize(("model", "shape", "number"), PARAMETERS)
def test_parameters_are_counted_exactly(model, shape, number):
    assert model.num_parameters(shape, 10) == number


def test_the_count_is_that_of_a_network():
    model, shape, number = PARAMETERS[7]
    stack = model.stack(shape, 10, [0, 1, 2])
    assert sum(p.numel() for p in stack.parameters()) == 3 * number


def test_multiply_adds_are_those_of_the_layers():
    # 3x3 to 14 x 14, to 7 x 7, then two matrices
    small = 9 * 16 * 14**2 + 9 * 16 * 32 * 7**2 + 7 * 7 * 32 * 128 + 128 * 10
    assert CNN().multiply_adds((1, 28, 28), 10) == small
    stages = [10 * 9 * 16**2 * 32**2, 9 * 9 * 32**2 * 16**2, 9 * 9 * 64**2 * 8**2]
    between = 9 * 16 * 32 * 16**2 + 9 * 32 * 64 * 8**2
    assert ResNet32().multiply_adds((3, 32, 32), 10) == 9 * 3 * 16 * 32**2 + sum(stages) + between + 640


@pytest.mark.parametrize(("model", "shape"), LIGHT, ids=ids(LIGHT))
def test_a_network_starts_from_its_seed_alone(model, shape):
    several = model.stack(shape, K, [3, 0, 3])
    alone = model.stack(shape, K, [3])
    other = model.stack(shape, K, [0])
    for m, same in enumerate((alone, other, alone)):
        for mine, theirs in zip(several.network(m).parameters(), same.parameters(), strict=True):
            assert torch.equal(mine, theirs)
    assert any(not torch.equal(a, b) for a, b in zip(alone.parameters(), other.parameters(), strict=True))
    wide = model.stack(shape, K, [3], dtype=torch.float64)
    for mine, theirs in zip(wide.parameters(), alone.parameters(), strict=True):
        assert torch.equal(mine, theirs.double())  # drawn in float32 and converted


def test_no_global_generator_is_read_or_set():
    torch.manual_seed(0)
    before = torch.get_rng_state()
    first = CNN().stack((1, 28, 28), K, [5])
    assert torch.equal(before, torch.get_rng_state())
    torch.manual_seed(1)
    assert torch.equal(CNN().stack((1, 28, 28), K, [5]).head.weight, first.head.weight)


@pytest.mark.parametrize(("model", "shape"), SMALL, ids=ids(SMALL))
def test_logits_are_of_moderate_size_at_the_start(model, shape):
    """Without batch normalisation too, where 15 residual blocks by He's rule would give 2^7 times as much."""
    with torch.no_grad():
        logits = model.stack(shape, K, [0])(images(shape, networks=1).float())
    assert 0.05 < logits.std() < 5


def test_without_batch_normalisation_a_block_starts_as_its_shortcut():
    stack = ResNet32(batch_norm=False).stack((3, 8, 8), K, [0])
    block = stack.blocks[1]
    given = torch.rand(2, 16, 8, 8)  # not negative, as after a ReLU
    assert torch.equal(block(given), given)
    deviation = block.first.convolution.weight.detach().std() * (9 * 16 / 2) ** 0.5  # as a share of He's
    assert float(deviation) == pytest.approx(15**-0.5, rel=0.1)  # 2304 weights: 1.5 % of error


def test_what_one_network_has_does_not_reach_another():
    for model, shape in LIGHT:
        stack, inputs = stack_of(model, shape), images(shape)
        before = stack.copies([0, 1])(inputs)
        with torch.no_grad():
            for tensor in stack.parameters():
                tensor.unflatten(0, (2, -1))[1] = float("nan")
        after = stack(inputs)
        after[0].sum().backward()
        assert torch.equal(after[0], before[0])
        assert after[1].isnan().all()
        for parameter in stack.parameters():
            assert parameter.grad.unflatten(0, (2, -1))[0].isfinite().all()


def test_a_part_shares_memory_and_a_copy_does_not():
    model, shape = LIGHT[0]
    stack, inputs = stack_of(model, shape, seeds=(0, 1, 2)), images(shape, networks=3)
    part, copies = stack.part(slice(1, 3)), stack.copies([1, 2, 1])
    assert (part.num_networks, copies.num_networks) == (2, 3)
    with torch.no_grad():
        whole = stack.eval()(inputs)
        assert gap(stack(inputs[1:], slice(1, 3)), whole[1:]) < CLOSE
        copies.eval()
        for parameter in stack.parameters():
            parameter.mul_(2)
        changed = stack(inputs)
        assert gap(part.eval()(inputs[1:]), changed[1:]) < CLOSE
        assert gap(copies(inputs[[1, 2, 1]]), whole[[1, 2, 1]]) < CLOSE
        assert gap(changed, whole) > 1e-2


def test_a_skeleton_is_no_part_of_the_network():
    stack = stack_of(*LIGHT[0])
    names = [list(stack.state_dict()), len(list(stack.modules()))]
    alone = stack.skeleton()
    assert alone is stack.skeleton()
    assert not stack.eval().skeleton().training
    assert [list(stack.state_dict()), len(list(stack.modules()))] == names
    assert all(p.is_meta for p in alone.parameters())


def test_one_network_is_a_plain_module():
    model, shape = LIGHT[0]
    network, inputs = stack_of(model, shape, seeds=(4,)), images(shape, networks=1)
    assert torch.equal(network(inputs[0]), network(inputs)[0])
    with pytest.raises(ValueError, match="inputs must be of 5 axes for a stack"):
        stack_of(model, shape)(inputs[0])
    with pytest.raises(ValueError, match="inputs must be for 1 or 3 networks"):
        stack_of(model, shape, seeds=(0, 1, 2))(images(shape))


def test_dropout_drops_the_same_features_of_all_networks():
    model = CNN(channels=(4, 6), hidden=400, dropout="1/4")
    stack, inputs = stack_of(model, (1, 8, 8), seeds=(0, 0)), images((1, 8, 8), networks=1)
    with pytest.raises(RuntimeError, match="generator must be set before training with dropout"):
        stack(inputs)
    seen = []
    stack.head.register_forward_pre_hook(lambda _, given: seen.append(given[0].detach()))
    with torch.no_grad():
        for seed in (0, 0, 1):
            stack.generator = torch.Generator().manual_seed(seed)
            stack(inputs)
        full = stack.body(inputs[0])
        first, again, other = seen
        assert torch.equal(first, again)
        assert not torch.equal(first, other)
        assert torch.equal(first[0] == 0, first[1] == 0)
        kept = first != 0
        # the rest are scaled so that the mean stays; one rounding in the division
        assert gap(first[kept], full[kept] / 0.75) < 1e-15
        active = full != 0
        number = int(active[0].sum())
        share = float((first[0] == 0)[active[0]].double().mean())
        assert abs(share - 0.25) < 5 * (0.25 * 0.75 / number) ** 0.5  # five deviations
        stack.generator = None
        stack.eval()
        stack(inputs)
        assert torch.equal(seen[-1] == 0, stack.body(inputs[0]) == 0)


def test_vmap_is_refused_dropout_plainly():
    stack = stack_of(CNN(dropout=0.5), (1, 8, 8))
    stack.generator = torch.Generator()
    with pytest.raises(ValueError, match="dropout must be 0 under vmap"):
        mapped(stack, images((1, 8, 8)))


def test_a_crop_is_declared():
    assert InceptionLite().given((3, 32, 32)) == (3, 28, 28)
    assert ResNet32().given((3, 32, 32)) == (3, 32, 32)
    with pytest.raises(ValueError, match="input_shape must be at least 28 pixels high and wide"):
        InceptionLite().given((3, 24, 32))
    with pytest.raises(ValueError, match=r"input_shape must be \(channels, height, width\)"):
        ResNet32().given((64,))


@pytest.mark.parametrize(("model", "shape"), SMALL, ids=ids(SMALL))
def test_a_description_is_plain_data(model, shape):
    found = json.loads(json.dumps(model.description(shape, K)))
    assert found["name"] == model.name
    assert found["batch_norm"] is model.batch_norm
    assert found["parameters"] == model.num_parameters(shape, K)
    assert hash(model) == hash(dataclasses.replace(model))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: ResNet32(dropout=1), ValueError, r"dropout must be in \[0, 1\), got dropout=1"),
        (lambda: ResNet32(batch_norm=1), TypeError, "batch_norm must be True or False, got batch_norm=1"),
        (lambda: ResNet18(stem="tiny"), ValueError, "stem must be imagenet or cifar, got stem='tiny'"),
        (lambda: CNN(channels=(3,)), ValueError, r"channels must be two widths >= 1, got channels=\(3,\)"),
        (lambda: CNN(hidden=0), ValueError, "width must be an integer >= 1, got width=0"),
        (lambda: CNN(hidden=1.5), TypeError, "width must be an integer >= 1, got width=1.5"),
        (lambda: CNN().stack((1, 28, 28), 10, []), ValueError, r"seeds must be at least one, got seeds=\[\]"),
        (
            lambda: CNN().stack((1, 8, 8), 10, [0]).part(slice(1, 1)),
            ValueError,
            r"networks must be a non-empty run",
        ),
    ],
)
def test_models_that_cannot_be_are_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_an_image_model_without_networks_is_abstract():
    with pytest.raises(NotImplementedError):
        ImageModel().stack((1, 8, 8), 10, [0])


def test_every_model_makes_stacks_by_the_same_calls():
    for name, kind in MODELS.items():
        model, shape = kind(), (1, 28, 28)
        assert model.name == name
        assert model.given(shape) == shape
        stack = model.stack(shape, K, [0, 1])
        assert stack.num_networks == 2
        assert sum(p.numel() for p in stack.parameters()) == 2 * model.num_parameters(shape, K)
        assert model.multiply_adds(shape, K) > model.num_parameters(shape, K) / 2
        assert model.description(shape, K)["parameters"] == model.num_parameters(shape, K)
        with torch.no_grad():
            stack.eval()
            inputs = images(shape, batch=2).float()
            logits = stack(inputs)
            assert logits.shape == (2, 2, K)
            # in float32, each with about seven digits at every of up to 33 layers
            assert gap(stack(inputs[:1]), stack(inputs[:1].expand(2, -1, -1, -1, -1))) < 1e-4
            assert gap(stack(inputs[1:], slice(1, 2)), logits[1:]) < 1e-4
            assert gap(stack.copies([1])(inputs[1:]), logits[1:]) < 1e-4


def test_a_perceptron_takes_an_image_as_a_row():
    stack = MLP(hidden=(7,)).stack((2, 3, 4), K, [0, 1], dtype=torch.float64)
    given = images((2, 3, 4))
    assert torch.equal(stack(given), stack(given.flatten(2)))
    assert MLP(hidden=(512, 256)).num_parameters((1, 28, 28), 10) == 785 * 512 + 513 * 256 + 257 * 10
    assert MLP(hidden=(512, 256)).multiply_adds((1, 28, 28), 10) == 784 * 512 + 512 * 256 + 256 * 10
