"""Many outputs at once, where draws one by one would take long: a sample of the simplex, always the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from lossmatters.proofs_checks.conformance.asking import AT_ONCE, Test, alone
from lossmatters.proofs_checks.conformance.report import Broken
from lossmatters.proofs_checks.conformance.trial import Trial, logits_of
from lossmatters.theory.symmetry.witness import Point

if TYPE_CHECKING:
    from torch import Tensor

NUMBERS = 20_000_000  # losses times classes that a scan may compute: with K = 1000 there are few outputs
DENOMINATORS = (2, 3, 4, 5, 6, 8, 10, 12, 20, 50, 100, 1000, 10**4, 10**6)


def rejects(trial: Trial, test: Test, case: Any) -> bool:
    """Tell whether the test rejects the case."""
    try:
        alone(trial.subject, test, case)
    except Broken:
        return True
    return False


def outputs(num_classes: int, count: int) -> Any:
    """Return points all over the simplex, near its faces and near its vertices: (count, K) in float64."""
    import numpy as np

    rng = np.random.default_rng(0)
    points = rng.dirichlet(np.ones(num_classes), size=count)
    points[1::3] = rng.dirichlet(np.full(num_classes, 0.2), size=count)[1::3]
    share = 10.0 ** rng.uniform(-8, 0, size=(count, 1))
    corners = np.eye(num_classes)[rng.integers(num_classes, size=count)]
    points[2::3] = (share * points + (1 - share) * corners)[2::3]
    return points / points.sum(axis=1, keepdims=True)


def worst(
    trial: Trial, num_classes: int, badness: Callable[[Tensor], Tensor], breaks: Callable[[Point], bool]
) -> Iterator[Point]:
    """Return the output at which the labels' losses are worst, simplified, if it breaks a promise.

    Parameters
    ----------
    badness : of the losses (N, K) of all labels at N outputs: (N,), the more the worse.
    breaks : does this output break the promise?
    """
    import torch

    at_once = max(1, AT_ONCE // num_classes**2)
    points = outputs(num_classes, min(trial.budget.outputs, max(1, NUMBERS // num_classes**2)))
    found = [
        badness(trial.subject.matrix(logits_of(points[i : i + at_once])).double())
        for i in range(0, len(points), at_once)
    ]
    yield from simplest(points[int(torch.cat(found).nan_to_num(nan=float("inf")).argmax())], breaks)


def simplest(point: Any, breaks: Callable[[Point], bool]) -> Iterator[Point]:
    """Yield the point, (K,) in float64, as the simplest Fractions that break a promise, if it breaks it."""
    shares = [Fraction(float(x)) for x in point]
    total = sum(shares)
    exact = tuple(x / total for x in shares)
    if not breaks(exact):
        return
    for denominator in DENOMINATORS:
        weights = [round(x * denominator) for x in exact]
        whole = sum(weights)
        if whole:
            simple = tuple(Fraction(w, whole) for w in weights)
            if breaks(simple):
                yield simple
                return
    yield exact
