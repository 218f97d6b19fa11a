"""Two losses of one text and different formulas are told apart; losses of this package are known by name."""

from __future__ import annotations

import pytest

from lossmatters.theory.losses import LOSSES, get
from lossmatters.theory.losses.fingerprint import fingerprint

FORMULA = """
from dataclasses import dataclass
from lossmatters import Loss, SeparableLoss

@dataclass(frozen=True)
class Mine(SeparableLoss):
    name = "mine"
    def on_label(self, t, num_classes, ops):
        return {body}
"""
FUNCTION = "import helper\n\ndef plain(logits, labels):\n    return helper.scale(logits.sum(-1))\n"


def written(path, text):
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["cce", "nce+mae", "rll(alpha=1/2)", "0.5*cce + mae", "symmetrise(cce)"])
def test_losses_of_this_package_are_known_by_their_text(name):
    assert fingerprint(get(name), 10) is None


def test_no_loss_of_the_catalogue_needs_one():
    assert [name for name, cls in LOSSES.items() if fingerprint(cls(), 10) is not None] == []


def test_another_formula_is_another_loss(tmp_path):
    file = written(tmp_path / "mine.py", FORMULA.format(body="1 - t"))
    first = fingerprint(get(f"{file}:Mine"), 10)
    assert fingerprint(get(f"{file}:Mine"), 10) == first
    written(file, FORMULA.format(body="1 - t  # another word") + "\n")
    assert fingerprint(get(f"{file}:Mine"), 10) == first
    written(file, FORMULA.format(body="1 - 2 * t"))
    assert fingerprint(get(f"{file}:Mine"), 10) != first
    assert fingerprint(get("cce") + get(f"{file}:Mine"), 10) is not None


def test_another_import_is_another_function(tmp_path):
    (tmp_path / "one").mkdir()
    file = written(tmp_path / "one" / "plain.py", FUNCTION)
    helper = written(tmp_path / "one" / "helper.py", "def scale(x):\n    return x\n")
    first = fingerprint(get(f"{file}:plain"), 10)
    assert fingerprint(get(f"{file}:plain"), 10) == first
    written(helper, "def scale(x):\n    return 2 * x\n")
    assert fingerprint(get(f"{file}:plain"), 10) != first


def test_of_two_modules_of_one_name_each_has_its_own(tmp_path):
    found = []
    for folder, body in (("one", "x"), ("two", "3 * x")):
        (tmp_path / folder).mkdir()
        file = written(tmp_path / folder / "plain.py", FUNCTION)
        written(tmp_path / folder / "helper.py", f"def scale(x):\n    return {body}\n")
        found.append(get(f"{file}:plain"))
    first, second = (fingerprint(loss, 10) for loss in found)
    assert first != second
