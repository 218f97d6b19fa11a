"""Losses that lure into false verdicts: nothing that is said of them may be false, and none may crash.

The truth is the plain formula of each, on 60-digit numbers that share no code with the verdicts.
"""

from __future__ import annotations

import pytest
from zoo import ZOO
from zoo.judge import Truth, bounds, label_sum, symmetry

from lossmatters.theory.formula import FormulaError
from lossmatters.theory.symmetry import decide, label_sum_range, loss_maximum

QUICK = [case for i, case in enumerate(ZOO) if i % 6 == 0]
SIZE = 3


def largest(found):
    value = found.value
    return (
        {"loss_max": None}
        if value is None or not value.is_finite
        else {"loss_max": 0.0, "loss_max_exact": str(value), "method": found.how}
    )


def falsehoods(case):
    truth, loss = Truth(case), case.make()
    out = symmetry(truth, decide(loss, SIZE).to_dict(), SIZE) + symmetry(truth, decide(loss).to_dict())
    out += label_sum(truth, label_sum_range(loss, SIZE).to_dict(), SIZE)
    return out + bounds(truth, largest(loss_maximum(loss, SIZE)), SIZE)


def says(case):
    try:
        return falsehoods(case)
    except FormulaError as error:  # one clear line is an answer
        return [f"more than a line: {error}"] if "\n" in str(error) else []


def test_the_zoo_is_large_and_has_no_name_twice():
    assert len(ZOO) >= 150
    assert len({case.id for case in ZOO}) == len(ZOO)


@pytest.mark.parametrize("case", QUICK, ids=lambda case: f"{case.kind}-{case.id}")
def test_nothing_false_is_said(case):
    assert says(case) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "case", [case for case in ZOO if case not in QUICK], ids=lambda case: f"{case.kind}-{case.id}"
)
def test_nothing_false_is_said_of_the_others(case):
    assert says(case) == []


def test_a_falsehood_is_found():
    """What a naive algebra says of a loss that is linear but at one point."""
    case = next(case for case in ZOO if case.id == "point_half")
    naive = {"status": "proved", "scope": "all K >= 2", "constant": "K - 1", "method": "S1"}
    assert symmetry(Truth(case), naive)
