"""The suite as tests of pytest."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from lossmatters.proofs_checks.conformance.adapt import Subject
from lossmatters.proofs_checks.conformance.report import NOTE, Broken, NotApplicable
from lossmatters.proofs_checks.conformance.suite import (
    as_subject,
    attempt,
    check_budget,
    need_hypothesis,
    select,
)
from lossmatters.proofs_checks.conformance.trial import LossCheck


class BoundCheck:
    """A check for one loss: ``check(loss)`` passes, skips the test, or raises `Broken`."""

    def __init__(self, check: LossCheck, subject: Subject, budget: str) -> None:
        self.check, self.subject, self.budget = check, subject, budget
        self.__name__ = check.id

    def __repr__(self) -> str:
        return f"<check {self.check.id}: {self.check.promise}>"

    def __call__(self, loss: Any = None) -> str | None:
        __tracebackhide__ = True
        subject = self.subject if loss is None or loss is self.subject.loss else as_subject(loss)
        try:
            return attempt(self.check, subject, self.budget)
        except NotApplicable as why:
            pytest.skip(str(why))
        except Broken as found:
            if found.severity == NOTE and self.check.id not in subject.expected_failures:
                return f"{NOTE}: {found.what}"
            broken = found
        raise broken.with_traceback(
            None
        )  # how it was searched for helps nobody: the message says what is wrong


def parametrize_with_loss_checks(
    losses: Iterable[Any], *, budget: str = "default", only: Iterable[str] | None = None
) -> pytest.MarkDecorator:
    """Decorator of a test that takes `loss` and `check`: one test for each loss and each check.

    Parameters
    ----------
    losses : what `declare` accepts, or results of `declare`. Expected failures become strict xfails.
    budget, only : as of `check_loss`.
    """
    need_hypothesis()
    check_budget(budget)
    checks = select(only)
    subjects = [as_subject(loss) for loss in losses]
    names = [subject.name for subject in subjects]
    parameters = []
    for index, subject in enumerate(subjects):
        name = subject.name if names.count(subject.name) == 1 else f"{subject.name}{index}"
        for check in checks:
            bound = BoundCheck(check, subject, budget)
            parameters.append(pytest.param(subject.loss, bound, id=f"{name}-{check.id}", marks=marks(bound)))
    return pytest.mark.parametrize(("loss", "check"), parameters)


def marks(bound: BoundCheck) -> tuple[Any, ...]:
    """Return the strict xfail of an expected failure."""
    reason = bound.subject.expected_failures.get(bound.check.id)
    if reason is None:
        return ()
    return (pytest.mark.xfail(reason=reason, raises=Broken, strict=True),)
