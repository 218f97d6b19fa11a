"""A user's file works as the catalogue does: the files under examples/, through the command line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from lossmatters import main
from lossmatters.theory.losses import LOSSES, CallableLoss, get

EXAMPLES = Path(__file__).parents[1] / "examples"
FOUND = {
    "separable.py:RootRatio": ("proved", "10"),
    "separable.py:NearlyRootRatio": ("refuted", None),
    "non_separable.py:Spherical": ("refuted", None),
    "non_separable.py:normalized_spherical": ("proved", "1"),
    "plain_callable.py:smoothed_cross_entropy": ("refuted", None),
    "plain_callable.py:probability_of_error": ("sampled", None),
}


def test_every_example_file_is_tried() -> None:
    assert {name.partition(":")[0] for name in FOUND} == {path.name for path in EXAMPLES.glob("*.py")}


@pytest.mark.parametrize("name", FOUND)
def test_certify(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["certify", f"{EXAMPLES / name}", "--json"])
    assert stop.value.code == 0
    certificate = json.loads(capsys.readouterr().out)
    status, constant = FOUND[name]
    assert certificate["symmetry"]["status"] == status
    assert certificate["symmetry"]["constant"] == constant
    # A loss that is not symmetric comes with outputs that show it; a symmetric one has no reversal.
    assert (certificate["symmetry"]["witness"] is not None) == (status == "refuted")
    assert isinstance(certificate["order_reversal"], dict) == (status != "proved")


@pytest.mark.parametrize("name", FOUND)
def test_commands_in_the_docstring_are_right(name: str) -> None:
    text = (EXAMPLES / name.partition(":")[0]).read_text()
    assert f"lossmatters certify examples/{name}\n" in text


@pytest.mark.parametrize("name", FOUND)
def test_training_form_agrees_with_the_exact_one(name: str) -> None:
    import torch

    loss = get(f"{EXAMPLES / name}")
    logits = torch.tensor(np.random.default_rng(0).normal(size=(5, 4)), dtype=torch.float64)
    labels = torch.tensor([0, 1, 2, 3, 0])
    values = loss.criterion("none")(logits, labels).numpy()
    exact = loss.values(torch.softmax(logits, -1).numpy(), labels.numpy())
    # float64 on both sides; softmax and its logarithm cost a few ulps of values of order 1
    np.testing.assert_allclose(values, exact, rtol=1e-12)


def test_examples_register_nothing() -> None:
    known = set(LOSSES)
    losses = [get(f"{EXAMPLES / name}") for name in FOUND]
    assert set(LOSSES) == known
    assert sum(isinstance(loss, CallableLoss) for loss in losses) == 2
