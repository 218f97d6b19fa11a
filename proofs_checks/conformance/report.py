"""What came out of a check, as plain data and as text that a person can act on."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

PASSED, NOTED, FAILED, SKIPPED = "passed", "noted", "failed", "skipped"
EXPECTED, UNEXPECTED, UNDECIDED = "expected failure", "unexpected pass", "undecided"
STATUSES = (PASSED, NOTED, FAILED, SKIPPED, EXPECTED, UNEXPECTED, UNDECIDED)

# A defect is wrong where training comes by; a weakness where it seldom does; a note says what is so and does
# no harm that anyone has seen. A note is no failure.
DEFECT, WEAKNESS, NOTE = "defect", "weakness", "note"
SEVERITIES = (DEFECT, WEAKNESS, NOTE)


class Broken(AssertionError):
    """A promise is broken.

    Parameters
    ----------
    what : what happened, in a sentence, with the numbers.
    cause : the likely cause, where it was looked into and found.
    severity : "defect", "weakness" or "note".
    counterexample : the smallest input found, by name.
    """

    def __init__(self, what: str, cause: str = "", *, severity: str = DEFECT, **counterexample: Any) -> None:
        super().__init__(what)
        self.what = what
        self.cause = cause
        self.severity = severity
        self.counterexample = {key: plain(value) for key, value in counterexample.items()}
        self.promise = ""  # set by the check that was run

    def __str__(self) -> str:
        lines = [self.what, *(f"  {key} = {value}" for key, value in self.counterexample.items())]
        if self.cause:
            lines.append(f"  likely cause: {self.cause}")
        if self.promise:
            lines.insert(0, f"the promise: {self.promise}")
        return "\n".join(lines)


class NotApplicable(Exception):
    """A check that says nothing about this loss, and why."""


@dataclass(frozen=True)
class Result:
    """One check of one loss.

    Attributes
    ----------
    check : the id of the check.
    promise : the sentence that it checks.
    status : "passed", "noted" (no failure), "failed", "skipped", "expected failure", "unexpected pass" (a
        failure too) or "undecided" (the check itself broke down, which is no fault of the loss, and no pass).
    detail : what was found: for a failure what happened, for a skip why, else a finding or nothing.
    counterexample : the smallest input found to break the promise, by name; empty where none is.
    cause : the likely cause of a failure, where it was looked into and found.
    severity : of what was found: "defect", "weakness" or "note"; "" where nothing was.
    reason : of an expected failure, as it was given.
    """

    check: str
    promise: str
    tags: tuple[str, ...]
    status: str
    detail: str = ""
    counterexample: dict[str, Any] = field(default_factory=dict)
    cause: str = ""
    reason: str = ""
    seconds: float = 0.0
    severity: str = ""

    @property
    def ok(self) -> bool:
        return self.status not in (FAILED, UNEXPECTED, UNDECIDED)


@dataclass(frozen=True)
class Report:
    """All results of one loss.

    Attributes
    ----------
    loss : the name of the loss.
    num_classes : the K that most checks used.
    budget : "quick", "default" or "thorough".
    complete : False if the run was interrupted: the results are those of the checks before.
    """

    loss: str
    num_classes: int
    budget: str
    results: tuple[Result, ...]
    complete: bool = True

    @property
    def ok(self) -> bool:
        return all(result.ok for result in self.results)

    @property
    def failures(self) -> tuple[Result, ...]:
        return tuple(result for result in self.results if not result.ok)

    def __getitem__(self, check: str) -> Result:
        return next(result for result in self.results if result.check == check)

    def counts(self) -> dict[str, int]:
        """Return how many results have each status that occurs."""
        found = [result.status for result in self.results]
        return {status: found.count(status) for status in STATUSES if status in found}

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {
            "loss": self.loss,
            "num_classes": self.num_classes,
            "budget": self.budget,
            "ok": self.ok,
            "complete": self.complete,
            "counts": self.counts(),
            "results": [asdict(result) | {"tags": list(result.tags)} for result in self.results],
        }

    def __str__(self) -> str:
        lines = [f"{self.loss}, K = {self.num_classes}"]
        for result in self.results:
            lines.append(f"{result.status:<17}{result.check:<20}{_first(result)}")
            if not result.ok or result.status == NOTED:
                lines += [f"{'':<17}{line}" for line in details(result)]
        lines.append(", ".join(f"{n} {status}" for status, n in self.counts().items()))
        if not self.complete:
            lines.append("interrupted: the other checks were not run")
        return "\n".join(lines)


def details(result: Result) -> list[str]:
    """Return what a person needs to act on a failure, line by line."""
    graded = f"{result.severity}: {result.detail}" if result.severity else result.detail
    lines = [graded, *(f"{key} = {value}" for key, value in result.counterexample.items())]
    return lines + ([f"likely cause: {result.cause}"] if result.cause else [])


def _first(result: Result) -> str:
    if result.status in (FAILED, NOTED):
        return result.promise
    return result.reason or result.detail or result.promise


def plain(value: Any) -> Any:
    """Return tensors, arrays and Fractions as lists, numbers and text that print short and are JSON."""
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)


def told_apart(*numbers: float, least: int = 6) -> list[str]:
    """Return numbers with as many digits as it takes to see that they differ, `least` at least."""
    for digits in range(least, 18):
        shown = [f"{x:.{digits}g}" for x in numbers]
        if len(set(shown)) == len(set(numbers)):
            break
    return shown
