"""The Coq proofs: that they say what the Python says, and that what is not proved gives no evidence."""

from __future__ import annotations

import json
import random
import re
import shutil
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import sympy

from lossmatters.proofs_checks import ledger
from lossmatters.proofs_checks.claims import CLAIMS, find
from lossmatters.proofs_checks.claims.risk.finite_problems import rational_losses
from lossmatters.proofs_checks.formal import check
from lossmatters.proofs_checks.formal.theorems import Theorem, hashes, sources, theorems
from lossmatters.proofs_checks.methods import exact, formal
from lossmatters.theory.backends import backend
from lossmatters.theory.losses import get
from lossmatters.theory.memorization import reachable_region
from lossmatters.theory.noise import flip_probability, risk_slope, threshold
from lossmatters.theory.risk.excess import excess_risk_bound
from lossmatters.theory.risk.finite import predicted_noisy_risk
from lossmatters.theory.symbolic.algebra import K
from lossmatters.theory.symmetry.decide import decide
from lossmatters.theory.symmetry.loss_maximum import loss_maximum

ETA = sympy.Symbol("eta")
THEOREMS = theorems()
TEXT = {path.name: path.read_text(encoding="utf-8") for path in sources()}
needs_coq = pytest.mark.skipif(shutil.which("coqc") is None, reason="coqc is not installed")

GOOD = (
    "(* claim: R1; two and two *)\n(* Two and two are four. *)\n"
    "Theorem sum : 2 + 2 = 4.\nProof.\nreflexivity.\nQed.\n"
)


def body(definition: str, file: str = "definitions.v") -> str:
    """What stands after := in a definition."""
    found = re.search(rf"Definition {definition}\b[^=]*?:=\s*(.*?)\.\n", TEXT[file], re.DOTALL)
    assert found, definition
    return found[1]


def expression(coq: str) -> sympy.Expr:
    """A Coq term of a field as a SymPy expression of K, eta and whatever functions are applied."""
    text = " ".join(coq.split()).replace("%:R", "").replace(" :> R", "")
    text = re.sub(r"\b(flip|slope) K eta", lambda m: f"({body(m[1])})", text).replace("%:R", "")
    text = re.sub(r"\b([fgG]|phi) (\w)(\^-1)?(?![\w:])", r"\1(\2\3)", text)  # phi 0, phi t, G K^-1
    text = re.sub(r"\brisk L h\b", "risk", text)
    functions = {name: sympy.Function(name) for name in ("phi", "f", "g", "G")}
    return sympy.sympify(text.replace("^-1", "**(-1)").replace("^+", "**"), locals={"K": K, **functions})


def statement(name: str) -> str:
    """What a theorem says, as Coq text on one line."""
    return " ".join(next(t.statement for t in THEOREMS if t.name == name).split()).removesuffix(".")


def said(name: str, pattern: str) -> sympy.Expr:
    """The part of a theorem's statement that a pattern with one group finds."""
    found = re.search(pattern, statement(name))
    assert found, f"{name}: {statement(name)}"
    return expression(found[1])


def same(one: Any, other: Any) -> bool:
    return bool(sympy.simplify(one - other) == 0)


def value(coq: str, u: Sequence[Fraction], y: int) -> Fraction:
    """A Coq term of an output u and a label y, perhaps a sum over the classes i, at a rational point."""
    text = re.sub(r"`\|(.*?)\|", r"abs(\1)", coq).replace("(i == y)%:R", "int(i == y)")
    text = re.sub(r"\bu ([iy])\b", r"u[\1]", text).replace("^+", "**")
    text = re.sub(r"\\sum_i (.*)", r"sum(\1 for i in range(len(u)))", text)
    return eval(
        text, {"u": list(u), "y": y, "A": get("rce").A, "abs": abs, "sum": sum, "range": range, "len": len}
    )


# -- what the theorems say -------------------------------------------------------------------------


@pytest.mark.parametrize("theorem", THEOREMS, ids=lambda t: t.name)
def test_a_theorem_is_about_a_claim(theorem) -> None:
    assert set(theorem.claims) <= {c.id for c in CLAIMS}
    assert theorem.scope
    assert theorem.words


def test_names_are_used_once() -> None:
    names = [t.name for t in THEOREMS]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", TEXT)
def test_no_source_assumes(name: str) -> None:
    check.scan(name, TEXT[name])


# -- the same constants, coefficients and losses as in the Python ------------------------------------


@pytest.mark.parametrize(
    ("definition", "python"),
    [("flip", flip_probability(ETA, K)), ("slope", risk_slope(ETA, K)), ("threshold", threshold(K))],
)
def test_coefficients(definition: str, python: sympy.Expr) -> None:
    assert same(expression(body(definition)), python)


@pytest.mark.parametrize("name", ["mae", "unhinged", "rce", "zero-one", "rll", "nmse"])
def test_constant_of_a_symmetric_loss(name: str) -> None:
    coq = said(name.replace("-", "_") + "_symmetric", r": symmetric (?:\(.*?\)|\w+) (\(.*\)|1)$")
    alpha, t = get("rll").alpha, sympy.Wild("t")
    coq = coq.replace(sympy.Function("phi")(t), sympy.log(alpha + t)).subs(sympy.Symbol("A"), get("rce").A)
    python = decide(get(name)).constant
    assert python is not None
    assert sympy.simplify(sympy.expand_log(coq - python, force=True)) == 0


