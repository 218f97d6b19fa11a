"""A sweep on a Dask cluster: the records of a local one, also when a worker is killed on the way."""

from __future__ import annotations

import json
import logging
import os
import signal
import time
from collections import Counter
from pathlib import Path

import pytest
import tasks
import tiny_sweep
from distributed import Client, LocalCluster

from lossmatters.empirics import records
from lossmatters.empirics.experiments import Progress, cluster, plan, train
from lossmatters.empirics.experiments.cluster import connected, is_cluster, run_on_cluster, worker_count
from lossmatters.empirics.experiments.pool import WorkerError
from lossmatters.empirics.experiments.runner import _asked_for
from lossmatters.empirics.experiments.stack import Task

TINY = tiny_sweep.TINY.with_changes(epochs=8)
PATIENCE = 180  # seconds, for what takes well below one: of a machine that has other things to do


def local_cluster(workers, threads=1):
    return LocalCluster(
        n_workers=workers,
        threads_per_worker=threads,
        dashboard_address=":0",  # any free port: several clusters may be up
        silence_logs=logging.CRITICAL,
    )


@pytest.fixture(scope="module")
def two_workers():
    with local_cluster(2) as found:
        yield found


@pytest.fixture
def client(two_workers):
    with connected(two_workers.scheduler_address) as found:
        found.wait_for_workers(2, timeout=PATIENCE)  # a test before may have killed one
        yield found


def outcomes(found):
    return [json.dumps(r.outcome, sort_keys=True) for r in found]


def until(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def run(path, **changes):
    return train(TINY, records_path=path, **{"device": "cpu", "progress": False, **changes})


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    return run(tmp_path_factory.mktemp("local") / "r.jsonl", workers=1)


def at_work(client):
    """The process that does a task, of each worker that has one."""
    return {
        pid
        for pid, tasks in client.run(
            lambda dask_worker: (os.getpid(), list(dask_worker.state.executing)), nanny=False
        ).values()
        if tasks
    }


def test_a_budget_ends_cleanly_and_the_next_call_goes_on(reference, two_workers, tmp_path):
    path, where, seen = tmp_path / "r.jsonl", two_workers.scheduler_address, []
    for _ in range(2):  # however small the budget is, each worker gets on by an epoch of its first stack
        assert run(path, executor=where, seeds=1, budget=1e-9, device="auto") == []
        assert len(list((tmp_path / "r.checkpoints").iterdir())) == 2
    found = run(path, executor=where, seeds=1, device="auto", progress=seen.append)
    assert outcomes(found) == outcomes(reference[:4])
    assert seen[0].epochs_done == 2 * 2  # of two networks: it went on from there


def test_a_worker_killed_on_the_way_loses_nothing_and_nothing_is_twice(reference, client, tmp_path):
    """By a signal that it cannot catch, once a stack is recorded and others are being trained."""
    killed, seen = [], []

    def tell(state):
        seen.append(state)
        if state.networks_done and not killed:
            killed.extend(list(at_work(client))[:1])
            for pid in killed:
                os.kill(pid, signal.SIGKILL)

    path = tmp_path / "r.jsonl"
    found = run(path, executor=client, progress=tell, checkpoint_seconds=0)
    assert len(killed) == 1
    assert outcomes(found) == outcomes(reference)
    written = records.read(path)
    assert len(written) == len({r.run_id for r in written}) == 8
    assert Counter(outcomes(written)) == Counter(outcomes(reference))
    assert seen[-1] == Progress(networks_done=8, networks=8, epochs_done=64, epochs=64)
    left = [p.name for p in tmp_path.iterdir() if not p.name.endswith(".lock")]
    assert left == ["r.jsonl"]  # no checkpoint is left
    # what the workers say of themselves is what the processes here said
    for ours, theirs in zip(reference, found, strict=True):
        for key in ("versions", "device", "threads", "stack", "source"):
            assert theirs.provenance[key] == ours.provenance[key]
    # and there is nothing left to do, for which no cluster is needed
    assert outcomes(run(path, executor="tcp://127.0.0.1:9")) == outcomes(reference)


def test_tasks_are_done_once_each(client):
    events = list(run_on_cluster(tasks.double, [5, 6, 7, 8, 9], client))
    done = [(e.task, e.value) for e in events if e.kind == "done"]
    assert sorted(done) == [(0, 10), (1, 12), (2, 14), (3, 16), (4, 18)]
    assert list(run_on_cluster(tasks.double, [], client)) == []


def test_a_killed_task_is_done_by_another_worker(client, tmp_path):
    files = [str(tmp_path / name) for name in "ab"]
    first, done = {}, []
    for event in run_on_cluster(tasks.wait, files, client):
        if event.kind == "done":
            done.append(event.task)
        elif not first:
            first[event.task] = event.value
            os.kill(event.value, signal.SIGKILL)
        elif event.task in first and event.value not in first.values():
            for file in files:
                Path(file).touch()
    assert sorted(done) == [0, 1]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("fail", "^KeyError: 5$"),
        ("end", r"^a task ended 2 workers of the cluster one after another, the last at tcp://.* \(killed"),
    ],
)
def test_workers_that_fail(two_workers, client, monkeypatch, name, message):
    monkeypatch.setattr(two_workers.scheduler, "allowed_failures", 1)
    with pytest.raises(WorkerError, match=message):
        list(run_on_cluster(getattr(tasks, name), [5], client))


