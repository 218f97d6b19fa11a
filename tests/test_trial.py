"""`lossmatters try`: one command for a suspicion, on anyone's data, network and noise."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from lossmatters import main
from lossmatters.trial import HEIGHT, WIDTH, picture

NETWORK = "from torch import nn\n\ndef make():\n    return nn.Sequential(nn.Flatten(), nn.Linear(8, 3))\n"


def files(folder: Path) -> list[str]:
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 3
    inputs = rng.normal(size=(60, 2, 4)).astype(np.float32)
    np.savez(folder / "mine.npz", inputs=inputs, labels=labels, test_inputs=inputs, test_labels=labels)
    np.save(folder / "noisy.npy", (labels + (np.arange(60) < 12)) % 3)
    (folder / "nets.py").write_text(NETWORK)
    return ["--dataset", f"{folder}/mine.npz", "--model", f"{folder}/nets.py:make", "--epochs", "2"]


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stop:
        main(["try", *arguments])
    shown = capsys.readouterr()
    return int(str(stop.value.code)), shown.out, shown.err


def test_ones_own_data_network_and_labels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = [*files(tmp_path), "--workers", "1", "--device", "cpu"]
    code, out, _ = run(capsys, "mae", *options, "--noisy-labels", f"{tmp_path}/noisy.npy", "--json")
    found = json.loads(out)
    assert code == 0
    assert [row["loss"] for row in found["runs"]] == ["mae", "cce", "rll(alpha=1/10)"]
    assert found["noise"] == {"kind": "given", "rate": "1/5", "realised_rate": 0.2}
    assert found["known"]["noise_tolerance"] == pytest.approx(2 / 3)
    assert found["known"]["symmetric"] == "proved"
    for row in found["runs"]:
        assert len(row["path"]) == 2
        memorises = row["noisy_train_accuracy"] > row["clean_train_accuracy"]
        assert row["answer"].startswith("memorises") == memorises
    from lossmatters import show

    show.trial(found)
    assert "J1, labels as given" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["nonesuch"], "loss must be a known loss"),
        (["cce", "--noise", "pear:0.1"], "noise must be a rate, pair:RATE"),
        (["cce", "--dataset", "none.npz"], "dataset must be a file that can be read"),
        (["cce", "--model", "mpl"], "model must be one of mlp"),
        (["cce", "--seeds", "0"], "seeds must be an integer >= 1, got seeds=0"),
        (["cce", "--noisy-labels", "none.npy"], "noisy_labels must be a file that can be read"),
    ],
)
def test_bad_input_is_one_line(options: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, error = run(capsys, *options)
    assert code == 2
    assert message in error
    assert error.count("\n") == 1


def test_the_picture_has_each_end_where_it_is() -> None:
    rows = [
        {"loss": "first", "path": [[0.0, 0.0], [1.0, 0.6]]},
        {"loss": "second", "path": [[0.5, 0.5], [0.6, 1.0]]},
    ]
    lines = picture(rows).splitlines()
    assert lines[0].index("B") == 6 + round(0.6 * (WIDTH - 1))
    low = HEIGHT - 1 - round(0.6 * (HEIGHT - 1))
    assert lines[low][6 + WIDTH - 1] == "A"
    assert "A first   B second" in lines[-1]
