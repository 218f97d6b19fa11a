"""The gradient is that of the value, and is there wherever it can be represented."""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from typing import Any

from lossmatters.proofs_checks.conformance.asking import Ask, Steps, alone
from lossmatters.proofs_checks.conformance.checks.invariance import MODERATE, moved_by_probabilities
from lossmatters.proofs_checks.conformance.probing import one_line, probe
from lossmatters.proofs_checks.conformance.report import (
    DEFECT,
    NOTE,
    SEVERITIES,
    WEAKNESS,
    Broken,
    NotApplicable,
    told_apart,
)
from lossmatters.proofs_checks.conformance.trial import LossCheck, Trial
from lossmatters.theory.losses import Loss

SMALLEST = 1e-36  # a hundred times the smallest normal float32
FELT, HARDLY_FELT = 1e-6, 1e-12  # sizes of a gradient: beside others of size 1, none in float32 is felt below
SELDOM = 1e-8  # an output that gives its label less is rare after the first steps


def _gradient(trial: Trial) -> str | None:
    trial.need_gradient()
    from hypothesis import strategies as st

    from lossmatters.proofs_checks.strategies import logits, repeated

    def of_size(k: int) -> Any:
        ways = repeated(st.sampled_from([0.0, 1.0, -1.0]), k)
        return st.tuples(logits(k, largest=20.0, kinds=MODERATE), st.integers(0, k - 1), ways)

    k = trial.num_classes
    rows, labels = probe(k)
    first = [
        (row, int(label), [float(i == j) for i in range(k)])
        for row, label in zip(rows.numpy(), labels, strict=True)
        for j in (int(label), k - 1)
    ]
    trial.for_all(trial.of_any_size(of_size), partial(_agrees, trial), first)
    return None


def gradient_is_that_of(trial: Trial, drawn: tuple[Any, int, list[float]]) -> None:
    """Refuse a row, label and direction along which the value changes at another rate than its gradient.

    Raises
    ------
    Broken : the two are further apart than rounding and extrapolation explain, there and beside it.
    """
    alone(trial.subject, partial(_agrees, trial), drawn)


def _agrees(trial: Trial, drawn: tuple[Any, int, list[float]]) -> Steps:
    import numpy as np
    import torch

    row, label, way = drawn
    z, y, d = torch.from_numpy(row)[None], torch.tensor([label]), torch.tensor(way, dtype=torch.float64)
    found, wanted, allowed = yield from _rates(trial, z, y, d)
    if abs(found - wanted) <= allowed:
        return
    subject = trial.subject
    value = yield Ask("values", z, y)
    allowed += moved_by_probabilities(subject, z, y, value, 8 * subject.eps) / _step(trial)
    if abs(found - wanted) <= allowed:
        return
    # Beside a jump of rounding size, such as where softplus turns linear, differences say nothing. A wrong
    # gradient is wrong in the neighbourhood too.
    sideways = torch.linspace(1, 2, z.shape[1], dtype=z.dtype)
    for aside in (-0.1, 0.1) if np.isfinite(found) else ():
        near = yield from _rates(trial, z + aside * sideways, y, d)
        if abs(near[0] - near[1]) <= near[2]:
            return
    raise Broken(
        "the value changes at the rate {}, the gradient says {}".format(*told_apart(wanted, found)),
        _cause(trial, z, y, d, wanted, allowed),
        logits=z[0],
        label=label,
        direction=d,
        allowed=allowed,
    )


def gradient_is_rate(trial: Trial, z: Any, y: Any, d: Any) -> None:
    """Refuse one sample at which the two rates are further apart than is explained.

    Raises
    ------
    Broken : they are.
    """

    def test(case: None) -> Steps:
        first, value, explained = yield from _rates(trial, z, y, d)
        if not abs(first - value) <= explained:
            raise Broken("the gradient is not that of the value")

    alone(trial.subject, test, None)


