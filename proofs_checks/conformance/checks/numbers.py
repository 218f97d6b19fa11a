"""Finite numbers for finite logits, and the narrow types against float64."""

from __future__ import annotations

from typing import Any

from lossmatters.proofs_checks.conformance.adapt import probe
from lossmatters.proofs_checks.conformance.checks.invariance import moved
from lossmatters.proofs_checks.conformance.report import Broken, NotApplicable
from lossmatters.proofs_checks.conformance.trial import LossCheck, Trial

UNDERFLOW = (
    "a power, logarithm or ratio of a probability that has underflowed to 0: work with log_softmax, and "
    "write u**q as exp(q * log u)"
)


KINDS = ("equal", "ties", "one-hot", "ordinary")  # of logits, for the narrow types: "largest" overflows them


def _single(k: int, **more: Any) -> Any:
    """Return one row of logits and a label."""
    from hypothesis import strategies as st

    from lossmatters.proofs_checks.strategies import logits

    return st.tuples(logits(k, **more), st.integers(0, k - 1))


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


def _everywhere(trial: Trial, test: Any) -> None:
    trial.for_all(trial.sizes().flatmap(_single), test, _corners(trial.num_classes))


def _row(drawn: tuple[Any, int], dtype: Any) -> tuple[Any, Any]:
    import torch

    return torch.from_numpy(drawn[0])[None].to(dtype), torch.tensor([drawn[1]])


def _finite_value(trial: Trial) -> str | None:
    trial.need_torch()
    import torch

    def test(drawn: tuple[Any, int]) -> None:
        z, y = _row(drawn, torch.float32)
        value = trial.subject.values(z, y).detach()
        _finite("the loss", value, lambda: trial.subject.values(z.double(), y).detach(), z, y)

    _everywhere(trial, test)
    return None


def _finite_gradient(trial: Trial) -> str | None:
    trial.need_gradient()
    import torch

    def test(drawn: tuple[Any, int]) -> None:
        z, y = _row(drawn, torch.float32)
        _finite(
            "the gradient", trial.subject.gradient(z, y), lambda: trial.subject.gradient(z.double(), y), z, y
        )

    _everywhere(trial, test)
    return None


def _finite(what: str, found: Any, wide: Any, z: Any, y: Any) -> None:
    """NaN never; infinity only where float64 says that the number is beyond float32."""
    import torch

    if bool(found.isfinite().all()):
        return
    counterexample = {"logits": z[0], "label": y[0], "value": found.reshape(-1)}
    if bool(found.isnan().any()):
        raise Broken(f"{what} is NaN for finite logits in float32", UNDERFLOW, **counterexample)
    truth = wide()
    if bool((truth.abs()[found.isinf()] <= torch.finfo(torch.float32).max).any()):
        shown = [float(f"{x:.6g}") for x in truth.reshape(-1).tolist()]
        raise Broken(
            f"{what} is infinite in float32, though float64 has {shown}", UNDERFLOW, **counterexample
        )


def _narrow(trial: Trial, name: str) -> str | None:
    trial.need_torch()
    import numpy as np
    import torch

    dtype = getattr(torch, name)
    eps = torch.finfo(dtype).eps
    if trial.subject.unit >= eps:
        raise NotApplicable(f"the values of float64 logits are no more precise than {name}")
    try:
        z, y = probe(trial.num_classes)
        trial.subject.values(z.to(dtype), y)
    except Broken as broken:
        if isinstance(broken.__cause__, NotImplementedError) and dtype != torch.float32:
            raise NotApplicable(f"{name} is refused: {broken.what}") from None
        raise
    strategy = trial.sizes().flatmap(lambda k: _single(k, largest=1000.0, kinds=KINDS))
    row = np.linspace(-5, 5, trial.num_classes)
    first = [(row, label) for label in (0, trial.num_classes - 1)]
    trial.for_all(strategy, lambda drawn: narrow_is_wide(trial, name, drawn), first, share=0.5)
    return None


def narrow_is_wide(trial: Trial, name: str, drawn: tuple[Any, int]) -> None:
    """Refuse a row whose loss, its logits rounded to a narrow type, is not that of float64.

    Raises
    ------
    Broken : it is further from it than rounding explains.
    """
    import torch

    dtype = getattr(torch, name)
    eps = torch.finfo(dtype).eps
    z, y = _row(drawn, dtype)
    found = trial.subject.values(z, y).detach().double()
    exact = z.double()
    wanted = trial.subject.values(exact, y).detach()
    if not (bool(found.isfinite().all()) and bool(wanted.isfinite().all())):
        return  # finite_value's business
    # the losses of all labels are the scale of the numbers added up
    scale = trial.scale(exact)
    allowed = eps * (16 + z.shape[1]) * scale + torch.finfo(dtype).tiny
    apart = float((found - wanted).abs().max())
    if apart > allowed:
        allowed += moved(trial, exact, y, wanted, eps * (1 + float(exact.abs().max())))
    if apart > allowed:
        raise Broken(
            f"{name} gives {float(found):.8g}, float64 {float(wanted):.8g}, {apart:.3g} apart; rounding "
            f"explains {allowed:.3g}",
            "a difference of nearly equal numbers",
            logits=z[0].double(),
            label=y[0],
        )


TAGS = ("numbers",)
CHECKS = (
    LossCheck(
        "finite_value",
        "The loss of finite logits is finite, up to the largest float32, wherever it can be represented.",
        TAGS,
        _finite_value,
    ),
    LossCheck(
        "finite_gradient",
        "The gradient at finite logits is finite, up to the largest float32.",
        ("numbers", "gradient"),
        _finite_gradient,
    ),
    LossCheck(
        "float32",
        "In float32 the loss is that of float64, to rounding.",
        TAGS,
        lambda trial: _narrow(trial, "float32"),
    ),
    LossCheck(
        "bfloat16",
        "In bfloat16 the loss is that of float64, to rounding.",
        TAGS,
        lambda trial: _narrow(trial, "bfloat16"),
    ),
)
