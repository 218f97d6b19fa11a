"""The committed statements: every tag and every Coq statement is as the file shows it; attacks are seen."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from lossmatters.proofs_checks.formal import check, statements
from lossmatters.proofs_checks.formal.theorems import FOLDER, theorems
from lossmatters.proofs_checks.methods import formal

PINNED = statements.read((FOLDER / statements.FILE).read_text(encoding="utf-8"))
SAID = {key: e for key, e in PINNED.items() if e.tag}
needs_proofs = pytest.mark.skipif(
    shutil.which("coqc") is None or formal.manifest() is None, reason="the proofs have not been checked here"
)


def test_every_theorem_has_its_tag_and_its_words() -> None:
    assert {(t.file, t.name): (statements.tag(t), t.words) for t in theorems()} == {
        key: (e.tag, e.words) for key, e in SAID.items()
    }


def test_every_definition_is_pinned() -> None:
    assert {(file, name) for name, file in statements.definitions()} == {k for k in PINNED if k not in SAID}


def test_the_file_is_as_it_would_be_written() -> None:
    text = (FOLDER / statements.FILE).read_text(encoding="utf-8")
    assert statements.write(PINNED.values()) == text
    assert statements.differences(PINNED.values(), PINNED) == []


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"tag": "claim: S1; every K, every G"}, "is tagged"),
        ({"tag": "part of: S1; every K"}, "is tagged"),
        ({"says": "S1\n     : True"}, "does not say"),
        ({"digest": "0" * 64}, "does not say"),
        ({"words": "All losses are symmetric."}, "other words"),
        ({"name": "S0"}, "S0 is not in"),
    ],
)
def test_what_differs_is_said(changes: dict[str, str], says: str) -> None:
    entries = [replace(e, **changes) if e.name == "S1" else e for e in PINNED.values()]
    assert any(says in line for line in statements.differences(entries, PINNED))


def test_what_is_gone_is_said() -> None:
    (line,) = statements.differences([e for e in PINNED.values() if e.name != "S1"], PINNED)
    assert "S1 is in" in line


# Each of these passed a check that looked at proofs alone.
WIDER_SCOPE = [("(* claim: S1; every K *)", "(* claim: S1; every K, every G *)")]
PART_AS_WHOLE = [("(* part of: S2;", "(* claim: S2;")]
OF_ZERO_CLASSES = [
    ("Theorem S1 : affine_on_unit G ->", "Theorem S1 : K = 0%N -> affine_on_unit G ->"),
    ("move=> affine u; rewrite separable_sum.", "move=> _ affine u; rewrite separable_sum."),
]
TRIVIAL_R3 = [
    (
        "  0 <= eta < threshold R K ->\n  minimises",
        "  low = high -> 0 <= eta < threshold R K ->\n  minimises",
    ),
    ("move=> /andP[eta0 etaT]", "move=> _ /andP[eta0 etaT]"),
]
ZERO_LOSS = [
    ("Theorem R4 h : noisy", "Theorem R4 h : (forall u y, L u y = 0) -> noisy"),
    ("by rewrite (noisy_excess h) ler_addl;", "move=> _.\nby rewrite (noisy_excess h) ler_addl;"),
]


@pytest.mark.parametrize("edits", [WIDER_SCOPE, PART_AS_WHOLE])
def test_a_wider_tag_is_seen(edits: list[tuple[str, str]], tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "formal", ignore=shutil.ignore_patterns("build", "__pycache__"))
    edit(tmp_path / "formal" / "symmetry.v", edits)
    entries = [
        replace(SAID[t.file, t.name], tag=statements.tag(t)) if (t.file, t.name) in SAID else None
        for t in theorems(tmp_path / "formal")
    ]
    assert any("is tagged" in line for line in statements.differences([e for e in entries if e], SAID))


def edit(path: Path, edits: list[tuple[str, str]]) -> None:
    text = path.read_text(encoding="utf-8")
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


@pytest.fixture
def says(tmp_path: Path) -> Callable[[str, list[tuple[str, str]]], list[str]]:
    """A function that changes one file beside the compiled others and lists what is not as pinned."""
    shutil.copytree(FOLDER / check.BUILD, tmp_path / "build")

    def differences(file: str, edits: list[tuple[str, str]]) -> list[str]:
        edit(tmp_path / "build" / file, edits)
        check.coqc(tmp_path / "build", file)
        found = [t for t in theorems() if t.file == file]
        entries = statements.printed(found, [], tmp_path / "build", check.coqc)
        return statements.differences(entries, {k: e for k, e in SAID.items() if k[0] == file})

    return differences


@needs_proofs
@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "edits", "names"),
    [
        ("symmetry.v", OF_ZERO_CLASSES, {"S1"}),
        ("bounds.v", TRIVIAL_R3 + ZERO_LOSS, {"R3", "R4"}),
    ],
)
def test_an_attack_that_compiles_is_seen(
    says: Callable, file: str, edits: list[tuple[str, str]], names: set[str]
) -> None:
    lines = says(file, edits)
    assert {re.search(r": (\w+) does not say", line)[1] for line in lines} == names


@needs_proofs
@pytest.mark.slow
def test_a_theorem_that_says_nothing_is_seen(says: Callable) -> None:
    text = (FOLDER / "minimisers.v").read_text(encoding="utf-8")
    whole = re.search(r"Theorem N2 i j :.*?Qed\.", text, re.DOTALL)
    assert whole
    (line,) = says("minimisers.v", [(whole[0], "Theorem N2 : True.\nProof. by []. Qed.")])
    assert "N2 does not say" in line
