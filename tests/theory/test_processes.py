"""One function over many arguments, in several processes or in this one."""

from __future__ import annotations

import os
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import pytest

from lossmatters.theory import processes
from lossmatters.theory.processes import each


def place(x: int) -> tuple[int, int]:
    return x, os.getpid()


def reciprocal(x: int) -> float:
    return 1 / x


def dead_away_from(home: int) -> int:
    if os.getpid() != home:
        os._exit(1)
    return home


def test_results_come_in_order_and_from_other_processes() -> None:
    found = each(place, range(6), workers=2)
    assert [x for x, _ in found] == list(range(6))
    assert os.getpid() not in {pid for _, pid in found}
    assert {pid for _, pid in each(place, range(6))} == {os.getpid()}


def test_an_error_of_the_function_is_the_callers() -> None:
    with pytest.raises(ZeroDivisionError):
        each(reciprocal, [1, 0], workers=2)


def test_where_processes_die_or_cannot_start_this_one_does_all(monkeypatch: pytest.MonkeyPatch) -> None:
    assert each(dead_away_from, [os.getpid()] * 3, workers=2) == [os.getpid()] * 3

    def refuse(*_: Any) -> Any:
        raise BrokenProcessPool

    monkeypatch.setattr(processes, "_in_processes", refuse)
    assert {pid for _, pid in each(place, range(3), workers=2)} == {os.getpid()}
