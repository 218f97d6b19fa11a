"""The stacked engine against plain torch, one network at a time."""

from __future__ import annotations

import copy
import itertools
import math
from dataclasses import replace
from fractions import Fraction

import first_engine
import numpy as np
import pytest
import torch
from torch import nn

from lossmatters.empirics.data import Dataset, load
from lossmatters.empirics.engine.device import resolve_device
from lossmatters.empirics.engine.feed import batches
from lossmatters.empirics.engine.forward import predict
from lossmatters.empirics.engine.metrics import Counter
from lossmatters.empirics.engine.risks import final_risks, risks
from lossmatters.empirics.engine.schedules import Drops, Exponential, Linear
from lossmatters.empirics.engine.train import Network, train_stack
from lossmatters.empirics.engine.training import Training
from lossmatters.empirics.experiments.quick import QUICK
from lossmatters.empirics.models.base import MLP
from lossmatters.empirics.models.mlp import StackedMLP
from lossmatters.empirics.randomness import label_stream, stream, torch_seed
from lossmatters.empirics.records import CURVES
from lossmatters.theory.losses import LOSSES, Loss, get
from lossmatters.theory.losses.callable_loss import CallableLoss
from lossmatters.theory.memorization import measure
from lossmatters.theory.noise import SymmetricNoise
from lossmatters.theory.risk.finite import predicted_noisy_risk

# 100 samples in batches of 64 leave a last batch of 36; two epochs of two steps each, the last of
# them where the step size already falls.
TRAINING = Training(epochs=2, batch_size=64, schedule=Linear(Fraction(1, 2)))
MODEL = MLP(hidden=(16, 12))


def subset(train=100, test=60):
    data = load("digits")
    return Dataset(
        name="some digits",
        train_inputs=data.train_inputs[:train],
        train_labels=data.train_labels[:train],
        test_inputs=data.test_inputs[:test],
        test_labels=data.test_labels[:test],
        num_classes=10,
    )


def network(data, loss="cce", seed=0, rate="2/5"):
    rate = Fraction(rate)
    drawn = SymmetricNoise(rate).apply(data.train_labels, 10, label_stream(seed, rate), draw="exact")
    return Network(get(loss) if isinstance(loss, str) else loss, seed, drawn.noisy_labels)


def plain_network(data, given, training, widths, dtype, start=None):
    """One network, written as anyone would: nn.Linear, a criterion, Adam, a loop."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(torch_seed("weights", given.seed))
        layers = [layer for a, b in itertools.pairwise(widths) for layer in (nn.Linear(a, b), nn.ReLU())]
    model = nn.Sequential(*layers[:-1]).to(dtype) if start is None else copy.deepcopy(start)
    criterion = given.loss.criterion()
    optimiser = torch.optim.Adam(model.parameters(), lr=0.003, foreach=False)
    inputs = torch.from_numpy(data.train_inputs).to(dtype)
    labels = torch.from_numpy(given.noisy_labels)
    rng = stream("batch order", given.seed, *(() if start is None else (1,)))
    size, step = len(labels), 0
    steps = training.epochs * math.ceil(size / training.batch_size)
    curve = []
    for _ in range(training.epochs):
        values = []
        for batch in torch.from_numpy(rng.permutation(size)).split(training.batch_size):
            falling = (1 - step / steps) / (1 - float(training.schedule.constant_share))
            optimiser.param_groups[0]["lr"] = 0.003 * min(1.0, falling)
            value = criterion(model(inputs[batch]), labels[batch])
            optimiser.zero_grad()
            value.backward()
            optimiser.step()
            values.append(value.item())
            step += 1
        curve.append(sum(values) / len(values))
    return model, curve


def distance(first, second):
    """The largest difference between two networks' parameters."""
    pairs = zip(first.parameters(), second.parameters(), strict=True)
    return max(float((a - b).detach().abs().max()) for a, b in pairs)


