"""A large data set is not copied more than once, from the caller's arrays to the worker's batches."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

# Private memory is read where it counts: in the caller after each epoch, in the worker at each step, by an
# optimiser of the script's own. Files that are mapped, which processes share, are not private.
SCRIPT = """
import json, sys
from pathlib import Path
import numpy as np
import torch

SEEN = Path("seen.txt")

def private():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) * 1024

class Watching(torch.optim.SGD):
    def step(self, closure=None):
        with SEEN.open("a") as file:
            print(private(), file=file)
        return super().step(closure)

def main(how, rows):
    from lossmatters.empirics.experiments import Experiment, train
    from lossmatters.empirics.engine.training import Training
    from lossmatters.empirics.models import MLP

    inputs, labels = np.ones((rows, 1024), np.float32), np.arange(rows) % 10
    test = rows - rows // 5
    before = private()
    if how == "two":
        data = (inputs[:test], labels[:test], inputs[test:], labels[test:])
    else:
        data = (inputs, labels)
    kept = [np.copy(inputs)] if how == "known false" else []
    training = Training(epochs=1, batch_size=512, optimiser=Watching)
    mine = Experiment("mine", data, grid=(("mae", "0.4"),), model=MLP((4,)), training=training, seeds=(0,))
    peak = [private()]
    train(mine, records_path=f"{how}{rows}.jsonl", workers=1, device="cpu",
          progress=lambda state: peak.append(private()))
    worker = max(map(int, SEEN.read_text().split()))
    SEEN.unlink()
    return {"size": inputs.nbytes, "caller": max(peak) - before, "worker": worker}

if __name__ == "__main__":
    little = main("two", 1000)
    found = {how: main(how, 50_000) for how in ("two", "one", "known false")}
    for row in found.values():
        row["worker"] -= little["worker"]
    print(json.dumps(found))
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="private memory is read from /proc")
def test_a_large_data_set_is_copied_once_at_most(tmp_path: Path) -> None:
    (tmp_path / "large.py").write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, "large.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    shares = {
        how: {who: row[who] / row["size"] for who in ("caller", "worker")} for how, row in found.items()
    }
    assert shares["two"]["caller"] < 0.4, "arrays for training and test: the caller's, as they are"
    assert 0.8 < shares["one"]["caller"] < 1.4, "one array: a copy, in which the test samples are apart"
    assert shares["known false"]["caller"] > 1.8, "what this must be able to see"
    assert all(row["worker"] < 0.4 for row in shares.values()), shares
