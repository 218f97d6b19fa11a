"""A loss is called as it wants to be: declared, never guessed; and refused in a sentence that says how."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from simple_losses import error
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, nll_loss

from lossmatters import cli
from lossmatters.proofs_checks.conformance import check_loss, declare
from lossmatters.proofs_checks.conformance.adapted import as_loss
from lossmatters.proofs_checks.conformance.way import parse_call
from lossmatters.theory.losses import get
from lossmatters.theory.symmetry import decide


def of_onehot(logits: Tensor, onehot: Tensor) -> Tensor:
    if not onehot.is_floating_point():
        raise TypeError("one-hot labels are floats here")
    return -(onehot * logits.log_softmax(dim=1)).sum(dim=1)


def labels_first(labels: Tensor, logits: Tensor) -> Tensor:
    return cross_entropy(logits, labels, reduction="none")


def with_epoch(logits: Tensor, labels: Tensor, epoch: int) -> Tensor:
    return cross_entropy(logits, labels, reduction="none") * epoch


def float32_alone(logits: Tensor, labels: Tensor) -> Tensor:
    if logits.dtype == torch.float64:
        raise RuntimeError("expected scalar type Float but found Double")
    return cross_entropy(logits, labels, reduction="none")


def of_classes(logits: Tensor, labels: Tensor) -> Tensor:
    """One number a class: (N, K)."""
    onehot = nn.functional.one_hot(labels, logits.shape[1]).to(logits.dtype)
    return (logits.softmax(dim=1) - onehot).square()


def of_pairs(logits: Tensor, labels: Tensor) -> Tensor:
    """It cuts the batch into two halves, which must be alike."""
    if len(labels) % 2:
        raise ValueError("batch size must be even")
    return torch.cat([error(z, y) for z, y in zip(logits.chunk(2), labels.chunk(2), strict=True)])


def of_images(logits: Tensor, labels: Tensor) -> Tensor:
    if logits.ndim != 4:
        raise ValueError("logits must be (N, K, H, W)")
    return cross_entropy(logits, labels, reduction="none")


def of_one_logit(scores: Tensor, labels: Tensor) -> Tensor:
    if scores.ndim != 1:
        raise ValueError("one score a sample")
    return binary_cross_entropy_with_logits(scores, labels, reduction="none")


def of_log_probs(log_probs: Tensor, labels: Tensor) -> Tensor:
    return nll_loss(log_probs, labels, reduction="none")


def of_arrays(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    if len(labels) and not (labels.min() >= 0 and labels.max() < logits.shape[1]):
        raise ValueError("labels must be classes")
    top = logits.max(axis=1, keepdims=True)
    return (top + np.log(np.exp(logits - top).sum(axis=1, keepdims=True)))[:, 0] - logits[
        np.arange(len(labels)), labels
    ]


WAYS: dict[str, tuple[Any, dict[str, Any]]] = {
    "one-hot": (of_onehot, {"targets": "onehot", "formula": "cce"}),
    "labels first": (labels_first, {"call": "loss(y, z)", "formula": "cce"}),
    "given": (with_epoch, {"given": {"epoch": 1}, "formula": "cce"}),
    "called": (with_epoch, {"call": "loss(z, y, epoch=1)", "formula": "cce"}),
    "float32": (float32_alone, {"formula": "cce"}),
    "classes": (of_classes, {"formula": "mse"}),
    "pairs": (of_pairs, {"batch_of": 2, "symmetric": True}),
    "images": (of_images, {"layout": "images", "formula": "cce"}),
    "one logit": (of_one_logit, {"takes": "binary logits", "formula": "cce"}),
    "log probs": (of_log_probs, {"takes": "log probs", "formula": "cce"}),
    "arrays of logits": (of_arrays, {"takes": "numpy logits", "formula": "cce"}),
}


@pytest.mark.parametrize("kind", WAYS)
def test_each_way_is_taken(kind: str) -> None:
    loss, said = WAYS[kind]
    report = check_loss(loss, budget="quick", **said)
    assert report.ok, str(report)
    if "formula" in said:
        assert report["formula"].status == "passed"


@pytest.mark.parametrize("kind", [kind for kind, (_, said) in WAYS.items() if "formula" in said])
def test_each_way_knows_a_wrong_formula(kind: str) -> None:
    loss, said = WAYS[kind]
    report = check_loss(loss, budget="quick", only=["formula"], **{**said, "formula": "gce"})
    assert report["formula"].status == "failed"


@pytest.mark.parametrize(
    ("loss", "sentence"),
    [
        (of_onehot, "can be called with targets='onehot', which is then to be declared"),
        (of_pairs, "can be called with batch_of=2"),
        (of_images, "can be called with layout='images'"),
        (with_epoch, "give it what else it needs: given={'epoch': ...}"),
        (of_one_logit, "can be called with takes='binary logits'"),
    ],
)
def test_a_refusal_says_what_to_declare(loss: Any, sentence: str) -> None:
    with pytest.raises(TypeError) as raised:
        check_loss(loss, budget="quick")
    assert sentence in str(raised.value)


@pytest.mark.parametrize(
    ("text", "slots", "extra"),
    [
        ("loss(z, y)", ("z", "y"), {}),
        ("loss(labels, logits, 2)", ("y", "z", (2,)), {}),
        ("f(z, y, epoch=1, names=['a'])", ("z", "y"), {"epoch": 1, "names": ["a"]}),
    ],
)
def test_a_call_is_read(text: str, slots: tuple[Any, ...], extra: dict[str, Any]) -> None:
    assert parse_call(text) == (slots, extra)


@pytest.mark.parametrize(
    "text",
    ["loss", "loss(z)", "loss(z, y, x)", "loss(z, y, e=open('f'))", "loss(z, y, *y)", "a.b(z, y)", "("],
)
def test_a_call_of_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"call must be a call like loss\(z, y, epoch=1\)"):
        declare(error, call=text)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"takes": "probabilities"}, "takes must be one of logits, scores, log probs, probs"),
        ({"targets": "hot"}, "targets must be one of labels, onehot"),
        ({"dtype": "half"}, "dtype must be one of float32"),
        ({"layout": "video"}, "layout must be one of rows, images"),
        ({"batch_of": 0}, "batch_of must be an integer from 1 to 64"),
        ({"ignore_index": "x"}, "ignore_index must be an integer"),
        ({"given": "{'a': open('f')}"}, "given must be a dict of literals"),
        ({"given": [1]}, "given must be a dict with names as keys"),
    ],
)
def test_bad_ways_are_named(said: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        declare(error, **said)


FILE = """
import torch
from torch.nn.functional import cross_entropy

