"""The engine on models of images: against plain torch, one network at a time, and across a resumption."""

from __future__ import annotations

import hashlib
import io
import itertools
import math
import pickle
from fractions import Fraction

import pytest
import torch
from plain_networks import as_plain, trained
from some_images import ADAM, SGD, TINY_CNN, K, networks, some_images

from lossmatters.empirics.data.batches import Batches
from lossmatters.empirics.engine.checkpoint import HEADER, Checkpoints, OutOfTime
from lossmatters.empirics.engine.feed import batches
from lossmatters.empirics.engine.forward import predict
from lossmatters.empirics.engine.risks import final_risks
from lossmatters.empirics.engine.schedules import Exponential, Linear
from lossmatters.empirics.engine.train import train_stack
from lossmatters.empirics.engine.training import Training
from lossmatters.empirics.models import CNN, MLP, InceptionLite, ResNet32
from lossmatters.empirics.randomness import stream, torch_seed


def plain(data, model, training, given, *, crop=None):
    """One network in plain torch, float64, written as anyone would."""
    start = model.stack(data.input_shape, K, [given.seed], dtype=torch.float64)
    module = as_plain(start) if model.name != "mlp" else start.network(0)
    parameters = trained(module) if model.name != "mlp" else list(module.parameters())
    kind = torch.optim.SGD if training.optimiser == "sgd" else torch.optim.Adam
    options = {"momentum": float(training.momentum)} if training.optimiser == "sgd" else {}
    optimiser = kind(parameters, lr=1.0, weight_decay=float(training.weight_decay), **options)
    inputs = (torch.from_numpy(data.train_inputs).double() - 100) / 70
    labels = torch.from_numpy(given.noisy_labels)
    rng, curve = stream("batch order", given.seed), []
    crops = torch.Generator().manual_seed(torch_seed("crops", given.seed))
    for epoch in range(training.epochs):
        module.train()
        order = torch.from_numpy(rng.permutation(len(labels)))
        parts = order.split(training.batch_size)
        seen = inputs if crop is None else crop(data, crops)
        values = []
        for step, batch in enumerate(parts):
            optimiser.param_groups[0]["lr"] = training.step_size(epoch, step / len(parts))
            flat = seen[batch].flatten(1) if model.name == "mlp" else seen[batch]
            value = given.loss.criterion()(module(flat), labels[batch])
            optimiser.zero_grad()
            value.backward()
            optimiser.step()
            values.append(value.item())
        curve.append(math.fsum(values) / len(values))
    return module.eval(), curve


def cropped(mirror):
    """Crops of the very size out of a black margin of four, by `Batches`, whose own tests are elsewhere."""

    def crop(data, generator):
        inputs = Batches(data.train_inputs, data.mean, data.std, margin=4, dtype=torch.float64)
        drawn = inputs.draw(generator, len(inputs), mirror=mirror)
        return inputs.take(torch.arange(len(inputs)), drawn)

    return crop


