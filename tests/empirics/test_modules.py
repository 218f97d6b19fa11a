"""A user's module in the engine: right numbers in both forms, and what vmap cannot take is found out."""

from __future__ import annotations

import copy
from fractions import Fraction

import numpy as np
import pytest
import torch
from torch import nn

from lossmatters.empirics.data import as_dataset
from lossmatters.empirics.engine.checkpoint import Checkpoints, OutOfTime
from lossmatters.empirics.engine.feed import Feed, batches
from lossmatters.empirics.engine.lane import Lane, train_in_lane
from lossmatters.empirics.engine.schedules import Linear
from lossmatters.empirics.engine.train import Network, train_stack
from lossmatters.empirics.engine.training import Training
from lossmatters.empirics.models import MLP, Factory, as_model
from lossmatters.theory.losses import get

TRAINING = Training(epochs=2, batch_size=16, learning_rate=Fraction(1, 100), schedule=Linear())
K, SHAPE = 3, (1, 4, 4)


def some_data():
    rng = np.random.default_rng(0)
    return as_dataset((rng.normal(size=(50, *SHAPE)).astype(np.float32), np.arange(50) % K))


def dense():
    return nn.Sequential(nn.Flatten(), nn.Linear(16, 8), nn.ReLU(), nn.Linear(8, K))


def normed():
    return nn.Sequential(nn.Flatten(), nn.Linear(16, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, K))


def dropping():
    return nn.Sequential(nn.Flatten(), nn.Linear(16, 8), nn.Dropout(0.5), nn.Linear(8, K))


def convolving():
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(16, K))


def lazy():
    return nn.Sequential(nn.Flatten(), nn.LazyLinear(8), nn.ReLU(), nn.LazyLinear(K))


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second, self.head = nn.Linear(16, 16), nn.Linear(16, 16), nn.Linear(16, K)
        self.second.weight = self.first.weight
        self.head.bias.requires_grad = False

    def forward(self, x):
        return self.head(self.second(self.first(x.flatten(1)).relu()).relu())


class Branching(nn.Module):
    """Looks at values, which vmap forbids."""

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(16, K)

    def forward(self, x):
        x = x.flatten(1)
        return self.head(-x if x.sum() > 1e9 else x)


class Counting(nn.Module):
    """Counts its calls in a buffer that it replaces: lost where buffers are lent to the module."""

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(16, K)
        self.register_buffer("calls", torch.zeros(1))

    def forward(self, x):
        self.calls = self.calls + 1
        return self.head(x.flatten(1)) / self.calls.clamp(min=1)


class Output:
    def __init__(self, logits):
        self.logits = logits