@pytest.mark.parametrize("name", ["mae", "mse", "unhinged", "rce"])
def test_a_loss_has_the_values_of_the_python(name: str) -> None:
    rng = random.Random(name)
    for _ in range(10):
        u = exact.simplex_point(rng, rng.randint(2, 5))
        assert [value(body(name, "losses.v"), u, y) for y in range(len(u))] == rational_losses(get(name), u)


def test_nmse_is_mse_normalised() -> None:
    assert body("nmse", "losses.v") == "normalised mse"
    assert body("normalised") == "fun u y => L u y / label_sum L u"
    assert body("label_sum") == "\\sum_y L u y"


def test_rll_has_the_terms_of_the_python() -> None:
    found = re.fullmatch(r"separable \(fun t => (.*)\) \(fun t => (.*)\)", body("rll", "losses.v"))
    assert found
    t, w, loss = sympy.Symbol("t", positive=True), sympy.Wild("w"), get("rll")
    for coq, python in zip(found.groups(), (loss.on_label, loss.off_label), strict=True):
        term = expression(coq).subs("t", t).replace(sympy.Function("phi")(w), sympy.log(loss.alpha + w))
        assert sympy.simplify(sympy.expand_log(term - python(t, K, backend("sympy")), force=True)) == 0
    assert body("separable") == "fun u y => f (u y) + \\sum_(i | i != y) g (u i)"
    assert same(expression(body("generator")), sympy.sympify("f(t) + (K - 1)*g(t)", locals={"K": K}))


def test_formulas_of_risk() -> None:
    c, r, low, high = sympy.symbols("C risk low high")
    assert same(said("R1", r"uniform_risk L eta h = (.*)$"), predicted_noisy_risk(r, c, ETA, K))
    assert same(
        said("R1_threshold", r"uniform_risk L eta h = (.*)$"), predicted_noisy_risk(r, c, threshold(K), K)
    )
    bound = said("R3", r"risk L best <= (.*)$")
    assert same(bound.subs({low: K - 1, high: 2 * K - 2}), excess_risk_bound(get("mse"), None, ETA))
    assert same(said("R5", r"risk L noisy_best <= (.*) \* risk L best$"), high / low)


def test_formulas_of_symmetry() -> None:
    g = sympy.Function("G")
    constant = (K - 1) * g(0) + g(1)
    assert same(said("S1", r"g\) (\(.*\))$"), constant)
    for name in ("S2", "S2_concave"):
        assert same(said(name, r"S \(vertex R y\) = (.*)\]"), constant)
        assert same(said(name, r"S \(uniform R k\) = (.*?) &"), K * g(1 / K))
    assert same(said("S2", r"forall u, (.*?) <= S u"), K * g(1 / K))
    assert same(said("S2", r"<= S u <= (.*?),"), constant)


@pytest.mark.parametrize(
    ("name", "loss"), [("mae", "mae"), ("unhinged", "unhinged"), ("zero_one q", "zero-one")]
)
def test_the_bound_of_r4_is_the_largest_loss(name: str, loss: str) -> None:
    bound = said("within_bound", rf"{name} u y <= (.*?)(?:, |\]| &)")
    assert same(bound, loss_maximum(get(loss), 5).value)


def test_corners_of_the_pentagon() -> None:
    s = sympy.Symbol("s")
    lists = re.findall(r"nth 0 \[:: (.*?)\]", body("pentagon", "memorization.v"))
    corners = list(zip(*(sympy.sympify(x.split(";")) for x in lists), strict=True))
    assert [tuple(map(sympy.sympify, c)) for c in reachable_region(s)] == corners


def test_the_translation_can_tell() -> None:
    assert expression("1 - eta * K%:R / (K%:R - 1)") != expression("1 - eta * K%:R / (K%:R + 1)")
    assert expression("K%:R ^+ 2 * phi 0") == K**2 * sympy.Function("phi")(0)
    assert expression("G K%:R^-1") == sympy.Function("G")(1 / K)
    third = [Fraction(1, 3), Fraction(2, 3)]
    assert value(r"\sum_i (u i - (i == y)%:R) ^+ 2", third, 0) == Fraction(8, 9)
    assert value("A * (1 - u y)", third, 1) == Fraction(4, 3)
    with pytest.raises(AssertionError, match="R1"):
        said("R1", "no such words (.)")


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


# -- what the ledger believes ----------------------------------------------------------------------


@pytest.fixture
def checked(tmp_path: Path) -> Callable[..., Path]:
    """A folder with one proof and the manifest of a check that passed, changed as asked."""

    def make(**changes: object) -> Path:
        (tmp_path / "a.v").write_text(GOOD)
        found = {
            "coq": "8.16.1",
            "sources": hashes(tmp_path),
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
    assert row["status"] in ("proved", "checked elsewhere")
    assert entry["status"] == "proved"
