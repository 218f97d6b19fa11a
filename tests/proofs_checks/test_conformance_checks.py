"""Each check rejects a loss that breaks its promise and no other; each kind of loss is accepted."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from proofs_checks.conformance import CHECKS, check_loss, declare, parametrize_with_loss_checks
from proofs_checks.conformance.checks.numbers import narrow_is_wide
from proofs_checks.conformance.report import Broken
from proofs_checks.conformance.trial import BUDGETS, Trial
from theory.losses import CCE, MAE, Loss

MUSEUM = Path(__file__).parents[1] / "museum"


def label_probs(logits: Tensor, labels: Tensor) -> Tensor:
    return logits.softmax(dim=1).gather(1, labels[:, None]).squeeze(1)


def error(logits: Tensor, labels: Tensor) -> Tensor:
    return 1 - label_probs(logits, labels)


def of_label(function: Callable[[Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    return lambda logits, labels: function(label_probs(logits, labels))


def mistakes(logits: Tensor, labels: Tensor) -> Tensor:
    """A third for each class that is not less likely than the label: it jumps, and is flat elsewhere."""
    own = logits.gather(1, labels[:, None])
    return ((logits >= own).sum(dim=1) - 1) * (torch.ones_like(logits[:, 0]) / 3)


def offset(
    size: float, loss: Callable[[Tensor, Tensor], Tensor] = error
) -> Callable[[Tensor, Tensor], Tensor]:
    """A detour through a large number, which a narrow type cannot hold beside a small one."""
    return lambda logits, labels: (size + loss(logits, labels)) - size


def overflowing_labels(logits: Tensor, labels: Tensor) -> Tensor:
    return error(logits, (labels * 200).long() // 200 % logits.shape[1])


def largest_of_the_batch(logits: Tensor, labels: Tensor) -> Tensor:
    return error(logits, labels) + 0 * logits.max()


def looks_at_labels(logits: Tensor, labels: Tensor) -> Tensor:
    if (labels < 0).any():
        raise ValueError("labels must not be negative")
    return error(logits, labels)


def other_when_compiled(logits: Tensor, labels: Tensor) -> Tensor:
    return error(logits, labels) * (2 if torch.compiler.is_compiling() else 1)


def symmetric_at_simple_outputs(u: Tensor) -> Tensor:
    return 1 - u + 0.1 * torch.sin(60 * math.pi * u) ** 2


def bump(u: Tensor, height: float = 0.1) -> Tensor:
    """It rises and falls again where 0.81 < u < 0.85, far from any plain output."""
    return 1 - u + height * (1 - ((u - 0.83) / 0.02) ** 2).clamp(min=0)


# What the museum does not show: check, a loss that breaks it alone (among all checks of a quick run, but for
# those named), what it declares.
BREAKS: list[tuple[str, Any, dict[str, Any], set[str]]] = [
    ("bounded", error, {"bound": 0.9}, set()),
    ("convex", of_label(lambda u: 1 - u**2), {"convex": True}, set()),
    ("convex", error, {"convex": False}, set()),
    ("decreasing", of_label(lambda u: u), {"decreasing": True}, set()),
    ("decreasing", of_label(lambda u: 0 * u + 1), {"decreasing": True}, {"dead_gradient"}),
    ("decreasing", of_label(bump), {"decreasing": True}, set()),
    ("convex", of_label(bump), {"convex": True}, set()),
    ("bounded", of_label(lambda u: bump(u, 2.0)), {"bound": 2}, set()),
    ("smallest_at_label", of_label(lambda u: bump(u, -2.0)), {"smallest_at_label": True}, set()),
    ("label_sum", of_label(bump), {"symmetric": True}, {"noisy_risk"}),
    ("smallest_at_label", of_label(lambda u: u), {"smallest_at_label": True}, set()),
    ("zero_at_label", of_label(lambda u: 2 - u), {"zero_at_label": True}, set()),
    ("logit_shift", lambda z, y: error(z, y) + 0.01 * z.mean(dim=1).tanh(), {}, set()),
    ("float32", offset(1e3), {}, {"bfloat16"}),
    ("bfloat16", offset(1e3), {}, {"float32"}),
    ("float32", offset(1e3, mistakes), {"differentiable": False}, {"bfloat16"}),
    ("bfloat16", offset(1e3, mistakes), {"differentiable": False}, {"float32"}),
    ("label_types", overflowing_labels, {}, {"bad_labels"}),
    ("empty_batch", largest_of_the_batch, {}, set()),
    ("vmap", looks_at_labels, {}, set()),
    ("noisy_risk", of_label(symmetric_at_simple_outputs), {"symmetric": True}, {"label_sum"}),
    ("calibration", of_label(lambda u: 1 + u), {"calibrated": True}, set()),
]


@pytest.mark.parametrize(
    ("check", "loss", "promises", "also"), BREAKS, ids=lambda v: v if isinstance(v, str) else ""
)
def test_a_check_rejects_what_breaks_its_promise(
    check: str, loss: Any, promises: dict[str, Any], also: set[str]
) -> None:
    report = check_loss(loss, budget="quick", **promises)
    broken = {result.check for result in report.failures}
    assert check in broken, str(report)
    assert broken <= {check} | also, str(report)


@pytest.mark.parametrize(("logits", "label"), [((-14.125, -0.0, 1e-13), 2), ((0.0, 0.0, 0.0), 1)])
def test_beside_a_jump_a_narrow_type_may_be_on_the_other_side(logits: tuple[float, ...], label: int) -> None:
    """There bfloat16 gives 1/2 and float64 gives 0, or rounding breaks a tie; elsewhere nothing excuses."""
    trial = Trial(declare("zero-one"), BUDGETS["quick"])
    narrow_is_wide(trial, "bfloat16", (np.array(logits), label))
    moved = Trial(declare(offset(1e3, mistakes), differentiable=False), BUDGETS["quick"])
    narrow_is_wide(moved, "bfloat16", (np.array((0.0, 0.0, 1e-13)), 0))
    with pytest.raises(Broken, match=r"bfloat16 gives 0, float64 0\.3"):
        narrow_is_wide(moved, "bfloat16", (np.array((0.0, 1.0, -1.0)), 0))


def test_a_type_that_is_refused_is_not_checked() -> None:
    """torch's hinge has no bfloat16 on a CPU, and says so; its float32 is checked."""
    report = check_loss(nn.MultiMarginLoss, budget="quick", only=["float32", "bfloat16"])
    assert report["bfloat16"].status == "skipped"
    assert "not implemented for 'BFloat16'" in report["bfloat16"].detail
    assert report["float32"].status == "passed"


