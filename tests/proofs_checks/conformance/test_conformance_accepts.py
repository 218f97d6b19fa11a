"""Each kind of loss is accepted, and found out; what cannot be is named."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from simple_losses import error, of_label
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from lossmatters.proofs_checks.conformance import check_loss, declare, parametrize_with_loss_checks
from lossmatters.theory.losses import CCE, MAE, Loss


class Reduced(nn.Module):
    """A loss that cannot be asked per sample."""

    def __init__(self, reduce: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.reduce = reduce

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        return self.reduce(error(logits, labels))


class Weighted(nn.Module):
    """A module with a buffer in float32 and a K of its own."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.register_buffer("weight", torch.ones(num_classes))

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        return cross_entropy(logits, labels, weight=self.weight, reduction="none")


def with_keyword(logits: Tensor, labels: Tensor, *, num_classes: int) -> Tensor:
    return (logits.softmax(dim=1) - nn.functional.one_hot(labels, num_classes)).abs().sum(dim=1)


def of_probs(probs: Tensor, labels: Tensor) -> Tensor:
    return 1 - probs.gather(1, labels[:, None]).squeeze(1)


def of_arrays(probs: np.ndarray, labels: np.ndarray) -> np.ndarray:
    if len(labels) and not (labels.min() >= 0 and labels.max() < probs.shape[1]):
        raise ValueError("labels out of range")
    return 1 - probs[np.arange(len(labels)), labels]


class Plain(nn.Module):
    """A module that is made without arguments."""

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        return error(logits, labels)


ACCEPTED = {
    "a class of module": (Plain, {"symmetric": True}, "none"),
    "text, and promises": ("mae", {"bound": 2, "constant": lambda k: 2 * (k - 1)}, "none"),
    "a Loss": (MAE(), {}, "none"),
    "a class of Loss": (MAE, {}, "none"),
    "a function": (error, {"symmetric": True}, "none"),
    "a function with a reduction": (cross_entropy, {}, "mean"),
    "a mean": (Reduced(torch.mean), {"symmetric": True}, "mean"),
    "a sum": (Reduced(torch.sum), {"symmetric": True}, "sum"),
    "a module of one K": (Weighted(7), {"num_classes": 7}, "none"),
    "a keyword": (with_keyword, {"symmetric": True}, "none"),
    "torch on probabilities": (of_probs, {"takes": "probs", "symmetric": True}, "none"),
    "NumPy on probabilities": (of_arrays, {"takes": "numpy probs", "symmetric": True}, "none"),
}


@pytest.mark.parametrize("kind", ACCEPTED)
def test_every_kind_of_loss_is_accepted(kind: str) -> None:
    loss, said, reduction = ACCEPTED[kind]
    subject = declare(loss, **said)
    report = check_loss(subject, budget="quick")
    assert report.ok, str(report)
    assert subject.interface.reduction == reduction
    assert report.num_classes == said.get("num_classes", 3)
    if said.get("symmetric"):
        assert "2 at K = 3" in report["label_sum"].detail or "4 at K = 3" in report["label_sum"].detail


def test_a_module_of_one_k_is_found_to_be_one() -> None:
    report = check_loss(Weighted(7), budget="quick")
    assert report.num_classes == 7
    assert {result.check for result in report.failures} == {"class_counts"}


def test_a_loss_for_a_thousand_classes_is_checked() -> None:
    """More numbers than Hypothesis lets an example hold."""
    report = check_loss(Weighted(1000), budget="quick", num_classes=1000, formula="cce")
    assert report.ok, str(report)
    assert report["formula"].status == report["label_sum"].status == report["logit_shift"].status == "passed"
    wrong = check_loss(Weighted(1000), budget="quick", only=["label_sum"], num_classes=1000, symmetric=True)
    assert len(wrong["label_sum"].counterexample["u"]) == 1000


