"""The narrow types against float64."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

from lossmatters.proofs_checks.conformance.asking import Ask, Steps, alone
from lossmatters.proofs_checks.conformance.checks.invariance import moved
from lossmatters.proofs_checks.conformance.probing import probe
from lossmatters.proofs_checks.conformance.report import DEFECT, WEAKNESS, Broken, NotApplicable
from lossmatters.proofs_checks.conformance.trial import LossCheck, Trial

LARGEST_SHARE = 0.01  # of the largest number of a type: sums of up to a hundred such must be held too
KINDS = ("equal", "ties", "one-hot", "ordinary")  # of logits, for the narrow types: "largest" overflows them


def _single(k: int, **more: Any) -> Any:
    """Return one row of logits and a label."""
    from hypothesis import strategies as st

    from lossmatters.proofs_checks.strategies import logits

    return st.tuples(logits(k, **more), st.integers(0, k - 1))


def _row(drawn: tuple[Any, int], dtype: Any) -> tuple[Any, Any]:
    import torch

    return torch.from_numpy(drawn[0])[None].to(dtype), torch.tensor([drawn[1]])


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
    strategy = trial.of_any_size(lambda k: _single(k, largest=1000.0, kinds=KINDS))
    row = np.linspace(-5, 5, trial.num_classes)
    first = [(scale * row, label) for scale in (1.0, 2.5) for label in (0, trial.num_classes - 1)]
    # a probability beside the smallest number of the type: its logarithm has hardly a digit in float32, which
    # is below rounding in 16 bits, and is infinite where the probability has underflowed
    smallest = torch.finfo(dtype).smallest_normal * eps
    gap = -math.log((2.5 if name == "float32" else 0.25) * smallest)
    first.append((np.where(row == row[0], gap, 0.0), 1))
    trial.for_all(strategy, partial(_agrees, trial, name), first, share=0.5, like="narrow")
    return None


def narrow_is_wide(trial: Trial, name: str, drawn: tuple[Any, int]) -> None:
    """Refuse a row whose loss, its logits rounded to a narrow type, is not that of float64.

    Raises
    ------
    Broken : it is further from it than rounding explains.
    """
    alone(trial.subject, partial(_agrees, trial, name), drawn)


def _agrees(trial: Trial, name: str, drawn: tuple[Any, int]) -> Steps:
    import torch

    dtype = getattr(torch, name)
    eps = torch.finfo(dtype).eps
    z, y = _row(drawn, dtype)
    found = (yield Ask("values", z, y)).double()
    exact = z.double()
    wanted = yield Ask("values", exact, y)
    if not bool(wanted.isfinite().all()):
        return  # finite_value's business
    if not bool(found.isfinite().all()):
        if name == "float32" or not bool(trial.subject.values(z.float(), y).isfinite().all()):
            return  # finite_value's business, too
        if float(wanted.abs().max()) <= LARGEST_SHARE * torch.finfo(dtype).max:
            raise Broken(
                f"{name} gives {float(found):.8g}, float64 {float(wanted):.8g}",
                severity=WEAKNESS,
                logits=z[0].double(),
                label=y[0],
            )
        return
    # the losses of all labels are the scale of the numbers added up
    scale = yield from trial.scaled(exact)
    allowed = eps * (16 + z.shape[1]) * scale + torch.finfo(dtype).tiny
    apart = float((found - wanted).abs().max())
    if apart > allowed:
        allowed += moved(trial, exact, y, wanted, eps * (1 + float(exact.abs().max())))
    if apart > allowed:
        raise Broken(
            f"{name} gives {float(found):.8g}, float64 {float(wanted):.8g}, {apart:.3g} apart; rounding "
            f"explains {allowed:.3g}",
            severity=DEFECT if name == "float32" else WEAKNESS,
            logits=z[0].double(),
            label=y[0],
        )


TAGS = ("numbers",)
CHECKS = tuple(
    LossCheck(name, f"In {name} the loss is that of float64, to rounding.", TAGS, partial(_narrow, name=name))
    for name in ("float32", "bfloat16", "float16")
)
