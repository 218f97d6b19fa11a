"""Finite numbers for finite logits; where there are none, from what size of logits on, and why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lossmatters.proofs_checks.conformance.asking import Ask, Steps, answered
from lossmatters.proofs_checks.conformance.probing import probe
from lossmatters.proofs_checks.conformance.report import DEFECT, NOTE, WEAKNESS, Broken
from lossmatters.proofs_checks.conformance.trial import LossCheck, Trial

UNDERFLOW = (
    "a power, logarithm or ratio of a probability that has underflowed to 0: work with log_softmax, and "
    "write u**q as exp(q * log u)"
)
OVERFLOW = "an exponential overflows: subtract the largest logit first"

# Logits beyond the largest float16 are rare; those whose squares overflow float32 are in nobody's training.
RARE, UNHEARD_OF = 65504.0, 1e18
# An exponential of a logit gap passes this on its way to the end of float64; a loss that is infinite before
# it is rounded to infinity, not beyond what can be written down.
BEYOND = 1e100
STEPS = 60  # of a bisection over 70 orders of magnitude, to some 1e-3 of the size

Answer = Callable[[Any], Any]  # (1, K) logits -> a tensor that should be finite


def _corners(k: int) -> Any:
    """Yield the rows at which losses break most often, simplest first."""
    import numpy as np

    from lossmatters.proofs_checks.strategies import FLOAT32_MAX

    for far in (100.0, -100.0, 1000.0, -1000.0, FLOAT32_MAX, -FLOAT32_MAX):
        row = np.zeros(k)
        row[1] = far
        yield row, 0
    yield np.full(k, FLOAT32_MAX), 0
    row = np.full(k, -FLOAT32_MAX)
    row[0] = FLOAT32_MAX
    yield row, 0
    yield row, 1


def _everywhere(trial: Trial, what: str, asked: str) -> None:
    """Ask for a value or a gradient at all kinds of finite logits in float32.

    Raises
    ------
    Broken : it is not finite, with the smallest multiple of those logits at which it is not.
    """
    import torch
    from hypothesis import strategies as st

    from lossmatters.proofs_checks.strategies import logits

    def row(drawn: tuple[Any, int]) -> tuple[Any, Any]:
        return torch.from_numpy(drawn[0])[None].to(torch.float32), torch.tensor([drawn[1]])

    worst: list[tuple[Any, Any]] = []

    def answer(z: Any, y: Any) -> Any:
        return answered(trial.subject, Ask(asked, z, y))

    def test(drawn: tuple[Any, int]) -> Steps:
        z, y = row(drawn)
        found = yield Ask(asked, z, y)
        if not bool(found.isfinite().all()) and _fault(trial, lambda z: answer(z, y), z, y, what):
            worst[:] = [(z, y)]
            raise Broken(f"{what} is not finite")

    strategy = trial.of_any_size(lambda k: st.tuples(logits(k), st.integers(0, k - 1)))
    try:
        trial.for_all(strategy, test, _corners(trial.num_classes), like="finite")
    except Broken:
        if not worst:
            raise
        z, y = worst[0]
        raise _smallest(trial, what, lambda z: answer(z, y), z, y) from None


def _fault(trial: Trial, answer: Answer, z: Any, y: Any, what: str) -> str:
    """Return "NaN" or "infinite" where that is the fault of the code, "" where there is none."""
    import torch

    found = answer(z)
    if bool(found.isfinite().all()) or not bool(trial.subject.way.outputs(z).isfinite().all()):
        return ""  # at the far end what the loss is given can be infinite, as a difference of two logits
    if bool(found.isnan().any()):
        return "NaN"
    wide = answer(z.double())
    if bool((wide.abs()[found.isinf()] <= torch.finfo(torch.float32).max).any()):
        return "infinite"
    if bool(wide[found.isinf()].isfinite().all()) or trial.subject.way.kind == "probs":
        return ""  # beyond float32 in truth, or the end of the domain, given to it as such
    if trial.subject.formula is not None and what == "the loss":
        return "infinite" if _truth(trial, z, y) <= torch.finfo(torch.float32).max else ""
    # infinite in float64 too: truly so, or rounded to it on the way
    share = _threshold(lambda s: not bool(answer(z.double() * s).isfinite().all()))
    before = answer(z.double() * share * (1 - 1e-3))
    return "infinite" if float(before.abs().max()) < BEYOND else ""


def _truth(trial: Trial, z: Any, y: Any) -> float:
    from lossmatters.theory.criteria import reference

    assert trial.subject.formula is not None
    return abs(float(reference.value(trial.subject.formula, reference.softmax(z[0].tolist()), int(y))))


def _threshold(fails: Callable[[float], bool]) -> float:
    """Return the smallest factor found in (1e-40, 1] at which something fails that fails at 1."""
    import math

    low, high = math.log(1e-40), 0.0
    for _ in range(STEPS):
        middle = (low + high) / 2
        if fails(math.exp(middle)):
            high = middle
        else:
            low = middle
        if high - low < 1e-3:
            break
    return math.exp(high)


def _smallest(trial: Trial, what: str, answer: Answer, z: Any, y: Any) -> Broken:
    """Return the finding for these logits made as small as they can be."""
    share = _threshold(lambda s: bool(_fault(trial, answer, z * s, y, what)))
    least = z * share
    kind, size = _fault(trial, answer, least, y, what), float(least.abs().max())
    severity = DEFECT if size <= RARE else WEAKNESS if size <= UNHEARD_OF else NOTE
    shown = [float(f"{x:.6g}") for x in answer(least.double()).reshape(-1).tolist()]
    there = f", though float64 has {shown}" if all(map(_is_finite, shown)) else ""
    return Broken(
        f"{what} is {kind} in float32 from logits of {size:.3g} on{there}",
        _why(answer, least),
        severity=severity,
        logits=least[0],
        label=y[0],
        value=answer(least).reshape(-1),
    )


def _is_finite(x: float) -> bool:
    return abs(x) < float("inf")


def _why(answer: Answer, z: Any) -> str:
    """Return the cause that a second look confirms, or nothing."""
    import torch

    if bool(answer(z - z.max()).isfinite().all()):
        return OVERFLOW
    below, above = (torch.softmax(z * factor, dim=1) for factor in (0.9, 1.02))
    return UNDERFLOW if bool((above == 0).any()) and bool((below > 0).all()) else ""


def _finite_value(trial: Trial) -> str | None:
    z, y = probe(trial.num_classes)
    found = trial.subject.values(z, y).detach()
    if not bool(found.isfinite().all()):
        raise Broken("the loss is not finite at moderate logits", logits=z, labels=y, found=found)
    trial.need_torch()
    _everywhere(trial, "the loss", "values")
    return None


def _finite_gradient(trial: Trial) -> str | None:
    trial.need_gradient()
    _everywhere(trial, "the gradient", "gradient")
    return None


CHECKS = (
    LossCheck(
        "finite_value",
        "The loss of finite logits is finite, up to the largest float32, wherever it can be represented.",
        ("numbers",),
        _finite_value,
        of_nan=True,
    ),
    LossCheck(
        "finite_gradient",
        "The gradient at finite logits is finite, up to the largest float32.",
        ("numbers", "gradient"),
        _finite_gradient,
    ),
)
