"""The Coq proofs: that they say what the Python says, and that what is not proved gives no evidence."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import sympy

from proofs_checks import ledger
from proofs_checks.claims import CLAIMS, find
from proofs_checks.formal import check
from proofs_checks.formal.theorems import FOLDER, sources, theorems
from proofs_checks.methods import formal
from theory.algebra import K
from theory.noise import flip_probability, risk_slope, threshold

ETA = sympy.Symbol("eta")
THEOREMS = theorems()
TEXT = {path.name: path.read_text(encoding="utf-8") for path in sources()}
needs_coq = pytest.mark.skipif(shutil.which("coqc") is None, reason="coqc is not installed")

GOOD = "(* claim: R1; two and two *)\nTheorem sum : 2 + 2 = 4.\nProof.\nreflexivity.\nQed.\n"


def expression(coq: str) -> sympy.Expr:
    """A Coq term of a field as a SymPy expression of K, eta and whatever functions are applied."""
    text = re.sub(r"\b(\w+) (\d)(?![\w:])", r"\1(\2)", coq.strip())  # phi 0
    text = re.sub(r"\b([fg]|phi) t\b", r"\1(t)", text)
    text = text.replace("%:R", "").replace("^+", "**").replace(" :> R", "")
    functions = {name: sympy.Function(name) for name in ("phi", "G")}
    return sympy.sympify(text, locals={"K": K, "eta": ETA, **functions})


def body(definition: str) -> str:
    """What stands after := in a definition of definitions.v."""
    found = re.search(rf"Definition {definition}\b[^=]*:=\s*(.*?)\.\n", TEXT["definitions.v"], re.DOTALL)
    assert found, definition
    return found[1]


# -- what the theorems say -------------------------------------------------------------------------


@pytest.mark.parametrize("theorem", THEOREMS, ids=lambda t: t.name)
def test_a_theorem_is_about_a_claim(theorem) -> None:
    assert set(theorem.claims) <= {c.id for c in CLAIMS}
    assert theorem.scope
    assert f"`{theorem.name}`" in (FOLDER / "README.md").read_text(encoding="utf-8")


def test_names_are_used_once() -> None:
    names = [t.name for t in THEOREMS]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", TEXT)
def test_no_source_assumes(name: str) -> None:
    check.scan(name, TEXT[name])


@pytest.mark.parametrize(
    ("definition", "python"),
    [("flip", flip_probability(ETA, K)), ("slope", risk_slope(ETA, K)), ("threshold", threshold(K))],
)
def test_coefficients_are_those_of_the_python(definition: str, python: sympy.Expr) -> None:
    assert sympy.simplify(expression(body(definition)) - python) == 0


def test_translation_can_tell() -> None:
    assert expression("1 - eta * K%:R / (K%:R - 1)") != expression("1 - eta * K%:R / (K%:R + 1)")
    assert expression("K%:R ^+ 2 * phi 0") == K**2 * sympy.Function("phi")(0)


# -- what the check rejects ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "Lemma l : False. Admitted.",
        "Lemma l : False. Proof. admit. Qed.",
        "Axiom a : False.",
        "Local Axioms (a b : False).",
        "Parameter p : False.",
        "Conjecture c : False.",
        "Variable p : False.",
        "Section S. End S.\nHypothesis h : False.",
        "Context (p : False).",
        "Module M. Section S. End M. Variable p : False.",
        "Unset Guard Checking.",
        "Unset  Universe Checking.",
        "#[bypass_check(guard)] Fixpoint f (n : nat) : False := f n.",
        "(* a comment *) Admitted (* and another *).",
    ],
)
def test_a_text_that_assumes_is_rejected(text: str) -> None:
    with pytest.raises(check.RejectedError, match=r"wrong\.v: "):
        check.scan("wrong.v", text)


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        "(* nothing is Admitted (* no Axiom *) here *)",
        'Definition s := "Axiom".',
        "Section S.\nVariable p : False.\nHypothesis h : p.\nContext (q : False).\nEnd S.",
        "Lemma admitted_elsewhere : True. Proof. exact I. Qed.",
    ],
)
def test_a_text_that_does_not_passes(text: str) -> None:
    check.scan("right.v", text)


def test_what_rests_on_what() -> None:
    read = check.read_assumptions
    assert read("Closed under the global context\n") == []
    assert read("Axioms:\nboolp.a : forall P,\n  P\nwrong : False\n") == ["boolp.a", "wrong"]
    assert read("") == ["nothing was said"]
    assert read("Axioms:\nf is assumed to be guarded.\n") == ["f"]
    assert read("Theorems:\n") != []


def test_a_theorem_must_say_its_claim(tmp_path: Path) -> None:
    for text in (
        "Theorem t : True.\nProof.\nexact I.\nQed.\n",
        "(* claim: R1; x *)\nLemma t : True.\nProof.\n",
    ):
        (tmp_path / "a.v").write_text(text)
        with pytest.raises(ValueError, match="must follow its claim"):
            theorems(tmp_path)


def test_order_of_files(tmp_path: Path) -> None:
    (tmp_path / "a.v").write_text("From Lossmatters Require Import b.\n")
    with pytest.raises(ValueError, match=r"missing=\['b'\]"):
        sources(tmp_path)
    (tmp_path / "b.v").write_text("")
    assert [p.name for p in sources(tmp_path)] == ["b.v", "a.v"]
    (tmp_path / "b.v").write_text("From Lossmatters Require Import a.\n")
    with pytest.raises(ValueError, match="circle"):
        sources(tmp_path)


@needs_coq
def test_known_false_files_are_rejected() -> None:
    assert len(check.reject_known_false()) == len(check.KNOWN_FALSE)


@needs_coq
def test_a_proof_passes(tmp_path: Path) -> None:
    (tmp_path / "a.v").write_text(GOOD)
    found = check.check(tmp_path)
    row = {"claims": ["R1"], "whole": True, "theorem": "sum", "file": "a.v", "axioms": []}
    assert found["theorems"] == [row]


@needs_coq
def test_a_check_that_passes_everything_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "KNOWN_FALSE", {"a proof": GOOD})
    with pytest.raises(check.RejectedError, match="must reject a proof, and does not"):
        check.reject_known_false()


def test_without_coq_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(check.shutil, "which", lambda name: None)
    assert check.main() == 2
    said = capsys.readouterr().err
    assert "coqc is not installed" in said
    assert all(package in said for package in check.PACKAGES)


# -- what the ledger believes ----------------------------------------------------------------------


@pytest.fixture
def checked(tmp_path: Path) -> Callable[..., Path]:
    """A folder with one proof and the manifest of a check that passed, changed as asked."""

    def make(**changes: object) -> Path:
        (tmp_path / "a.v").write_text(GOOD)
        found = {
            "coq": "8.16.1",
            "sources": check.hashes(tmp_path),
            "theorems": [{"claims": ["R1"], "theorem": "sum", "file": "a.v", "axioms": []}],
            "known_false": [{"says": "a false theorem", "rejected_by": "words"}],
        }
        (tmp_path / check.BUILD).mkdir()
        (tmp_path / check.BUILD / check.MANIFEST).write_text(json.dumps({**found, **changes}))
        return tmp_path

    return make


def test_a_checked_theorem_is_evidence(checked: Callable[..., Path]) -> None:
    (row,) = formal.rows("R1", checked())
    assert (row["method"], row["status"], row["scope"]) == ("formal", "proved", "two and two")
    assert "sum in formal/a.v, closed under the global context; Coq 8.16.1" in row["detail"]
    assert row["twin"]["rejected"]
    json.dumps(row)


def test_axioms_are_named(checked: Callable[..., Path]) -> None:
    rests = [{"claims": ["R1"], "theorem": "sum", "file": "a.v", "axioms": ["boolp.a"]}]
    (row,) = formal.rows("R1", checked(theorems=rests))
    assert row["data"]["axioms"] == ["boolp.a"]
    assert "from boolp.a" in row["detail"]


def test_changed_sources_are_not_checked(checked: Callable[..., Path]) -> None:
    folder = checked()
    (folder / "a.v").write_text(GOOD.replace("2 + 2 = 4", "2 + 2 = 5"))
    (row,) = formal.rows("R1", folder)
    assert row["status"] == "not yet checked"
    assert "not checked here" in row["detail"]
    (folder / "a.v").write_text(GOOD)
    (folder / "b.v").write_text("")
    assert formal.rows("R1", folder)[0]["status"] == "not yet checked"


@pytest.mark.parametrize("changes", [{"known_false": []}, {"sources": {}}])
def test_a_check_that_shows_nothing_is_none(checked: Callable[..., Path], changes: dict) -> None:
    assert formal.rows("R1", checked(**changes))[0]["status"] == "not yet checked"


@pytest.mark.parametrize("text", ["", "{", "[]"])
def test_a_broken_manifest_is_none(checked: Callable[..., Path], text: str) -> None:
    folder = checked()
    (folder / check.BUILD / check.MANIFEST).write_text(text)
    assert formal.rows("R1", folder)[0]["status"] == "not yet checked"


def test_a_part_is_no_evidence(checked: Callable[..., Path]) -> None:
    folder = checked()
    assert formal.rows("R2", folder) == []
    (folder / "a.v").write_text(GOOD.replace("claim: R1", "part of: R1"))
    assert formal.rows("R1", folder) == []


def test_the_ledger_shows_it() -> None:
    (entry,) = ledger.verify(find(["S3"]))["claims"][:1]
    (row,) = [r for r in entry["evidence"] if r["method"] == "formal"]
    assert row["status"] in ("proved", "not yet checked")
    assert entry["status"] == "proved"
