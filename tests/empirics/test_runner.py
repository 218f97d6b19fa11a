"""Sweeps in worker processes: the same records however they came about, and nothing lost."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace

import pytest
import tasks
import torch
from tiny_sweep import SCRIPT, TINY, outcomes

from lossmatters.empirics import records
from lossmatters.empirics.experiments import Progress, Study, TrainingError, plan, runner, train
from lossmatters.empirics.experiments.pool import WorkerError, run_tasks
from lossmatters.empirics.experiments.provenance import source_commit
from lossmatters.empirics.experiments.stack import Saving, Task, train_task


def run(path, **changes):
    return train(TINY, records_path=path, **{"device": "cpu", "progress": False, "workers": 1, **changes})


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    path = tmp_path_factory.mktemp("records") / "tiny.jsonl"
    return run(path), path


def test_a_sweep_writes_what_it_returns(reference):
    found, path = reference
    assert len(found) == 8
    assert Counter(outcomes(records.read(path))) == Counter(outcomes(found))
    assert [(r.loss, r.noise_rate, r.seed) for r in found] == [
        (run.loss, run.rate, run.seed) for run in TINY.runs()
    ]


def test_two_workers_give_the_records_of_one(reference, tmp_path):
    assert outcomes(run(tmp_path / "r.jsonl", workers=2)) == outcomes(reference[0])


def test_a_seed_alone_is_the_same_as_among_others(reference, tmp_path):
    """And the known-false case: another seed learns something else. Progress is reported on the way."""
    seen = []
    first, second = ([r for r in reference[0] if r.seed == seed] for seed in (0, 1))
    assert outcomes(run(tmp_path / "r.jsonl", seeds=[1], progress=seen.append)) == outcomes(second)
    assert not {str(r.curves) for r in first} & {str(r.curves) for r in second}
    assert seen[-1] == Progress(networks_done=4, networks=4, epochs_done=8, epochs=8)
    assert [s.epochs_done for s in seen] == [2, 4, 4, 6, 8, 8]
    assert [s.networks_done for s in seen] == [0, 0, 2, 2, 2, 4]


def test_a_part_of_a_stack_is_the_same_as_in_the_whole(reference, tmp_path):
    """Both networks of the stack are trained, only the one that was asked for is written."""
    path = tmp_path / "r.jsonl"
    only = {"loss": "rll", "eta": "0.4", "seed": 0}
    todo = plan(TINY, records_path=path, only=only, device="cpu")
    assert (len(todo.runs), todo.networks, list(todo.stacks)) == (1, 2, [1])
    found = run(path, only=only)
    assert outcomes(found) == outcomes(records.read(path)) == outcomes(reference[0][3:4])
    # and the rest of it later
    assert outcomes(run(path, seeds=1)) == outcomes(reference[0][:4])
    assert len(records.read(path)) == 4


WARM = replace(TINY, warm=(("cce", "rll", "0.4"), ("cce", "mae", "0.4")), first_seed_grid=(("mse", 0),))


@pytest.fixture(scope="module")
def warmed(tmp_path_factory):
    path = tmp_path_factory.mktemp("warm") / "tiny.jsonl"
    seen = []
    return train(WARM, records_path=path, device="cpu", workers=1, progress=seen.append), seen


def test_warm_starts_go_on_from_the_runs_recorded_beside_them(warmed):
    found, seen = warmed
    by_seed = [[(r.loss, r.start, r.noise["rate"]) for r in found if r.seed == seed] for seed in (0, 1)]
    first = [("cce", None, "2/5"), ("rll(alpha=1/10)", "cce", "2/5"), ("mae", "cce", "2/5")]
    rest = [("cce", None, "0"), ("rll(alpha=1/10)", None, "0"), ("rll(alpha=1/10)", None, "2/5")]
    assert by_seed == [[*first, *rest, ("mse", None, "0")], [*first, *rest]]
    # progress counts the epochs of all networks: one, then the two that go on from it
    assert [s.epochs_done for s in seen[:4]] == [1, 2, 4, 6]
    assert seen[-1] == Progress(networks_done=13, networks=13, epochs_done=26, epochs=26)
    cold, warm, _ = found[:3]
    assert warm.training == {**cold.training, "start": "cce"}
    assert "start" not in cold.training
    assert warm.provenance["stack"] == {**cold.provenance["stack"], "place": 1}
    # further on from the start's network than its first epoch was
    assert warm.curves["clean_train_accuracy"][0] > cold.curves["clean_train_accuracy"][0]


def test_a_part_of_the_warm_starts_is_the_same_as_all_of_them(warmed, tmp_path):
    path = tmp_path / "r.jsonl"
    only = {"start": "cce", "loss": "mae", "seed": 1}
    todo = plan(WARM, records_path=path, only=only, device="cpu")
    assert (len(todo.runs), todo.networks) == (1, 3)  # with the run that it goes on from
    found = train(WARM, records_path=path, only=only, device="cpu", workers=1, progress=False)
    assert outcomes(found) == outcomes(records.read(path)) == outcomes([warmed[0][9]])


def test_risks_are_recorded(warmed):
    for record in warmed[0]:
        assert set(record.risks) == set(records.RISKS)
        assert record.outcome["risks"] == record.risks
        same = len(set(record.risks.values()))
        # without noise the three are one, but for the order in which the terms are added
        assert (
            same == 3
            if record.noise_rate
            else max(record.risks.values()) == pytest.approx(min(record.risks.values()), rel=1e-14)
        )


def test_every_record_satisfies_the_identity_of_the_definition(reference):
    """M1: J1 - J2 = f (M - A_f), up to the rounding of the six floats in it (each below 2e-16)."""

    def error(record, epoch):
        j1, j2, m, a = (
            record.curves[name][epoch]
            for name in (
                "noisy_train_accuracy",
                "clean_train_accuracy",
                "memorization_rate",
                "recovery_rate",
            )
        )
        f = record.noise["realised_rate"]
        return abs(j1 - j2) if m is None else abs(j1 - j2 - f * (m - a))

    assert all(error(r, e) < 1e-15 for r in reference[0] for e in range(r.epochs))
    assert all((r.curves["recovery_rate"][0] is None) == (r.noise_rate == 0) for r in reference[0])
    # the known-false case: one sample more is seen
    wrong = reference[0][1]
    wrong = replace(wrong, curves={**wrong.curves, "clean_train_accuracy": [0.5, 0.5]})
    assert error(wrong, 0) > 1e-15


def test_a_record_says_what_produced_it_and_names_no_place(reference):
    provenance = reference[0][3].provenance
    assert {"python", "torch", "numpy", "scikit-learn", "lossmatters"} == set(provenance["versions"])
    assert provenance["device"]["type"] == "cpu"
    assert provenance["threads"] == 1
    assert provenance["stack"] == {"index": 1, "size": 2, "place": 1}
    assert provenance["wall_time_s"] > 0
    assert provenance["samples_per_s"] > 0
    assert provenance["source"] == source_commit()
    text = reference[1].read_text()
    assert os.uname().nodename not in text
    assert str(reference[1].parent) not in text
    assert "/" not in json.dumps(provenance)


def test_a_second_call_trains_nothing_and_writes_nothing(reference):
    found, path = reference
    before = path.read_bytes()
    todo = plan(TINY, records_path=path, device="cpu")
    assert (todo.stacks, todo.seconds, len(todo.recorded)) == ({}, 0, 8)
    assert outcomes(run(path.parent)) == outcomes(found)  # a folder means <experiment>.jsonl in it
    assert path.read_bytes() == before


def interrupted(tmp_path, number):
    """Start a sweep of some seconds, send `number` to all of it after the first stack."""
    script, path = tmp_path / "tiny.py", tmp_path / "r.jsonl"
    script.write_text(SCRIPT)
    started = subprocess.Popen(
        [sys.executable, str(script), str(path), "30"],
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not (path.is_file() and path.stat().st_size):
        assert started.poll() is None, started.stdout.read()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    if number == signal.SIGINT:
        os.killpg(started.pid, number)  # as a terminal does
    else:
        os.kill(started.pid, number)  # its worker must notice by itself
    output = started.communicate(timeout=60)[0]
    return path, output, started.returncode


def test_a_killed_sweep_resumes_to_the_same_records(tmp_path):
    path, output, _ = interrupted(tmp_path, signal.SIGKILL)
    kept = path.read_bytes()
    first = records.read(path)
    assert len(first) in (2, 4)
    long = TINY.with_changes(epochs=30)
    found = train(long, records_path=path, seeds=1, device="cpu", workers=1, progress=False)
    whole = train(long, records_path=tmp_path / "w.jsonl", seeds=1, device="cpu", workers=1, progress=False)
    assert outcomes(found) == outcomes(whole)
    assert path.read_bytes().startswith(kept)
    # communicate() has returned, so the worker, which held the pipe as well, has ended too
    assert "Traceback" not in output


# One stack of several seconds, saved after every epoch; "cold" and then "warm" starts, so two phases. A line
# for each report, so that the test sees where it is.
LONG = """
import sys
from lossmatters.empirics.experiments import Experiment, train
from lossmatters.empirics.models import MLP

