"""Experiments with a user's own parts: what takes whose place, and what worker processes cannot be given."""

from __future__ import annotations

import json
import subprocess
import sys
from fractions import Fraction
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from torch import nn

from lossmatters import main
from lossmatters.empirics import records
from lossmatters.empirics.data import load
from lossmatters.empirics.experiments import Experiment, Study, get_experiment, with_own
from lossmatters.empirics.experiments.beside_records import shared_dataset
from lossmatters.empirics.experiments.sending import check_sendable
from lossmatters.empirics.experiments.stack import Task, train_task
from lossmatters.empirics.models import MLP
from lossmatters.empirics.noise_kinds import Annotated, Family, Given
from lossmatters.paper.setups import setups

RATE = Fraction(2, 5)
NETWORK = "from torch import nn\n\ndef make():\n    return nn.Sequential(nn.Flatten(), nn.Linear(8, 3))\n"
BASE = Experiment(
    "own", "digits", grid=(("cce", 0), ("cce", RATE), ("rll", RATE)), warm=(("cce", "rll", RATE),), seeds=(0,)
)


def make():
    return nn.Linear(8, 3)


def test_noise_takes_the_place_of_the_rates_of_the_grid_or_keeps_them():
    kept = with_own(BASE, noise="pair")
    assert (kept.noise, kept.grid, kept.warm) == (Family("pair"), BASE.grid, BASE.warm)
    one = with_own(BASE, noise="pair:0.2")
    assert one.grid == (("cce", Fraction(1, 5)), ("rll(alpha=1/10)", Fraction(1, 5)))
    assert one.warm == (("cce", "rll(alpha=1/10)", Fraction(1, 5)),)
    labels = with_own(BASE, noise=np.array([0, 1]))
    assert labels.noise == Given(np.array([0, 1]))
    assert labels.grid == (("cce", None), ("rll(alpha=1/10)", None))
    assert with_own(BASE, noise="annotated").noise == Annotated()
    with pytest.raises(ValueError, match=r"noise must be given with its rate here, such as pair:0\.4"):
        with_own(labels, noise="pair")


def test_losses_take_the_place_of_those_of_the_grid():
    found = with_own(BASE, losses=["mae", "gce"])
    assert found.grid == tuple((loss, rate) for loss in ("mae", "gce(q=7/10)") for rate in (0, RATE))
    assert found.warm == ()
    every = with_own(get_experiment("pair"), losses=["mae"])
    assert isinstance(every, Study)
    assert {loss for part in every.parts for loss, _ in part.grid} == {"mae"}
    quick = with_own(get_experiment("quick"), noise="0.4")
    assert not set(quick.first_seed_grid) & set(quick.grid)  # what is trained once is not trained again


def test_several_set_ups_take_neither_other_data_nor_another_network():
    for changes in ({"dataset": "digits"}, {"model": "cnn"}):
        with pytest.raises(ValueError, match=r"must be left as it is in cpu, which has several set-ups"):
            with_own(get_experiment("cpu"), **changes)


@pytest.fixture
def own_files(tmp_path: Path) -> list[str]:
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 3
    inputs = rng.normal(size=(60, 2, 4)).astype(np.float32)
    np.savez(tmp_path / "mine.npz", inputs=inputs, labels=labels, test_inputs=inputs, test_labels=labels)
    np.save(tmp_path / "noisy.npy", (labels + (np.arange(60) < 12)) % 3)
    np.save(tmp_path / "T.npy", np.array([[0.7, 0.3, 0], [0, 1, 0], [0, 0.5, 0.5]]))
    (tmp_path / "nets.py").write_text(NETWORK)
    shown = ["--dataset", f"{tmp_path}/mine.npz", "--model", f"{tmp_path}/nets.py:make", "--epochs", "2"]
    return [*shown, "--seeds", "1", "--workers", "1", "--device", "cpu", "--loss", "mae"]


