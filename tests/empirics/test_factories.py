"""Optimisers and schedules of a user's own: one for each network, in the record, and taken up again."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from lossmatters import main
from lossmatters.empirics import records
from lossmatters.empirics.data import as_dataset
from lossmatters.empirics.engine.checkpoint import Checkpoints, OutOfTime
from lossmatters.empirics.engine.factories import settings_of
from lossmatters.empirics.engine.schedules import Linear
from lossmatters.empirics.engine.train import Network, train_stack
from lossmatters.empirics.engine.training import Training
from lossmatters.empirics.models import CNN, MLP, Factory
from lossmatters.theory.losses import get

K = 3


def some_data(shape=(16,)):
    inputs = np.random.default_rng(0).normal(size=(50, *shape)).astype(np.float32)
    return as_dataset((inputs, np.arange(50) % K))


def given(data, losses=("cce", "rll", "mae")):
    return [Network(get(loss), seed, data.train_labels) for seed, loss in enumerate(losses)]


def final(stack, index):
    return [p.detach()[index].double() for p in stack.parameters()]


class ByNorm(torch.optim.Optimizer):
    """Steps along the gradient of all parameters together, at one length: no parameter is by itself."""

    def __init__(self, parameters, lr=0.05):
        super().__init__(parameters, {"lr": lr})

    @torch.no_grad()
    def step(self, closure=None):
        (group,) = self.param_groups
        length = sum(p.grad.square().sum() for p in group["params"]).sqrt() + 1e-12
        for p in group["params"]:
            p.sub_(p.grad / length, alpha=group["lr"])


def one_cycle(optimiser, steps):
    return torch.optim.lr_scheduler.OneCycleLR(optimiser, 0.1, total_steps=steps)


def linear(parameters):
    return torch.nn.Linear(16, K)


def make_linear():
    return torch.nn.Linear(16, K)


@pytest.mark.parametrize("model", [MLP((8,)), Factory(make_linear), Factory(make_linear, "loop")])
def test_torchs_own_optimiser_does_what_the_declared_one_does(model):
    data = some_data()
    declared = Training(epochs=3, batch_size=16, optimiser="sgd", learning_rate="1/20", momentum="9/10")
    own = Training(epochs=3, batch_size=16, optimiser=partial(torch.optim.SGD, lr=0.05, momentum=0.9))
    ours, one = train_stack(data, model, own, given(data))
    theirs, other = train_stack(data, model, declared, given(data))
    for a, b in zip(ours, theirs, strict=True):
        assert a["train_loss"] == pytest.approx(b["train_loss"], rel=1e-5)
    for p, q in zip(one.parameters(), other.parameters(), strict=True):
        assert torch.allclose(p, q, atol=1e-5)


def test_networks_do_not_mix_in_an_optimiser_that_treats_all_parameters_together():
    data, training = some_data(), Training(epochs=2, batch_size=16, optimiser=ByNorm, schedule=Linear())
    networks = given(data)
    _, together = train_stack(data, MLP((8,)), training, networks)
    for index, network in enumerate(networks):
        _, alone = train_stack(data, MLP((8,)), training, [network])
        for a, b in zip(final(together, index), final(alone, 0), strict=True):
            assert torch.allclose(a, b, atol=1e-5)


def test_one_optimiser_for_all_networks_would_mix_them():
    """The known-false case of the test above: alone each network would move by the whole step size."""
    stack = MLP((8,)).stack((16,), K, [0, 1, 2])
    mixed, before = ByNorm(list(stack.parameters())), [final(stack, i) for i in range(3)]
    stack(torch.from_numpy(some_data().train_inputs)[None]).square().sum().backward()
    mixed.step()
    for index, start in enumerate(before):
        moved = sum((p - q).square().sum() for p, q in zip(final(stack, index), start, strict=True))
        assert moved.sqrt() < 0.049


def test_images_too():
    data = some_data((1, 8, 8))
    own = Training(epochs=1, batch_size=16, optimiser=torch.optim.AdamW, schedule=Linear())
    curves, _ = train_stack(data, CNN(), own, given(data))
    assert all(np.isfinite(c["train_loss"]).all() for c in curves)


def test_a_schedule_is_stepped_after_each_batch(monkeypatch):
    seen = []

    class Spy(torch.optim.SGD):
        def step(self, closure=None):
            seen.append(self.param_groups[0]["lr"])
            return super().step(closure)

    data = some_data()
    training = Training(epochs=2, batch_size=16, optimiser=partial(Spy, lr=0.01), schedule=one_cycle)
    train_stack(data, MLP((8,)), training, given(data, ("cce",)))
    steps = 2 * -(-len(data.train_labels) // 16)
    reference = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.01)
    scheduler, wanted = one_cycle(reference, steps), []
    for _ in range(steps):
        wanted.append(reference.param_groups[0]["lr"])
        reference.step()
        scheduler.step()
    assert seen == wanted
    assert max(seen) == pytest.approx(0.1, rel=0.05)


@pytest.mark.parametrize(
    "training",
    [
        Training(epochs=4, batch_size=16, optimiser=torch.optim.AdamW),
        Training(epochs=4, batch_size=16, optimiser=torch.optim.RMSprop, schedule=one_cycle),
        Training(epochs=4, batch_size=16, schedule=one_cycle),
    ],
)
@pytest.mark.parametrize("model", [MLP((8,)), Factory(make_linear, "loop")])
def test_an_interrupted_training_ends_with_the_same_bits(training, model, tmp_path):
    data = some_data()
    expected, whole = train_stack(data, model, training, given(data))
    path = tmp_path / "stack.pt"
    for _ in range(3):
        with pytest.raises(OutOfTime):
            train_stack(
                data, model, training, given(data), checkpoints=Checkpoints(path, 0, deadline=1.0, eager=True)
            )
    found, stack = train_stack(data, model, training, given(data), checkpoints=Checkpoints(path, 1e9))
    assert found == expected
    for p, q in zip(stack.parameters(), whole.parameters(), strict=True):
        assert torch.equal(p, q)


def test_a_record_tells_settings_and_schedules_apart():
    slow, fast = (Training(optimiser=partial(torch.optim.AdamW, lr=lr)) for lr in (0.001, 0.01))
    assert slow.description["optimiser"] == "torch.optim.adamw:AdamW"
    assert slow.description["optimiser_settings"][0]["lr"] == 0.001
    assert slow.description["optimiser_settings"] != fast.description["optimiser_settings"]
    assert "learning_rate" not in slow.description
    json.dumps(slow.description)
    cycle, other = (replace(slow, schedule=s) for s in (one_cycle, lower))
    assert cycle.description["schedule"].endswith(":one_cycle")
    assert cycle.description["schedule_sha256"] != other.description["schedule_sha256"]
    assert settings_of(cycle) == settings_of(cycle)
    declared = Training()
    assert declared.description["learning_rate"] == "3/1000"
    assert "optimiser_settings" not in declared.description


def lower(optimiser, steps):
    return torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: 1 - step / (2 * steps))


def raises(parameters):
    raise RuntimeError("no such thing\nas this")


def plateau(optimiser, steps):
    return torch.optim.lr_scheduler.ReduceLROnPlateau(optimiser)


def too_short(optimiser, steps):
    return torch.optim.lr_scheduler.OneCycleLR(optimiser, 0.1, total_steps=steps // 2)


class Unsaved(torch.optim.SGD):
    def state_dict(self):
        return {**super().state_dict(), "what": object()}


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        (
            {"optimiser": "adamw"},
            ValueError,
            "adam, sgd or a factory: .* got optimiser='adamw'",
        ),
        ({"optimiser": 3}, TypeError, "optimiser must be adam, sgd or a factory"),
        ({"schedule": "cosine"}, ValueError, "schedule must be a Schedule or a factory"),
        ({"optimiser": "torch.optim:AdamV"}, ValueError, "optimiser must be a name in torch.optim"),
        ({"optimiser": "none.py:make"}, ValueError, "optimiser must be in a file that can be read"),
        ({"optimiser": raises}, ValueError, "optimiser must take a list of parameters, got .*:raises: R"),
        ({"optimiser": linear}, TypeError, "a function that makes a torch.optim.Optimizer"),
        (
            {"optimiser": torch.optim.LBFGS},
            ValueError,
            "one that takes a step with nothing but gradients",
        ),
        ({"optimiser": Unsaved}, ValueError, "optimiser must be one whose state is numbers"),
        ({"schedule": raises}, ValueError, "schedule must take an optimiser and a number of steps"),
        (
            {"schedule": plateau},
            TypeError,
            "schedule must be a function that makes a scheduler",
        ),
        ({"schedule": too_short}, ValueError, "schedule must be one that can be stepped 640 times"),
        (
            {"optimiser": torch.optim.SGD, "learning_rate": "1/10"},
            ValueError,
            "learning_rate must be left to an optimiser of one's own, got learning_rate=1/10",
        ),
    ],
)
def test_a_factory_that_cannot_be_used_is_refused_in_one_line(wrong, error, message):
    with pytest.raises(error, match=message) as found:
        Training(**wrong).description  # noqa: B018  # the property tries the factory
    assert "\n" not in str(found.value)


FILE = """
import torch