LONG = Experiment(
    name="long",
    dataset="digits",
    grid=(("cce", 0), ("cce", "0.4"), ("rll", "0.4")),
    warm=(("cce", "mae", "0.4"),),
    model=MLP(hidden=(8,)),
    seeds=(0,),
).with_changes(epochs=40)


def run(path, budget=None):
    seen = []

    def tell(state):
        seen.append(state.epochs_done)
        print(state.epochs_done, flush=True)

    found = train(
        LONG, records_path=path, workers=1, device="cpu", checkpoint_seconds=0, budget=budget, progress=tell
    )
    return found, seen


if __name__ == "__main__":
    run(sys.argv[1])
"""
long_names: dict = {"__name__": "long"}
exec(LONG, long_names)


@pytest.fixture(scope="module")
def long_reference(tmp_path_factory):
    path = tmp_path_factory.mktemp("long") / "long.jsonl"
    return outcomes(long_names["run"](path)[0]), path


def test_a_run_killed_at_a_random_moment_goes_on_to_the_same_records(long_reference, tmp_path):
    """Its worker too, by SIGKILL, thrice: wherever that is, in an epoch or in writing a checkpoint."""
    script, path = tmp_path / "long.py", tmp_path / "r.jsonl"
    script.write_text(LONG)
    moments = random.Random(os.urandom(8))
    beginnings = []
    for _ in range(3):
        started = subprocess.Popen(
            [sys.executable, str(script), str(path)],
            start_new_session=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        beginnings.append(int(started.stdout.readline()))
        for _ in range(moments.randrange(2, 9)):  # an epoch is saved before the next one is told
            started.stdout.readline()
        time.sleep(moments.uniform(0, 0.02))
        os.killpg(started.pid, signal.SIGKILL)
        started.communicate(timeout=60)
        assert path.read_bytes() == b""
    found, seen = long_names["run"](path)
    assert outcomes(found) == long_reference[0]
    # each call went on where the one before had been, not from the beginning
    assert beginnings[0] in (1, 2)
    assert beginnings[0] < beginnings[1] < beginnings[2] <= seen[0]
    left = [p.name for p in tmp_path.iterdir() if p != script and not p.name.endswith(".lock")]
    assert left == ["r.jsonl"]  # no checkpoint is left


def test_a_budget_ends_cleanly_and_the_next_call_goes_on(long_reference, tmp_path):
    path = tmp_path / "r.jsonl"
    for epoch in (1, 2):  # however small the budget is, each call gets on by an epoch of its first network
        found, seen = long_names["run"](path, budget=1e-9)
        assert (found, seen[-1]) == ([], epoch)
        assert path.read_bytes() == b""
    found, seen = long_names["run"](path, budget=1e9)
    assert outcomes(found) == long_reference[0]
    assert seen[0] == 2
    assert not (tmp_path / "r.checkpoints").exists()


def test_checkpoints_of_what_is_recorded_do_not_stay(long_reference, tmp_path, monkeypatch):
    """A sweep that is killed when it has written its records, and not yet removed their checkpoints."""
    path, folder = tmp_path / "r.jsonl", tmp_path / "r.checkpoints"
    long_names["run"](path, budget=1e-9)
    with monkeypatch.context() as patched:
        patched.setattr(runner, "forget", lambda task: None)
        long_names["run"](path)
    assert list(folder.iterdir())
    others = folder / "of another stack"
    others.mkdir()
    for kept in (True, False):
        assert outcomes(long_names["run"](path)[0]) == long_reference[0]
        assert ([p.name for p in folder.iterdir()] if folder.exists() else []) == [others.name] * kept
        if kept:
            others.rmdir()
    assert not folder.exists()


def test_a_stack_with_warm_starts_stops_and_goes_on_in_both_phases(long_reference, tmp_path):
    """As the worker does it, with a deadline that is over from the beginning: an epoch a call."""
    experiment = long_names["LONG"].with_changes(epochs=3)
    (first, second) = experiment.stacks()
    found, threads = {}, torch.get_num_threads()
    for deadline in (None, 1.0):
        saving, ends = Saving(tmp_path / str(deadline), 0.0, deadline), []
        for runs in (first, second):
            calls, seen = 0, []
            task = Task(experiment, runs, 0, "cpu", saving=saving, eager=True)
            while (done := train_task(task, seen.append)) is None:
                calls += 1
                assert calls < 10
            ends += outcomes(done)
            # the last epoch of a phase is no stop; a warm start goes on in the call that ended the cold phase
            assert calls == (0 if deadline is None else 5 if runs is first else 2)
            assert seen[-1] == 3 * len(runs)
        found[deadline] = ends
    torch.set_num_threads(threads)
    assert found[None] == found[1.0]


@pytest.mark.parametrize("budget", [0, -1, float("nan")])
def test_a_budget_out_of_domain_is_refused(tmp_path, budget):
    with pytest.raises(ValueError, match="budget must be > 0 seconds, got budget="):
        run(tmp_path / "r.jsonl", budget=budget)
    assert list(tmp_path.iterdir()) == []


def test_a_study_s_parts_are_the_experiments_alone(reference, tmp_path):
    """The same networks as in the experiment of each part, seed by seed, and told apart in the records."""
    other = replace(TINY, variant="wide", model=replace(TINY.model, hidden=(12,)), seeds=(0,))
    study = Study("tiny", (TINY, other))
    path = tmp_path / "r.jsonl"
    found = train(study, records_path=path, device="cpu", workers=1, progress=False)
    assert [(r.seed, r.variant) for r in found] == [(0, None)] * 4 + [(0, "wide")] * 4 + [(1, None)] * 4
    assert outcomes([r for r in found if r.variant is None]) == outcomes(reference[0])
    assert {tuple(r.model["widths"]) for r in found} == {(64, 8, 10), (64, 12, 10)}
    todo = plan(study, records_path=path, only={"variant": "wide"}, device="cpu")
    assert (len(todo.runs), len(todo.recorded), todo.networks) == (4, 4, 0)
    todo = plan(study, records_path=tmp_path / "n.jsonl", only={"variant": "main", "seed": 1}, device="cpu")
    assert (todo.networks, todo.epochs) == (4, 8)


def test_ctrl_c_keeps_whole_stacks_and_says_so_in_one_line(tmp_path):
    path, output, code = interrupted(tmp_path, signal.SIGINT)
    assert len(records.read(path)) in (2, 4, 6)
    assert code == 1
    assert output.count("\n") == 1
    assert "interrupted; finished stacks are in" in output


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            "raise RuntimeError('no such luck')",
            "training stopped: RuntimeError: no such luck; finished stacks are in",
        ),
        ("import os; os._exit(9)", "training stopped: a worker process ended, exit code 9; finished stacks"),
    ],
)
def test_a_worker_that_fails_leaves_whole_stacks(tmp_path, body, message):
    file, path = tmp_path / "mine.py", tmp_path / "r.jsonl"
    file.write_text(f"def mine(logits, labels):\n    {body}\n")
    from dataclasses import replace

    grid = (("cce", 0), ("cce", "0.4"), ("mae", 0), (f"{file}:mine", 0))
    with pytest.raises(TrainingError, match=message) as caught:
        train(replace(TINY, grid=grid), records_path=path, seeds=1, device="cpu", workers=1, progress=False)
    assert "\n" not in str(caught.value)
    assert [r.loss for r in records.read(path)] == ["cce", "cce"]


BAD = {
    "an unknown experiment": (
        {"experiment": "quik"},
        ValueError,
        "experiment must be one of quick, cpu, cifar, short, pair, paper, own",
    ),
    "an unknown device": ({"device": "tpu"}, ValueError, "device must be one of auto, cpu, cuda"),
    "no workers": ({"workers": 0}, ValueError, "workers must be an integer >= 1, got workers=0"),
    "half a worker": ({"workers": 0.5}, TypeError, "workers must be an integer >= 1, got workers=0.5"),
    "no seeds": ({"seeds": 0}, ValueError, "seeds must be an integer >= 1, got seeds=0"),
    "a seed twice": ({"seeds": [1, 1]}, ValueError, "seeds must be non-empty and without repetition"),
    "no epochs": ({"epochs": 0}, ValueError, "epochs must be an integer >= 1, got epochs=0"),
    "an unknown key": ({"only": {"rate": "0.4"}}, ValueError, "only must be a key among loss, eta"),
    "an unknown loss": ({"only": {"loss": "mse"}}, ValueError, "loss must be one of the runs chosen: cce"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_call_is_refused_before_anything_is_written(tmp_path, case):
    arguments, error, message = BAD[case]
    call = {"experiment": TINY, "records_path": tmp_path / "r.jsonl", "device": "cpu", **arguments}
    for function in (plan, train):
        with pytest.raises(error, match=message) as caught:
            function(**call)
        assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_cuda_where_there_is_none(tmp_path, monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ValueError, match=r"device must be .*, got device='cuda'"):
        run(tmp_path / "r.jsonl", device="cuda")


def test_an_unwritable_place_is_refused_before_training(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(
        "lossmatters.empirics.experiments.runner._train", lambda *a: pytest.fail("it trained")
    )
    with pytest.raises(OSError, match="records_path must be writable, got records_path="):
        run(tmp_path / "file" / "r.jsonl")
    (tmp_path / "r.jsonl").write_text('{"half": ')
    with pytest.raises(records.RecordError, match="line 1: not a whole record"):
        run(tmp_path / "r.jsonl")


def test_without_resume_a_file_with_records_is_left_alone(reference):
    path = reference[1]
    with pytest.raises(ValueError, match="records_path must be a file without records where resume is off"):
        run(path, resume=False)


@pytest.mark.parametrize("workers", [1, 3])
def test_workers_do_each_task_once(workers):
    events = list(run_tasks(tasks.double, [5, 6, 7, 8], workers))
    assert sorted((e.task, e.value) for e in events if e.kind == "done") == [
        (0, 10),
        (1, 12),
        (2, 14),
        (3, 16),
    ]
    assert Counter(e.kind for e in events) == {"report": 4, "done": 4}
    assert list(run_tasks(tasks.double, [], workers)) == []


@pytest.mark.parametrize(("name", "message"), [("fail", "KeyError: 5"), ("end", "exit code 7")])
def test_workers_that_fail(name, message):
    with pytest.raises(WorkerError, match=message):
        list(run_tasks(getattr(tasks, name), [5, 6], 1))


def test_leaving_early_ends_the_workers():
    import multiprocessing

    events = run_tasks(tasks.sleep, [1, 2], 2)
    assert next(events).kind == "report"
    events.close()
    assert multiprocessing.active_children() == []


ORPHANS = """
import sys
sys.path.insert(0, sys.argv[1])
import tasks
from lossmatters.empirics.experiments.pool import run_tasks

if __name__ == "__main__":
    for event in run_tasks(tasks.sleep, [1, 2], 2):
        print(event.value, flush=True)
"""


def test_no_worker_outlives_a_caller_that_is_killed(tmp_path):
    """One that sleeps, and so reports no more, ends all the same."""
    script = tmp_path / "orphans.py"
    script.write_text(ORPHANS)
    support = os.path.dirname(tasks.__file__)
    caller = subprocess.Popen([sys.executable, str(script), support], stdout=subprocess.PIPE, text=True)
    workers = [int(caller.stdout.readline()) for _ in range(2)]
    caller.kill()
    caller.communicate(timeout=60)  # the pipe is the workers' too: they hold it as long as they live
    assert all(workers)