class Scaled(torch.nn.Module):
    def __init__(self, size, alpha=1.0):
        super().__init__()
        if size < 0:
            raise RuntimeError("no such size")
        self.factor = size * alpha

    def forward(self, logits, labels):
        return self.factor * cross_entropy(logits, labels)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "scaled.py"
    path.write_text(FILE)
    return path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stopped:
        cli.main(list(arguments))
    out, err = capsys.readouterr()
    return int(stopped.value.code or 0), out, err


def test_a_class_is_made_with_its_arguments(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = f"{file}:Scaled(10, alpha=0.1)"
    status, out, _ = run(
        capsys, "check", spec, "--quick", "--only", "formula", "--declare", "formula=cce", "--json"
    )
    assert status == 0
    assert json.loads(out)["counts"] == {"passed": 1}
    status, out, _ = run(capsys, "certify", spec, "-K", "3", "--json")
    assert status == 0, "a loss that gives only means is certified too"
    assert json.loads(out)["symmetry"]["status"] == "refuted"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("(-1)", "loss must be made without an error, got loss="),
        ("()", "loss must be made with other arguments, got loss="),
        ("(open('x'))", "arguments of a loss must be literals such as (10, alpha=0.1), got loss="),
        ("", "loss must be made first, got a class that needs arguments"),
    ],
)
def test_a_class_that_cannot_be_made_is_one_line_and_no_broken_promise(
    arguments: str, message: str, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, _, err = run(capsys, "check", f"{file}:Scaled{arguments}", "--quick")
    assert status == 2
    assert message in err
    assert err.count("\n") == 1


def test_a_loss_for_certify_goes_through_the_same_adapter() -> None:
    loss = as_loss(of_onehot, 3, targets="onehot")
    assert decide(loss, 3).status == "refuted"
    mean = as_loss(lambda z, y: error(z, y).mean(), 3)
    assert decide(mean, 3).status == "sampled"
    assert as_loss(get("mae")) == get("mae")


def test_a_function_of_jax_gives_values_and_gradients() -> None:
    jax = pytest.importorskip("jax")

    def entropy(logits: Any, labels: Any) -> Any:
        rows = jax.numpy.arange(len(labels))
        return -jax.nn.log_softmax(logits)[rows, labels]

    report = check_loss(
        entropy, takes="jax logits", budget="quick", formula="cce", only=["formula", "gradient", "label_sum"]
    )
    assert report["formula"].status == report["gradient"].status == "passed", str(report)


def test_a_function_of_jax_that_changes_or_cannot_be_traced_is_seen_as_it_is() -> None:
    """It is compiled where that can be; its Python code still runs at each call."""
    jax = pytest.importorskip("jax")
    calls: list[int] = []

    def counting(logits: Any, labels: Any) -> Any:
        calls.append(1)
        return -jax.nn.log_softmax(logits)[jax.numpy.arange(len(labels)), labels] + len(calls) * 1e-3

    def branching(logits: Any, labels: Any) -> Any:
        values = -jax.nn.log_softmax(logits)[jax.numpy.arange(len(labels)), labels]
        return values if float(values.max()) < 1e9 else values * 0

    report = check_loss(counting, takes="jax logits", budget="quick", only=["deterministic"])
    assert [r.check for r in report.failures] == ["deterministic"]
    report = check_loss(branching, takes="jax logits", budget="quick", formula="cce", only=["formula"])
    assert report["formula"].status == "passed", str(report)


def make(shape: Callable[[Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    return lambda z, y: shape(cross_entropy(z, y, reduction="none"))


def test_shapes_with_an_axis_too_many_are_weaknesses() -> None:
    for loss in (make(lambda v: v[:, None]), make(lambda v: v.mean().reshape(1))):
        report = check_loss(loss, budget="quick", only=["shape", "formula"], formula="cce")
        assert report["formula"].status == "passed"
        assert (report["shape"].status, report["shape"].severity) == ("failed", "weakness")