def _step(trial: Trial) -> float:
    # Error of the extrapolated difference: h^4 from its formula, eps/h from rounding; equal at eps^(1/5).
    return float(trial.subject.eps**0.2)


def _rates(trial: Trial, z: Any, y: Any, d: Any) -> Generator[Ask, Any, tuple[float, float, float]]:
    """Ask for the rate of change by the gradient, by differences, and how far they may be apart."""
    step = _step(trial)
    found = float(((yield Ask("gradient", z, y)) * d).sum())
    v = []
    for s in (1, 0.5, 0, -0.5, -1):  # one by one, for a loss that mixes the samples of a batch
        v.append(float((yield Ask("quiet", z + s * step * d, y))))
    right, left = 2 * (v[1] - v[2]) / step, 2 * (v[2] - v[3]) / step
    wide, narrow = (v[0] - v[4]) / (2 * step), (right + left) / 2
    wanted = (4 * narrow - wide) / 3
    # Values good to 1000 units in the last place of the numbers they are made of leave this over h.
    rounding = 4000 * trial.subject.eps / step * (yield from trial.scaled(z))
    if abs(right - left) > 0.02 * max(abs(right), abs(left)) + rounding:
        return found, wanted, float("inf")  # a kink, where any slope between the two would do
    # The two differences are further apart than the extrapolation of them is wrong.
    return found, float(wanted), float(abs(narrow - wide) + rounding)


def _cause(trial: Trial, z: Any, y: Any, d: Any, wanted: float, allowed: float) -> str:
    """Return the cause if it is found to be one: with no part detached, the gradient is right."""
    from lossmatters.proofs_checks.conformance.attached import attached

    try:
        with attached():
            whole = float((trial.subject.gradient(z, y) * d).sum())
    except Broken:
        return ""
    return "a factor is detached, or computed under no_grad" if abs(whole - wanted) <= allowed else ""


def _second(trial: Trial) -> str | None:
    """Compare the derivative of the gradient along a direction with differences of the gradient."""
    trial.need_gradient()
    trial.need_torch()  # other libraries' gradients come through once
    import torch

    z, y = probe(trial.num_classes)
    way = torch.cos(2.3 * torch.arange(z.numel(), dtype=z.dtype)).reshape(z.shape)
    leaf = z.clone().requires_grad_()
    (slope,) = torch.autograd.grad(trial.subject.values(leaf * 1, y).sum(), leaf, create_graph=True)
    along = (slope * way).sum(dim=1)
    found = torch.zeros_like(z)
    if along.requires_grad:
        try:
            (second,) = torch.autograd.grad(along.sum(), leaf, allow_unused=True)
        except Exception as error:
            raise Broken(
                f"a second derivative raised {type(error).__name__}: {one_line(error)}",
                severity=WEAKNESS,
                logits=z,
                labels=y,
            ) from error
        found = found if second is None else second
    step = trial.subject.eps**0.25  # the gradients are good to eps^(3/4) or so, their differences to its root
    ends = [trial.subject.gradient(z + s * step * way, y) for s in (1, 0, -1)]
    right, left = (ends[0] - ends[1]) / step, (ends[1] - ends[2]) / step
    wanted = (right + left) / 2
    allowed = 100 * step * trial.scale(z) + (right - left).abs()  # a kink allows any slope between the two
    bad = (found - wanted).abs() > allowed
    if bool(bad.any()):
        row = int(bad.any(dim=1).nonzero()[0])
        try:
            gradient_is_rate(trial, z[row : row + 1], y[row : row + 1], way[row : row + 1])
        except Broken:
            raise NotApplicable("the gradient itself is not that of the value: see `gradient`") from None
        raise Broken(
            "the gradient changes along a direction, and its derivative says otherwise",
            "the backward pass is no function of the logits to autograd" if not along.requires_grad else "",
            severity=WEAKNESS,
            logits=z[row],
            label=y[row],
            direction=way[row],
            rates=wanted[row],
            found=found[row],
        )
    return None


