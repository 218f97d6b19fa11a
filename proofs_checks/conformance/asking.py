"""What a check asks of a loss, case by case or for many cases at once.

A test of one case is a generator: it yields what it asks, `Ask`, gets the answer, and raises `Broken`. It
can be run alone, or in step with others, all questions of a kind put to the loss as one batch. What is broken
in a batch is looked at again alone, and only that counts.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from torch import Tensor

    from lossmatters.proofs_checks.conformance.adapt import Subject

AT_ONCE = 500_000  # numbers that a loss is given in one call


class Ask(NamedTuple):
    """A question to a loss.

    Attributes
    ----------
    what : "values" (n,), "quiet" (the same under no_grad), "gradient" (n, K), or "matrix" (n, K), the losses
        of all labels.
    logits : (n, K).
    labels : (n,); None for a matrix.
    """

    what: str
    logits: Tensor
    labels: Tensor | None = None


# of one case: asks, and raises Broken; a plain function, which calls the loss itself, returns None instead
Steps = Generator[Ask, Any, Any] | None
Test = Callable[[Any], Steps]


def alone(subject: Subject, test: Test, case: Any) -> None:
    """Run a test of one case.

    Raises
    ------
    Broken : as the test does.
    """
    steps = test(case)
    if steps is None:
        return
    answer = None
    while True:
        try:
            ask = steps.send(answer)
        except StopIteration:
            return
        answer = answered(subject, ask)


def all_of(subject: Subject, test: Test, cases: Sequence[Any]) -> None:
    """Run a test of many cases, of which only what is broken is looked at alone.

    Raises
    ------
    Broken : as the test of the first case that breaks a promise does.
    """
    cases = list(cases)
    for i in (
        doubtful(subject, test, cases) if len(cases) > 1 and subject.is_of_samples else range(len(cases))
    ):
        alone(subject, test, cases[i])


def doubtful(subject: Subject, test: Test, cases: Sequence[Any]) -> list[int]:
    """Return the places of the cases that a test finds broken in a batch, or that raise an error."""
    broken: set[int] = set()
    running: dict[int, Any] = {}
    answers: dict[int, Any] = {}
    for i, case in enumerate(cases):
        try:
            steps = test(case)
        except Exception:
            broken.add(i)
            continue
        if steps is not None:
            running[i], answers[i] = steps, None
    while answers:
        asked: dict[tuple[Any, ...], dict[int, Ask]] = {}
        for i, answer in answers.items():
            try:
                ask = running[i].send(answer)
            except StopIteration:
                continue
            except Exception:
                broken.add(i)
                continue
            asked.setdefault((ask.what, ask.logits.shape[1], ask.logits.dtype), {})[i] = ask
        answers = {}
        for asks in asked.values():
            for part in _parts(asks):
                try:
                    answers.update(_together(subject, part))
                except Exception:  # which of them it is will be seen when each is asked alone
                    broken.update(part)
    return sorted(broken)


def answered(subject: Subject, ask: Ask) -> Tensor:
    """Return the answer of a loss."""
    import torch

    if ask.what == "matrix":
        return subject.matrix(ask.logits)
    assert ask.labels is not None
    if ask.what == "gradient":
        return subject.gradient(ask.logits, ask.labels)
    if ask.what == "quiet":
        with torch.no_grad():
            return subject.values(ask.logits, ask.labels)
    return subject.values(ask.logits, ask.labels).detach()


def _parts(asks: dict[int, Ask]) -> Iterator[dict[int, Ask]]:
    """Yield questions of one kind in parts that are no more than can be put at once."""
    part: dict[int, Ask] = {}
    size = 0
    for i, ask in asks.items():
        own = ask.logits.numel() * (ask.logits.shape[1] if ask.what == "matrix" else 1)
        if part and size + own > AT_ONCE:
            yield part
            part, size = {}, 0
        part[i] = ask
        size += own
    yield part


def _together(subject: Subject, asks: dict[int, Ask]) -> Iterator[tuple[int, Tensor]]:
    """Return the answers to questions of one kind, put as one."""
    import torch

    logits = torch.cat([ask.logits for ask in asks.values()])
    labels = [ask.labels for ask in asks.values() if ask.labels is not None]
    what = next(iter(asks.values())).what
    found = answered(subject, Ask(what, logits, torch.cat(labels) if labels else None))
    return zip(asks, found.split([len(ask.logits) for ask in asks.values()]), strict=True)
