"""The loops under examples/training/ run and count every sample; without its library one is skipped."""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
import warnings
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "examples" / "training"
# Each loop, and what it takes.
LOOPS = {
    "plain_loop": (),
    "with_lightning": ("lightning",),
    "with_trainer": ("transformers", "accelerate"),
    "timm_style": ("timm", "torchvision"),
}


def test_every_loop_is_tried_and_does_what_the_examples_are_for() -> None:
    helpers = {"noisy_digits"}
    assert {path.stem for path in FOLDER.glob("*.py")} == set(LOOPS) | helpers
    for name, libraries in LOOPS.items():
        text = (FOLDER / f"{name}.py").read_text()
        assert f"python examples/training/{name}.py" in text
        assert not libraries or f"pip install {libraries[0]}" in text
        for word in (r"weight=\w*\.?class_weight", "MemorizationMeter", "[Ss]mooth", "bf(loat)?16", '"rll"'):
            assert re.search(word, text), (name, word)


@pytest.mark.parametrize("name", LOOPS)
def test_loops_run(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = [library for library in LOOPS[name] if importlib.util.find_spec(library) is None]
    if missing:
        pytest.skip(f"{' and '.join(missing)} not installed")
    monkeypatch.syspath_prepend(str(FOLDER))
    for module in (name, "noisy_digits"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of other people's libraries
        measured = importlib.import_module(name).main(epochs=2)
    assert set(measured) == {
        "noisy_train_accuracy",
        "clean_train_accuracy",
        "memorization_rate",
        "recovery_rate",
        "altered_share",
    }
    assert measured["altered_share"] == pytest.approx(0.4, abs=0.01)  # of all samples, each counted once
    # M1: J1 and J2 of one epoch are bound to each other by the share of altered labels
    assert (
        abs(measured["noisy_train_accuracy"] - measured["clean_train_accuracy"]) <= measured["altered_share"]
    )
    assert measured["clean_train_accuracy"] > 0.1
