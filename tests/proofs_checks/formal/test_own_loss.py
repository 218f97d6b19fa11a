"""A Coq file for anyone's loss: what is written, what Coq makes of it, and that no user's text gets in."""

from __future__ import annotations

import re
import runpy
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import sympy

from lossmatters.proofs_checks.claim import Status
from lossmatters.proofs_checks.formal import own_loss
from lossmatters.proofs_checks.formal.scan import scan, without_comments
from lossmatters.proofs_checks.formal.translate import UnfitError, comment, term
from lossmatters.theory.losses import LOSSES, SeparableLoss, get

STRANGE: dict[str, Any] = runpy.run_path(str(Path(__file__).with_name("strange_losses.py")))["STRANGE"]
needs_coq = pytest.mark.skipif(shutil.which("coqc") is None, reason="coqc is not installed")
T = sympy.Symbol("t", positive=True)


@dataclass(frozen=True)
class Hostile(SeparableLoss):
    """A loss with a name that tries to end the comment it is put in."""

    name = 'x *) Axiom no : False. (* " -- \n'

    def on_label(self, t: Any, num_classes: Any, ops: Any) -> Any:
        return 1 - t


@dataclass(frozen=True)
class PoleAtFive(SeparableLoss):
    """A loss that is symmetric but for K = 5, where it has no value."""

    name = "pole at five"

    def on_label(self, t: Any, num_classes: Any, ops: Any) -> Any:
        return (1 - t) / (num_classes - 5)


@pytest.mark.parametrize(
    ("expression", "coq"),
    [
        (sympy.log(T + sympy.Rational(1, 10)), "ln (t + (1 / 10))"),
        (T**3, "t ^ 3"),
        (1 / T, "/ t"),
        (T ** sympy.Rational(7, 10), "power t (7 / 10)"),
        (sympy.Max(T, sympy.Rational(1, 2)), "Rmax (1 / 2) t"),
        (sympy.exp(-T), "exp ((-1) * t)"),
    ],
)
def test_terms(expression: sympy.Expr, coq: str) -> None:
    assert term(expression, {T: "t"}) == coq


@pytest.mark.parametrize(
    "expression", [sympy.Symbol("Axiom"), sympy.sin(T), sympy.Function("f")(T), sympy.oo]
)
def test_what_is_not_known_is_not_written(expression: sympy.Expr) -> None:
    with pytest.raises(UnfitError):
        term(expression, {T: "t"})


def test_no_text_of_a_user_gets_in() -> None:
    text = own_loss.write(Hostile()).text
    head, rest = text.split("*)", 1)
    assert "Axiom" not in rest
    assert "(*" not in head[2:]
    assert re.fullmatch(r"[a-z]\w*", own_loss.module_name(Hostile()))
    assert "*" not in comment("(* *) *")


HOSTILE = [loss for name, loss in STRANGE.items() if name.startswith("a name ")]


@pytest.mark.parametrize("loss", HOSTILE, ids=lambda loss: type(loss).__name__)
def test_no_strange_name_gets_in(loss: Any) -> None:
    text = own_loss.write(loss).text
    outside = without_comments(text)
    assert not re.search(r"Axiom|Admitted|Load|False", outside)
    assert text.isascii()
    scan("own.v", outside.replace("From Interval", "From Coq"))


UNFIT = {"zero-one", "epsilon-ce"}  # both compare probabilities


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(LOSSES) - UNFIT))
def test_every_other_loss_gets_a_file(name: str) -> None:
    proof = own_loss.write(get(name))
    assert f"Theorem {proof.theorem} :" in proof.text
    assert "Admitted" not in proof.text


@pytest.mark.parametrize("name", sorted(UNFIT))
def test_unfit_losses_get_a_reason(name: str) -> None:
    with pytest.raises(UnfitError, match=r"\bis\b|compares probabilities"):
        own_loss.write(get(name))


def test_a_loss_that_is_symmetric_for_some_k_only_gets_a_reason() -> None:
    with pytest.raises(UnfitError, match="for some numbers of classes only"):
        own_loss.write(PoleAtFive())


def test_without_coq_the_file_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_loss.shutil, "which", lambda name: None)
    found = own_loss.formal_evidence(get("mae"), tmp_path)
    assert found.status is Status.NOT_CHECKED
    assert "apt-get install coq" in found.detail
    assert (tmp_path / "mae.v").is_file()


def test_an_unfit_loss_gets_a_sentence(tmp_path: Path) -> None:
    found = own_loss.formal_evidence(get("zero-one"), tmp_path)
    assert found.status is Status.UNDECIDED
    assert "gets no Coq file" in found.sentence
    assert not list(tmp_path.iterdir())


@needs_coq
@pytest.mark.slow
@pytest.mark.parametrize("spec", ["rll", "mae + 2*nmse", "mse", "gce(q=0.5)", "nnfl", "phuber-gce"])
def test_coq_checks_what_was_decided(spec: str, tmp_path: Path) -> None:
    found = own_loss.formal_evidence(get(spec), tmp_path)
    if found.status is Status.NOT_CHECKED:
        pytest.skip(found.sentence)  # a library of Coq is missing; CI installs all
    assert found.status is Status.PROVED, found.sentence


@needs_coq
@pytest.mark.slow
@pytest.mark.parametrize(
    ("spec", "old", "new"),
    [
        ("rll", "INR K * (ln 11)", "INR K * (ln 12)"),
        ("nnce", "INR K - 1", "INR K - 2"),
        ("mse", "label_sum u1 u2 u3 < label_sum v1 v2 v3", "label_sum v1 v2 v3 < label_sum u1 u2 u3"),
    ],
)
def test_coq_rejects_what_is_false(spec: str, old: str, new: str) -> None:
    proof = own_loss.write(get(spec))
    assert old in proof.text
    about = {"theorem": proof.theorem, "says": proof.says, "scope": proof.scope, "path": Path("own.v")}
    found = own_loss.compiled(replace(proof, text=proof.text.replace(old, new)), about)
    assert found.status is Status.UNDECIDED
    assert "Coq does not accept this proof" in found.detail
