"""Choosing by noisy labels from the command line: what is held out, what is said, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from lossmatters import main
from lossmatters.empirics.data import as_dataset
from lossmatters.empirics.engine import train as engine
from lossmatters.empirics.models import MLP
from lossmatters.tuning import candidates, tuned

K = 3


def blobs(size: int = 600):
    rng = np.random.default_rng(0)
    labels = rng.integers(K, size=size)
    inputs = rng.normal(size=(size, 4)).astype(np.float32)
    inputs[np.arange(size), labels] += 4
    return as_dataset((inputs, labels, inputs[:30], labels[:30]))


@pytest.mark.parametrize("annotated", [False, True])
def test_what_is_held_out_is_not_trained_on_and_the_better_is_chosen(
    annotated: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, seen = blobs(), []
    whole = engine.train_stack

    def spied(part, model, training, networks, **options):
        seen.append((part, networks))
        return whole(part, model, training, networks, **options)

    monkeypatch.setattr(engine, "train_stack", spied)
    losses = ["rll", "rll(alpha=1000)"]
    found = tuned(losses, dataset=data, model=MLP((16,)), noise="0.3", annotated=annotated, epochs=12)
    ((part, networks),) = seen
    rows = {row["loss"]: row for row in found["losses"]}
    assert found["validation_samples"] == 120
    assert len(part.train_labels) == len(networks[0].noisy_labels) == 480
    held = {row.tobytes() for row in data.train_inputs} - {row.tobytes() for row in part.train_inputs}
    assert len(held) == 120
    altered = (networks[0].noisy_labels != part.train_labels).mean()
    assert altered == 0 if annotated else 0.2 < altered < 0.4
    assert set(rows) == {"rll(alpha=1/10)", "rll(alpha=1000)"}
    assert (found["clean_choice"] is None) == (found["cost"] is None) == annotated
    assert all((row["with_clean_labels"] is None) == annotated for row in rows.values())
    best = max(rows.values(), key=lambda row: row["noisy_accuracy"])
    assert found["best"] == best["loss"]
    assert best["behind_the_best"] is None
    again = tuned(losses, dataset=data, model=MLP((16,)), noise="0.3", annotated=annotated, epochs=12)
    assert again == found


def test_one_loss_goes_over_values_of_its_parameter() -> None:
    assert candidates(["gce"], "q=0.5, 1") == ("gce(q=1/2)", "gce(q=1)")
    assert len(candidates(["rll"])) == 5
    assert candidates(["cce", "mae", "CCE"]) == ("cce", "mae")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["mae"], "over must be NAME=VALUE,VALUE,... where there is one loss"),
        (["gce", "--over", "q"], "over must be NAME=VALUE,VALUE,... where there is one loss, got over='q'"),
        (["gce", "--over", "q=0.5"], "losses must be two or more, or one with values of a parameter"),
        (["gce", "--over", "q=0.5,2"], "parameter q must be in (0, 1]"),
        (["gce", "mae", "--over", "q=0.5"], "over must be left out where there are several losses"),
        (["rll", "--noise", "0.9"], "noise must be below (K-1)/K = 9/10"),
        (["rll", "--noise", "pair:0.4"], "noise must be a rational number"),
        (["rll", "--held", "1"], "held must be in (0, 1)"),
        (["rll", "--held", "1/10000"], "held must be a share of 1297 samples that leaves some"),
        (["rll", "--seed", "-1"], "seed must be an integer >= 0"),
    ],
)
def test_what_is_wrong_is_one_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["tune", *arguments])
    out, err = capsys.readouterr()
    assert (stop.value.code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


def test_the_command_says_what_may_be_as_good(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = blobs(200)
    np.savez(tmp_path / "mine.npz", inputs=data.train_inputs, labels=data.train_labels)
    command = ["tune", "rll", "mae", "cce", "--dataset", f"{tmp_path}/mine.npz", "--epochs", "2"]
    with pytest.raises(SystemExit) as stop:
        main([*command, "--noise", "0.2"])
    out = capsys.readouterr().out
    assert not stop.value.code
    assert max(map(len, out.splitlines())) <= 80
    assert "choice: " in out
    assert "clean labels choose: " in out
    with pytest.raises(SystemExit):
        main([*command, "--annotated", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert found["clean_choice"] is None
    assert found["annotated"]
