"""Write the Coq file of a loss whose label sums differ at two outputs."""

from __future__ import annotations

from typing import Any

import sympy

from lossmatters.proofs_checks.formal.own_loss_texts import REFUTING, Proof
from lossmatters.proofs_checks.formal.translate import UnfitError, comment, term
from lossmatters.theory.losses.base import Loss
from lossmatters.theory.symbolic.algebra import symbolic_losses
from lossmatters.theory.symmetry.witness import simple_points

REFUTED_AT = (3, 2, 4, 5)
# Functions by cases, and the lemmas of either case.
CASES = (
    ("Rmax", " y", "Rmax_left", "Rmax_right"),
    ("Rmin", " y", "Rmin_left", "Rmin_right"),
    ("Rabs", "", "Rabs_pos_eq", "Rabs_left"),
)


def refuted(loss: Loss) -> Proof:
    """Return the file of a loss that is not symmetric, at the first K at which two simple outputs show it.

    Raises
    ------
    UnfitError : no outputs show it, or the formula compares probabilities.
    """
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
    """Return two simple outputs without a 0 whose label sums are clearly apart, the smaller first."""
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
