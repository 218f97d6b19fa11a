"""Write the Coq file of a loss that is symmetric for every number of classes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import sympy

from lossmatters.proofs_checks.formal.own_loss_texts import DEFINITIONS, LEMMAS, Proof
from lossmatters.proofs_checks.formal.translate import UnfitError, comment, term
from lossmatters.theory.backends.sympy_ops import OPS
from lossmatters.theory.enclosure.settle import X
from lossmatters.theory.losses.base import Combination, Loss, SeparableLoss
from lossmatters.theory.losses.combinators import Normalized, ShareLoss
from lossmatters.theory.losses.structure import by_structure, is_separable
from lossmatters.theory.losses.symmetrising import Symmetrised
from lossmatters.theory.minimisers.exchange import weight_of
from lossmatters.theory.symbolic.algebra import K, exact_generator, exactly

WEIGHED_AT = (2, 3, 4, 5)
_T = sympy.Symbol("t", positive=True)
_NAMES = {_T: "t", K: "INR K"}


@dataclass
class _Parts:
    """Definitions and lemmas of a file as they are collected, one name after the other."""

    lines: list[str] = field(default_factory=list)
    conditions: list[str] = field(default_factory=list)  # what must not be 0, as terms of K and u
    count: int = 0
    at_zero: bool = True  # the formulas have values where a probability is 0


def symmetric(loss: Loss) -> Proof:
    """Return the file of a loss that is symmetric for every K.

    Raises
    ------
    UnfitError : it is of a kind for which no proof is written, with the reason.
    """
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
    """Return the lemmas where all probabilities are > 0: of affine functions on (0, 1] instead of [0, 1]."""
    return (
        lemmas.replace("0 <= u i <= 1.", "0 < u i <= 1.")
        .replace("(forall t, 0 <= t <= 1 -> f", "(forall t, 0 < t <= 1 -> f")
        .replace("[lra|apply pos, below].", "[lra|apply Rlt_le, pos, below].")
    )


def _define(loss: Loss, parts: _Parts) -> tuple[str, str]:
    """Write the definition of a loss and the lemma of its label sum; its name, and the sum as a term of K.

    The conditions that the lemma takes are the last of `parts.conditions`.
    """

    def unfit(loss: Loss) -> tuple[str, str]:
        raise UnfitError(
            "it is a formula in all probabilities at once; proofs are written for separable losses, "
            "their normalised and symmetrised forms, and sums of these"
        )

    return by_structure(
        loss,
        separable=lambda it: _separable(it, parts),
        total=lambda it: _sum(it, parts),
        normalised=lambda it: _normalised(it, parts),
        share=lambda it: _share(it, parts),
        mixture=lambda it: _symmetrised(it, parts) if isinstance(it, Symmetrised) else unfit(it),
        unbounded=unfit,
        formula=unfit,
        opaque=unfit,
    )


def _plain(loss: Loss, parts: _Parts) -> str:
    """Write the definition of a separable loss, without a lemma; its name."""
    if not is_separable(loss):
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
    """Return the value at an end of [0, 1], or None where there is none."""
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
