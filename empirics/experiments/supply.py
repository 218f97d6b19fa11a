"""The tasks of a sweep, handed out one after another.  No torch here."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from lossmatters.empirics.experiments.claims import Claims
from lossmatters.empirics.experiments.stack import Task

WAIT_SECONDS = 1.0  # between two looks at what other sweeps are at


class Supply(Protocol):
    """Where workers get their tasks from."""

    @property
    def left(self) -> bool:
        """Tell whether there are tasks that were not handed out."""

    def take(self) -> tuple[int, Any] | None:
        """Hand out a task with its number; None if there is none, or none now."""


class InOrder:
    """Tasks that nobody else is at."""

    def __init__(self, tasks: Sequence[Any]) -> None:
        self._waiting = list(enumerate(tasks))[::-1]

    @property
    def left(self) -> bool:
        return bool(self._waiting)

    def take(self) -> tuple[int, Any] | None:
        return self._waiting.pop() if self._waiting else None


class Claimed:
    """Tasks of which each is handed out when its runs are claimed: those that other sweeps are at come last.

    Parameters
    ----------
    tasks : Mapping of int to Task
        By their numbers, in their order.
    runs : Mapping of int to collection of str
        The run_ids of each that are to be recorded.
    claims : Claims
        Of this sweep.
    eager : int
        How many, the first ones, get on whatever the budget, or calls might never end the work.
    """

    def __init__(
        self, tasks: Mapping[int, Task], runs: Mapping[int, Collection[str]], claims: Claims, eager: int
    ) -> None:
        self.recorded: list[int] = []  # numbers of tasks that other sweeps have done
        self._tasks = dict(tasks)
        self._runs = runs
        self._claims = claims
        self._eager = eager
        self._look = float("-inf")
        self._said = False

    @property
    def left(self) -> bool:
        return bool(self._tasks)

    def part(self, numbers: Collection[int]) -> Claimed:
        """Take some of the tasks out, as a supply of their own."""
        tasks = {number: self._tasks.pop(number) for number in numbers}
        found = Claimed(tasks, self._runs, self._claims, self._eager)
        found.recorded = self.recorded  # one list for all
        return found

    def take(self) -> tuple[int, Any] | None:
        if not self._tasks or time.monotonic() < self._look:
            return None
        number, recorded = self._claims.take({n: self._runs[n] for n in self._tasks})
        for gone in recorded:
            del self._tasks[gone]
        self.recorded += recorded
        if number is None:
            self._look = time.monotonic() + WAIT_SECONDS
            if self._tasks and not self._said:
                self._said = True
                logging.getLogger(__name__).warning(
                    "another sweep is at what is left (%d stacks): it is waited for", len(self._tasks)
                )
            return None
        task = replace(self._tasks.pop(number), eager=self._eager > 0)
        self._eager -= 1
        return number, task


def as_supply(tasks: Sequence[Any] | Supply) -> Supply:
    """Return tasks in their order as a supply."""
    return InOrder(tasks) if isinstance(tasks, Sequence) else tasks


def waited(supply: Supply, deadline: float | None) -> bool:
    """Wait a moment for other sweeps where there is nothing else to do; tell whether there is hope."""
    if not supply.left or (deadline is not None and time.time() > deadline):
        return False
    time.sleep(WAIT_SECONDS)
    return True