def _dead(trial: Trial) -> str | None:
    trial.need_gradient()
    import torch

    k = trial.num_classes
    formula = trial.subject.formula
    # Without a formula nobody knows the true gradient. Then: against the label, no loss worth the name is
    # flat before u_y = e^-40 (one that falls like u_y^2 still has e^-80); in favour of it, many have stopped.
    against = (2.0, 5.0, 10.0, 16.0, 20.0, 30.0, 40.0, *((60.0, 80.0) if formula is not None else ()))
    favour = against if formula is not None else (2.0, 5.0)
    found = []
    for sign, gaps in ((-1.0, against), (1.0, favour)):
        for gap in gaps:
            z = torch.zeros(1, k)
            z[0, 1:] = torch.linspace(0, 0.5, k - 1)  # no ties among the other classes
            z[0, 0] = sign * gap
            norm = None if formula is None else _true_norm(formula, z[0].tolist())
            if norm is not None and norm < SMALLEST:
                continue
            if bool((trial.subject.gradient(z, torch.tensor([0])) == 0).all()):
                if norm is None and sign > 0 and _is_met(trial, z):
                    break
                found.append(_no_slope(trial, z, norm))
    if found:
        raise min(found, key=lambda broken: SEVERITIES.index(broken.severity))
    return None


def _no_slope(trial: Trial, z: Any, norm: float | None) -> Broken:
    """Return the finding of a gradient that is 0 where it should be of size `norm`, if that is known."""
    import torch

    own = float(torch.softmax(z, dim=1)[0, 0])
    if norm is None:
        severity = DEFECT if own > SELDOM else WEAKNESS
    else:
        severity = DEFECT if norm >= FELT else WEAKNESS if norm >= HARDLY_FELT else NOTE
    truth = "" if norm is None else f", though its true size is {norm:.3g}"
    return Broken(
        f"the gradient in float32 is exactly 0 at u_y = {own:.3g}{truth}",
        _why_none(trial, z),
        severity=severity,
        logits=z[0],
        label=0,
    )


def _why_none(trial: Trial, z: Any) -> str:
    """Return the cause that a second look confirms, or nothing."""
    import torch

    label = torch.tensor([0])
    beside = z.clone()
    beside[0, 0] *= 1.01
    here, there = (trial.subject.values(row.double(), label).detach() for row in (z, beside))
    if torch.equal(here, there):
        return "the value is flat there too, in float64: probabilities clamped after softmax, or a margin"
    if bool((trial.subject.gradient(z.double(), label) != 0).any()):
        return (
            "rounding: float64 has a gradient there; take log_softmax, and sum the other classes for 1 - u_y"
        )
    return ""


def _is_met(trial: Trial, z: Any) -> bool:
    """Tell whether the loss of label 0 falls no further from here on: a margin that is met."""
    import torch

    rows = z.double().repeat(3, 1)
    rows[:, 0] *= torch.tensor([1.0, 1.5, 40.0], dtype=rows.dtype)
    values = trial.subject.values(rows, torch.zeros(3, dtype=torch.long)).detach()
    return bool((values == values[0]).all())


def _true_norm(loss: Loss, logits: list[float]) -> float | None:
    """Return the length of dL/dlogits for label 0, from the formula; None without a value."""
    from lossmatters.theory.criteria import reference

    gradient = reference.gradient(loss, reference.softmax(logits), 0)
    norm = reference.CONTEXT.norm(list(gradient))
    return float(norm) if reference.CONTEXT.isfinite(norm) else None


TAGS = ("gradient",)
CHECKS = (
    LossCheck("gradient", "The gradient is that of the value.", TAGS, _gradient),
    LossCheck(
        "second_derivative", "The gradient has a derivative, which is that of the gradient.", TAGS, _second
    ),
    LossCheck(
        "dead_gradient",
        "The gradient is not zero where the true one can be represented.",
        ("gradient", "numbers"),
        _dead,
    ),
)