def test_a_number_that_is_neither_mean_nor_sum_is_found() -> None:
    strange = declare(Reduced(lambda values: values.sum() / (len(values) + 1)))
    assert strange.interface.reduction == "unknown"
    assert {r.check for r in check_loss(strange, budget="quick", only=["batch", "gradient"]).failures} == {
        "batch"
    }


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: declare(3), TypeError, "loss must be a Loss, a module or a callable"),
        (lambda: declare(Weighted), TypeError, "loss must be made first, .* argument: 'num_classes'"),
        (lambda: declare(dict), TypeError, "loss must be a Loss, a Loss class or a callable"),
        (
            lambda: declare(error, symetric=True),
            TypeError,
            "promise must be one of .*, got promise='symetric'",
        ),
        (
            lambda: declare(error, takes="votes"),
            ValueError,
            "takes must be one of logits, .*, got takes='votes'",
        ),
        (
            lambda: declare(error, formula=error),
            ValueError,
            "formula must be a Loss or the text of one, got formula=<function error",
        ),
        (lambda: declare(error, formula="mea"), ValueError, "loss must be a known loss, got loss='mea'"),
        (lambda: declare(error, formula=3), TypeError, "loss must be a Loss, a Loss class or a callable"),
        (lambda: declare(error, num_classes=1), ValueError, "num_classes must be an integer >= 2"),
        (lambda: declare(MAE(), takes="probs"), ValueError, "takes must be 'logits' for a Loss"),
        (
            lambda: check_loss(lambda z: z),
            TypeError,
            "loss must be callable on logits .* K = 3 raised TypeError",
        ),
        (lambda: check_loss(lambda z, y: z[:, :2]), TypeError, r"one a sample .*, got shape \(4, 2\)"),
        (
            lambda: check_loss(error, budget="fast"),
            ValueError,
            "budget must be one of quick, default, thorough",
        ),
        (lambda: check_loss(error, only=["gradeint"]), ValueError, "did you mean gradient"),
        (lambda: check_loss(declare(error), symmetric=True), TypeError, "declarations must be made once"),
        (
            lambda: parametrize_with_loss_checks([declare(error, expected_failures={"bach": "?"})]),
            ValueError,
            "expected failure must be the id of a check, got id='bach'; did you mean batch?",
        ),
    ],
)
def test_bad_calls_are_named(call: Callable[[], Any], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        call()


def test_what_a_formula_says_is_used() -> None:
    """Bounds, constants, calibration and label sums come from lossmatters.theory where there is a formula."""
    loss: Loss = MAE()
    only = ["bounded", "label_sum_value", "calibration", "noisy_risk"]
    report = check_loss(loss, only=only)
    assert report.counts() == {"passed": 4}, str(report)
    assert report["bounded"].detail.startswith("at most 2 at K = 3")
    assert "theory says proved" in report["calibration"].detail
    assert check_loss(CCE(), only=only)["noisy_risk"].detail == "by R3"


def test_a_report_is_plain_data() -> None:
    import json

    report = check_loss(
        of_label(lambda u: 1 + u), budget="quick", calibrated=True, only=["calibration", "batch"]
    )
    data = json.loads(json.dumps(report.to_dict()))
    assert data["counts"] == {"passed": 1, "failed": 1}
    assert data["ok"] is False
    assert {"check", "promise", "status", "detail", "counterexample", "cause", "seconds"} <= set(
        data["results"][0]
    )


def test_without_hypothesis_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    with pytest.raises(ImportError, match=r"pip install 'lossmatters\[check\]'"):
        check_loss(error)


def test_nothing_of_a_loss_stays_behind() -> None:
    """A loss that sets things globally is told on, and what it set is put back."""

    def careless(logits: Tensor, labels: Tensor) -> Tensor:
        torch.manual_seed(0)
        torch.set_default_dtype(torch.float64)
        return error(logits, labels)

    before = torch.get_rng_state(), torch.get_default_dtype()
    report = check_loss(careless, budget="quick", only=["state_at_call"])
    assert report["state_at_call"].detail == "a call changes the seed of torch, torch's default dtype"
    assert torch.equal(torch.get_rng_state(), before[0])
    assert torch.get_default_dtype() == before[1]
