"""One run of one check: its budget, and the search for the smallest counterexample."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from lossmatters.proofs_checks.conformance.adapt import Subject
from lossmatters.proofs_checks.conformance.asking import Ask, Test, all_of, alone
from lossmatters.proofs_checks.conformance.probing import probe
from lossmatters.proofs_checks.conformance.report import Broken, NotApplicable

if TYPE_CHECKING:
    from torch import Tensor

Drawn = dict[
    str, tuple[int, list[Any]]
]  # name of a kind of cases -> how many were to be drawn, and those drawn

MANY = 100  # classes; with more, a draw costs more, and there are fewer
TOGETHER, FEW = 10, 10  # cases that are drawn in an example, up to so many classes
# of which so many times more are drawn: the first example, of the simplest case only, counts for ten then;
# with this there are as many different cases as if each had an example of its own
MORE = 1.3
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
    """A subject and a budget: what a check gets.

    Attributes
    ----------
    drawn : the cases drawn for other checks of the same run, which those that draw alike look at too.
    """

    subject: Subject
    budget: Budget
    drawn: Drawn = field(default_factory=dict)

    @property
    def num_classes(self) -> int:
        return self.subject.interface.num_classes

    @property
    def drawn_from(self) -> tuple[int, ...]:
        """Return the K to draw from, the one of the interface first."""
        return self.subject.classes if self.budget.slow else (self.num_classes,)

    def sizes(self) -> Any:
        """Return a strategy for K."""
        from hypothesis import strategies as st

        return st.sampled_from(self.drawn_from)

    def of_any_size(self, strategy: Callable[[int], Any]) -> Any:
        """Return a strategy that draws K and then from the strategy for it, which is made once for each K."""
        return self.sizes().flatmap(cache(strategy))

    def size(self, matrix: Tensor) -> float:
        """Return the size of the numbers that losses are made of, of those of all labels, (N, K).

        That is the largest loss of any label there, or at moderate logits: near 0 a loss may be a difference.
        """
        return max(float(matrix.double().abs().max()), self.subject.typical)

    def scale(self, logits: Tensor) -> float:
        """Return the size of the numbers that the losses at these logits are made of, (N, K)."""
        return self.size(self.subject.matrix(logits))

    def scaled(self, logits: Tensor) -> Generator[Ask, Any, float]:
        """Ask for the same in the test of a case."""
        return self.size((yield Ask("matrix", logits)))

    def for_all(
        self,
        strategy: Any,
        test: Test,
        first: Iterable[Any] = (),
        scanned: Iterable[Any] = (),
        share: float = 1.0,
        simplest: bool = True,
        like: str = "",
    ) -> None:
        """Run `test` on draws, and raise the `Broken` of the simplest that breaks it, or of the first.

        The cases given as `first`, and then those of a scan, come before the draws: what breaks in a plain
        place must not depend on luck. Derandomised where CI is set, as Hypothesis is by convention.

        Parameters
        ----------
        test : a function of a case, or a generator of what it asks (`asking`).
        share : of the draws of a budget.
        like : a name of the strategy: checks of a run that draw alike look at the same draws.
        """
        all_of(self.subject, test, list(first))
        for case in scanned:
            alone(self.subject, test, case)
        cases = self._cases(strategy, share, like)
        try:
            all_of(self.subject, test, cases)
        except Broken as broken:
            if not (simplest and self.budget.slow):
                raise
            raise self._simplest(strategy, test, share, broken) from None

    def _cases(self, strategy: Any, share: float, like: str) -> list[Any]:
        """Return the cases to look at."""
        wanted = self._count(share)
        known, cases = self.drawn.get(like, (0, []))
        if known < wanted:
            cases = self._drawn_together(strategy, wanted)
            if len(cases) < wanted:  # one example has no room for so much, or there is not so much to draw
                self._draw(strategy, wanted - len(cases), cases.append)
            if like:
                self.drawn[like] = wanted, cases
        return cases if known <= wanted else cases[: int(len(cases) * wanted / known)]

    def _drawn_together(self, strategy: Any, wanted: int) -> list[Any]:
        """Return cases drawn some to an example of Hypothesis, which costs more than what is drawn for it."""
        from hypothesis import strategies as st

        cases: list[Any] = []
        if wanted >= 3 * TOGETHER and max(self.drawn_from) <= FEW:
            examples = -(-wanted * MORE // TOGETHER)
            self._draw(st.tuples(*[strategy] * TOGETHER), int(examples), cases.extend)
        return cases

    def _count(self, share: float) -> int:
        return max(3, int(share * self.budget.examples * min(1, MANY / self.num_classes)))

    def _simplest(self, strategy: Any, test: Test, share: float, broken: Broken) -> Broken:
        """Return what the simplest case found breaks, of draws of its own; or what is known already."""
        from hypothesis.errors import Flaky

        try:
            self._draw(
                strategy, self._count(share), lambda case: alone(self.subject, test, case), shrink=True
            )
        except Broken as simple:
            simple.__notes__ = []  # Hypothesis adds how the draws were made; the counterexample says it
            return simple
        except Flaky:
            return Broken("the same input passes once and fails once", "the loss keeps a state")
        return broken

    def _draw(self, strategy: Any, count: int, use: Callable[[Any], None], shrink: bool = False) -> None:
        from hypothesis import HealthCheck, Phase, given, settings

        @settings(
            max_examples=count,
            derandomize=bool(os.environ.get("CI")),
            database=None,
            deadline=None,
            report_multiple_bugs=False,
            print_blob=False,
            phases=[Phase.generate, *([Phase.shrink] if shrink else [])],
            suppress_health_check=list(HealthCheck),
        )
        @given(strategy)
        def body(drawn: Any) -> None:
            use(drawn)

        body()

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
