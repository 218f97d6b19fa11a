"""What is sound and was once accused stays acquitted; what differs from it by a defect is still caught."""

from __future__ import annotations

import math
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, softplus

from lossmatters.proofs_checks.conformance import CHECKS, check_loss, declare
from lossmatters.proofs_checks.conformance.checks.gradient import gradient_is_that_of
from lossmatters.proofs_checks.conformance.report import Broken
from lossmatters.proofs_checks.conformance.trial import BUDGETS, Trial

SOUND = Path(__file__).parents[2] / "sound"
NAMES = sorted(path.stem for path in SOUND.glob("*.py"))


def values(logits: Tensor, labels: Tensor) -> Tensor:
    return cross_entropy(logits, labels, reduction="none")


@pytest.mark.parametrize("name", NAMES)
def test_a_sound_loss_is_not_accused(name: str) -> None:
    said = runpy.run_path(str(SOUND / f"{name}.py"))
    report = check_loss(f"{SOUND / name}.py:loss", budget="quick", **said.get("DECLARED", {}))
    assert report.ok, str(report)
    assert said["ONCE_ACCUSED_BY"] <= set(CHECKS)


class PlainAttribute(torch.nn.Module):
    """A weight that is no buffer: `.to(device)` leaves it where it is."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.ones(3)

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        return self.weight[labels] * values(logits, labels)


def weight_made_here(logits: Tensor, labels: Tensor) -> Tensor:
    return torch.tensor([1.0] * logits.shape[1])[labels] * values(logits, labels)


class Longer(torch.autograd.Function):
    """A gradient one part in a thousand too long, and nothing detached."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.clone()

    @staticmethod
    def backward(ctx: Any, *outer: Tensor) -> Tensor:
        return 1.001 * outer[0]


def wrong_at_uniform(logits: Tensor, labels: Tensor) -> Tensor:
    return Longer.apply(values(logits, labels)) - math.log(logits.shape[1])


def wrong_in_float32(logits: Tensor, labels: Tensor) -> Tensor:
    own = values(logits.float(), labels).double()
    return own + (own - own.detach()) / 10


def detached_under_no_grad(logits: Tensor, labels: Tensor) -> Tensor:
    surprise = values(logits, labels)
    with torch.no_grad():
        factor = 1 - (-surprise).exp()
    return factor * surprise


def bonus_of_class_0(logits: Tensor, labels: Tensor) -> Tensor:
    return values(logits, labels) - 0.1 * (logits.argmax(dim=1) == 0)


def shift_in_float32(logits: Tensor, labels: Tensor) -> Tensor:
    return (values(logits.float(), labels) + 0.001 * logits.float().mean(dim=1).tanh()).to(logits.dtype)


def flat_in_favour(logits: Tensor, labels: Tensor) -> Tensor:
    """It falls on, and its gradient says that it does not."""
    own = logits.softmax(dim=1).gather(1, labels[:, None]).squeeze(1)
    return 1 - torch.where(own > 0.8, own.detach(), own)


def last_class_for_minus_one(logits: Tensor, labels: Tensor) -> Tensor:
    return -logits.log_softmax(dim=1)[torch.arange(len(labels)), labels]


def clamped_arrays(probs: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return -np.log(np.maximum(probs[np.arange(len(labels)), labels], 1e-12))


@pytest.mark.parametrize(
    ("check", "loss", "promises", "cause"),
    [
        ("device", PlainAttribute(), {"num_classes": 3}, None),
        ("device", weight_made_here, {}, None),
        ("gradient", wrong_at_uniform, {}, ""),
        ("gradient", wrong_in_float32, {}, "a factor is detached, or computed under no_grad"),
        ("gradient", detached_under_no_grad, {}, "a factor is detached, or computed under no_grad"),
        ("class_permutation", bonus_of_class_0, {}, None),
        ("logit_shift", shift_in_float32, {}, None),
        ("dead_gradient", flat_in_favour, {}, None),
        ("bad_labels", last_class_for_minus_one, {}, "a negative index counts from the end"),
        ("formula", clamped_arrays, {"takes": "numpy probs", "formula": "cce"}, None),
    ],
    ids=lambda value: value if isinstance(value, str) else getattr(value, "__name__", ""),
)
def test_its_defective_neighbour_is_still_caught(
    check: str, loss: Callable[..., Any], promises: dict[str, Any], cause: str | None
) -> None:
    result = check_loss(loss, budget="quick", only=[check], **promises)[check]
    assert result.status == "failed"
    assert cause is None or result.cause == cause


def test_at_the_place_where_softplus_jumps_the_gradient_is_acquitted() -> None:
    """Drawn logits are seldom there: the row is given."""

    def pairs(slope: float) -> Callable[[Tensor, Tensor], Tensor]:
        def loss(logits: Tensor, labels: Tensor) -> Tensor:
            found = softplus(logits - logits.gather(1, labels[:, None])).sum(dim=1)
            return found + slope * (found - found.detach())

        return loss

    row = (np.array([0.0, 20.0, 0.0]), 0, [0.0, 1.0, 0.0])
    gradient_is_that_of(Trial(declare(pairs(0.0)), BUDGETS["quick"]), row)
    with pytest.raises(Broken):
        gradient_is_that_of(Trial(declare(pairs(1e-3)), BUDGETS["quick"]), row)


def test_a_rate_of_change_is_held_against_what_rounding_leaves_of_probabilities() -> None:
    """Of 1 - u = 2e-10 seven digits are left; half the gradient is still wrong where there are more."""
    right = runpy.run_path(str(SOUND / "numbers_near_one.py"))["loss"]

    def half(probs: Tensor, onehot: Tensor) -> Tensor:
        values: Tensor = right(probs, onehot)
        return values.detach() / 2 + values / 2

    def held(loss: Any, row: list[float]) -> None:
        given = declare(loss, takes="probs", targets="onehot")
        gradient_is_that_of(Trial(given, BUDGETS["quick"]), (np.array(row), 2, [1.0, -1.0, 1.0]))

    held(right, [16.390153884887695, -18.811429977416992, -5.962624549865723])
    held(right, [1.0, -0.5, 0.25])
    with pytest.raises(Broken, match="the value changes at the rate"):
        held(half, [1.0, -0.5, 0.25])