def test_leaving_early_stops_what_runs_and_drops_what_waits(client, tmp_path):
    files = [tmp_path / name for name in "abc"]
    events = run_on_cluster(tasks.wait, [str(f) for f in files], client)
    begun = set()
    while len(begun) < 2:  # one may report twice before the other begins
        begun.add(next(events).task)
    events.close()
    until(lambda: all(files[n].with_suffix(".stopped").exists() for n in begun))
    (left,) = {0, 1, 2} - begun
    assert not files[left].with_suffix(".stopped").exists()
    # the workers are free again
    assert [e.value for e in run_on_cluster(tasks.double, [1], client) if e.kind == "done"] == [2]


def test_a_task_whose_caller_is_gone_stops(two_workers, tmp_path):
    file = tmp_path / "a"
    client = Client(two_workers.scheduler_address, set_as_default=False)
    events = run_on_cluster(tasks.wait, [str(file)], client)
    next(events)
    client.close()
    until(file.with_suffix(".stopped").exists)
    events.close()


def test_a_cluster_without_workers_is_waited_for(caplog):
    with local_cluster(0) as found, connected(found.scheduler_address) as client:
        assert worker_count(client) == 0
        assert list(run_on_cluster(tasks.double, [1], client, deadline=time.time() - 1)) == []
        assert "the cluster has no workers: waiting for one" in caplog.text
        events = run_on_cluster(tasks.double, [1], client)
        found.scale(1)
        assert [e.value for e in events if e.kind == "done"] == [2]


def test_a_scheduler_that_goes_is_said(tmp_path):
    with local_cluster(1) as found, connected(found.scheduler_address) as client:
        events = run_on_cluster(tasks.wait, [str(tmp_path / "a")], client)
        next(events)
        found.close()
        with pytest.raises(WorkerError, match="the scheduler of the cluster is gone"):
            list(events)


def test_a_worker_of_several_threads_is_refused():
    message = r"nthreads must be 1 for each worker \(dask worker --nthreads 1\), got nthreads=2"
    with (
        local_cluster(1, threads=2) as found,
        connected(found.scheduler_address) as client,
        pytest.raises(WorkerError, match=message),
    ):
        list(run_on_cluster(tasks.double, [1], client))


def test_a_worker_of_another_version_is_refused(client, monkeypatch):
    monkeypatch.setattr(cluster, "version", lambda package: "0.0")
    with pytest.raises(WorkerError, match=r"lossmatters must be of version 0.0 on every worker, as here"):
        list(run_on_cluster(tasks.double, [1], client))


def test_a_worker_that_knows_another_configuration_is_an_error(reference, tmp_path):
    """Its records would not be those that were asked for, and nobody would ever see them."""
    runs = next(TINY.stacks())
    task = Task(TINY, runs, 0, "cpu")
    ids = {run: record.run_id for run, record in zip(TINY.runs(), reference, strict=True)}
    assert list(_asked_for(reference, task, ids)) == [ids[run] for run in runs]
    with pytest.raises(WorkerError, match="with another configuration than is known here"):
        _asked_for(reference, task, {**ids, runs[1]: "0" * 16})


def test_a_scheduler_file(two_workers, tmp_path):
    file = tmp_path / "scheduler.json"
    with pytest.raises(ValueError, match=r"executor must be dask: and the file of .*\(No such file"):
        run(tmp_path / "r.jsonl", executor=f"dask:{file}")
    file.write_text("{}")
    with pytest.raises(ValueError, match="it has no address"), connected(f"dask:{file}"):
        pass
    file.write_text(json.dumps({"address": two_workers.scheduler_address}))
    with connected(f"dask:{file}") as client:
        assert worker_count(client) == 2


def test_a_scheduler_that_does_not_answer(tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "ANSWER_SECONDS", 0.5)
    with pytest.raises(OSError, match=r"a scheduler that answers, got executor='tcp://127.0.0.1:9'"):
        run(tmp_path / "r.jsonl", executor="tcp://127.0.0.1:9")


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            {"executor": "slurm"},
            ValueError,
            "executor must be local, tcp://HOST:PORT, dask:SCHEDULER_FILE or",
        ),
        ({"executor": "tcp://"}, ValueError, "executor must be local, .*, got executor='tcp://'"),
        ({"executor": "dask:"}, ValueError, "executor must be local, .*, got executor='dask:'"),
        ({"executor": 8786}, TypeError, "executor must be local, .*, got executor=8786"),
        (
            {"executor": "tcp://127.0.0.1:9", "workers": 2},
            ValueError,
            "workers must be left out where a cluster has its own, got workers=2",
        ),
        ({"executor": "tcp://127.0.0.1:9", "device": "tpu"}, ValueError, "device must be one of auto, cpu"),
    ],
)
def test_a_bad_call_is_refused_before_anything_is_written(tmp_path, arguments, error, message):
    with pytest.raises(error, match=message) as caught:
        run(tmp_path / "r.jsonl", **arguments)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_without_distributed(monkeypatch):
    monkeypatch.setattr(cluster, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r'pip install "lossmatters\[cluster\]"'):
        is_cluster("tcp://127.0.0.1:9")
    assert not is_cluster("local")


def test_a_plan_asks_no_cluster(tmp_path):
    """And has no use for a GPU here: the workers may have one."""
    where = {"records_path": tmp_path, "executor": "tcp://127.0.0.1:9"}
    one, four = (plan(TINY, **where, device="cuda", workers=n) for n in (None, 4))
    assert (one.workers, four.workers, one.networks) == (1, 4, 8)
    assert one.seconds == pytest.approx(4 * four.seconds)
