"""The conformance suite catches what is wrong in the wild, and passes what is right."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn.functional import cross_entropy

from lossmatters.proofs_checks.conformance import CHECKS, check_loss, declare
from lossmatters.theory.losses import CCE, LOSSES, MAE

MUSEUM = Path(__file__).parents[2] / "museum"
DEFECTS = sorted(path.stem for path in MUSEUM.glob("*.py"))


def broken(loss: Any, **options: Any) -> set[str]:
    """The checks that fail in a quick run."""
    return {result.check for result in check_loss(loss, budget="quick", **options).failures}


@pytest.mark.parametrize("name", DEFECTS)
def test_a_defect_is_caught_by_the_check_that_names_it_and_by_no_other(name: str) -> None:
    path = MUSEUM / f"{name}.py"
    caught_by = re.search(r"^CAUGHT_BY = \{(.*)\}$", path.read_text(), flags=re.MULTILINE)
    assert caught_by is not None
    assert broken(f"{path}:loss") == {word.strip(' "') for word in caught_by[1].split(",")}


def test_the_museum_is_not_empty() -> None:
    assert len(DEFECTS) >= 12


@pytest.mark.parametrize("name", LOSSES)
def test_catalogue_losses_pass(name: str) -> None:
    report = check_loss(name, budget="quick")
    assert report.ok, str(report)
    assert report.counts()["passed"] >= 18


@pytest.mark.parametrize(
    "loss", [cross_entropy, torch.nn.CrossEntropyLoss(reduction="none")], ids=["function", "module"]
)
def test_torchs_cross_entropy_passes(loss: Any) -> None:
    report = check_loss(loss, budget="quick", symmetric=False)
    assert report.ok, str(report)
    assert report["label_sum"].status == "passed"


def test_every_check_has_an_id_a_sentence_and_tags() -> None:
    for name, check in CHECKS.items():
        assert check.id == name
        assert re.fullmatch(r"[a-z0-9_]+", name)
        assert check.promise.endswith(".")
        assert check.tags


def test_expected_failures_are_strict() -> None:
    loss = declare(
        cross_entropy,
        symmetric=True,
        expected_failures={"label_sum": "it is not symmetric", "batch": "nothing is wrong"},
    )
    report = check_loss(loss, budget="quick", only=["label_sum", "batch"])
    assert report["label_sum"].status == "expected failure"
    assert report["label_sum"].reason == "it is not symmetric"
    assert report["batch"].status == "unexpected pass"
    assert [result.check for result in report.failures] == ["batch"]


def test_a_failure_says_what_a_person_needs() -> None:
    report = check_loss(cross_entropy, symmetric=True, only=["label_sum"])
    result = report["label_sum"]
    assert result.counterexample["u"] == ["1/3", "1/3", "1/3"]
    assert result.counterexample["S_u"] == pytest.approx(3 * 1.0986122886681098)
    for words in (result.promise, "u = ['1/3', '1/3', '1/3']", "1 failed"):
        assert words in str(report)


@pytest.mark.parametrize(
    ("promise", "true_of", "false_of"),
    [
        ({"formula": "2*mae"}, 2 * MAE(), MAE()),
        ({"formula": CCE()}, cross_entropy, MAE()),
        ({"symmetric": True}, MAE(), CCE()),
        ({"symmetric": False}, CCE(), MAE()),
        ({"bound": 2}, MAE(), CCE()),
        ({"constant": lambda k: 2 * (k - 1)}, MAE(), 2 * MAE()),
    ],
)
def test_a_promise_is_checked(promise: dict[str, Any], true_of: Any, false_of: Any) -> None:
    checks = {"symmetric": "label_sum", "bound": "bounded", "constant": "label_sum_value"}
    only = checks.get(key := next(iter(promise)), key)
    assert broken(true_of, only=[only], **promise) == set()
    assert broken(false_of, only=[only], **promise) == {only}
