"""The examples in README, CONTRIBUTING and docs/records.md run as they stand."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

import lossmatters
from lossmatters.empirics.records import read_records
from lossmatters.paper import summary
from lossmatters.paper.figures import MissingData
from lossmatters.proofs_checks.conformance import CHECKS
from lossmatters.proofs_checks.losses_page import document, entry
from lossmatters.proofs_checks.losses_pictures import picture
from lossmatters.theory.losses import LOSSES, get
from lossmatters.theory.symmetry.decide import decide

ROOT = Path(__file__).parents[1]
PACKAGES = Path(lossmatters.__file__).parent  # its folders, in a wheel and in a checkout
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "docs/records.md")


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
        CHECKS.pop("moderate", None)  # what CONTRIBUTING adds
        LOSSES.clear()
        LOSSES.update(known)


def test_the_page_on_conformance_lists_every_check_and_exhibit() -> None:
    page = (ROOT / "docs" / "conformance.md").read_text()
    for check in CHECKS.values():
        assert f"| `{check.id}` | {check.promise} | {', '.join(check.tags)} |" in page
    for path in (ROOT / "tests" / "museum").glob("*.py"):
        first = path.read_text().splitlines()[0].strip('"')
        assert f"| `{path.stem}` | {first} | " in page
    assert len(CHECKS) == 37, "the page says thirty-seven"


def test_the_page_of_losses_is_made_from_code() -> None:
    page = (ROOT / "docs" / "losses.md").read_text()
    text = document([], names=["mae", "mse", "truncated-gce"])  # no records: what theory knows, the prose
    start, end = "## What is known", "## What is memorised"
    assert all(line in page for line in text[: text.index(end)].splitlines())
    assert text[text.index("## How to choose") : text.index("## One by one")] in page
    assert text[text.index("## What is not here") :] in page
    for cls in LOSSES.values():
        assert entry(cls()) in page
        assert (ROOT / "docs" / "images" / "losses" / f"{cls.name}.svg").read_text() == picture(cls())
        assert f"\n| [{cls.title}](#loss-{cls.name}) | " in page[page.index(start) : page.index(end)]


@pytest.mark.parametrize("name", ["README.md", "docs/results.md"])
def test_the_table_of_results_is_made_from_the_kept_records(name: str) -> None:
    table = summary.document(list(read_records(PACKAGES / "paper" / "records")))
    assert f"{summary.BEGIN}\n\n{table}\n{summary.END}" in (ROOT / name).read_text()
    assert table != summary.document([])  # which is dashes


TAUGHT = ("a loss", "a combinator", "a claim", "a conformance check", "an experiment", "a model", "a figure")


def test_contributing_has_a_recipe_for_each_kind_of_thing() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    sections = {section.split("\n")[0].lower(): section for section in text.split("\n## ")[1:]}
    for kind in TAUGHT:
        (block,) = re.findall(r"```python\n(.*?)```", sections[kind], flags=re.DOTALL)
        assert 8 <= len([line for line in block.splitlines() if line.strip()]) <= 16, kind


def test_the_figure_of_contributing_draws_a_record_and_refuses_none() -> None:
    made: dict[str, Any] = {}
    exec(blocks("CONTRIBUTING.md")[-1], made)
    record = SimpleNamespace(curves={"noisy_train_accuracy": [0.1, 0.5]})
    assert len(made["spec"].draw([record]).axes[0].lines) == 1
    with pytest.raises(MissingData, match="needs a run"):
        made["spec"].draw([])


def named_paths(page: str) -> set[str]:
    """The files and folders that a page names in code marks, ``theory/noise.py`` or ``empirics/data/``."""
    found = re.findall(r"`((?:theory|proofs_checks|empirics|paper|lossmatters)/[a-z0-9_/]*(?:\.py)?)`", page)
    return {path for path in found if path.endswith((".py", "/"))}


def test_the_page_on_the_house_names_what_there_is() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    named = named_paths(page)
    assert len(named) > 25
    assert [
        path for path in sorted(named) if not (PACKAGES / path.removeprefix("lossmatters/")).exists()
    ] == []
    rooms = {p.parent.name for p in (PACKAGES / "theory").glob("*/__init__.py")}
    assert [room for room in sorted(rooms) if f"theory/{room}/" not in page] == []
    # what a newcomer looks for, and the file to open
    for thing, path in {
        "a loss": "theory/losses/NAME.py",
        "how symmetry is decided": "theory/symmetry/decide.py",
        "a claim": "proofs_checks/claims/ROOM/",
        "a check of anyone's loss": "proofs_checks/conformance/checks/",
        "a model": "empirics/models/",
        "a figure": "paper/figures/",
    }.items():
        assert f"| {thing} | `{path}`" in page


def test_a_path_that_is_not_there_is_seen() -> None:
    assert named_paths("see `theory/losses/base.py`, `theory/nowhere.py`, `S1`") == {
        "theory/losses/base.py",
        "theory/nowhere.py",
    }
    assert not (PACKAGES / "theory/nowhere.py").exists()


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
    assert str(verdict.constant) in (ROOT / "README.md").read_text()
