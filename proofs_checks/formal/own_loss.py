"""Write a Coq proof for a loss whose symmetry has been decided, and let Coq check it.

A file is self-contained: the loss, the statement, the proof; only Coq's standard library is needed, and the
`interval` tactic for refutations. Nothing of a user's text is in it: formulas are written from the exact
expression that was traced, names are ours.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sympy

from lossmatters.proofs_checks.claim import Method, Status
from lossmatters.proofs_checks.formal.own_loss_texts import DEFINITIONS, LEMMAS, REFUTING
from lossmatters.proofs_checks.formal.translate import UnfitError, comment, term
from lossmatters.theory.backends.sympy_ops import OPS
from lossmatters.theory.enclosure.settle import X
from lossmatters.theory.files import write_whole
from lossmatters.theory.formula.errors import FormulaError
from lossmatters.theory.losses.base import Combination, Loss, SeparableLoss
from lossmatters.theory.losses.combinators import Normalized, ShareLoss
from lossmatters.theory.losses.symmetrising import Symmetrised
from lossmatters.theory.minimisers.exchange import weight_of
from lossmatters.theory.scope import ClassCounts
from lossmatters.theory.symbolic.algebra import K, exact_generator, exactly, symbolic_losses
from lossmatters.theory.symmetry.decide import decide
from lossmatters.theory.symmetry.witness import simple_points

PACKAGES = ("coq", "libcoq-interval")
INSTALL = f"to have it checked, install Coq: apt-get install {' '.join(PACKAGES)}"
SECONDS = 300
REFUTED_AT = (3, 2, 4, 5)
WEIGHED_AT = (2, 3, 4, 5)
# Functions by cases, and the lemmas of either case.
CASES = (
    ("Rmax", " y", "Rmax_left", "Rmax_right"),
    ("Rmin", " y", "Rmin_left", "Rmin_right"),
    ("Rabs", "", "Rabs_pos_eq", "Rabs_left"),
)
# Modules of the standard library that state the axioms of Coq's real and machine numbers; nothing else.
TRUSTED = (
    "ClassicalDedekindReals.",
    "FunctionalExtensionality.",
    "Classical_Prop.",
    "PrimInt63.",
    "Uint63.",
    "PrimFloat.",
    "FloatAxioms.",
    "FloatOps.",
)

_T = sympy.Symbol("t", positive=True)
_NAMES = {_T: "t", K: "INR K"}


@dataclass(frozen=True)
class Proof:
    """A file for one loss: its text, what it shows and for what."""

    text: str
    theorem: str
    scope: str
    says: str


@dataclass(frozen=True)
class FormalVerdict:
    """What came of it.

    Attributes
    ----------
    status : proved, undecided, or not yet checked where there is no Coq.
    theorem, says, scope : the theorem's name, what it says in words, and for what.
    axioms : what it rests on beyond the logic of Coq, by full names.
    path : where the file is, or None where none was written.
    detail : a sentence.
    """

    status: Status
    theorem: str = ""
    says: str = ""
    scope: str = ""
    axioms: tuple[str, ...] = ()
    path: Path | None = None
    detail: str = ""

    @property
    def sentence(self) -> str:
        """Status, what is shown and for what, what it rests on, where it is."""
        parts = [self.status.value]
        if self.status is Status.PROVED:
            parts.append(f"{self.says} ({self.scope})")
        parts.append(self.detail)
        if self.axioms:
            parts.append(f"from {', '.join(self.axioms)}")
        if self.path:
            parts.append(f"file {self.path}")
        return "; ".join(parts)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "method": Method.FORMAL.value,
            "status": self.status.value,
            "theorem": self.theorem,
            "says": self.says,
            "scope": self.scope,
            "axioms": list(self.axioms),
            "file": str(self.path) if self.path else None,
            "detail": self.detail,
        }


def formal_evidence(loss: Loss, folder: Path) -> FormalVerdict:
    """Write the file of a loss into a folder and let Coq check it, if it is there.

    Raises
    ------
    TypeError : no Loss.
    """
    try:
        proof = write(loss)
    except UnfitError as why:
        return FormalVerdict(Status.UNDECIDED, detail=f"{loss.name} gets no Coq file: {why}")
    path = folder / f"{module_name(loss)}.v"
    write_whole(path, proof.text)
    about: dict[str, Any] = {"theorem": proof.theorem, "says": proof.says, "scope": proof.scope, "path": path}
    if shutil.which("coqc") is None:
        return FormalVerdict(Status.NOT_CHECKED, **about, detail=f"coqc is not installed; {INSTALL}")
    return compiled(proof, about)


def compiled(proof: Proof, about: dict[str, Any]) -> FormalVerdict:
    """Let Coq check a file, and read what its theorem rests on."""
    ask = f'Goal True. idtac "== axioms". Abort. Print Assumptions {proof.theorem}.\n'
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "own.v").write_text(f"{proof.text}\n{ask}", encoding="utf-8")
        try:
            done = subprocess.run(
                ["coqc", "-q", "-w", "none", "own.v"],
                cwd=folder,
                env={k: v for k, v in os.environ.items() if not k.startswith("COQ")},
                capture_output=True,
                text=True,
                check=False,
                timeout=SECONDS,
            )
        except subprocess.TimeoutExpired:
            return FormalVerdict(Status.UNDECIDED, **about, detail=f"Coq did not finish in {SECONDS} s")
    if done.returncode:
        if "Cannot find a physical path" in done.stderr:
            detail = f"a library of Coq is not installed; {INSTALL}"
            return FormalVerdict(Status.NOT_CHECKED, **about, detail=detail)
        why = " ".join(done.stderr.split("Error:")[-1].split())[:200]
        return FormalVerdict(Status.UNDECIDED, **about, detail=f"Coq does not accept this proof: {why}")
    axioms = tuple(re.findall(r"^([\w.]+)\s*(?::|$)", done.stdout.split("== axioms")[-1], re.MULTILINE))
    axioms = tuple(name for name in axioms if name != "Axioms")
    strange = [name for name in axioms if not name.startswith(TRUSTED)]
    if strange or "== axioms" not in done.stdout:
        detail = f"the theorem rests on {', '.join(strange) or 'what Coq did not say'}"
        return FormalVerdict(Status.UNDECIDED, **about, axioms=axioms, detail=detail)
    detail = f"checked by Coq: {proof.theorem} in {about['path'].name}"
    return FormalVerdict(Status.PROVED, **about, axioms=axioms, detail=detail)


def module_name(loss: Loss) -> str:
    """Return a name for the file: letters, digits and underscores, beginning with a letter."""
    safe = re.sub(r"[^a-z0-9]+", "_", loss.spec.lower()).strip("_")[:60]
    return safe if safe[:1].isalpha() else f"loss_{safe}"


def write(loss: Loss) -> Proof:
    """Return the Coq file for a loss, by what has been decided about it.

    Raises
    ------
    UnfitError : there is no such file, with the reason.
    """
    if not isinstance(loss, Loss):
        raise TypeError(f"loss must be a Loss, got loss={loss!r}")
    if not loss.has_formula:
        raise UnfitError("it is a callable without an exact formula")
    try:
        verdict = decide(loss)
    except FormulaError as error:
        raise UnfitError(f"it is not one formula for every number of classes: {error}") from error
    if verdict.status == "proved" and verdict.scope.classes != ClassCounts.every():
        raise UnfitError(f"its symmetry is decided for some numbers of classes only ({verdict.scope})")
    if verdict.status == "proved":
        return _symmetric(loss)
    if verdict.status == "refuted":
        return _refuted(loss)
    raise UnfitError(f"its symmetry is {verdict.status}, and there is nothing to prove")


# -- symmetric losses ------------------------------------------------------------------------------


@dataclass
class _Parts:
    """Definitions and lemmas of a file as they are collected, one name after the other."""

    lines: list[str] = field(default_factory=list)
    conditions: list[str] = field(default_factory=list)  # what must not be 0, as terms of K and u
    count: int = 0
    at_zero: bool = True  # the formulas have values where a probability is 0


def _symmetric(loss: Loss) -> Proof:
    parts = _Parts()
    name, total = _define(loss, parts)
    premises = "".join(f"  {c} <> 0 ->\n" for c in parts.conditions)
    definitions = DEFINITIONS if parts.at_zero else DEFINITIONS.replace("0 <= u i) /\\", "0 < u i) /\\")
    lemmas = LEMMAS if parts.at_zero else _interior(LEMMAS)
    names = [f"n{i}" for i in range(len(parts.conditions))]
    where = "" if parts.at_zero else ", outputs without a 0"
    where += ", where what it is divided by is not 0" if names else ""
    text = (
        f"(* The loss {comment(loss.spec)} is symmetric for every number of classes K >= 2{where}:\n"
        f"   the theorem `symmetric` at the end. *)\n{definitions}{lemmas}\n(* -- the loss -- *)\n\n"
        + "\n".join(parts.lines)
        + f"\n(* -- the statement -- *)\n\nTheorem symmetric : forall (K : nat) (u : nat -> R),\n"
        f"  (2 <= K)%nat -> output K u ->\n{premises}  label_sum K ({name} K u) = {total}.\n"
        f"Proof.\n  intros K u many out {' '.join(names)}.\n"
        f"  exact ({name}_sum K u many out {' '.join(names)}).\nQed.\n"
    )
    return Proof(text, "symmetric", f"all K >= 2{where}", f"the label sum is {total} at every output")


def _interior(lemmas: str) -> str:
    """The lemmas where all probabilities are > 0: of affine functions on (0, 1] instead of [0, 1]."""
    return (
        lemmas.replace("0 <= u i <= 1.", "0 < u i <= 1.")
        .replace("(forall t, 0 <= t <= 1 -> f", "(forall t, 0 < t <= 1 -> f")
        .replace("[lra|apply pos, below].", "[lra|apply Rlt_le, pos, below].")
    )


def _define(loss: Loss, parts: _Parts) -> tuple[str, str]:
    """Write the definition of a loss and the lemma of its label sum; its name, and the sum as a term of K.

    The conditions that the lemma takes are the last of `parts.conditions`.
    """
    if isinstance(loss, Normalized):
        return _normalised(loss, parts)
    if isinstance(loss, ShareLoss):
        return _share(loss, parts)
    if isinstance(loss, Symmetrised):
        return _symmetrised(loss, parts)
    if isinstance(loss, SeparableLoss):
        return _separable(loss, parts)
    if isinstance(loss, Combination):
        return _sum(loss, parts)
    raise UnfitError(
        "it is a formula in all probabilities at once; proofs are written for separable losses, "
        "their normalised and symmetrised forms, and sums of these"
    )


def _plain(loss: Loss, parts: _Parts) -> str:
    """Write the definition of a separable loss, without a lemma; its name."""
    if not isinstance(loss, SeparableLoss):
        raise UnfitError("it is made of a formula in all probabilities at once")
    parts.count += 1
    i = parts.count
    view = loss.bound_to(OPS)
    on = exactly(view.on_label(_T, K, OPS))
    off = exactly(view.off_label(_T, K, OPS)) if loss.has_off_label else sympy.Integer(0)
    if any(_at(x, 0) is None for x in (on, off)):
        parts.at_zero = False
    parts.lines += [
        f"Definition f{i} (K : nat) (t : R) : R := {term(on, _NAMES)}.",
        f"Definition g{i} (K : nat) (t : R) : R := {term(off, _NAMES)}.",
        f"Definition loss{i} (K : nat) (u : nat -> R) : nat -> R := separable K (f{i} K) (g{i} K) u.",
        "",
    ]
    return f"loss{i}"


def _at(expression: Any, value: Any) -> Any:
    """The value at an end of [0, 1], or None where there is none."""
    found = sympy.sympify(expression).subs(_T, value)
    return None if found.has(sympy.nan, sympy.zoo, sympy.oo, -sympy.oo) else found


def _separable(loss: SeparableLoss, parts: _Parts) -> tuple[str, str]:
    generator = exact_generator(loss, K).expression
    generator = next(
        (
            form
            for form in (generator, sympy.expand(generator), sympy.simplify(generator))
            if sympy.diff(form, _T, 2) == 0 or sympy.simplify(sympy.diff(form, _T, 2)) == 0
        ),
        None,
    )
    if generator is None:
        raise UnfitError("its generator is affine by more than algebra")
    slope = sympy.simplify(sympy.diff(generator, _T))
    level = sympy.simplify(generator - slope * _T)
    if slope.has(_T) or level.has(_T):
        raise UnfitError("its generator is affine by more than algebra")
    name = _plain(loss, parts)
    i = name.removeprefix("loss")
    low, rise = term(level, _NAMES), term(slope, _NAMES)
    total = f"INR K * ({low}) + ({rise})"
    parts.lines += [
        f"Lemma {name}_sum K u : (2 <= K)%nat -> output K u -> label_sum K ({name} K u) = {total}.",
        "Proof.",
        "  intros many out. apply le_INR in many; simpl in many.",
        f"  apply separable_sum; [exact out|]. intros t [low high]. unfold f{i}, g{i}.",
        "  field; repeat split; lra.",
        "Qed.",
        "",
    ]
    return name, total


def _normalised(loss: Normalized, parts: _Parts) -> tuple[str, str]:
    base = _plain(loss.base, parts)
    parts.count += 1
    name = f"loss{parts.count}"
    condition = f"label_sum K ({base} K u)"
    parts.conditions.append(condition)
    parts.lines += [
        f"Definition {name} (K : nat) (u : nat -> R) : nat -> R :=",
        f"  fun y => {base} K u y / label_sum K ({base} K u).",
        f"Lemma {name}_sum K u : (2 <= K)%nat -> output K u -> {condition} <> 0 ->",
        f"  label_sum K ({name} K u) = 1.",
        "Proof. intros _ _ some. apply normalised_sum. exact some. Qed.",
        "",
    ]
    return name, "1"


def _share(loss: ShareLoss, parts: _Parts) -> tuple[str, str]:
    found = [weight_of(loss, k) for k in WEIGHED_AT]
    weight = found[0]
    if weight is None or any(w is None or sympy.simplify(w - weight) != 0 for w in found):
        raise UnfitError(
            "it is one minus a share of weights that are not seen to be a function of each probability"
        )
    weight = weight.subs(X, _T)
    if _at(weight, 0) is None:
        parts.at_zero = False
    parts.count += 1
    i = parts.count
    total = f"sum K (fun j => w{i} (u j))"
    parts.conditions.append(total)
    parts.lines += [
        f"Definition w{i} (t : R) : R := {term(weight, _NAMES)}.",
        f"Definition loss{i} (K : nat) (u : nat -> R) : nat -> R :=",
        f"  fun y => 1 - w{i} (u y) / {total}.",
        f"Lemma loss{i}_sum K u : (2 <= K)%nat -> output K u -> {total} <> 0 ->",
        f"  label_sum K (loss{i} K u) = INR K - 1.",
        "Proof.",
        f"  intros _ _ some. unfold label_sum, loss{i}.",
        f"  rewrite (sum_ext K _ (fun y => 1 + (- / {total}) * w{i} (u y))) by (intros; unfold Rdiv; ring).",
        "  rewrite sum_plus, sum_const, sum_times. field. exact some.",
        "Qed.",
        "",
    ]
    return f"loss{i}", "INR K - 1"


def _symmetrised(loss: Symmetrised, parts: _Parts) -> tuple[str, str]:
    base = _plain(loss.base, parts)
    shift = term(exactly(loss.shift(K, OPS)), _NAMES)
    parts.count += 1
    name = f"loss{parts.count}"
    parts.lines += [
        f"Definition {name} (K : nat) (u : nat -> R) : nat -> R :=",
        f"  fun y => {base} K u y - label_sum K ({base} K u) / INR K + ({shift}).",
        f"Lemma {name}_sum K u : (2 <= K)%nat -> output K u -> label_sum K ({name} K u) = INR K * ({shift}).",
        "Proof. intros many _. apply symmetrised_sum. lia. Qed.",
        "",
    ]
    return name, f"INR K * ({shift})"


def _sum(loss: Combination, parts: _Parts) -> tuple[str, str]:
    terms = []
    for factor, part in loss.terms:
        before = len(parts.conditions)
        name, total = _define(part, parts)
        terms.append((term(exactly(factor), _NAMES), name, total, len(parts.conditions) - before))
    parts.count += 1
    name = f"loss{parts.count}"
    body = " + ".join(f"({c}) * {n} K u y" for c, n, _, _ in terms)
    total = " + ".join(f"({c}) * ({s})" for c, _, s, _ in terms)
    taken = parts.conditions[len(parts.conditions) - sum(n for *_, n in terms) :]
    premises = "".join(f"{c} <> 0 -> " for c in taken)
    names = [f"n{i}" for i in range(len(taken))]
    rewrites, used = [], 0
    for _, n, _, conditions in terms:
        given = " ".join(names[used : used + conditions])
        used += conditions
        rewrites.append(f"  rewrite sum_times. change (sum K ({n} K u)) with (label_sum K ({n} K u)).")
        rewrites.append(f"  rewrite ({n}_sum K u many out {given}).")
    parts.lines += [
        f"Definition {name} (K : nat) (u : nat -> R) : nat -> R :=",
        f"  fun y => {body}.",
        f"Lemma {name}_sum K u : (2 <= K)%nat -> output K u -> {premises}label_sum K ({name} K u) = {total}.",
        "Proof.",
        f"  intros many out {' '.join(names)}. unfold label_sum, {name}. rewrite ?sum_plus.",
        *rewrites,
        "  reflexivity.",
        "Qed.",
        "",
    ]
    return name, total


# -- losses that are not symmetric -----------------------------------------------------------------


def _refuted(loss: Loss) -> Proof:
    for k in REFUTED_AT:
        try:
            symbols, columns = symbolic_losses(loss, k)
        except TypeError as error:
            raise UnfitError("its formula compares probabilities") from error
        pair = _pair(symbols, columns, k)
        if pair is not None:
            return _refutation(loss, k, symbols, columns, pair)
    raise UnfitError("no two outputs without a 0 show it clearly at K = 2 to 5")


def _pair(symbols: Any, columns: Any, k: int) -> tuple[Any, Any] | None:
    """Two simple outputs without a 0 whose label sums are clearly apart, the smaller first."""
    total = sympy.Add(*columns)
    sums = []
    for point in simple_points(k):
        if min(point) <= 0:
            continue
        at = {s: sympy.Rational(x.numerator, x.denominator) for s, x in zip(symbols, point, strict=True)}
        value = total.subs(at).evalf(40)
        if value.is_Float or value.is_Rational:
            sums.append((value, point))
    if not sums:
        return None
    first = sums[0]
    apart = [s for s in sums if abs(s[0] - first[0]) > sympy.Float("1e-12")]
    if not apart:
        return None
    return (first[1], apart[0][1]) if first[0] < apart[0][0] else (apart[0][1], first[1])


def _refutation(loss: Loss, k: int, symbols: Any, columns: Any, pair: tuple[Any, Any]) -> Proof:
    names = [f"u{i + 1}" for i in range(k)]
    known = dict(zip(symbols, names, strict=True))
    arguments = " ".join(names)
    other = [f"v{i + 1}" for i in range(k)]
    # By exact arithmetic where all values are rational, by intervals where logarithms or powers occur.
    at = [
        {s: sympy.Rational(x.numerator, x.denominator) for s, x in zip(symbols, p, strict=True)} for p in pair
    ]
    rational = all(column.subs(values).is_Rational for values in at for column in columns)
    head = REFUTING.replace("From Interval Require Import Tactic.\n", "") if rational else REFUTING
    # A case may border on an irrational number, and a power stand inside of a maximum.
    side = "lra" if rational else "(first [lra | interval])"
    lines = [head, "(* -- the loss of each label, at the output u -- *)", ""]
    for j, column in enumerate(columns):
        lines.append(f"Definition loss{j + 1} ({arguments} : R) : R :=\n  {term(column, known)}.")
    total = " + ".join(f"loss{j + 1} {arguments}" for j in range(k))
    points = ", ".join(f"({x.numerator} / {x.denominator})" for point in pair for x in point)
    unfolded = ", ".join(f"loss{j + 1}" for j in range(k))
    lines += [
        f"Definition label_sum ({arguments} : R) : R := {total}.",
        "",
        f"(* {k} probabilities, none of them 0. *)",
        f"Definition output ({arguments} : R) : Prop :=",
        "  " + " /\\ ".join(f"0 < {n}" for n in names) + f" /\\ {' + '.join(names)} = 1.",
        "",
        "(* -- the statement -- *)",
        "",
        f"Theorem not_symmetric : exists {arguments} {' '.join(other)} : R,",
        f"  output {arguments} /\\ output {' '.join(other)} /\\",
        f"  label_sum {arguments} < label_sum {' '.join(other)}.",
        "Proof.",
        f"  exists {points}.",
        "  unfold output; repeat split; try lra.",
        f"  unfold label_sum, {unfolded}.",
        # Of several that are nested, the innermost can be seen first.
        "  repeat match goal with",
        f"  | |- context [power ?x ?q] => rewrite (power_positive x q) by {side}",
        *(
            f"  | |- context [{name} ?x{more.replace('y', '?y')}] =>\n"
            f"    first [rewrite ({left} x{more}) by {side} | rewrite ({right} x{more}) by {side}]"
            for name, more, left, right in CASES
        ),
        "  end.",
        "  apply Rminus_gt_0_lt.",
        "  lra." if rational else "  interval.",
        "Qed.",
        "",
    ]
    text = (
        f"(* The loss {comment(loss.spec)} is not symmetric: at K = {k} two outputs have other label sums;\n"
        "   the theorem `not_symmetric` at the end. *)\n" + "\n".join(lines)
    )
    return Proof(text, "not_symmetric", f"K = {k}", "two outputs without a 0 have different label sums")
