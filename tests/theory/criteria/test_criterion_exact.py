"""Every criterion against the exact formula, and known defects of published ones against the same test.

The reference is `lossmatters.theory.criteria.reference`: 120 digits, nothing shared with what is tested.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.functional import one_hot

from lossmatters.proofs_checks.strategies import losses
from lossmatters.theory.criteria import reference
from lossmatters.theory.losses import GCE, LOSSES, MAE, MSE, RLL, Focal, Loss, TruncatedGCE

SMOOTH = [name for name, cls in LOSSES.items() if cls.differentiable]
SYMMETRIC = [name for name, cls in LOSSES.items() if cls().symmetric]

# 6e-6 is the bar: the difference of two float32 logits of gap 69, where probabilities are 1e-30, is
# itself off by 4e-6 of the probability.
RELATIVE = 6e-6
SMALLEST = 1e-30  # below this, relative accuracy is not asked for
LEAST_NORMAL = 1.2e-38

PerRow = Callable[[Tensor, Tensor], Tensor]


def assert_exact(
    loss: Loss, rows: list[list[float]], labels: list[int], function: PerRow | None = None
) -> None:
    """Values and gradients of float32 logits are those of the formula; nothing is dead or not finite."""
    logits = torch.tensor(rows, dtype=torch.float32, requires_grad=True)
    function = function or loss.criterion(reduction="none")
    values = function(logits, torch.tensor(labels))
    values.sum().backward()
    assert logits.grad is not None
    assert values.isfinite().all(), f"{loss.spec} is {values} at {rows}, {labels}"
    assert logits.grad.isfinite().all(), f"the gradient of {loss.spec} is {logits.grad} at {rows}, {labels}"
    context = reference.CONTEXT
    for row, label, value, gradient in zip(
        logits.tolist(), labels, values.tolist(), logits.grad.tolist(), strict=True
    ):
        probs = reference.softmax(row)
        wanted = reference.value(loss, probs, label)
        if wanted > SMALLEST:
            error = abs(value - wanted) / wanted
            assert error <= RELATIVE, f"L = {value} is off by {float(error):.1e}: {loss.spec}, {row}, {label}"
        slopes = reference.gradient(loss, probs, label)
        norm = context.norm(list(slopes))
        if norm > LEAST_NORMAL:
            assert any(gradient), f"a dead gradient, not {float(norm):.1e}: {loss.spec}, {row}, {label}"
        if norm > SMALLEST:
            error = context.norm([g - s for g, s in zip(gradient, slopes, strict=True)]) / norm
            assert error <= RELATIVE, f"gradient off by {float(error):.1e}: {loss.spec}, {row}, {label}"


@st.composite
def rows_of_logits(draw: st.DrawFn) -> tuple[list[float], int]:
    """Normal draws of any scale, rows with ties and near ties, one-hot extremes; and a label."""
    num_classes = draw(st.integers(2, 6), label="K")
    label = draw(st.integers(0, num_classes - 1), label="label")
    match draw(st.sampled_from(["normal", "tied", "one-hot"]), label="kind"):
        case "normal":
            scale = draw(st.sampled_from([1.0, 10.0, 100.0, 1e4]), label="scale")
            units = st.floats(-3, 3, width=32, allow_subnormal=False)
            row = [scale * draw(units) for _ in range(num_classes)]
        case "tied":
            low = draw(st.sampled_from([-5.0, -20.0, -60.0, -1e4]), label="low")
            gap = draw(st.sampled_from([0.0, 1e-5, 1e-3, 0.01, 0.1, 1.0]), label="gap")
            row = [low] * num_classes
            row[0], row[-1] = 0.0, gap
        case _:
            row = [0.0] * num_classes
            row[0] = draw(st.sampled_from([-1e4, -80.0, -40.0, -3.0, 3.0, 40.0, 80.0, 1e4]), label="height")
    return torch.tensor(row, dtype=torch.float32).tolist(), label


def on_a_kink(loss: Loss, row: list[float]) -> bool:
    """At a probability of exactly 1/2 a loss that is cut there has two slopes, and 1/10 is never met."""
    return any(u == Fraction(1, 2) for u in reference.softmax(row)) and "truncated" in loss.spec


@settings(max_examples=100)
@given(losses(), rows_of_logits())
@example(MSE(), ([0.0, 0.001, -60.0], 2))
@example(RLL(), ([0.0, 0.0, 0.0, -60.0], 3))
@example(GCE(), ([0.0, 130.0], 0))
def test_any_loss_at_any_logits_is_its_formula(loss: Loss, drawn: tuple[list[float], int]) -> None:
    row, label = drawn
    if loss.differentiable and not on_a_kink(loss, row):
        assert_exact(loss, [row], [label])


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize("num_classes", [2, 10, 100])
def test_every_loss_is_its_formula(name, num_classes):
    """100 classes take the softmax of torch and the repair of near ties, fewer do not."""
    generator = torch.Generator().manual_seed(num_classes)
    low = torch.full((num_classes,), -30.0)
    low[:3] = torch.tensor([0.0, 0.003, -35.0])[:num_classes]
    rows, labels = [low.tolist()], [min(2, num_classes - 1)]
    if num_classes < 100:  # a row of 100 takes the reference a tenth of a second, or more
        rows += [(torch.randn(num_classes, generator=generator) * s).tolist() for s in (1, 10)]
        labels += [0, 1]
    assert_exact(LOSSES[name](), rows, labels)


@pytest.mark.parametrize("name", SYMMETRIC)
@pytest.mark.parametrize("num_classes", [2, 10, 100])
@pytest.mark.parametrize("scale", [0, 1, 10, 100, 1e4])
def test_the_label_sum_of_a_symmetric_loss_is_constant(name, num_classes, scale):
    loss = LOSSES[name]()
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(4, num_classes, generator=generator) * scale
    uniform = reference.softmax([0.0] * num_classes)
    constant = float(num_classes * reference.value(loss, uniform, 0))
    labels = torch.arange(num_classes)
    criterion = loss.criterion(reduction="none")
    for row, every in zip(logits, loss.matrix(logits), strict=True):
        # 4e-7: seven roundings of float32 in a term, some of which are common to all labels
        alone = criterion(row.expand(num_classes, -1), labels)
        for values in (alone.double(), every.double()):
            # where C = 0 the terms are of both signs, and each is rounded
            size = constant or float(values.abs().sum()) or 1.0
            assert abs(float(values.sum()) - constant) <= 4e-7 * size


# Defects of published implementations, written here from their descriptions. Each must fail the test above.


def clamped_gce(logits: Tensor, labels: Tensor) -> Tensor:
    """The probability is clamped after the softmax: no gradient below."""
    u = logits.softmax(1).gather(1, labels[:, None])[:, 0].clamp(min=1e-4)
    return (1 - u**0.7) / 0.7


def underflowing_gce(logits: Tensor, labels: Tensor) -> Tensor:
    """The slope u^(q - 1) is infinite once u has underflowed, and infinity times 0 is NaN."""
    u = logits.softmax(1).gather(1, labels[:, None])[:, 0]
    return (1 - u**0.7) / 0.7


def detached_focal(logits: Tensor, labels: Tensor) -> Tensor:
    """The focal factor is taken for a constant: the gradient is another function's."""
    log_u = logits.log_softmax(1).gather(1, labels[:, None])[:, 0]
    return -((1 - log_u.exp()).detach() ** 2) * log_u