@pytest.mark.parametrize(
    ("noise", "said"),
    [
        (["--noise", "pair:0.4"], ("pair", "2/5", 0.4)),
        (["--noise", "{dir}/T.npy"], ("class-conditional", "4/15", 16 / 60)),
        (["--noisy-labels", "{dir}/noisy.npy"], ("given", "1/5", 0.2)),
        (["--noise", "annotated"], ("annotated", None, None)),
    ],
)
def test_the_command_trains_what_is_ones_own(
    noise: list[str],
    said: tuple[str, str | None, float | None],
    own_files: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
):
    path = tmp_path / "mine.jsonl"
    given = [word.format(dir=tmp_path) for word in noise]
    command = ["train", "own", *own_files, *given, "--records", str(path), "--json"]
    with pytest.raises(SystemExit) as stop:
        main(command)
    assert str(stop.value.code) == "0"
    (record,) = records.read(path)
    assert (record.loss, record.model["name"], record.dataset["name"]) == ("mae", "make", "mine.npz")
    assert (record.noise["kind"], record.noise["rate"]) == said[:2]
    assert record.noise["realised_rate"] == (None if said[2] is None else pytest.approx(said[2]))
    assert json.loads(capsys.readouterr().out)["runs"] == [record.run_id]
    main_again = [*command, "--dry-run"]
    with pytest.raises(SystemExit):
        main(main_again)
    assert [run["recorded"] for run in json.loads(capsys.readouterr().out)["runs"]] == [True]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--noise", "pear:0.4"], "noise must be a rate, pair:RATE"),
        (["--noise", "pair:1.4"], "must be in [0, 1]"),
        (
            ["--noise", "0.4", "--noisy-labels", "{dir}/noisy.npy"],
            "noise must be left out where noisy_labels",
        ),
        (["--noisy-labels", "{dir}/none.npy"], "noisy_labels must be a file that can be read"),
        (["--noisy-labels", "{dir}/T.npy"], "noisy_labels must be (N,) integers"),
        (
            ["--noisy-labels", "{dir}/few.npy"],
            "noisy_labels must be as many as there are training samples, 60",
        ),
        (
            ["--noise", "asymmetric:0.4"],
            "noise must be given with its flips where the data set is not one of",
        ),
        (["--dataset", "{dir}/none.npz"], "dataset must be a file that can be read"),
        (["--dataset", "{dir}/mine.csv"], "dataset must be one of digits"),
        (["--model", "{dir}/nets.py:other"], "model must be a name in"),
        (["--model", "{dir}/none.py:make"], "model must be in a file that can be read"),
        (["--loss", "nonesuch"], "loss must be a known loss"),
    ],
)
def test_what_is_wrong_with_it_is_one_line(
    options: list[str],
    message: str,
    own_files: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
):
    np.save(tmp_path / "few.npy", np.zeros(5, dtype=int))
    given = [word.format(dir=tmp_path) for word in options]
    with pytest.raises(SystemExit) as stop:
        main(["train", "own", *own_files, *given, "--records", str(tmp_path / "mine.jsonl")])
    error = capsys.readouterr().err
    assert stop.value.code == 2
    assert message in error
    assert error.count("\n") == 1


def test_functions_that_no_other_process_can_import_are_refused():
    check_sendable(BASE)
    check_sendable(with_own(BASE, model=partial(make)))
    inner = partial(lambda: make())
    for model in (lambda: make(), inner):
        with pytest.raises(
            ValueError, match=r"model must be made of functions at the top of a module or scr"
        ):
            check_sendable(with_own(BASE, model=model))


def test_what_was_typed_into_a_session_is_refused():
    lines = (
        "from lossmatters.empirics.experiments import get_experiment, with_own",
        "from lossmatters.empirics.experiments.sending import check_sendable",
        "def make(): pass",
        "check_sendable(with_own(get_experiment('own'), model=make))",
    )
    done = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True)
    assert "what was typed into a session is in no file" in done.stderr.splitlines()[-1]


def test_runs_at_other_rates_of_a_kind_are_of_one_set_up():
    """What was realised differs with the rate, and is not what a set-up is known by."""
    data = (np.random.default_rng(0).normal(size=(60, 4)), np.arange(60) % 3)
    grid = (("cce", RATE), ("cce", Fraction(1, 5)), ("cce", 0))
    one = Experiment("trial", data, grid=grid, model=MLP((4,)), noise="pair", seeds=(0,)).with_changes(
        epochs=1
    )
    found = train_task(Task(one, tuple(one.runs()), 0, "cpu"), lambda epochs: None)
    assert found is not None
    assert len({json.dumps(r.noise["realised_counts"]) for r in found}) == 3
    assert len(setups(found)) == 1


def test_workers_share_one_copy_of_a_file(tmp_path: Path):
    labels = np.arange(60) % 3
    np.savez(tmp_path / "mine.npz", inputs=np.zeros((60, 4), dtype=np.float32), labels=labels)
    given = load(f"{tmp_path}/mine.npz")
    for text, size in (("mine.npz", 48), ("mine.npz(train=30)", 30)):
        place = shared_dataset(f"{tmp_path}/{text}", tmp_path / "mine.jsonl")
        there = load(place)
        assert len(there.train_labels) == size
        assert there.name.startswith("mine.npz")
        base = there.train_inputs
        while isinstance(base.base, np.ndarray):
            base = base.base
        assert isinstance(base, np.memmap)  # pages of one file, whoever reads them
        assert there.every_input is there.train_inputs.base
    assert load(shared_dataset(f"{tmp_path}/mine.npz", tmp_path / "mine.jsonl")).sha256 == given.sha256
    assert shared_dataset("digits", tmp_path / "mine.jsonl") == "digits"