def test_a_stack_learns_what_each_network_learns_alone():
    """In float64, with a different loss, seed and rate for each network."""
    data = subset()
    given = [
        network(data, loss, seed, rate)
        for loss, seed, rate in [("cce", 0, "0"), ("rll", 1, "2/5"), ("rll", 0, "2/5"), ("nmse", 2, "17/20")]
    ]
    curves, stack = train_stack(data, MODEL, TRAINING, given, dtype=torch.float64)
    widths = MODEL.widths(64, 10)
    for index, one in enumerate(given):
        model, curve = plain_network(data, one, TRAINING, widths, torch.float64)
        # Four steps that differ by rounding (2e-16 relative) alone. Adam divides by the root of the
        # squared gradient, at least 1e-8, so a gradient's error of 1e-17 may move a weight by
        # 0.003 * 1e-17 / 1e-8 = 3e-12.
        assert distance(stack.network(index), model) < 1e-11
        assert curves[index]["train_loss"] == pytest.approx(curve, rel=1e-11)


def test_a_network_trained_on_other_labels_is_told_apart():
    """The known-false case of the comparison above: one label of a hundred differs."""
    data = subset()
    right = network(data)
    labels = right.noisy_labels.copy()
    labels[0] = (labels[0] + 1) % 10
    wrong = Network(right.loss, right.seed, labels)
    _, stack = train_stack(data, MODEL, TRAINING, [right], dtype=torch.float64)
    model, _ = plain_network(data, wrong, TRAINING, MODEL.widths(64, 10), torch.float64)
    assert distance(stack.network(0), model) > 1e-5


@pytest.mark.parametrize("seed", [0, 7])
def test_networks_start_as_linear_layers_do(seed):
    """Bit by bit, whatever the stack."""
    stack = StackedMLP((6, 5, 4), [3, seed, seed])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(torch_seed("weights", seed))
        model = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 4))
    for index in (1, 2):
        assert distance(stack.network(index), model) == 0
    assert distance(stack.network(0), model) > 0


def test_the_same_stack_twice_is_the_same_bit_by_bit():
    data = subset()
    given = [network(data, loss, seed) for loss in ("cce", "gce") for seed in (0, 1)]
    first, second = (train_stack(data, MODEL, TRAINING, given) for _ in range(2))
    assert first[0] == second[0]
    assert distance(first[1], second[1]) == 0
    other, _ = train_stack(data, MODEL, TRAINING, [network(data, "cce", seed) for seed in (0, 1, 2, 3)])
    assert other != first[0]


@pytest.mark.parametrize("seeds", [(0,) * 4, (0, 0, 1, 2)])
def test_the_quick_profile_s_bits_are_those_of_the_first_engine(seeds):
    """All digits, the profile's own network and training but for its epochs; shared batches or not."""
    data, training = load("digits"), replace(QUICK.training, epochs=3)
    losses = ("cce", "rll", "rll", "nmse")
    given = [network(data, loss, seed) for loss, seed in zip(losses, seeds, strict=True)]
    curves, stack = train_stack(data, QUICK.model, training, given)
    expected, first = first_engine.train_stack(data, QUICK.model.widths(64, 10), training, given)
    assert curves == expected
    assert all(torch.equal(a, b) for a, b in zip(stack.parameters(), first.parameters(), strict=True))


def test_the_caller_s_random_numbers_are_left_alone():
    state = torch.random.get_rng_state()
    train_stack(subset(), MODEL, TRAINING, [network(subset())])
    assert torch.equal(torch.random.get_rng_state(), state)


# Truncated GCE is flat wherever u_y <= k = 1/2, so at every network that has not learned yet; it is meant to
# be gone on with after another loss.
FLAT_AT_FIRST = {"truncated-gce"}


@pytest.mark.parametrize("name", [name for name, loss in LOSSES.items() if loss.differentiable])
def test_every_loss_with_a_gradient_trains(name):
    """A smaller loss after twenty epochs on clean labels than after one."""
    data = subset()
    (curves,), _ = train_stack(data, MODEL, Training(epochs=20), [network(data, name, rate="0")])
    assert set(curves) == set(CURVES)
    assert {len(curve) for curve in curves.values()} == {20}
    assert all(map(math.isfinite, curves["train_loss"]))
    if name in FLAT_AT_FIRST:
        # the batches differ between epochs, so their constant is summed in another order
        assert curves["train_loss"] == pytest.approx([curves["train_loss"][0]] * 20, rel=1e-6)
    else:
        assert curves["train_loss"][-1] < curves["train_loss"][0]
    assert curves["memorization_rate"] == curves["recovery_rate"] == [None] * 20