def cancelling_rll(logits: Tensor, labels: Tensor) -> Tensor:
    """The published formula as it stands: all classes are summed and the label's is taken off again."""
    logs = torch.log(0.1 + logits.softmax(1))
    own = logs.gather(1, labels[:, None])[:, 0]
    return math.log(1.1 / 0.1) - own + (logs.sum(1) - own) / (logits.shape[1] - 1)


def subtracting_mae(logits: Tensor, labels: Tensor) -> Tensor:
    """1 - u of a rounded u: nothing is left when the label is all but certain."""
    return 2 * (1 - logits.softmax(1).gather(1, labels[:, None])[:, 0])


def mean_over_entries_mse(logits: Tensor, labels: Tensor) -> Tensor:
    """The mean over classes instead of the sum: another scale for every K."""
    return (logits.softmax(1) - one_hot(labels, logits.shape[1])).square().mean(1)


CERTAIN, TINY = [[20.0, 0.0, 0.0]], [[0.0, 9.0, 15.0]]
DEFECTS = [
    (GCE(), clamped_gce, TINY),
    (GCE(), underflowing_gce, [[0.0, 130.0, 1.0]]),
    (Focal(), detached_focal, [[0.0, 1.0, 2.0]]),
    (RLL(), cancelling_rll, CERTAIN),
    (MAE(), subtracting_mae, CERTAIN),
    (MSE(), mean_over_entries_mse, [[0.0, 1.0, 2.0]]),
]


@pytest.mark.parametrize(("loss", "defect", "rows"), DEFECTS, ids=[d.__name__ for _, d, _ in DEFECTS])
def test_a_known_defect_fails_the_same_test(loss, defect, rows):
    assert_exact(loss, rows, [0])
    with pytest.raises(AssertionError):
        assert_exact(loss, rows, [0], defect)


def test_the_reference_knows_a_value_and_a_gradient_by_hand():
    """MAE at u = (1/4, 3/4): 2 (1 - 1/4), and 2 u_y (u - e_y) by D3."""
    probs = reference.softmax([0.0, math.log(3)])
    assert float(reference.value(MAE(), probs, 0)) == pytest.approx(1.5, rel=1e-15)
    assert [float(g) for g in reference.gradient(MAE(), probs, 0)] == pytest.approx(
        [-0.375, 0.375], rel=1e-15
    )


def test_a_truncated_loss_has_no_gradient_below_its_threshold():
    logits = torch.tensor([[0.0, 1.0]], requires_grad=True)
    TruncatedGCE().criterion()(logits, torch.tensor([0])).backward()
    assert not logits.grad.any()
