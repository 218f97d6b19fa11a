"""The examples in README and CONTRIBUTING run as they stand."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from lossmatters.proofs_checks.conformance import CHECKS
from lossmatters.theory.losses import LOSSES, get
from lossmatters.theory.symmetry.decide import decide

ROOT = Path(__file__).parents[1]
DOCUMENTS = ("README.md", "CONTRIBUTING.md")


def blocks(name: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (ROOT / name).read_text(), flags=re.DOTALL)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_examples_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    known = dict(LOSSES)
    try:
        for number, block in enumerate(blocks(name)):
            module = ModuleType("example")
            monkeypatch.setitem(sys.modules, "example", module)  # dataclasses look their module up
            exec(compile(block, f"{name}, block {number + 1}", "exec"), module.__dict__)
    finally:
        LOSSES.clear()
        LOSSES.update(known)


def test_the_page_on_conformance_lists_every_check_and_exhibit() -> None:
    page = (ROOT / "docs" / "conformance.md").read_text()
    for check in CHECKS.values():
        assert f"| `{check.id}` | {check.promise} | {', '.join(check.tags)} |" in page
    for path in (ROOT / "tests" / "museum").glob("*.py"):
        first = path.read_text().splitlines()[0].strip('"')
        assert f"| `{path.stem}` | {first} | " in page
    assert len(CHECKS) == 33, "the page says thirty-three"


def test_contributing_teaches_three_things_in_a_dozen_lines() -> None:
    found = blocks("CONTRIBUTING.md")
    assert len(found) == 3
    for block in found:
        assert 8 <= len([line for line in block.splitlines() if line.strip()]) <= 12


def test_readme_loss_is_what_readme_says(tmp_path: Path) -> None:
    """The user's own loss, saved to a file, is found by the command line and decided."""
    source = next(b for b in blocks("README.md") if "SeparableLoss" in b)
    path = tmp_path / "my_losses.py"
    path.write_text(source)
    name = re.search(r"class (\w+)", source)
    assert name is not None
    known = dict(LOSSES)
    try:
        verdict = decide(get(f"{path}:{name[1]}"))
    finally:
        LOSSES.clear()
        LOSSES.update(known)
    assert verdict.status == "proved"
    assert verdict.constant in (ROOT / "README.md").read_text()