def test_a_warm_start_goes_on_from_the_weights_and_from_nothing_else():
    """Against a plain loop in float64: same weights, fresh Adam, whole schedule, an order of its own."""
    data = subset()
    first = [network(data, "cce", 0), network(data, "mae", 1)]
    _, stack = train_stack(data, MODEL, TRAINING, first, dtype=torch.float64)
    before = [p.detach().clone() for p in stack.parameters()]
    second = [network(data, "rll", 1), network(data, "nmse", 0), network(data, "rll", 0)]
    given = stack.copies([1, 0, 0])
    curves, warm = train_stack(data, MODEL, TRAINING, second, start=given, dtype=torch.float64)
    assert all(torch.equal(a, b) for a, b in zip(before, stack.parameters(), strict=True))
    for index, source in enumerate((1, 0, 0)):
        model, curve = plain_network(
            data, second[index], TRAINING, MODEL.widths(64, 10), torch.float64, start=stack.network(source)
        )
        assert distance(warm.network(index), model) < 1e-11  # as in the comparison of cold networks
        assert curves[index]["train_loss"] == pytest.approx(curve, rel=1e-11)
    # the known-false case: the other network's weights
    wrong, _ = plain_network(
        data, second[0], TRAINING, MODEL.widths(64, 10), torch.float64, start=stack.network(0)
    )
    assert distance(warm.network(0), wrong) > 1e-5


def test_risks_are_those_of_the_definition():
    """The average over fresh noise against the sum over all labels; R1 for symmetric losses, not for CCE."""
    data, rate = subset(), Fraction(2, 5)
    given = [network(data, "rll"), network(data, "cce")]
    _, stack = train_stack(data, MODEL, TRAINING, given)
    found = final_risks(data, MODEL, stack, given, [rate, rate])
    for index, one in enumerate(given):
        logits = stack.network(index)(torch.from_numpy(data.train_inputs)).detach().double()
        probs = torch.softmax(logits, dim=1).numpy()
        rows = np.stack([one.loss.values(probs, np.full(100, j)) for j in range(10)], axis=1)
        at = np.arange(100)
        own, clean = rows[at, one.noisy_labels].mean(), rows[at, data.train_labels].mean()
        fresh = np.mean(
            0.6 * rows[at, data.train_labels] + 0.4 / 9 * (rows.sum(1) - rows[at, data.train_labels])
        )
        # one network's logits in a float32 product of another shape: some ulps of 6e-8, times the slope
        expected = {"own_labels": own, "fresh_labels": fresh, "clean_labels": clean}
        assert found[index] == pytest.approx(expected, rel=1e-5)
    rll, cce = found
    constant = 10 * math.log(11)
    # ten terms of at most log(11) + log(2.2), each right to a few ulps of 2e-16
    assert rll["fresh_labels"] == pytest.approx(
        predicted_noisy_risk(rll["clean_labels"], constant, 0.4, 10), rel=1e-14
    )
    assert rll["own_labels"] != pytest.approx(rll["fresh_labels"], rel=1e-5)
    # the known-false case: for CCE the constant part differs from network to network
    _, other = train_stack(data, MODEL, TRAINING, [network(data, "cce", seed=1)])
    (second,) = final_risks(data, MODEL, other, [network(data, "cce", seed=1)], [rate])
    slope = 1 - 0.4 * 10 / 9
    constants = [r["fresh_labels"] - slope * r["clean_labels"] for r in (cce, second)]
    assert constants[0] != pytest.approx(constants[1], rel=1e-5)


def test_an_infinite_loss_counts_only_where_its_label_can_occur():
    steep = CallableLoss(lambda logits, labels: torch.where(labels == 1, math.inf, 2.0))
    logits, label = torch.zeros(1, 3), torch.tensor([0])
    assert set(risks(steep, logits, label, label, Fraction(0)).values()) == {2.0}
    assert risks(steep, logits, label, label, Fraction(1, 5))["fresh_labels"] == math.inf


class Diverging(Loss):
    """NaN for every sample."""

    name = "diverging"

    def formula(self, probs, onehot, ops):
        return ops.log(ops.dot(probs, onehot) - 2)


