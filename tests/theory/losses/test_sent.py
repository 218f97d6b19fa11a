"""Losses of users' files, pickled into processes that are spawned."""

from __future__ import annotations

import multiprocessing
import pickle
import sys
from importlib import import_module

import pytest
import torch

from lossmatters.theory.losses import get, registry, sent

FILE = """
from dataclasses import dataclass
from fractions import Fraction
from beside_it import power
from lossmatters import Loss

@dataclass(frozen=True)
class Mine(Loss):
    a: Fraction = Fraction(1, 2)
    name = "mine"

    def formula(self, probs, onehot, ops):
        return self.a * power(1 - ops.dot(probs, onehot))

def plain(logits, labels):
    return 1 - logits.softmax(1).gather(1, labels[:, None])[:, 0]
"""


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.setenv(sent.FILES, "{}")
    (tmp_path / "beside_it.py").write_text("def power(x):\n    return x**2\n")
    found = tmp_path / "mine.py"
    found.write_text(FILE)
    return found


def test_criteria_of_users_files_work_in_a_spawned_process(file):
    z, y = torch.randn(4, 3, dtype=torch.float64), torch.tensor([0, 1, 2, 0])
    criteria = [get(f"{file}:Mine", a="1/4").criterion(), get(f"{file}:plain").criterion()]
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        for criterion in criteria:
            assert pool.apply(criterion, (z, y)) == criterion(z, y)


def test_a_file_that_has_changed_or_gone_is_another_loss_and_refused(file, monkeypatch):
    """As the other process would see it: the module is not there, and is looked for."""
    loss = get(f"{file}:Mine")
    packed, name = pickle.dumps(loss), type(loss).__module__
    finder = sent._Finder(registry._beside)
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, finder])

    def again():
        monkeypatch.delitem(sys.modules, name, raising=False)
        return pickle.loads(packed)

    assert again().spec == "mine(a=1/2)"
    file.write_text(FILE.replace("self.a *", "2 * self.a *"))
    with pytest.raises(ImportError, match="loss file must be as it was when it was loaded, got path="):
        again()
    file.unlink()
    with pytest.raises(ImportError, match="loss file must be there still, got path="):
        again()
    with pytest.raises(ModuleNotFoundError):
        import_module("lossmatters_of_nobody")


def test_a_list_that_is_none_is_left_alone(monkeypatch):
    for text in ("[1]", "no JSON", ""):
        monkeypatch.setenv(sent.FILES, text)
        assert sent._Finder(registry._beside).find_spec("os.path", None) is None