class LikeHuggingFace(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(16, K)

    def forward(self, x):
        return Output(self.head(x.flatten(1)))


MAPPED = {
    "dense": dense,
    "normed": normed,
    "dropping": dropping,
    "lazy": lazy,
    "tied": Tied,
    "hf": LikeHuggingFace,
}
LOOPED = {
    "convolving": (convolving, "Conv2d is faster so on a CPU"),
    "branching": (Branching, "under vmap"),
    "counting": (Counting, "another"),
}


def given(data, losses=("cce", "rll"), seeds=None):
    labels = (data.train_labels + (np.arange(len(data.train_labels)) % 5 == 0)) % K
    return [
        Network(get(loss), seed, labels)
        for loss, seed in zip(losses, seeds or [7] * len(losses), strict=True)
    ]


def values(stack, index):
    return stack.network(index).state_dict()


def apart(first, second):
    return max(float((first[n].double() - second[n].double()).abs().max()) for n in first)


@pytest.mark.parametrize("name", MAPPED)
def test_a_mapped_stack_learns_what_each_network_learns_alone(name):
    data, model = some_data(), Factory(MAPPED[name])
    networks = given(data)
    _, stack = train_stack(data, model, TRAINING, networks, dtype=torch.float64)
    assert type(stack).__name__ == "MappedModules"
    for index, network in enumerate(networks):
        _, alone = train_stack(data, model, TRAINING, [network], dtype=torch.float64)
        assert (type(alone).__name__, alone.reason) == ("LoopedModules", "one network")
        # sums in another order in float64, through some steps of Adam
        assert apart(values(stack, index), values(alone, 0)) < 1e-9
    assert apart(values(stack, 0), values(stack, 1)) > 1e-4, "the known-false case: the other loss"


@pytest.mark.parametrize("name", LOOPED)
def test_what_vmap_cannot_take_or_does_otherwise_is_looped_and_says_why(name):
    data, (make, reason) = some_data(), LOOPED[name]
    stack = Factory(make).stack(SHAPE, K, [0, 1])
    assert type(stack).__name__ == "LoopedModules"
    assert reason in stack.reason
    networks = given(data)
    curves, stack = train_stack(data, Factory(make), TRAINING, networks)
    for index, network in enumerate(networks):
        found, alone = train_stack(data, Factory(make), TRAINING, [network])
        assert found[0] == curves[index]
        assert apart(values(stack, index), values(alone, 0)) == 0
    if name != "convolving":
        with pytest.raises(ValueError, match="form must be auto or loop for this module"):
            Factory(make, form="vmap").stack(SHAPE, K, [0, 1])


def test_a_looped_network_is_that_of_a_plain_loop():
    """The engine against ten lines of torch."""
    data, wide = some_data(), torch.float64
    (network,) = given(data, ("cce",))
    _, stack = train_stack(data, Factory(normed), TRAINING, [network], dtype=wide)
    start = Factory(normed).stack(SHAPE, K, [7], dtype=wide).network(0).train()
    optimiser = torch.optim.Adam(start.parameters(), lr=0.01, fused=True)
    inputs = batches(data, data.every_input, Factory(normed), dtype=wide)
    feed = Feed(inputs, len(data.train_labels), TRAINING, [7])
    labels, criterion = torch.from_numpy(network.noisy_labels), network.loss.criterion()
    for _ in range(TRAINING.epochs):
        for index, inputs in feed.epoch():
            loss = criterion(start(inputs[0]), labels[index[0]])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    assert apart(start.state_dict(), values(stack, 0)) < 1e-12
    assert stack.network(0)[2].num_batches_tracked == start[2].num_batches_tracked == 6


def test_a_dense_module_learns_as_the_built_in_network_does():
    """Other initial weights, the same course: J1 on the labels given after a few epochs."""
    data = some_data()
    training = Training(epochs=30, batch_size=16, learning_rate=Fraction(1, 100))
    ours, _ = train_stack(data, MLP((8,)), training, given(data, ("cce",)))
    theirs, _ = train_stack(data, Factory(dense), training, given(data, ("cce",)))
    assert ours[0]["train_loss"][-1] < 0.9
    assert theirs[0]["train_loss"][-1] == pytest.approx(ours[0]["train_loss"][-1], abs=0.4)


@pytest.mark.parametrize("make", [dropping, normed, convolving])
def test_an_interrupted_stack_ends_with_the_same_bits(make, tmp_path):
    data, networks, model = some_data(), given(some_data()), Factory(make)
    expected, whole = train_stack(data, model, TRAINING, networks)
    path = tmp_path / "stack.pt"
    with pytest.raises(OutOfTime):
        train_stack(
            data, model, TRAINING, networks, checkpoints=Checkpoints(path, 1e9, deadline=1.0, eager=True)
        )
    found, stack = train_stack(data, model, TRAINING, networks, checkpoints=Checkpoints(path, 1e9))
    assert found == expected
    assert apart(values(stack, 0), values(whole, 0)) == 0


def test_a_lane_takes_a_module_too():
    data, (network,) = some_data(), given(some_data(), ("rll",))
    for make in (dropping, convolving):
        (expected,), _ = train_stack(data, Factory(make), TRAINING, [network])
        assert train_in_lane(Lane(data, Factory(make), TRAINING, network.loss), network) == expected


def test_a_warm_start_leaves_the_first_stack_as_it_is():
    data, model = some_data(), Factory(dense)
    _, first = train_stack(data, model, TRAINING, given(data))
    before = copy.deepcopy(first.state_dict())
    for start in (first, first.copies([1, 1])):
        train_stack(data, model, TRAINING, given(data), start=start)
    assert all(torch.equal(value, before[name]) for name, value in first.state_dict().items())


def test_the_start_is_the_seeds_and_the_generator_of_torch_is_left_alone():
    state = torch.get_rng_state()
    first, second = (Factory(dense).stack(SHAPE, K, seeds) for seeds in ([3, 4], [4, 5]))
    assert torch.equal(state, torch.get_rng_state())
    assert apart(values(first, 1), values(second, 0)) == 0
    assert apart(values(first, 0), values(second, 0)) > 0.01


NET = dense()


def the_same_each_time():
    return NET


def from_another_generator():
    net = dense()
    nn.init.constant_(net[1].bias, float(np.random.default_rng().random()))
    return net


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (the_same_each_time, ValueError, "model must be a function that makes a new module each time"),
        (from_another_generator, ValueError, "weights depend on torch's random generator alone"),
        (lambda: 3, TypeError, r"makes a torch\.nn\.Module, got model='int'"),
        (nn.Identity, ValueError, "model must be a module with parameters to train"),
        (
            lambda: nn.Sequential(nn.Flatten(), nn.Linear(16, 4)),
            ValueError,
            r"to logits \(B, 3\), got model=\(4, 4\)",
        ),
        (
            lambda: nn.Linear(5, 3),
            ValueError,
            r"model must take inputs of shape \('B', 1, 4, 4\), got RuntimeError",
        ),
    ],
)
def test_a_factory_that_cannot_be_used_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        Factory(make).stack(SHAPE, K, [0])


@pytest.mark.parametrize(
    ("model", "error", "message"),
    [
        ("mpl", ValueError, "model must be one of mlp, cnn, .* did you mean mlp"),
        ("missing.py:make", ValueError, "model must be in a file that can be read"),
        ("torch.nn:Linnear", ValueError, "model must be a name in torch.nn"),
        ("no_such_module_here:make", ValueError, "model must be in a module that can be imported"),
        (NET, TypeError, "model must be a function that makes a module, not a module"),
        (3, TypeError, "model must be a function that makes a torch module, got model='int'"),
    ],
)
def test_a_text_that_names_no_model_is_refused(model, error, message):
    with pytest.raises(error, match=message):
        as_model(model).stack(SHAPE, K, [0])


def test_a_file_of_networks(tmp_path):
    (tmp_path / "nets.py").write_text("import torch\n\ndef make():\n    return torch.nn.Linear(4, 3)\n")
    model = as_model(f"{tmp_path}/nets.py:make")
    about = model.description((4,), 3)
    assert (about["name"], about["parameters"]) == ("make", 15)
    assert model.multiply_adds((4,), 3) == 12
    other = as_model("torch.nn:Identity")
    assert other.text == "torch.nn:Identity"
    assert Factory(dense).description(SHAPE, K) != Factory(normed).description(SHAPE, K)