def test_compiled_losses_are_compared() -> None:
    assert not check_loss(other_when_compiled, only=["compile"]).ok
    assert check_loss(error, only=["compile"]).ok


def test_every_check_is_known_to_reject_something() -> None:
    shown = "".join(path.read_text() for path in MUSEUM.glob("*.py"))
    rejecting = {row[0] for row in BREAKS} | {"compile"} | {name for name in CHECKS if f'"{name}"' in shown}
    assert set(CHECKS) == rejecting


# -- what is accepted ------------------------------------------------------------------------------------


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
            lambda: declare(error, takes="scores"),
            ValueError,
            "takes must be one of logits, .*, got takes='scores'",
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
        (lambda: check_loss(lambda z, y: z), TypeError, r"one a sample .*, got shape \(4, 3\)"),
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
    """Bounds, constants, calibration and label sums come from theory where there is a formula."""
    loss: Loss = MAE()
    only = ["bounded", "label_sum_value", "calibration", "noisy_risk"]
    report = check_loss(loss, only=only)
    assert report.counts() == {"passed": 4}, str(report)
    assert report["bounded"].detail.startswith("at most 2 at K = 3")
    assert "theory says proved" in report["calibration"].detail
    assert check_loss(CCE(), only=only)["noisy_risk"].detail == "by R3"


@pytest.mark.parametrize(
    ("wrong", "cause"),
    [
        (of_label(lambda u: 3 * (1 - u)), "a factor: the loss is 1.5 times the formula"),
        (of_label(lambda u: 2 * (1 - u) + 0.25), "0.25 is added"),
        (
            of_label(lambda u: 2 * (1 - u.clamp(min=0.01))),
            "a probability clamped, or a small number added to it",
        ),
        (of_label(lambda u: 2 * (1 - u**2)), "another formula, or other parameters"),
    ],
)
def test_what_differs_from_the_formula_is_named(wrong: Any, cause: str) -> None:
    result = check_loss(wrong, budget="quick", only=["formula"], formula="mae")["formula"]
    assert result.status == "failed"
    assert result.cause.startswith(cause)
    given = result.counterexample
    own = float(
        label_probs(torch.tensor([given["logits"]], dtype=torch.float64), torch.tensor([given["label"]]))
    )
    stated = re.search(r"mae is ([0-9.]+),", result.detail)
    assert stated is not None
    assert float(stated[1]) == pytest.approx(2 * (1 - own), rel=1e-9)


def test_a_formula_brings_all_that_is_known_of_it() -> None:
    report = check_loss(of_label(lambda u: 2 * (1 - u)), formula="mae")
    assert report.ok, str(report)
    assert report["formula"].detail == "it is mae"
    for check in ("label_sum", "label_sum_value", "bounded", "calibration"):
        assert report[check].status == "passed", check


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
