"""Lanes: the bits of a stack of one, no questions asked of the device, and a pool that loses nothing."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
import torch
from some_images import ADAM, SGD, TINY_CNN, networks, some_images

from lossmatters.empirics import records
from lossmatters.empirics.engine.checkpoint import Checkpoints, OutOfTime
from lossmatters.empirics.engine.lane import Lane, train_in_lane
from lossmatters.empirics.engine.replay import Gate
from lossmatters.empirics.engine.schedules import Linear
from lossmatters.empirics.engine.train import train_stack
from lossmatters.empirics.engine.training import Training
from lossmatters.empirics.experiments import TrainingError, gpu, plan, runner, train
from lossmatters.empirics.experiments import lanes as pool
from lossmatters.empirics.experiments.experiment import Experiment
from lossmatters.empirics.experiments.jobs import Group, Job
from lossmatters.empirics.experiments.lanes import Lanes
from lossmatters.empirics.experiments.stack import Saving, Task, train_task
from lossmatters.empirics.models import MLP
from lossmatters.theory.criteria.criterion import sample_losses
from lossmatters.theory.losses import LOSSES, get
from lossmatters.theory.losses.callable_loss import CallableLoss

LOSSES_OF_THE_SOURCE = ("cce", "mse", "rll", "nmse")
CASES = {
    "sgd": (TINY_CNN, SGD),
    "adam": (TINY_CNN, ADAM),
    "crops": (TINY_CNN, replace(SGD, augmentation="crop and mirror")),
    "dropout": (replace(TINY_CNN, dropout=Fraction(1, 2)), ADAM),
    "bfloat16": (TINY_CNN, replace(SGD, precision="bfloat16")),
    "mlp": (MLP((8,)), replace(ADAM, schedule=Linear(Fraction(1, 2)))),
}


def weights(stack):
    return list(stack.state_dict().values())


@pytest.mark.parametrize("loss", LOSSES_OF_THE_SOURCE)
@pytest.mark.parametrize("case", CASES)
def test_a_lane_gives_the_bits_of_a_stack_of_one(case, loss):
    """Its second network, too, to which the first leaves nothing; 27 samples make a smaller last batch."""
    (model, training), data = CASES[case], some_images()
    lane = Lane(data, model, training, get(loss))
    for seed in (3, 4):
        (given,) = networks(data, seeds=(seed,), losses=(loss,))
        found = train_in_lane(lane, given)
        (expected,), stack = train_stack(data, model, training, [given])
        assert found == expected
        assert all(map(torch.equal, weights(lane.stack), weights(stack)))
    # the known-false case: another seed
    (other,), _ = train_stack(data, model, training, networks(data, seeds=(3,), losses=(loss,)))
    assert found != other


def test_a_lane_goes_on_from_another_network():
    data = some_images()
    first, second = (networks(data, seeds=(0,), losses=(loss,)) for loss in ("cce", "rll"))
    _, start = train_stack(data, TINY_CNN, ADAM, first)
    (expected,), _ = train_stack(data, TINY_CNN, ADAM, second, start=start)
    lane = Lane(data, TINY_CNN, ADAM, get("rll"))
    assert train_in_lane(lane, second[0], start=start) == expected
    assert train_in_lane(lane, second[0]) != expected


def test_a_lane_is_for_one_loss():
    data = some_images()
    lane = Lane(data, TINY_CNN, ADAM, get("cce"))
    with pytest.raises(ValueError, match="loss must be cce, got loss='mse'"):
        lane.begin(networks(data, seeds=(0,), losses=("mse",))[0])


@pytest.mark.parametrize("case", ["sgd", "adam", "crops", "dropout"])
def test_an_interrupted_network_ends_with_the_same_bits(case, tmp_path):
    (model, training), data = CASES[case], some_images()
    training = replace(training, epochs=3)
    (given,) = networks(data, seeds=(0,), losses=("rll",))
    whole = Lane(data, model, training, get("rll"))
    expected = train_in_lane(whole, given)
    path = tmp_path / "lane.pt"

    def checkpoints(deadline):
        return Checkpoints(path, every=1e9, deadline=deadline, eager=True)

    for _ in range(2):  # an epoch each
        with pytest.raises(OutOfTime):
            train_in_lane(
                Lane(data, model, training, get("rll")), given, checkpoints=checkpoints(time.time())
            )
    seen = []
    lane = Lane(data, model, training, get("rll"))
    assert train_in_lane(lane, given, checkpoints=checkpoints(None), on_epoch=seen.append) == expected
    assert seen == [2, 3]
    assert all(map(torch.equal, weights(lane.stack), weights(whole.stack)))


@pytest.mark.parametrize("name", [name for name, cls in LOSSES.items() if cls.differentiable])
def test_a_loss_asks_the_device_for_nothing(name):
    """A number that the host waits for ends the capture of a graph. Tensors without numbers show it."""
    logits = torch.empty(1, 5, 10, device="meta", requires_grad=True)
    labels = torch.empty(1, 5, dtype=torch.long, device="meta")
    sample_losses(get(name), logits, labels).mean(dim=1).sum().backward()
    assert logits.grad is not None


def test_a_loss_that_asks_is_found():
    """The known-false case of the above."""
    asking = CallableLoss(lambda logits, labels: logits[:, 0] * logits.max().item(), "asking")
    with pytest.raises((RuntimeError, NotImplementedError)):
        sample_losses(
            asking, torch.empty(1, 5, 10, device="meta"), torch.empty(1, 5, dtype=torch.long, device="meta")
        )


def test_channels_last_survives_a_network_by_itself():
    """Where channels are joined or filled up, the order of memory that convolutions like is kept."""
    from lossmatters.empirics.models.inception import joined
    from lossmatters.empirics.models.resnet import Block

    images = torch.randn(2, 4, 6, 6).contiguous(memory_format=torch.channels_last)
    assert joined(1, images, images).is_contiguous(memory_format=torch.channels_last)
    block = Block(1, 4, 8, stride=2, batch_norm=False, project=False)
    assert block._shortcut(images).is_contiguous(memory_format=torch.channels_last)
    two = torch.cat([images, images], dim=1).contiguous(memory_format=torch.channels_last)
    assert not joined(2, two, two).is_contiguous(memory_format=torch.channels_last)  # the known-false case


def test_who_captures_is_alone():
    gate, inside, seen = Gate(), 0, []

    def run():
        nonlocal inside
        for _ in range(20):
            with gate.shared():
                inside += 1
                time.sleep(0.001)
                inside -= 1

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(5):
        with gate.exclusive():
            seen.append(inside)
            time.sleep(0.002)
            seen.append(inside)
    for thread in threads:
        thread.join()
    assert seen == [0] * 10


PART = Experiment(
    name="some",
    dataset="digits(train=100, test=100)",
    model=MLP((8,)),
    training=Training(epochs=2, batch_size=32),
    grid=(("cce", Fraction(2, 5)), ("rll", Fraction(0)), ("rll", Fraction(2, 5))),
    seeds=(0, 1),
    stack_size=1,
)


def jobs(part=PART, **how):
    return [Job(part, run, **how) for run in part.runs()]


def pooled(groups, **options):
    """The records of the groups, and the events."""
    made, events = [], []
    lanes = Lanes(lambda job, record: made.append(record), device="cpu", log=events.append, **options)
    assert lanes.run(groups) == made
    return made, events


def test_the_pool_makes_the_records_of_the_engine():
    made, events = pooled([Group("all", jobs(), 2)])
    tasks = [Task(PART, (run,), 0, "cpu") for run in PART.runs()]
    expected = [record for task in tasks for record in train_task(task, lambda epochs: None) or ()]
    assert {r.run_id: r.outcome for r in made} == {r.run_id: r.outcome for r in expected}
    assert len(made) == 6
    lanes_made = [e for e in events if e["event"] == "lane"]
    assert len(lanes_made) < 6  # a lane takes one network of its loss after another


def test_a_run_that_fails_takes_none_with_it(monkeypatch):
    original = pool.train_in_lane

    def breaks(lane, network, **options):
        if (network.loss.name, network.seed) == ("rll", 1):
            raise RuntimeError("broken on purpose")
        return original(lane, network, **options)

    monkeypatch.setattr(pool, "train_in_lane", breaks)
    made, events = pooled([Group("all", jobs(), 1)])
    assert [e["error"] for e in events if e["event"] == "failure"] == ["RuntimeError: broken on purpose"] * 2
    assert len(made) == 4


def test_a_lane_that_cannot_be_captured_is_made_without_graphs(monkeypatch):
    class Uncapturable(Lane):
        def __init__(self, *arguments, graphs=True, **options):
            if graphs:
                raise RuntimeError("capture failed")
            super().__init__(*arguments, graphs=graphs, **options)

    monkeypatch.setattr(pool, "Lane", Uncapturable)
    made, events = pooled([Group("all", jobs(), 2)])
    assert len(made) == 6
    assert all(not e["graphs"] for e in events if e["event"] == "lane")
    assert any(e["event"] == "no lane" for e in events)


LONG = replace(PART, training=replace(PART.training, epochs=20_000), grid=PART.grid[:1], seeds=(0,))


def test_nothing_begins_after_the_deadline_and_what_was_begun_is_saved(tmp_path):
    """A run of very many epochs is saved at the deadline, and gone on with by the next call."""
    assert pooled([Group("all", jobs(), 1)], saving=Saving(tmp_path, 60, time.time() - 1))[0] == []
    done = []
    for _ in range(2):
        events = []

        def move(job, epochs):
            lanes.deadline = 0.0  # noqa: B023  # of this very turn

        lanes = Lanes(
            lambda job, record: pytest.fail("it ended"),
            device="cpu",
            saving=Saving(tmp_path, 60, time.time() + 1e6),
            log=events.append,
            report=move,
        )
        assert lanes.run([Group("all", jobs(LONG, saves=True), 1)]) == []
        done += [e["done"] for e in events if e["event"] == "out of time"]
    assert 0 < done[0] < done[1]


def test_runs_wait_until_they_may_begin():
    began = time.time()
    made, _ = pooled([Group("all", jobs()[:1], 1, ready=lambda: time.time() > began + 0.6)])
    assert len(made) == 1
    assert time.time() > began + 0.6


@pytest.fixture
def lanes_on_a_cpu(monkeypatch):
    """What a GPU is used for, on this CPU and for perceptrons."""
    monkeypatch.setattr(runner, "LANE_DEVICES", ("cpu",))
    for module in (runner, gpu):
        monkeypatch.setattr(module, "in_lanes", lambda part, runs: all(run.start is None for run in runs))


@pytest.mark.slow
def test_a_sweep_in_lanes_makes_the_same_records(tmp_path, lanes_on_a_cpu, monkeypatch):
    """Network by network, and what is recorded or not asked for is not trained, though it be of the stack."""
    part = replace(PART, stack_size=3, warm=(("cce", "rll", Fraction(2, 5)),))
    seen = []
    options = {"records_path": tmp_path / "lanes", "device": "cpu", "workers": 2}
    some = train(part, **options, only={"loss": "rll", "start": "none", "eta": "0"}, progress=False)
    assert [(r.loss, r.seed) for r in some] == [("rll(alpha=1/10)", 0), ("rll(alpha=1/10)", 1)]
    found = train(part, **options, progress=seen.append)
    assert seen[-1].networks_done == seen[-1].networks == 6  # the two stacks with a warm start, and two
    assert seen[-1].epochs_done == seen[-1].epochs == 12
    monkeypatch.setattr(runner, "LANE_DEVICES", ())
    alone = replace(part, stack_size=1)
    expected = train(alone, records_path=tmp_path / "stacks", device="cpu", workers=1, progress=False)
    assert [r.outcome for r in found] == [r.outcome for r in expected]


def test_a_sweep_in_lanes_stops_at_its_budget_and_goes_on(tmp_path, lanes_on_a_cpu):
    options = {"records_path": tmp_path, "device": "cpu", "workers": 1, "progress": False}
    assert train(LONG, **options, budget=1e-3) == []
    assert list(tmp_path.glob("*.checkpoints/*/*/lane.pt"))
    assert train(replace(LONG, training=PART.training), **options, budget=1e-3) == []  # an epoch of two
    assert len(train(replace(LONG, training=PART.training), **options)) == 1


def test_a_sweep_in_lanes_tells_what_went_wrong(tmp_path, lanes_on_a_cpu, monkeypatch):
    def breaks(*_, **__):
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr(pool, "train_in_lane", breaks)
    with pytest.raises(TrainingError, match="training stopped: RuntimeError: broken on purpose"):
        train(PART, records_path=tmp_path, device="cpu", workers=2, progress=False)


def test_a_gpu_may_be_planned_for_where_there_is_none(tmp_path):
    if torch.cuda.is_available():
        pytest.skip("there is one")
    found = plan("paper", records_path=tmp_path, device="cuda")
    assert (found.device, found.workers) == ("cuda", gpu.LANES)
    assert found.seconds > 0
    with pytest.raises(ValueError, match="device must be auto or cpu where torch finds no CUDA device"):
        train("paper", records_path=tmp_path, device="cuda", progress=False)


GRID = Path(__file__).parents[2] / "benchmarks" / "gpu_grid.py"


def grid(out, seconds):
    arguments = ["--device", "cpu", "--tiny", "--all-data", "--out", str(out), "--seconds", str(seconds)]
    return subprocess.Popen([sys.executable, str(GRID), *arguments], stdout=subprocess.DEVNULL)


@pytest.mark.slow
def test_the_grid_survives_being_killed(tmp_path):
    """Killed twice at some moment; the last call finds what is there, and ends."""
    for delay in (6, 9):
        process = grid(tmp_path, 300)
        time.sleep(delay)
        process.kill()
        process.wait()
    assert grid(tmp_path, 300).wait(timeout=400) == 0
    events = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert events[-1]["event"] == "end"
    assert events[-1]["left"] == 0
    assert not [e for e in events if e["event"] == "failure"]
    found = [r for name in ("short", "paper", "cifar") for r in records.read(tmp_path / f"{name}.jsonl")]
    texts = [(tmp_path / f"{name}.jsonl").read_text() for name in ("short", "paper", "cifar")]
    assert len(found) == sum(text.count("\n") for text in texts)  # no run was done twice
    plan = json.loads((tmp_path / "plan.json").read_text())
    assert plan["short_epochs"] in (1, 2)


@pytest.mark.slow
def test_the_grid_ends_at_its_deadline(tmp_path):
    assert grid(tmp_path, 0.01).wait(timeout=300) == 0
    events = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert events[-1]["event"] == "end"
    assert events[-1]["records"] == 0  # it was over before the first run
