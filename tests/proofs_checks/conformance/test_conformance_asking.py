"""Many cases at once find what each finds alone, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from lossmatters.proofs_checks.conformance import declare
from lossmatters.proofs_checks.conformance.asking import Ask, all_of, alone, doubtful
from lossmatters.proofs_checks.conformance.report import Broken
from lossmatters.proofs_checks.conformance.trial import BUDGETS, MORE, Trial
from lossmatters.theory.losses import LOSSES


def values(logits: Tensor, labels: Tensor) -> Tensor:
    return cross_entropy(logits, labels, reduction="none")


def branching(logits: Tensor, labels: Tensor) -> Tensor:
    """A value of one sample chooses the way of all."""
    return values(logits, labels) if bool(logits.max() > 100) else values(logits, labels) + 0


def mixing(logits: Tensor, labels: Tensor) -> Tensor:
    found = values(logits, labels)
    return found + 1e-6 * found.mean()


class Mean(torch.nn.Module):
    """A mean that can be asked for each sample's."""

    reduction = "mean"

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        return cross_entropy(logits, labels, reduction=self.reduction)


def only_the_mean(logits: Tensor, labels: Tensor) -> Tensor:
    return cross_entropy(logits, labels)


@pytest.mark.parametrize(
    ("loss", "is_of_samples"),
    [(values, True), (Mean(), True), (branching, False), (mixing, False), (only_the_mean, False)],
)
def test_a_batch_stands_for_its_samples_only_where_nothing_passes_between_them(
    loss: Any, is_of_samples: bool
) -> None:
    assert declare(loss).is_of_samples == is_of_samples


@pytest.mark.parametrize("name", LOSSES)
def test_losses_of_the_catalogue_are_asked_together(name: str) -> None:
    assert declare(name).is_of_samples


def cases(*sizes: int) -> list[tuple[Tensor, Tensor]]:
    return [(torch.full((1, k), 0.5).double().cumsum(dim=1), torch.tensor([k - 1])) for k in sizes]


def test_answers_in_step_are_those_of_each_alone() -> None:
    subject, seen = declare(values), list[list[float]]()

    def test(case: tuple[Tensor, Tensor]) -> Iterator[Any]:
        found = []
        for what in ("values", "quiet", "gradient", "matrix"):
            found += (yield Ask(what, *case)).reshape(-1).tolist()
        if len(case[0][0]) > 2:  # some ask more than others
            found += (yield Ask("values", case[0].float(), case[1])).tolist()
        seen.append(found)

    of_each = cases(3, 2, 10, 3)
    assert doubtful(subject, test, of_each) == []
    together = sorted(seen)
    seen.clear()
    for case in of_each:
        alone(subject, test, case)
    assert len(together) == 4
    for one, other in zip(together, sorted(seen), strict=True):
        assert one == pytest.approx(other, rel=1e-12)


def refuses(case: tuple[Tensor, Tensor]) -> Iterator[Any]:
    """A promise that is broken from three classes on."""
    if float((yield Ask("values", *case))) > 0.6 and case[0].shape[1] > 2:
        raise Broken(f"K = {case[0].shape[1]}")


def test_the_first_case_that_is_broken_is_the_finding() -> None:
    with pytest.raises(Broken, match="K = 5"):
        all_of(declare(values), refuses, cases(2, 2, 5, 3))


def test_what_is_broken_in_company_alone_is_no_finding() -> None:
    def in_company(logits: Tensor, labels: Tensor) -> Tensor:
        return values(logits, labels) + (torch.nan if len(labels) == 3 else 0)

    subject, calls = declare(in_company), []

    def finite(case: tuple[Tensor, Tensor]) -> Iterator[Any]:
        calls.append(1)
        if not bool((yield Ask("values", *case)).isfinite()):
            raise Broken("it is not finite")

    assert subject.is_of_samples
    assert doubtful(subject, finite, cases(3, 3, 3)) == [0, 1, 2]
    calls.clear()
    all_of(subject, finite, cases(3, 3, 3))
    assert len(calls) == 6  # in step, and each alone


def test_an_error_in_company_is_looked_at_alone() -> None:
    def narrow(logits: Tensor, labels: Tensor) -> Tensor:
        assert len(labels) != 2
        return values(logits, labels)

    subject = declare(narrow)
    assert subject.is_of_samples
    all_of(subject, refuses, cases(2, 2))
    with pytest.raises(Broken, match="K = 3"):
        all_of(subject, refuses, cases(3, 3))


def test_a_plain_test_needs_no_questions() -> None:
    def odd(case: int) -> None:
        if case % 2:
            raise Broken(f"{case} is odd")

    all_of(declare(values), odd, [0, 2])
    with pytest.raises(Broken, match="3 is odd"):
        all_of(declare(values), odd, [0, 3, 5])


@pytest.mark.parametrize("num_classes", [None, 40, 1000])
def test_as_many_cases_are_looked_at_as_the_budget_says(num_classes: int | None) -> None:
    for budget in ("quick", "default"):
        trial = Trial(declare(values, num_classes=num_classes), BUDGETS[budget])
        seen: list[Any] = []
        from hypothesis import strategies as st

        trial.for_all(st.integers(0, 10**9), seen.append)
        wanted = max(3, int(BUDGETS[budget].examples * min(1, 100 / trial.num_classes)))
        assert wanted <= len(seen) <= MORE * wanted + 10


def test_checks_of_a_run_that_draw_alike_look_at_the_same_cases() -> None:
    from hypothesis import strategies as st

    trial, other = (Trial(declare(values), BUDGETS["default"], drawn) for drawn in ({}, {}))
    seen: list[list[Any]] = []
    for each, like, share in ((trial, "a", 1), (trial, "a", 0.5), (trial, "b", 1), (other, "a", 1)):
        seen.append([])
        each.for_all(st.integers(0, 10**9), seen[-1].append, share=share, like=like)
    assert seen[1] == seen[0][: len(seen[1])]
    assert len(seen[1]) >= 50
    assert set(trial.drawn) == {"a", "b"}
    assert trial.drawn["a"][1] is not other.drawn["a"][1]


def test_what_is_drawn_and_broken_is_made_as_simple_as_can_be() -> None:
    from hypothesis import strategies as st

    def small(case: int) -> None:
        if case > 1000:
            raise Broken(f"{case} is large")

    with pytest.raises(Broken, match=r"^1001 is large"):
        Trial(declare(values), BUDGETS["default"]).for_all(st.integers(0, 10**6), small)
    with pytest.raises(Broken, match="is large"):
        Trial(declare(values), BUDGETS["quick"]).for_all(st.integers(0, 10**6), small)
