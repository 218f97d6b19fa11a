"""All checks, and what runs them on one loss."""

from __future__ import annotations

import difflib
import time
import warnings
from collections.abc import Callable, Iterable
from typing import Any

from lossmatters.proofs_checks.conformance.adapt import Subject
from lossmatters.proofs_checks.conformance.checks import (
    declared,
    finite,
    formula,
    gradient,
    hygiene,
    invariance,
    label_sum,
    labels,
    numbers,
    places,
    risk,
    shapes,
)
from lossmatters.proofs_checks.conformance.probing import is_of_loss, one_line
from lossmatters.proofs_checks.conformance.promises import declare
from lossmatters.proofs_checks.conformance.report import (
    EXPECTED,
    FAILED,
    NOTE,
    NOTED,
    PASSED,
    SKIPPED,
    UNDECIDED,
    UNEXPECTED,
    Broken,
    NotApplicable,
    Report,
    Result,
)
from lossmatters.proofs_checks.conformance.state import plain_torch, watched
from lossmatters.proofs_checks.conformance.trial import BUDGETS, Drawn, LossCheck, Trial
from lossmatters.theory.exact import fail

GROUPS = (
    formula,
    label_sum,
    declared,
    invariance,
    gradient,
    finite,
    numbers,
    hygiene,
    labels,
    shapes,
    places,
    risk,
)
CHECKS: dict[str, LossCheck] = {check.id: check for group in GROUPS for check in group.CHECKS}
TAGS = tuple(sorted({tag for check in CHECKS.values() for tag in check.tags}))


class Interrupted(KeyboardInterrupt):
    """A run was interrupted.

    Attributes
    ----------
    report : what was found until then.
    """

    def __init__(self, report: Report) -> None:
        super().__init__(f"interrupted after {len(report.results)} checks")
        self.report = report


def check_loss(
    loss: Any,
    *,
    budget: str = "default",
    only: Iterable[str] | None = None,
    step: Callable[[str], None] = lambda check: None,
    **declarations: Any,
) -> Report:
    """Run the checks on one loss.

    Parameters
    ----------
    loss : what `declare` accepts.
    budget : "quick" (about 3 s), "default" (under 20 s) or "thorough" (hours).
    only : ids and tags of checks; all if None.
    step : called with the id of each check before it is run.
    declarations : as of `declare`.

    Raises
    ------
    TypeError, ValueError : no loss, an unknown budget, id or tag.
    ImportError : Hypothesis is not installed.
    Interrupted : a KeyboardInterrupt, with the report of the checks before it.

    >>> from lossmatters.theory.losses import MAE
    >>> report = check_loss(MAE(), budget="quick", only=["label_sum", "batch"])
    >>> report.ok, report["label_sum"].detail
    (True, 'constant in all draws: 4 at K = 3')
    """
    check_budget(budget)
    chosen = select(only)
    need_hypothesis()
    subject = as_subject(loss, **declarations)
    with plain_torch(threads=1), watched():
        num_classes = subject.interface.num_classes
    results: list[Result] = []
    drawn: Drawn = {}
    try:
        for check in chosen:
            step(check.id)
            results.append(run(check, subject, budget, drawn))
    except KeyboardInterrupt:
        report = Report(subject.name, num_classes, budget, tuple(results), complete=False)
        raise Interrupted(report) from None
    return Report(subject.name, num_classes, budget, tuple(results))


def as_subject(loss: Any, **declarations: Any) -> Subject:
    """Return what is given as a loss, as a subject whose expected failures are those of checks that exist."""
    subject = declare(loss, **declarations)
    for key in subject.expected_failures:
        if key not in CHECKS:
            near = difflib.get_close_matches(key, CHECKS, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise ValueError(f"expected failure must be the id of a check, got id={key!r}{hint}")
    return subject


def select(only: Iterable[str] | None) -> tuple[LossCheck, ...]:
    """Return the checks with one of these ids or tags, in the suite's order."""
    if only is None:
        return tuple(CHECKS.values())
    wanted = {only} if isinstance(only, str) else set(only)
    for word in wanted:
        if word not in CHECKS and word not in TAGS:
            near = difflib.get_close_matches(word, [*CHECKS, *TAGS], n=1, cutoff=0.5)
            hint = f"did you mean {near[0]}?" if near else f"tags: {', '.join(TAGS)}"
            raise ValueError(f"check must be an id or a tag, got check={word!r}; {hint}")
    return tuple(c for c in CHECKS.values() if c.id in wanted or wanted & set(c.tags))


def check_budget(budget: str) -> None:
    """Raise the house's error for the name of no budget."""
    if budget not in BUDGETS:
        fail("budget", f"one of {', '.join(BUDGETS)}", budget)


def need_hypothesis() -> None:
    """Say what is missing, before anything is run."""
    try:
        import hypothesis  # noqa: F401
    except ImportError:
        raise ImportError(
            "the conformance suite draws its examples with Hypothesis, which is not installed; "
            "pip install 'lossmatters[check]'"
        ) from None


def run(check: LossCheck, subject: Subject, budget: str = "default", drawn: Drawn | None = None) -> Result:
    """Return one check of one subject, with expected failures accounted for.

    Whatever the loss does to the process is put back. An error raised by the loss is a failure; one raised
    by the check itself leaves it undecided.
    """
    reason = subject.expected_failures.get(check.id, "")
    started = time.perf_counter()

    def result(status: str, detail: str, **more: Any) -> Result:
        seconds = time.perf_counter() - started
        return Result(
            check.id, check.promise, check.tags, status, detail, reason=reason, seconds=seconds, **more
        )

    try:
        finding = attempt(check, subject, budget, drawn) or ""
    except NotApplicable as why:
        return result(SKIPPED, str(why))
    except Broken as broken:
        status = EXPECTED if reason else NOTED if broken.severity == NOTE else FAILED
        return result(
            status,
            broken.what,
            counterexample=broken.counterexample,
            cause=broken.cause,
            severity=broken.severity,
        )
    except Exception as error:
        said = f"the check itself raised {type(error).__name__}: {one_line(error)}"
        return result(UNDECIDED, f"{said}; a fault of the suite, not of the loss")
    return result(UNEXPECTED if reason else PASSED, finding)


def attempt(check: LossCheck, subject: Subject, budget: str, drawn: Drawn | None = None) -> str | None:
    """Return the finding of a check, which may look at cases that were drawn for others.

    Raises
    ------
    Broken, NotApplicable : as the check does.
    """
    trial = Trial(subject, BUDGETS[budget], {} if drawn is None else drawn)
    # Batches are small, and some operations of torch wake all threads for any: beside other work that takes
    # milliseconds. Not where randomness or settings are looked for, which may be of threads.
    threads = None if check.anyway else 1
    with plain_torch(threads), watched():
        subject.interface  # noqa: B018 - what cannot be called at all is a TypeError, not a broken promise
    with plain_torch(threads), watched(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # whatever is made of warnings outside
        if not check.anyway and not subject.is_deterministic:
            raise NotApplicable("the values are random: see `deterministic`")
        if not (check.anyway or check.of_nan or subject.is_finite):
            raise NotApplicable("the loss is not finite at moderate logits: see `finite_value`")
        try:
            return check.run(trial)
        except Broken as broken:
            broken.promise = check.promise
            raise
        except Exception as error:
            if not is_of_loss(error):
                raise
            raise Broken(f"it raised {type(error).__name__}: {one_line(error)}") from error
