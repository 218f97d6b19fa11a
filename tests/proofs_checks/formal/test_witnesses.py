"""Hypotheses that nothing satisfies: each theorem has an instance, and Coq is asked whether it is one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from lossmatters.proofs_checks.formal import check, witnesses
from lossmatters.proofs_checks.formal.theorems import theorems

needs_coq = pytest.mark.skipif(shutil.which("coqc") is None, reason="coqc is not installed")

# Theorems, witnesses, and which of them must be refused.
EMPTY = """
Record empty := Empty { element : nat; below : element < 0 }.
Definition some (n : nat) := n = n.
"""
REFUSED = {
    "from_false": "Theorem from_false (n : nat) : False -> n = 1. Proof. intros []. Qed.",
    "from_one_is_zero": "Theorem from_one_is_zero (n : nat) : 1 = 0 -> n = 1. Proof. discriminate. Qed.",
    "from_empty_record": (
        "Theorem from_empty_record (e : empty) : 1 = 0.\nProof. destruct e as [n no]. inversion no. Qed."
    ),
    "from_opposites": (
        "Theorem from_opposites (n : nat) : n = 1 -> n = 2 -> 1 = 0.\nProof. congruence. Qed."
    ),
    "behind_a_let": (
        "Theorem behind_a_let (n : nat) : let m := n in m = 1 -> let k := m in k = 2 -> 1 = 0.\n"
        "Proof. simpl. congruence. Qed."
    ),
    "after_a_datum": (
        "Theorem after_a_datum (P : Prop) : ~ P -> forall n : nat, P -> n = 1.\nProof. tauto. Qed."
    ),
    "of_no_class": "Theorem of_no_class (k : nat) : k = 0 -> k = 0. Proof. auto. Qed.",
}
WITNESSES = """
Lemma of_no_class_witness : {k : nat & {_ : k = 1 & unit}}.
Proof. exists 1, eq_refl. exact tt. Qed.
Lemma good_witness : {k : nat & {_ : some k & unit}}.
Proof. exists 0, eq_refl. exact tt. Qed.
"""
GOOD = """
Theorem good (k : nat) : some k -> k + 0 = k.
Proof. intros _; induction k as [|k IH]; simpl; [reflexivity | rewrite IH; reflexivity]. Qed.
"""
BARE = """
Theorem bare : 2 + 2 = 4.
Proof. reflexivity. Qed.
"""
TAG = "(* claim: X; none *)\n(* Words. *)\n"


def tagged(text: str) -> str:
    return text.replace("Theorem", f"{TAG}Theorem").replace(" Proof.", "\nProof.")


def test_every_theorem_has_a_witness_and_every_witness_a_theorem() -> None:
    assert set(witnesses.witnesses()) == {t.name for t in theorems()}


@needs_coq
def test_hypotheses_that_nothing_satisfies_are_refused(tmp_path: Path) -> None:
    text = tagged("\n".join([EMPTY, *REFUSED.values(), GOOD, BARE])) + WITNESSES
    (tmp_path / "a.v").write_text(text, encoding="utf-8")
    check.coqc(tmp_path, "a.v")
    lines = witnesses.missing(theorems(tmp_path), tmp_path, tmp_path, check.coqc, check.PREFIX)
    assert {line.split()[1] for line in lines} == set(REFUSED)
    assert all("no witness that satisfies them" in line for line in lines)


@needs_coq
@pytest.mark.parametrize(
    ("text", "says"),
    [
        (REFUSED["from_one_is_zero"], "from_one_is_zero has hypotheses and no witness"),
        (
            BARE + "Lemma gone_witness : unit.\nProof. exact tt. Qed.\n",
            "gone_witness is the witness of no theorem",
        ),
        (BARE, None),
    ],
)
def test_the_check_asks_for_witnesses(text: str, says: str | None, tmp_path: Path) -> None:
    (tmp_path / "a.v").write_text(tagged(text), encoding="utf-8")
    if says is None:
        check.check(tmp_path)
        return
    with pytest.raises(check.RejectedError, match=says):
        check.check(tmp_path)


@needs_coq
def test_a_witness_from_an_axiom_is_rejected(tmp_path: Path) -> None:
    text = (
        "From Coq Require Import Classical.\n"
        + tagged("Theorem excluded (P : Prop) : (P \\/ ~ P) -> P = P.\nProof. reflexivity. Qed.\n")
        + "Lemma excluded_witness : {P : Prop & {_ : P \\/ ~ P & unit}}.\n"
        "Proof. exists True, (classic True). exact tt. Qed.\n"
    )
    (tmp_path / "a.v").write_text(text, encoding="utf-8")
    with pytest.raises(check.RejectedError, match=r"excluded_witness assumes .*classic"):
        check.check(tmp_path)
