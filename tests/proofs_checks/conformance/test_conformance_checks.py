"""Each check rejects a loss that breaks its promise, and no other check does."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from simple_losses import error, label_probs, of_label
from torch import Tensor, nn

from lossmatters.proofs_checks.conformance import CHECKS, check_loss, declare
from lossmatters.proofs_checks.conformance.checks.numbers import narrow_is_wide
from lossmatters.proofs_checks.conformance.report import Broken
from lossmatters.proofs_checks.conformance.trial import BUDGETS, Trial
from lossmatters.theory.losses import GCE, Loss
from lossmatters.theory.symmetry import label_sum_range

MUSEUM = Path(__file__).parents[2] / "museum"


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
    ("float32", offset(1e3), {}, {"bfloat16", "float16"}),
    ("bfloat16", offset(1e3), {}, {"float32", "float16"}),
    ("float32", offset(1e3, mistakes), {"differentiable": False}, {"bfloat16", "float16"}),
    ("bfloat16", offset(1e3, mistakes), {"differentiable": False}, {"float32", "float16"}),
    ("label_types", overflowing_labels, {}, {"bad_labels"}),
    ("empty_batch", largest_of_the_batch, {}, set()),
    ("vmap", looks_at_labels, {}, set()),
    ("noisy_risk", of_label(symmetric_at_simple_outputs), {"symmetric": True}, {"label_sum", "float16"}),
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


def test_r3_rejects_a_range_of_label_sums_that_is_too_narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the true range R3 is a theorem, which no loss breaks; with its lower end alone it is false."""
    true_range = label_sum_range

    def too_narrow(loss: Loss, num_classes: int) -> Any:
        span = true_range(loss, num_classes)
        return replace(span, high=span.low)

    loss = GCE(q=Fraction(1, 10))
    assert check_loss(loss, only=["noisy_risk"])["noisy_risk"].detail == "by R3"
    monkeypatch.setattr(
        sys.modules["lossmatters.theory.symmetry.label_sum_range"], "label_sum_range", too_narrow
    )
    found = check_loss(loss, only=["noisy_risk"])["noisy_risk"]
    assert found.status == "failed"
    assert found.detail.startswith("R3 allows an excess risk of")


def test_compiled_losses_are_compared() -> None:
    assert not check_loss(other_when_compiled, only=["compile"]).ok
    assert check_loss(error, only=["compile"]).ok


def test_every_check_is_known_to_reject_something() -> None:
    shown = "".join(path.read_text() for path in MUSEUM.glob("*.py"))
    rejecting = {row[0] for row in BREAKS} | {"compile"} | {name for name in CHECKS if f'"{name}"' in shown}
    assert set(CHECKS) == rejecting


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
    known = ["label_sum", "label_sum_value", "bounded", "calibration"]
    report = check_loss(of_label(lambda u: 2 * (1 - u)), only=["formula", *known], formula="mae")
    assert report["formula"].detail == "it is mae"
    assert report.counts() == {"passed": 5}, str(report)