CASES = {
    "sgd": (TINY_CNN, SGD, None),
    "adam": (TINY_CNN, ADAM, None),
    "without batch normalisation": (CNN(channels=(4, 4), hidden=8, batch_norm=False), SGD, None),
    "an exponential schedule": (TINY_CNN, Training(epochs=2, batch_size=8, schedule=Exponential()), None),
    "crops": (TINY_CNN, Training(epochs=2, batch_size=8, augmentation="crop"), cropped(False)),
    "mirrored crops": (
        TINY_CNN,
        Training(epochs=2, batch_size=8, augmentation="crop and mirror"),
        cropped(True),
    ),
    "an mlp": (MLP(hidden=(8,)), ADAM, None),
    "an mlp with decay": (MLP(hidden=(8,)), SGD, None),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("seeds", [(0, 0, 0), (0, 1, 0)])
def test_a_stack_learns_what_each_network_learns_alone(case, seeds):
    """In float64, with batches shared between networks of one seed or not."""
    model, training, crop = CASES[case]
    data = some_images()
    given = networks(data, seeds=seeds)
    curves, stack = train_stack(data, model, training, given, dtype=torch.float64)
    tests = (torch.from_numpy(data.test_inputs).double() - 100) / 70
    logits = stack.eval()(tests[None])
    for m, one in enumerate(given):
        module, curve = plain(data, model, training, one, crop=crop)
        # a dozen steps that differ by rounding, 2e-16, which steps of Adam divide by small gradients
        assert curves[m]["train_loss"] == pytest.approx(curve, rel=1e-9)
        expected = module(tests.flatten(1) if model.name == "mlp" else tests)
        assert torch.allclose(logits[m], expected, rtol=1e-8, atol=1e-8)
        # the known-false case: another network of the stack
        assert not torch.allclose(logits[(m + 1) % 3], expected, rtol=1e-2, atol=1e-2)
        hits = (expected.argmax(1).numpy() == data.test_labels).mean()
        assert curves[m]["test_accuracy"][-1] == hits


def test_each_choice_of_training_matters():
    """The known-false case of all of the above: whatever is declared changes what is learned."""
    data = some_images()
    base = {"epochs": 2, "batch_size": 8, "optimiser": "sgd", "learning_rate": Fraction(1, 20)}
    variants = [
        {},
        {"momentum": Fraction(1, 2)},
        {"weight_decay": Fraction(1, 10)},
        {"augmentation": "crop"},
        {"augmentation": "crop and mirror"},
        {"precision": "bfloat16"},
        {"schedule": Linear()},
        {"schedule": Exponential()},
    ]
    found = [
        train_stack(data, TINY_CNN, Training(**base, **v), networks(data))[0][0]["train_loss"]
        for v in variants
    ]
    for model in (
        CNN(channels=(4, 4), hidden=8, dropout=Fraction(1, 2)),
        CNN(channels=(4, 4), hidden=8, batch_norm=False),
    ):
        found.append(train_stack(data, model, Training(**base), networks(data))[0][0]["train_loss"])
    assert all(a != b for a, b in itertools.combinations(found, 2))


def test_networks_of_a_stack_drop_the_same_features_whatever_the_stack():
    data = some_images()
    model = CNN(channels=(4, 4), hidden=8, dropout=Fraction(1, 2))
    given = networks(data, losses=("cce", "cce", "cce"))
    given = [given[0], given[1], given[0]]
    curves, _ = train_stack(data, model, ADAM, given, dtype=torch.float64)
    assert curves[0] == curves[2] != curves[1]
    (alone,), _ = train_stack(data, model, ADAM, given[:1], dtype=torch.float64)
    assert alone["train_loss"] == pytest.approx(curves[0]["train_loss"], rel=1e-12)


def test_a_single_last_sample_joins_the_batch_before_it():
    """Batch normalisation over one pixel of one image has no variance: torch refuses it."""
    data = some_images(train=25)
    training = Training(epochs=1, batch_size=8)
    curves, _ = train_stack(data, TINY_CNN, training, networks(data))
    assert all(math.isfinite(c["train_loss"][0]) for c in curves)
    from lossmatters.empirics.engine.feed import Feed

    feed = Feed(Batches(data.train_inputs, data.mean, data.std), 25, training, [0])
    sizes = [batch.shape[1] for batch, _ in feed.epoch()]
    assert sizes == [8, 8, 9]
    assert sorted(torch.cat([b for b, _ in feed.epoch()], dim=1)[0].tolist()) == list(range(25))


@pytest.mark.parametrize(
    ("model", "shape"), [(ResNet32(), (3, 16, 16)), (InceptionLite(), (3, 32, 32))], ids=["32", "inception"]
)
def test_the_source_s_models_train_in_bfloat16_with_crops(model, shape):
    data = some_images(train=16, shape=shape)
    training = Training(
        epochs=1, batch_size=8, optimiser="sgd", augmentation="crop and mirror", precision="bfloat16"
    )
    given = networks(data, seeds=(0, 0), losses=("cce", "rll"))
    curves, stack = train_stack(data, model, training, given)
    assert all(math.isfinite(c["train_loss"][0]) for c in curves)
    assert {p.dtype for p in stack.parameters()} == {torch.float32}
    classes = predict(stack, batches(data, data.test_inputs, model, dtype=torch.bfloat16), "bfloat16")
    assert curves[1]["test_accuracy"] == [float((classes[1].numpy() == data.test_labels).mean())]
    risks = final_risks(data, model, stack, given, [Fraction(2, 5)] * 2, "bfloat16")
    assert all(math.isfinite(value) for row in risks for value in row.values())


RESUMED = {
    "sgd": (TINY_CNN, SGD),
    "adam, crops, dropout": (
        CNN(channels=(4, 4), hidden=8, dropout=Fraction(1, 4)),
        Training(epochs=3, batch_size=8, augmentation="crop"),
    ),
    "an mlp": (MLP(hidden=(8,)), ADAM),
}


@pytest.mark.parametrize("case", RESUMED)
@pytest.mark.parametrize("warm", [False, True])
def test_training_that_stops_after_every_epoch_ends_bit_by_bit_the_same(case, warm, tmp_path):
    """Stopped by a deadline that has come, as often as there are epochs; every kind of state is in play."""
    model, training = RESUMED[case]
    data = some_images()
    given = networks(data, seeds=(0, 1, 0))
    start = train_stack(data, model, training, given)[1] if warm else None
    whole, stack = train_stack(data, model, training, given, start=start)
    calls, seen = 0, []
    while True:
        calls += 1
        checkpoints = Checkpoints(tmp_path / "c.pt", every=0)
        checkpoints.due = lambda last, seconds: (not last, not last)
        try:
            curves, resumed = train_stack(
                data, model, training, given, start=start, on_epoch=seen.append, checkpoints=checkpoints
            )
            break
        except OutOfTime:
            assert calls < 10
    assert calls == training.epochs
    assert seen == [1, 1, 2, 2, 3][: 2 * calls - 1]
    assert curves == whole
    for mine, theirs in zip(resumed.state_dict().values(), stack.state_dict().values(), strict=True):
        assert torch.equal(mine, theirs)
    assert [p.name for p in tmp_path.iterdir()] == ["c.pt"]


def test_a_checkpoint_is_due_by_the_clock():
    path = "never written"
    assert Checkpoints(path, every=0).due(False, 1.0) == (True, False)
    assert Checkpoints(path, every=1e6).due(False, 1.0) == (False, False)
    import time

    soon = time.time() + 1e3
    assert Checkpoints(path, every=1e6, deadline=soon).due(False, 1.0) == (False, False)
    assert Checkpoints(path, every=1e6, deadline=soon).due(False, 2e3) == (True, True)
    assert Checkpoints(path, every=0, deadline=soon).due(True, 2e3) == (False, False)  # it is over anyway
    assert Checkpoints(path, every=1e6, last=True).due(True, 1.0) == (True, False)
    assert not Checkpoints(path, every=0, deadline=soon).late
    assert Checkpoints(path, every=0, deadline=soon - 2e3).late


def test_after_the_deadline_nothing_is_trained(tmp_path):
    data, seen = some_images(), []
    late = Checkpoints(tmp_path / "c.pt", every=0, deadline=1.0)
    with pytest.raises(OutOfTime):
        train_stack(data, TINY_CNN, ADAM, networks(data), on_epoch=seen.append, checkpoints=late)
    assert seen == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"PK\x03\x04 not a zip file", b"lossmatters checkpoint 1 00\nx"]
)
def test_a_file_that_is_no_checkpoint_is_left_out_and_said(tmp_path, capsys, content):
    path = tmp_path / "c.pt"
    path.write_bytes(content)
    assert Checkpoints(path, every=0).load("cpu") is None
    assert "its training begins anew" in capsys.readouterr().err
    assert path.read_bytes() == content


def test_no_flipped_bit_or_zeroed_block_is_taken_up(tmp_path, capsys):
    """torch itself loads most of these without a word."""
    path = tmp_path / "c.pt"
    Checkpoints(path, every=0).save({"epochs": 3, "weights": torch.arange(500.0)})
    whole = path.read_bytes()
    assert Checkpoints(path, every=0).load("cpu")["epochs"] == 3
    for place in range(0, len(whole), 41):
        for damaged in (
            whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :],
            whole[:place] + bytes(64) + whole[place + 64 :],
            whole[:place],
        ):
            if damaged != whole:
                path.write_bytes(damaged)
                assert Checkpoints(path, every=0).load("cpu") is None, place
    assert "Traceback" not in capsys.readouterr().err


def test_a_checkpoint_runs_no_program(tmp_path):
    class Program:
        def __reduce__(self):
            return print, ("run",)

    path = tmp_path / "c.pt"
    buffer = io.BytesIO()
    torch.save({"epochs": Program()}, buffer)
    body = buffer.getvalue()
    path.write_bytes(HEADER + hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
    with pytest.raises(pickle.UnpicklingError):
        Checkpoints(path, every=0).load("cpu")
