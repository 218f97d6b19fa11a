"""One run of one check: its budget, and the search for the smallest counterexample."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from lossmatters.proofs_checks.conformance.adapt import Subject
from lossmatters.proofs_checks.conformance.probing import probe
from lossmatters.proofs_checks.conformance.report import Broken, NotApplicable

if TYPE_CHECKING:
    from torch import Tensor


MANY = 100  # classes; with more, a draw costs more, and there are fewer
LOWEST = -745.0  # logarithm of the smallest float64: what stands for log 0 where logits must be finite


@dataclass(frozen=True)
class Budget:
    """How hard to look.

    Attributes
    ----------
    examples : draws of each property, after the plain cases that are always tried; fewer beyond 100 classes.
    outputs : points of the simplex that are scanned for the worst label sum or loss.
    slow : whether the checks tagged "slow" are run, what is not declared is looked into, and counterexamples
        that were drawn are made as simple as can be (Hypothesis's shrinking, often some seconds).
    """

    name: str
    examples: int
    outputs: int
    slow: bool


BUDGETS = {
    budget.name: budget
    for budget in (
        Budget("quick", 12, 300, False),
        Budget("default", 100, 3000, True),
        Budget("thorough", 20_000, 300_000, True),
    )
}


@dataclass(frozen=True)
class LossCheck:
    """One promise and the function that tries to break it.

    Attributes
    ----------
    id : its name, also where failures are expected.
    promise : a sentence.
    tags : words that select it.
    run : takes a `Trial`; returns a finding or nothing, raises `Broken` or `NotApplicable`.
    anyway : run it on a loss whose values are random, or changed by a call, too.
    of_nan : run it on a loss that is not finite at moderate logits, too.
    """

    id: str
    promise: str
    tags: tuple[str, ...]
    run: Callable[[Trial], str | None]
    anyway: bool = False
    of_nan: bool = False


@dataclass(frozen=True)
class Trial:
    """A subject and a budget: what a check gets."""

    subject: Subject
    budget: Budget

    @property
    def num_classes(self) -> int:
        return self.subject.interface.num_classes

    def sizes(self) -> Any:
        """Return a strategy for K, the one of the interface first."""
        from hypothesis import strategies as st

        return st.sampled_from(self.subject.classes if self.budget.slow else (self.num_classes,))

    def of_any_size(self, strategy: Callable[[int], Any]) -> Any:
        """Return a strategy that draws K and then from the strategy for it, which is made once for each K."""
        return self.sizes().flatmap(cache(strategy))

    def scale(self, logits: Tensor) -> float:
        """Return the size of the numbers that the losses at these logits are made of, (N, K).

        That is the largest loss of any label there, or at moderate logits: near 0 a loss may be a difference.
        """
        return max(float(self.subject.matrix(logits).double().abs().max()), self.subject.typical)

    def for_all(
        self,
        strategy: Any,
        test: Callable[[Any], None],
        first: Iterable[Any] = (),
        share: float = 1.0,
        simplest: bool = True,
    ) -> None:
        """Run `test` on draws, and raise the `Broken` of the simplest that breaks it, or of the first.

        The cases given as `first` come before the draws: what breaks in a plain place must not depend on
        luck. Derandomised where CI is set, as Hypothesis is by convention.
        """
        for case in first:
            test(case)

        from hypothesis import HealthCheck, Phase, given, settings
        from hypothesis.errors import Flaky

        @settings(
            max_examples=max(3, int(share * self.budget.examples * min(1, MANY / self.num_classes))),
            derandomize=bool(os.environ.get("CI")),
            database=None,
            deadline=None,
            report_multiple_bugs=False,
            print_blob=False,
            phases=[Phase.generate, *([Phase.shrink] if simplest and self.budget.slow else [])],
            suppress_health_check=list(HealthCheck),
        )
        @given(strategy)
        def body(drawn: Any) -> None:
            test(drawn)

        try:
            body()
        except Broken as broken:
            broken.__notes__ = []  # Hypothesis adds how the draws were made; the counterexample says it
            raise
        except Flaky:
            raise Broken("the same input passes once and fails once", "the loss keeps a state") from None

    def need_gradient(self) -> None:
        """Skip a check of gradients where there is none to speak of."""
        if not self.subject.declared.differentiable:
            raise NotApplicable("the loss is declared not differentiable")
        if not self.subject.has_gradient:
            raise NotApplicable(f"no gradient comes out of {self.subject.way.library} functions")

    def need_logits(self) -> None:
        """Skip a check of what only functions of logits can get wrong."""
        if self.subject.way.kind != "logits":
            raise NotApplicable(f"the loss takes {self.subject.takes}")

    def probe(self) -> tuple[Tensor, Tensor]:
        """Return the plain batch, of a size that the loss takes as it is."""
        _, labels = probe(self.num_classes)
        return probe(self.num_classes, self.subject.fitting(len(labels)))

    def need_torch(self) -> None:
        """Skip a check of what only torch has."""
        if not self.subject.is_torch:
            raise NotApplicable(f"the loss is a function of {self.subject.way.library}")


def logits_of(points: Any) -> Tensor:
    """Return logits whose softmax is each of the given points: (N, K) in float64, with `LOWEST` for log 0."""
    import numpy as np
    import torch

    probs = np.array([[float(x) for x in point] for point in points])
    with np.errstate(divide="ignore"):
        return torch.from_numpy(np.maximum(np.log(probs), LOWEST))
