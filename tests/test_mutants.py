"""The list of mutants keeps up with the code; `make mutants` runs them."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from mutant_list import MUTANTS, Mutant

import lossmatters

ROOT = Path(lossmatters.__file__).parent
TESTS = Path(__file__).parents[1]


def test_every_mutant_can_be_made() -> None:
    texts = {mutant.file: (ROOT / mutant.file).read_text(encoding="utf-8") for mutant in MUTANTS}
    assert [(m.file, m.old) for m in MUTANTS if texts[m.file].count(m.old) != 1 or m.old == m.new] == []


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: f"{m.file}-{MUTANTS.index(m)}")
def test_every_mutant_has_its_tests(mutant: Mutant) -> None:
    for test in mutant.tests:
        file, _, name = test.partition("::")
        tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
        assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
