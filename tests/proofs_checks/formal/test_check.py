"""What the check of the Coq proofs rejects, and what it lets pass."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from lossmatters.proofs_checks.formal import check
from lossmatters.proofs_checks.formal.theorems import Theorem, sources, theorems

TEXT = {path.name: path.read_text(encoding="utf-8") for path in sources()}
needs_coq = pytest.mark.skipif(shutil.which("coqc") is None, reason="coqc is not installed")

GOOD = (
    "(* claim: R1; two and two *)\n(* Two and two are four. *)\n"
    "Theorem sum : 2 + 2 = 4.\nProof.\nreflexivity.\nQed.\n"
)


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
        "Ltac all := (simpl in *). Lemma l : False. Admitted. (* *)",
        "Obligation Tactic := idtac. Admit Obligations.",
        'Load "elsewhere.v".',
        'Local Load Verbose "elsewhere".',
        'Add LoadPath "elsewhere" as Lossmatters.',
        'Add Rec LoadPath "elsewhere".',
        'Declare ML Module "elsewhere".',
        'Cd "elsewhere".',
        "Require Import elsewhere.",
        'Require "elsewhere".',
        "From elsewhere Require Import boolp.",
        "From Lossmatters Require Import elsewhere.boolp.",
        'Notation "x = y" := True.',
        'Reserved Notation "x =e y".',
        'Infix "=e" := le (at level 70).',
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
        "Lemma l : True. Proof. (simpl in *). exact I. Qed.",
        "From mathcomp.classical Require Import boolp functions.\nLocal Notation K := 2.",
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


def test_files_that_use_the_same_libraries_are_asked_together(tmp_path: Path) -> None:
    (tmp_path / "a.v").write_text(
        "From mathcomp Require Import all_algebra.\n(* From Coq Require Import R. *)\n"
    )
    (tmp_path / "b.v").write_text("From Coq Require Import Classical.\nFrom Lossmatters Require Import a.\n")
    assert check.libraries("a", tmp_path) == {"mathcomp"}
    assert check.libraries("b", tmp_path) == {"mathcomp", "Coq"}


@needs_coq
def test_what_one_of_several_assumes_is_found(tmp_path: Path) -> None:
    axiom = (
        "From Coq Require Import Classical.\n"
        "Theorem other (P : Prop) : P \\/ ~ P.\nProof.\nexact (classic P).\nQed.\n"
    )
    (tmp_path / "a.v").write_text(GOOD)
    (tmp_path / "b.v").write_text(axiom + GOOD)
    for name in ("a.v", "b.v"):
        check.coqc(tmp_path, name)
    listed = [Theorem((), "", True, *at, "", "") for at in (("sum", "a.v"), ("other", "b.v"))]
    assert check.allowed(listed[:1], (), tmp_path) == {"sum": []}
    with pytest.raises(check.RejectedError, match=r"b\.v: other assumes .*classic"):
        check.allowed(listed, (), tmp_path)
    listed.append(Theorem((), "", True, "sum", "b.v", "", ""))
    with pytest.raises(check.RejectedError, match="or another that was asked with it, assumes"):
        check.allowed(listed[1:], (), tmp_path)


@needs_coq
def test_axioms_have_their_whole_names(tmp_path: Path) -> None:
    (tmp_path / "boolp.v").write_text("Lemma functional_extensionality_dep : True. Proof. exact I. Qed.\n")
    check.coqc(tmp_path, "boolp.v")
    mine = Theorem((), "", True, "functional_extensionality_dep", "boolp.v", "", "")
    said = check.full_names(["boolp.functional_extensionality_dep"], [mine], tmp_path)
    assert said == {"boolp.functional_extensionality_dep": "Lossmatters.boolp.functional_extensionality_dep"}
    assert check.CLASSICAL[1].endswith("functional_extensionality_dep")
    assert said["boolp.functional_extensionality_dep"] not in check.CLASSICAL
    assert check.full_names(["f g"], [mine], tmp_path)["f g"] == "f g"


def test_a_theorem_must_say_its_claim(tmp_path: Path) -> None:
    for text in (
        "Theorem t : True.\nProof.\nexact I.\nQed.\n",
        "(* claim: R1; x *)\nTheorem t : True.\nProof.\nexact I.\nQed.\n",
        "(* claim: R1; x *)\n(* Words. *)\nLemma t : True.\nProof.\n",
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
def test_a_wrong_coefficient_is_rejected(tmp_path: Path) -> None:
    wrong = TEXT["definitions.v"].replace("1 - eta * K%:R / (K%:R - 1).", "1 - eta.")
    assert wrong != TEXT["definitions.v"]
    (tmp_path / "definitions.v").write_text(wrong, encoding="utf-8")
    (tmp_path / "risk.v").write_text(TEXT["risk.v"], encoding="utf-8")
    with pytest.raises(check.RejectedError, match=r"risk\.v does not compile"):
        check.check(tmp_path)


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


def no_library() -> None:
    raise check.RejectedError(
        "a.v does not compile: Error: Cannot find a physical path bound to logical path all_ssreflect\n"
        "with prefix mathcomp."
    )


@pytest.mark.parametrize(
    ("where", "says"), [(None, "coqc is not"), ("/usr/bin/coqc", "a library of Coq is not")]
)
def test_it_says_what_to_install(
    where: str | None,
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(check, "FOLDER", tmp_path)  # a manifest there is removed first
    monkeypatch.setattr(check.shutil, "which", lambda name: where)
    monkeypatch.setattr(check, "reject_known_false", no_library)
    assert check.main() == 2
    err = capsys.readouterr().err
    assert f"{says} installed" in err
    assert all(package in err for package in check.PACKAGES)