def test_a_loss_that_is_not_finite_is_shown_and_spoils_no_other():
    data = subset()
    alone, _ = train_stack(data, MODEL, TRAINING, [network(data), network(data, seed=1)])
    given = [network(data), network(data, Diverging())]
    (good, bad), stack = train_stack(data, MODEL, TRAINING, given)
    assert good == alone[0]
    assert all(map(math.isnan, bad["train_loss"]))
    assert bad["min_class_recall"] == [0, 0]
    assert all(p[0].isfinite().all() for p in stack.parameters())


def test_metrics_are_those_of_the_definition():
    """Against `lossmatters.theory.memorization.measure`, which counts in rationals, on random predictions."""
    rng = np.random.default_rng(0)
    clean = rng.integers(0, 4, size=50)
    noisy = np.stack([SymmetricNoise(Fraction(r, 5)).apply(clean, 4, rng).noisy_labels for r in range(4)])
    train = rng.integers(0, 4, size=(4, 50))
    train[3] = noisy[3]  # a perfect memoriser
    test_labels = np.array([0, 1, 2, 3, 3, 2, 0])
    test = rng.integers(0, 4, size=(4, 7))
    test[2] = test_labels
    test[3] = np.where(test_labels == 3, 0, test_labels)  # one that drops a class
    counter = Counter(*map(torch.from_numpy, (noisy, clean, test_labels)), num_classes=4, epochs=1)
    counter.count(0, torch.from_numpy(train), torch.from_numpy(test))
    for index, curves in enumerate(counter.curves()):
        exact = measure(train[index], noisy[index], clean)
        for name in ("noisy_train_accuracy", "clean_train_accuracy", "memorization_rate", "recovery_rate"):
            value = getattr(exact, name)
            assert curves[name] == [None if value is None else float(value)]
        hits = test[index] == test_labels
        assert curves["test_accuracy"] == [float(Fraction(int(hits.sum()), 7))]
        assert curves["min_class_recall"] == [min(hits[test_labels == c].mean() for c in range(4))]
    assert counter.curves()[3]["memorization_rate"] == [1]
    assert counter.curves()[3]["min_class_recall"] == [0]
    assert counter.curves()[2]["min_class_recall"] == [1]


def test_curves_are_measured_on_the_network_after_the_epoch():
    data = subset()
    given = [network(data, "cce", 0), network(data, "mae", 1)]
    curves, stack = train_stack(data, MODEL, TRAINING, given)
    for index, one in enumerate(given):
        model = stack.network(index)
        train = model(torch.from_numpy(data.train_inputs)).argmax(1).numpy()
        test = model(torch.from_numpy(data.test_inputs)).argmax(1).numpy()
        exact = measure(train, one.noisy_labels, data.train_labels)
        assert curves[index]["noisy_train_accuracy"][-1] == float(exact.noisy_train_accuracy)
        assert curves[index]["memorization_rate"][-1] == float(exact.memorization_rate)
        assert curves[index]["test_accuracy"][-1] == np.mean(test == data.test_labels)


def test_predictions_are_those_of_each_network():
    data = subset()
    stack = StackedMLP((64, 8, 10), [0, 1, 2])
    inputs = torch.from_numpy(data.test_inputs)
    expected = torch.stack([stack.network(m)(inputs).argmax(1) for m in range(3)])
    assert torch.equal(predict(stack, batches(data, data.test_inputs, MODEL)), expected)
    assert not torch.equal(expected[0], expected[1])


def test_epochs_are_reported():
    seen = []
    train_stack(subset(), MODEL, TRAINING, [network(subset())], on_epoch=seen.append)
    assert seen == [1, 2]


def test_the_step_size_is_constant_and_then_falls_to_zero():
    training = Training(epochs=80)
    steps = [training.step_size(epoch, step / 21) for epoch in range(80) for step in range(21)]
    assert steps[: 50 * 21 + 1] == [0.003] * (50 * 21 + 1)
    falls = np.diff(steps[50 * 21 :])
    # rounding: steps of 0.003 / 630 are differences of numbers known to 5e-19
    assert np.allclose(falls, -0.003 / (30 * 21), rtol=1e-9, atol=0)
    assert steps[-1] == pytest.approx(0.003 / (30 * 21))


