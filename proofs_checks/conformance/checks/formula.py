"""The code computes the formula that it is said to compute."""

from __future__ import annotations

from typing import Any

from lossmatters.proofs_checks.conformance.asking import Ask, Steps
from lossmatters.proofs_checks.conformance.checks.invariance import MODERATE, moved, rounding
from lossmatters.proofs_checks.conformance.probing import probe
from lossmatters.proofs_checks.conformance.report import Broken, NotApplicable, told_apart
from lossmatters.proofs_checks.conformance.trial import LossCheck, Trial

CLOSE = 1e-3  # of the largest loss: further apart no small number explains
FAR = (5.0, 20.0, 100.0, 50_000.0)  # gaps at which constants added to a probability, or clamps of it, show


def _formula(trial: Trial) -> str | None:
    formula = trial.subject.formula
    if formula is None:
        raise NotApplicable("no `formula` is declared")
    import numpy as np
    import torch
    from hypothesis import strategies as st

    from lossmatters.proofs_checks.strategies import logits
    from lossmatters.theory.criteria import reference

    def exact(row: Any, label: int) -> float:
        return float(reference.value(formula, _probs(trial, row), label))

    def test(drawn: tuple[Any, int]) -> Steps:
        row, label = drawn
        z, y = torch.from_numpy(row)[None], torch.tensor([label])
        value = yield Ask("values", z, y)
        wanted = exact(row, label)
        if not np.isfinite(wanted):
            return  # beyond float64, or at a vertex, where conventions differ
        apart = abs(float(value) - wanted)
        allowed = rounding(trial, z, (yield from trial.scaled(z))) if np.isfinite(apart) and apart else 0.0
        if np.isfinite(apart) and not apart <= allowed:
            allowed += moved(trial, z, y, value, trial.subject.eps * (1 + float(z.abs().max())))
        if not apart <= allowed:
            own = float(torch.softmax(z, dim=1)[0, label])
            shown = told_apart(float(value), wanted, least=12)
            raise Broken(
                f"the loss is {shown[0]} where {formula.spec} is {shown[1]}, at u_y = {own:.3g}",
                _cause(
                    trial, trial.subject.values(rows, labels).tolist(), [exact(*case) for case in moderate]
                ),
                logits=z[0],
                label=label,
            )

    k = trial.num_classes
    rows, labels = probe(k)
    moderate = [(row, int(label)) for row, label in zip(rows.numpy(), labels, strict=True)]
    first = [*moderate]
    for gap in FAR:
        row = np.linspace(0, 0.5, k)
        row[0] = gap
        first += [(row, 0), (row, k - 1)]
    kinds = (*MODERATE, "one-hot")
    drawn = trial.of_any_size(
        lambda k: st.tuples(logits(k, largest=1000.0, kinds=kinds), st.integers(0, k - 1))
    )
    trial.for_all(drawn, test, first)
    return f"it is {formula.spec}"


def _probs(trial: Trial, row: Any) -> Any:
    """Return what the loss is a function of, to 120 digits.

    A function of probabilities cannot be blamed for what our softmax in float64 rounds away: for it these are
    the numbers that it was given.
    """
    import numpy as np
    import torch

    from lossmatters.theory.criteria import reference

    if trial.subject.way.kind == "logits":
        return reference.softmax(row.tolist())
    if trial.subject.way.kind == "log probs":
        logs = torch.log_softmax(torch.from_numpy(row), dim=-1)
        return np.array(
            [reference.CONTEXT.exp(reference.CONTEXT.mpf(x)) for x in logs.tolist()], dtype=object
        )
    if trial.subject.way.kind == "binary logits":
        return reference.softmax([0.0, float(row[1] - row[0])])
    given = torch.softmax(torch.from_numpy(row), dim=-1)
    return np.array([reference.CONTEXT.mpf(x) for x in given.tolist()], dtype=object)


def _cause(trial: Trial, found: list[float], wanted: list[float]) -> str:
    """Return what a few moderate outputs say of the difference."""
    exact = max(1e-9, 256 * trial.subject.eps)  # a factor or a term is seen to that, in float32 too

    def same(numbers: list[float]) -> bool:
        return max(numbers) - min(numbers) <= exact * max(1.0, abs(numbers[0]))

    apart = [f - w for f, w in zip(found, wanted, strict=True)]
    if max(map(abs, apart)) <= CLOSE * max(map(abs, wanted)):
        return "a probability clamped, or a small number added to it: it differs little at moderate outputs"
    if same(apart):
        return f"{apart[0]:.6g} is added"
    if same([f / w for f, w in zip(found, wanted, strict=True) if w]):
        return f"a factor: the loss is {found[0] / wanted[0]:.6g} times the formula"
    return "another formula, or other parameters: moderate outputs differ"


CHECKS = (
    LossCheck(
        "formula",
        "The loss is the formula that it is declared to be, to rounding.",
        ("declared", "numbers"),
        _formula,
    ),
)