def adamw(parameters):
    return torch.optim.AdamW(parameters, lr=0.01, weight_decay=0.1)

def cosine(optimiser, steps):
    return torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)

def wrong(parameters):
    return None
"""


def test_the_command_takes_both_and_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "how.py").write_text(FILE)
    path = tmp_path / "mine.jsonl"
    command = ["train", "own", "--loss", "mae", "--subset", "60", "--epochs", "2", "--seeds", "1"]
    command += ["--workers", "1", "--device", "cpu", "--records", str(path), "--json"]
    own = ["--optimiser", f"{tmp_path}/how.py:adamw", "--schedule", f"{tmp_path}/how.py:cosine"]

    def run(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stop:
            main([*command, *words])
        return int(stop.value.code or 0), *capsys.readouterr()

    status, out, _ = run(*own)
    (record,) = records.read(path)
    assert (status, json.loads(out)["runs"]) == (0, [record.run_id])
    assert record.training["optimiser"] == f"{tmp_path}/how.py:adamw"
    assert record.training["optimiser_settings"][0]["weight_decay"] == 0.1
    assert record.training["schedule"] == f"{tmp_path}/how.py:cosine"
    assert json.loads(run(*own, "--dry-run")[1])["runs"][0]["recorded"]
    assert not json.loads(run(*own[:2], "--dry-run")[1])["runs"][0]["recorded"]
    status, _, error = run("--optimiser", f"{tmp_path}/how.py:wrong")
    assert status == 2
    assert "must be a function that makes a torch.optim.Optimizer, got optimiser='NoneType'" in error
    assert error.count("\n") == 1