def test_the_device_is_settled_before_anything_else(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert resolve_device("auto").type == resolve_device("cpu").type == "cpu"
    with pytest.raises(ValueError, match=r"device must be .*, got device='cuda'"):
        resolve_device("cuda")
    with pytest.raises(ValueError, match="device must be one of auto, cpu, cuda, got device='tpu'"):
        resolve_device("tpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert resolve_device("auto").type == resolve_device("cuda").type == "cuda"


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"epochs": 0}, ValueError, "epochs must be an integer >= 1, got epochs=0"),
        ({"epochs": 2.5}, TypeError, "epochs must be an integer >= 1, got epochs=2.5"),
        ({"epochs": True}, TypeError, "epochs must be an integer >= 1, got epochs=True"),
        ({"batch_size": -1}, ValueError, "batch_size must be an integer >= 1, got batch_size=-1"),
        ({"learning_rate": 0}, ValueError, "learning_rate must be > 0, got learning_rate=0"),
        ({"learning_rate": math.nan}, ValueError, "learning_rate must be finite"),
        ({"weight_decay": -1}, ValueError, "weight_decay must be >= 0, got weight_decay="),
        (
            {"optimiser": "sdg"},
            ValueError,
            "adam, sgd or a factory: .*, got optimiser='sdg'",
        ),
        ({"momentum": "0.9"}, ValueError, r"momentum must be in \[0, 1\), and 0 but with sgd, got momentum="),
        ({"momentum": 1, "optimiser": "sgd"}, ValueError, r"momentum must be in \[0, 1\)"),
        ({"augmentation": "flip"}, ValueError, "augmentation must be one of none, crop, crop and mirror"),
        ({"precision": "float16"}, ValueError, "precision must be one of float32, bfloat16, got precision="),
    ],
)
def test_a_training_out_of_domain_is_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        Training(**arguments)


@pytest.mark.parametrize(
    ("kind", "arguments", "message"),
    [
        (Linear, {"constant_share": 1.5}, r"constant_share must be in \[0, 1\], got constant_share=1.5"),
        (Drops, {"by": 0}, "by must be > 0, got by="),
        (Drops, {"at": ("3/4", "1/2")}, "at must be in ascending order, got at="),
        (Drops, {"at": (2,)}, r"at must be in \[0, 1\]"),
        (Exponential, {"by": -1}, "by must be > 0, got by="),
    ],
)
def test_a_schedule_out_of_domain_is_refused(kind, arguments, message):
    with pytest.raises(ValueError, match=message):
        kind(**arguments)


def test_the_source_s_schedules():
    """ResNet-32: a tenth after epochs 100 and 150 of 200; Inception-Lite: times 0.95 an epoch."""
    drops = Training(epochs=200, learning_rate="0.1", schedule=Drops())
    steps = [drops.step_size(epoch, done) for epoch in range(200) for done in (0.0, 0.99)]
    # a product of two rounded numbers: an ulp or two of each
    assert steps == pytest.approx([0.1] * 200 + [0.01] * 100 + [0.001] * 100, rel=1e-15)
    # whatever the number of epochs, the drop is at the epoch's very first step
    for epochs in range(4, 200, 4):
        changed = Training(epochs=epochs, schedule=Drops())
        sizes = [changed.step_size(epoch) for epoch in range(epochs)]
        assert len(set(sizes[: epochs // 2])) == len(set(sizes[epochs // 2 : 3 * epochs // 4])) == 1
        assert len(set(sizes)) == 3
    falling = Training(epochs=100, learning_rate="0.01", schedule=Exponential())
    assert falling.step_size(0, 0.9) == 0.01
    assert falling.step_size(99) == pytest.approx(0.01 * 0.95**99, rel=1e-15)
    assert Training(epochs=7, schedule=Linear()).step_size(6, 0.99) == 0.003  # constant to the end


@pytest.mark.parametrize(("hidden", "error"), [((0,), ValueError), ((2.5,), TypeError), ((True,), TypeError)])
def test_a_model_out_of_domain_is_refused(hidden, error):
    with pytest.raises(error, match="hidden must be"):
        MLP(hidden=hidden)
